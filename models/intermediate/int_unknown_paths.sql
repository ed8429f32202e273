{%- set kinds = var('event_types') %}

with events as (
    select * from {{ source('raw', 'events_raw') }}
),

outcomes as (
    select event_id, vendor from {{ ref('int_event_outcomes') }}
),

shapes as (
    select
        events.event_type,
        outcomes.vendor,
        {{ json_shape('events.payload') }} as shape,
        count(*) as events,
    from events
    inner join outcomes on outcomes.event_id = events.event_id
    where events.event_type in ({{ event_types() }})
    group by events.event_type, outcomes.vendor, {{ json_shape('events.payload') }}
),

paths as (
    {{ unnest_shape_paths('shapes', 'shape') }}
),

known as (
    {%- for kind, types in kinds.items() %}
    {%- set first_kind = loop.first %}
    {%- for type in types %}
    {%- set first_type = loop.first %}
    {%- for path in known_paths(kind) %}
    {% if not (first_kind and first_type and loop.first) %}union all {% endif -%}
    select '{{ type }}' as event_type, '{{ path }}' as path
    {%- endfor %}
    {%- endfor %}
    {%- endfor %}
),

unknown as (
    select
        paths.event_type,
        paths.vendor,
        paths.path,
        sum(paths.events) as events,
    from paths
    left join known on known.event_type = paths.event_type and known.path = paths.path
    where known.path is null
    group by paths.event_type, paths.vendor, paths.path
)

select * from unknown
