-- Per event type: steps listed = staged + rejected. An event without a list is one step, or one rejected event.
{%- set names = var('field_names')['shipment']['steps'] %}

with events as (
    select
        event_type,
        {{ json_read('payload', names, 'payload') }},
    from {{ source('raw', 'events_raw') }}
    where event_type in ({{ event_types('shipment') }})
),

counted as (
    select
        event_type,
        coalesce(
            {%- for name in names %}
            nullif({{ json_length(json_list('payload', loop.index)) }}, 0),
            {%- endfor %}
            1
        ) as steps,
    from events
),

listed as (
    select event_type, sum(steps) as steps
    from counted
    group by event_type
),

staged as (
    select event_type, count(*) as steps
    from {{ ref('stg_shipments') }}
    group by event_type
),

rejected as (
    select event_type, count(*) as steps
    from {{ ref('rejected_events') }}
    where event_type in ({{ event_types('shipment') }})
    group by event_type
),

compared as (
    select
        listed.event_type,
        listed.steps as listed,
        coalesce(staged.steps, 0) as staged,
        coalesce(rejected.steps, 0) as rejected,
    from listed
    left join staged on staged.event_type = listed.event_type
    left join rejected on rejected.event_type = listed.event_type
)

select *
from compared
where listed <> staged + rejected
