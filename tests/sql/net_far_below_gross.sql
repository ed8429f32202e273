{{ config(severity='warn') }}

-- Vendors, and days of a vendor (no date: all together), of whose orders' gross revenue too much was refunded: net is far
-- below gross.
select *
from {{ ref('quality_shares') }}
where measure = 'refunds' and is_above
