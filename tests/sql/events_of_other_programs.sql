{{ config(severity='warn') }}

-- Events that no log tells of: another program stored them. That is meant to be so where producers write into MongoDB
-- themselves; then set the variable `other_programs_store_events`.
with logged as (
    select coalesce(sum(stored), 0) as stored
    from {{ source('raw', 'ingest_log') }}
),

landed as (
    select count(*) as landed
    from {{ source('raw', 'events_raw') }}
)

select
    logged.stored,
    landed.landed,
from logged
cross join landed
where landed.landed > logged.stored and not {{ var('other_programs_store_events') }}
