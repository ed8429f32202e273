-- Counts of new events are added to those that are there, so that every payload is walked once.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['event_type', 'vendor', 'path'],
) }}

with events as (
    select * from {{ source('raw', 'events_raw') }}
),

-- The events of a type come in the order in which they landed: how far they have been seen is told type by type.
new_outcomes as (
    select
        outcomes.event_type,
        outcomes.vendor,
        outcomes._landing_sequence,
    from {{ ref('int_event_outcomes') }} as outcomes
    {%- if is_incremental() %}
    left join (
        select event_type, max(_landing_sequence) as last_sequence from {{ this }} group by event_type
    ) as seen on seen.event_type = outcomes.event_type
    {%- endif %}
    where outcomes.event_type in ({{ event_types() }})
    {%- if is_incremental() %}
    and outcomes._landing_sequence > coalesce(seen.last_sequence, 0)
    {%- endif %}
),

-- Payloads are reduced to their shape first: few shapes stand for many events.
shaped as (
    select
        new_outcomes.event_type,
        new_outcomes.vendor,
        {{ json_shape('events.payload') }} as shape,
        events._landing_sequence,
    from events
    inner join new_outcomes on new_outcomes._landing_sequence = events._landing_sequence
),

shapes as (
    select
        event_type,
        vendor,
        shape,
        count(*) as events,
        max(_landing_sequence) as _landing_sequence,
    from shaped
    group by event_type, vendor, shape
),

paths as (
    {{ unnest_shape_paths('shapes', 'shape') }}
),

counted as (
    select
        event_type,
        vendor,
        path,
        sum(events) as events,
        max(_landing_sequence) as _landing_sequence,
    from paths
    group by event_type, vendor, path
),

added as (
    select
        counted.event_type,
        counted.vendor,
        counted.path,
        case
            {%- for kind, types in var('event_types').items() %}
            when counted.event_type in ({{ event_types(kind) }}) then counted.path in ('{{ known_paths(kind) | join("', '") }}')
            {%- endfor %}
        end as is_known,
        cast(counted.events{% if is_incremental() %} + coalesce(before.events, 0){% endif %} as {{ type_whole() }}) as events,
        counted._landing_sequence,
    from counted
    {%- if is_incremental() %}
    left join {{ this }} as before
        on before.event_type = counted.event_type and before.vendor = counted.vendor and before.path = counted.path
    {%- endif %}
)

select * from added
