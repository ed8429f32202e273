{{ config(severity='warn') }}

-- Vendors, and days of a vendor (no date: all together), of whose payments too many were for an order without a record.
select *
from {{ ref('quality_shares') }}
where measure = 'payments without order' and is_above
