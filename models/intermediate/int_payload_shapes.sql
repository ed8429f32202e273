-- Counts of new events are added to those that are there, so that every payload is walked once. Few shapes stand for many
-- events, so all that is asked of names is asked of shapes.
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='shape_key') }}

{%- set columns = [
    'event_type', 'vendor', 'missing_fields', 'shape', 'events', 'dated_events', 'days', 'first_seen_on', 'last_seen_on',
    'least_event_id', 'greatest_event_id', '_landing_sequence',
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
        cast(outcomes.occurred_at as date) as occurred_on,
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

signatures as (
    select
        _landing_sequence,
        event_id,
        {{ json_signature('payload') }} as signature,
    from {{ source('raw', 'events_raw') }}
),

-- Payloads are long: one of each group is fetched when the groups are known.
grouped as (
    select
        new_outcomes.event_type,
        new_outcomes.vendor,
        new_outcomes.missing_fields,
        count(*) as events,
        count(new_outcomes.occurred_on) as dated_events,
        sum({{ day_number('new_outcomes.occurred_on') }}) as days,
        min(new_outcomes.occurred_on) as first_seen_on,
        max(new_outcomes.occurred_on) as last_seen_on,
        min(signatures.event_id) as least_event_id,
        max(signatures.event_id) as greatest_event_id,
        max(new_outcomes._landing_sequence) as _landing_sequence,
    from signatures
    inner join new_outcomes on new_outcomes._landing_sequence = signatures._landing_sequence
    group by new_outcomes.event_type, new_outcomes.vendor, new_outcomes.missing_fields, signatures.signature
),

-- Lists of two and of three elements have other signatures, and one shape.
shaped as (
    select
        grouped.*,
        {{ json_shape('events.payload') }} as shape,
    from grouped
    inner join {{ source('raw', 'events_raw') }} as events on events._landing_sequence = grouped._landing_sequence
),

keyed as (
    select
        {{ sha256_hex("event_type || ' ' || vendor || ' ' || missing_fields || shape") }} as shape_key,
        {{ columns | join(',\n        ') }},
    from shaped
    {%- if is_incremental() %}
    union all
    select shape_key, {{ columns | join(', ') }} from {{ this }}
    {%- endif %}
),

added as (
    select
        shape_key,
        event_type,
        vendor,
        missing_fields,
        shape,
        cast(sum(events) as {{ type_whole() }}) as events,
        cast(sum(dated_events) as {{ type_whole() }}) as dated_events,
        cast(sum(days) as {{ type_whole() }}) as days,
        min(first_seen_on) as first_seen_on,
        max(last_seen_on) as last_seen_on,
        min(least_event_id) as least_event_id,
        max(greatest_event_id) as greatest_event_id,
        max(_landing_sequence) as _landing_sequence,
    from keyed
    group by shape_key, event_type, vendor, missing_fields, shape
)

select * from added
