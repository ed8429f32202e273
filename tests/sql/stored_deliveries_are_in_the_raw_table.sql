-- Every delivery that was stored stands in the raw table. (More may stand there than the log tells of: other programs may
-- write into a MongoDB; see `events_of_other_programs`.)
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
where logged.stored > landed.landed
