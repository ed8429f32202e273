{{ config(severity='warn') }}

-- Events and shipment steps that could not be staged.
select *
from {{ ref('rejected_events') }}
