{{ config(materialized='incremental', incremental_strategy='append') }}

with events as (
    select *
    from {{ source('raw', 'events_raw') }}
    where event_type in ({{ event_types('payment') }})
    and {{ not_seen() }}
),

extracted as (
    select
        *,
        {{ field_values('payment', 'payload') }} as payload_values,
    from events
),

texts as (
    select
        *,
        {{ field_texts('payment', 'payload_values') }} as payload_texts,
    from extracted
),

named as (
    select
        event_id,
        event_type,
        {{ vendor_of('payment', 'vendor', 'payload_texts') }} as vendor,
        not starts_with(event_type, 'historical_') as is_live,
        {{ readable_time('event_time') }} as event_time,
        ingested_at as _stored_at,
        _landing_sequence,
        {{ pick('payment', 'order_id', 'payload_texts') }} as order_id,
        {{ pick('payment', 'occurred_at', 'payload_texts') }} as occurred_text,
        {{ pick('payment', 'amount', 'payload_texts') }} as amount_text,
        {{ parse_currency(pick('payment', 'currency', 'payload_texts')) }} as currency,
        {{ pick('payment', 'status', 'payload_texts') }} as status_text,
        {{ pick('payment', 'transaction_id', 'payload_texts') }} as transaction_id,
        {{ pick('payment', 'method', 'payload_texts') }} as method,
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
        {{ payment_status('status_text') }} as status,
        transaction_id,
        method,
        status_text as _status_text,
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
