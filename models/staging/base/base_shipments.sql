{{ config(materialized='incremental', incremental_strategy='append') }}

with events as (
    select *
    from {{ source('raw', 'events_raw') }}
    where event_type in ({{ event_types('shipment') }})
    and {{ not_seen() }}
),

read as (
    select
        *,
        {{ read_fields('shipment', 'payload') }},
    from events
),

named as (
    select
        event_id,
        event_type,
        {{ vendor_of('shipment', 'vendor') }} as vendor,
        not starts_with(event_type, 'historical_') as is_live,
        {{ readable_time('event_time') }} as event_time,
        ingested_at as _stored_at,
        _landing_sequence,
        {{ pick('shipment', 'order_id') }} as order_id,
        {{ pick('shipment', 'carrier') }} as carrier,
        {{ pick('shipment', 'tracking_code') }} as tracking_code,
        {{ pick('shipment', 'status') }} as event_status,
        {{ pick('shipment', 'occurred_at') }} as event_occurred_text,
        {{ pick_list('shipment', 'steps') }} as steps,
    from read
),

stepped as (
    {{ unnest_json('named', 'steps', 'step', 'position') }}
),

steps_read as (
    select
        *,
        {{ read_fields('shipment_steps', 'step', 'step') }},
    from stepped
),

-- An event without a list of steps is itself one step, where it gives a status or a time.
steps_named as (
    select
        *,
        case when steps is null then event_status else {{ pick('shipment_steps', 'status', 'step') }} end as status,
        case
            when steps is null then event_occurred_text
            else {{ pick('shipment_steps', 'occurred_at', 'step') }}
        end as occurred_text,
        case
            when steps is not null or event_status is not null or event_occurred_text is not null then position
        end as step_number,
        {{ json_length('steps') }} <= 1 as is_single_step,
    from steps_read
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
        {{ reject_reason(
            fallback_time='fallback_time',
            more=[['step_number is null', 'no step'], ['status is null', 'status missing']]
        ) }} as _reject_reason,
        _stored_at,
        _landing_sequence,
    from parsed
)

select * from judged
