{{ config(materialized='incremental', incremental_strategy='append') }}

with events as (
    select *
    from {{ source('raw', 'events_raw') }}
    where event_type in ({{ event_types('refund') }})
    and {{ not_seen() }}
),

extracted as (
    select
        *,
        {{ field_values('refund', 'payload') }} as payload_values,
    from events
),

texts as (
    select
        *,
        {{ field_texts('refund', 'payload_values') }} as payload_texts,
    from extracted
),

named as (
    select
        event_id,
        event_type,
        {{ vendor_of('refund', 'vendor', 'payload_texts') }} as vendor,
        not starts_with(event_type, 'historical_') as is_live,
        {{ readable_time('event_time') }} as event_time,
        ingested_at as _stored_at,
        _landing_sequence,
        {{ pick('refund', 'order_id', 'payload_texts') }} as order_id,
        {{ pick('refund', 'occurred_at', 'payload_texts') }} as occurred_text,
        {{ pick('refund', 'amount', 'payload_texts') }} as amount_text,
        {{ parse_currency(pick('refund', 'currency', 'payload_texts')) }} as currency,
        {{ pick('refund', 'reason', 'payload_texts') }} as reason,
        {{ pick_list('refund', 'items', 'payload_values') }} as items,
    from texts
),

parsed as (
    select
        *,
        {{ parse_time('occurred_text') }} as payload_time,
        {{ parse_amount('amount_text') }} as amount,
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
        amount,
        currency,
        reason,
        items is not null as is_partial,
        occurred_text as _time_text,
        amount_text as _amount_text,
        occurred_text is not null and payload_time is null as _is_time_unreadable,
        case
            when order_id is null then 'order reference missing'
            when payload_time is null and event_time is null and occurred_text is null then 'time missing'
            when payload_time is null and event_time is null then 'time unreadable'
            when amount_text is null then 'amount missing'
            when amount is null then 'amount unreadable'
        end as _reject_reason,
        _stored_at,
        _landing_sequence,
    from parsed
)

select * from judged
