{{ config(severity='warn') }}

-- Days with far more, or far fewer, events of a kind than the days before make usual.
select *
from {{ ref('quality_days') }}
where measure <> 'gross revenue' and is_unusual
