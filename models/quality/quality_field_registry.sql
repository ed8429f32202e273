{{ config(materialized='table') }}

with vendors as (
    select event_type, vendor, count(*) as events
    from {{ ref('int_event_outcomes') }}
    group by event_type, vendor
),

seen as (
    select
        event_type,
        vendor,
        path,
        min(mapping || '.' || field) as field,
        {{ listed('type') }} as types,
        sum(events) as events,
        min(first_seen_on) as first_seen_on,
        max(last_seen_on) as last_seen_on,
        min(least_event_id) as example_event_id,
    from {{ ref('int_payload_paths') }}
    group by event_type, vendor, path
),

examples as (
    select event_type, vendor, path, event_id, min(value) as value
    from {{ ref('int_payload_examples') }}
    group by event_type, vendor, path, event_id
),

registry as (
    select
        seen.event_type,
        seen.vendor,
        seen.path,
        case
            when seen.field is null then 'new'
            else coalesce(changes.change, 'read')
        end as state,
        changes.changed_on,
        changes.changed_to,
        seen.field,
        seen.types,
        cast(seen.events as {{ type_whole() }}) as events,
        {{ share('seen.events', 'vendors.events') }} as share,
        seen.first_seen_on,
        seen.last_seen_on,
        {{ masked('examples.value', 'seen.types', 'seen.field') }} as example,
    from seen
    inner join vendors on vendors.event_type = seen.event_type and vendors.vendor = seen.vendor
    left join {{ ref('int_field_changes') }} as changes
        on changes.event_type = seen.event_type and changes.vendor = seen.vendor and changes.path = seen.path
    left join examples
        on examples.event_type = seen.event_type
        and examples.vendor = seen.vendor
        and examples.path = seen.path
        and examples.event_id = seen.example_event_id
)

select * from registry
