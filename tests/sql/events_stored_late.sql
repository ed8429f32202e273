{{ config(severity='warn') }}

-- Live events stored more than a day after they occurred.
select *
from {{ ref('int_event_outcomes') }}
where is_stored_late
