{{ config(severity='warn') }}

-- Vendors, and days of a vendor (no date: all together), of whose payments too many came long after their order.
select *
from {{ ref('quality_shares') }}
where measure = 'late payments' and is_above
