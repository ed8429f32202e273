{{ config(materialized='table') }}

with days as (
    select event_type, vendor, cast(occurred_at as date) as occurred_on, count(*) as events
    from {{ ref('int_event_outcomes') }}
    group by event_type, vendor, cast(occurred_at as date)
),

typed as (
    select
        event_type,
        vendor,
        path,
        type,
        min(mapping || '.' || field) as field,
        sum(events) as events,
        min(first_seen_on) as first_seen_on,
        max(last_seen_on) as last_seen_on,
        {{ share('sum(days)', 'sum(dated_events)') }} as middle_day,
        min(least_event_id) as example_event_id,
    from {{ ref('int_payload_paths') }}
    group by event_type, vendor, path, type
),

-- A name is retyped where a type came when another had been there for long: after its middle day, which no late or odd event
-- moves much. A few events do not count.
seen as (
    select
        event_type,
        vendor,
        path,
        min(field) as field,
        {{ listed('type') }} as types,
        sum(events) as events,
        min(first_seen_on) as first_seen_on,
        max(last_seen_on) as last_seen_on,
        max(case when events >= {{ var('missing_field_events') }} then {{ day_number('first_seen_on') }} end)
        > min(case when events >= {{ var('missing_field_events') }} then middle_day end) as is_retyped,
        min(example_event_id) as example_event_id,
    from typed
    group by event_type, vendor, path
),

measured as (
    select
        seen.event_type,
        seen.vendor,
        seen.path,
        sum(days.events) as vendor_events,
        sum(case when days.occurred_on <= seen.last_seen_on then days.events else 0 end) as events_until,
        sum(case when days.occurred_on > seen.last_seen_on then days.events else 0 end) as events_since,
    from seen
    inner join days on days.event_type = seen.event_type and days.vendor = seen.vendor
    group by seen.event_type, seen.vendor, seen.path
),

examples as (
    select event_type, vendor, path, event_id, min(value) as value
    from {{ ref('int_payload_examples') }}
    group by event_type, vendor, path, event_id
),

-- A name is missing where it was in most events until some day, and is in none of many since.
registry as (
    select
        seen.event_type,
        seen.vendor,
        seen.path,
        case
            when seen.field is null then 'new'
            when seen.is_retyped then 'retyped'
            when measured.events_since >= {{ var('missing_field_events') }}
                and seen.events >= 0.5 * measured.events_until then 'missing'
            else 'read'
        end as state,
        seen.field,
        seen.types,
        cast(seen.events as {{ type_whole() }}) as events,
        {{ share('seen.events', 'measured.vendor_events') }} as share,
        seen.first_seen_on,
        seen.last_seen_on,
        {{ masked('examples.value', 'seen.types', 'seen.field') }} as example,
    from seen
    inner join measured
        on measured.event_type = seen.event_type and measured.vendor = seen.vendor and measured.path = seen.path
    left join examples
        on examples.event_type = seen.event_type
        and examples.vendor = seen.vendor
        and examples.path = seen.path
        and examples.event_id = seen.example_event_id
)

select * from registry
