-- Counts of new events are added to those that are there, so that every payload is walked once. Few shapes stand for many
-- events, so all that is asked of names is asked of shapes.
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='shape_day_key') }}

{%- set columns = [
    'shape_key', 'event_type', 'vendor', 'missing_fields', 'shape', 'seen_on', 'events', 'least_event_id', 'greatest_event_id',
    '_landing_sequence',
] %}

-- The events of a type come in the order in which they landed: how far they have been seen is told type by type. The day
-- is that on which an event occurred, which is the same whenever it arrives.
with new_outcomes as (
    select
        outcomes.event_type,
        outcomes.vendor,
        {%- for field in required_fields() %}
        {{ '|| ' if not loop.first }}case when outcomes.has_{{ field }} then '' else '{{ field }} ' end
        {%- endfor %} as missing_fields,
        outcomes.seen_on,
        outcomes._landing_sequence,
    from {{ ref('int_event_outcomes') }} as outcomes
    {%- if is_incremental() %}
    left join (select event_type, max(_landing_sequence) as last_sequence from {{ this }} group by event_type) as seen
        on seen.event_type = outcomes.event_type
    {%- endif %}
    where outcomes.event_type in ({{ event_types() }})
    {%- if is_incremental() %}
    and outcomes._landing_sequence > coalesce(seen.last_sequence, 0)
    {%- endif %}
),

signatures as (
    select _landing_sequence, event_id, {{ json_signature('payload') }} as signature,
    from {{ source('raw', 'events_raw') }}
),

by_day as (
    select
        event_type, vendor, missing_fields, signature, seen_on,
        count(*) as events,
        min(event_id) as least_event_id,
        max(event_id) as greatest_event_id,
        max(new_outcomes._landing_sequence) as _landing_sequence,
    from signatures
    inner join new_outcomes on new_outcomes._landing_sequence = signatures._landing_sequence
    group by event_type, vendor, missing_fields, signature, seen_on
),

-- Payloads are long: one of each signature is fetched when the signatures are known.
shapes as (
    select examples.signature, {{ json_shape('events.payload') }} as shape,
    from (select signature, max(_landing_sequence) as last_sequence from by_day group by signature) as examples
    inner join {{ source('raw', 'events_raw') }} as events on events._landing_sequence = examples.last_sequence
),

shaped as (
    select
        by_day.*,
        shapes.shape,
        {{ sha256_hex("by_day.event_type || ' ' || by_day.vendor || ' ' || by_day.missing_fields || shapes.shape") }} as shape_key,
    from by_day
    inner join shapes on shapes.signature = by_day.signature
),

keyed as (
    select
        shape_key || coalesce(' ' || cast(seen_on as {{ type_text() }}), '') as shape_day_key,
        {{ columns | join(', ') }},
    from shaped
),

-- With what is there of the same shapes and days.
known as (
    select * from keyed
    {%- if is_incremental() %}
    union all
    select shape_day_key, {{ columns | join(', ') }}
    from {{ this }}
    where shape_day_key in (select shape_day_key from keyed)
    {%- endif %}
),

added as (
    select
        shape_day_key,
        shape_key,
        event_type,
        vendor,
        missing_fields,
        shape,
        seen_on,
        cast(sum(events) as {{ type_whole() }}) as events,
        min(least_event_id) as least_event_id,
        max(greatest_event_id) as greatest_event_id,
        max(_landing_sequence) as _landing_sequence,
    from known
    group by shape_day_key, shape_key, event_type, vendor, missing_fields, shape, seen_on
)

select * from added
