{{ config(severity='warn') }}

-- Events whose own time cannot be read; the envelope's stands in for it.
select *
from {{ ref('int_event_outcomes') }}
where is_time_unreadable
