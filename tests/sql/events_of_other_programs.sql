{{ config(severity='warn') }}

-- Events that no log tells of: another program stored them. That is meant to be so where producers write into MongoDB
-- themselves; then set the variable `other_programs_store_events`.
select *
from ({{ stored_and_landed() }}) as counted
where landed > stored and not {{ var('other_programs_store_events') }}
