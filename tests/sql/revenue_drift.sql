{{ config(severity='warn') }}

-- Days whose gross revenue is far from what the days before make usual.
select *
from {{ ref('quality_days') }}
where measure = 'gross revenue' and is_unusual
