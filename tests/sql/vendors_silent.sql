{{ config(severity='warn') }}

-- Vendors of which nothing has come for days, at the business date.
select *
from {{ ref('quality_freshness') }}
where is_silent
