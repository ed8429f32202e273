{{ config(materialized='incremental', incremental_strategy='append') }}

with events as (
    select *
    from {{ source('raw', 'events_raw') }}
    where event_type in ({{ event_types('shipment') }})
    and {{ not_seen() }}
),

extracted as (
    select
        *,
        {{ field_values('shipment', 'payload') }} as payload_values,
    from events
),

texts as (
    select
        *,
        {{ field_texts('shipment', 'payload_values') }} as payload_texts,
    from extracted
),

named as (
    select
        event_id,
        event_type,
        {{ vendor_of('shipment', 'vendor', 'payload_texts') }} as vendor,
        not starts_with(event_type, 'historical_') as is_live,
        {{ readable_time('event_time') }} as event_time,
        ingested_at as _stored_at,
        _landing_sequence,
        {{ pick('shipment', 'order_id', 'payload_texts') }} as order_id,
        {{ pick('shipment', 'carrier', 'payload_texts') }} as carrier,
        {{ pick('shipment', 'tracking_code', 'payload_texts') }} as tracking_code,
        {{ pick('shipment', 'status', 'payload_texts') }} as event_status,
        {{ pick('shipment', 'occurred_at', 'payload_texts') }} as event_occurred_text,
        {{ pick_list('shipment', 'steps', 'payload_values') }} as steps,
    from texts
),

stepped as (
    {{ unnest_json('named', 'steps', 'step', 'position') }}
),

step_texts as (
    select
        *,
        {{ field_texts('shipment_steps', field_values('shipment_steps', 'step')) }} as texts,
    from stepped
),

-- An event without a list of steps is itself one step, where it gives a status or a time.
steps_named as (
    select
        *,
        case when steps is null then event_status else {{ pick('shipment_steps', 'status', 'texts') }} end as status,
        case
            when steps is null then event_occurred_text
            else {{ pick('shipment_steps', 'occurred_at', 'texts') }}
        end as occurred_text,
        case
            when steps is not null or event_status is not null or event_occurred_text is not null then position
        end as step_number,
        {{ json_length('steps') }} <= 1 as is_single_step,
    from step_texts
),

parsed as (
    select
        *,
        {{ parse_time('occurred_text') }} as payload_time,
        case when is_single_step then event_time end as fallback_time,
    from steps_named
),

judged as (
    select
        event_id,
        step_number,
        event_type,
        vendor,
        is_live,
        order_id,
        coalesce(payload_time, fallback_time) as occurred_at,
        carrier,
        tracking_code,
        status,
        occurred_text as _time_text,
        occurred_text is not null and payload_time is null as _is_time_unreadable,
        case
            when order_id is null then 'order reference missing'
            when step_number is null then 'no step'
            when status is null then 'status missing'
            when payload_time is null and fallback_time is null and occurred_text is null then 'time missing'
            when payload_time is null and fallback_time is null then 'time unreadable'
        end as _reject_reason,
        _stored_at,
        _landing_sequence,
    from parsed
)

select * from judged
