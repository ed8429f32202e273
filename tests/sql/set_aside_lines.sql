{{ config(severity='warn') }}

-- Lines that could not be read as an event.
select *
from {{ source('raw', 'set_aside') }}
