{{ config(severity='warn') }}

-- Vendors, and days of a vendor (no date: all together), of whose live events too many were stored long after they
-- occurred.
select *
from {{ ref('quality_shares') }}
where measure = 'events stored late' and is_above
