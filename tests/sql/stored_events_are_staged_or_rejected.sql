-- Per event type: stored events = staged + rejected, an event with at least one staged step counting as staged.
with stored as (
    select event_type, count(*) as events
    from {{ source('raw', 'events_raw') }}
    group by event_type
),

staged as (
    select event_type, event_id from {{ ref('stg_orders') }}
    union all
    select event_type, event_id from {{ ref('stg_order_updates') }}
    union all
    select event_type, event_id from {{ ref('stg_payments') }}
    union all
    select event_type, event_id from {{ ref('stg_refunds') }}
    union all
    select distinct event_type, event_id from {{ ref('stg_shipments') }}
),

staged_by_type as (
    select event_type, count(*) as events
    from staged
    group by event_type
),

rejected_by_type as (
    select event_type, count(distinct event_id) as events
    from {{ ref('rejected_events') }}
    where event_id not in (select event_id from staged)
    group by event_type
),

compared as (
    select
        stored.event_type,
        stored.events as stored,
        coalesce(staged_by_type.events, 0) as staged,
        coalesce(rejected_by_type.events, 0) as rejected,
    from stored
    left join staged_by_type on staged_by_type.event_type = stored.event_type
    left join rejected_by_type on rejected_by_type.event_type = stored.event_type
)

select *
from compared
where stored <> staged + rejected
