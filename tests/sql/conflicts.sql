{{ config(severity='warn') }}

-- Deliveries of a stored event with another payload: kept aside whole.
select *
from {{ source('raw', 'conflicts') }}
