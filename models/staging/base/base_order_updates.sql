{{ config(materialized='incremental', incremental_strategy='append') }}

with events as (
    select *
    from {{ source('raw', 'events_raw') }}
    where event_type in ({{ event_types('order_update') }})
    and {{ not_seen() }}
),

read as (
    select
        *,
        {{ read_fields('order_update', 'payload') }},
    from events
),

named as (
    select
        event_id,
        event_type,
        {{ vendor_of('order_update', 'vendor') }} as vendor,
        not starts_with(event_type, 'historical_') as is_live,
        {{ readable_time('event_time') }} as event_time,
        ingested_at as _stored_at,
        _landing_sequence,
        {{ pick('order_update', 'order_id') }} as order_id,
        {{ pick('order_update', 'occurred_at') }} as occurred_text,
        {{ pick('order_update', 'change_type') }} as change_type,
        {{ pick('order_update', 'note') }} as note,
    from read
),

parsed as (
    select
        *,
        {{ parse_time('occurred_text') }} as payload_time,
    from named
),

judged as (
    select
        event_id,
        event_type,
        vendor,
        is_live,
        order_id,
        coalesce(payload_time, event_time) as occurred_at,
        change_type,
        note,
        occurred_text as _time_text,
        occurred_text is not null and payload_time is null as _is_time_unreadable,
        {{ reject_reason() }} as _reject_reason,
        _stored_at,
        _landing_sequence,
    from parsed
)

select * from judged
