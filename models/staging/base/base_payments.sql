{{ config(materialized='incremental', incremental_strategy='append') }}

with events as (
    select *
    from {{ source('raw', 'events_raw') }}
    where event_type in ({{ event_types('payment') }})
    and {{ not_seen() }}
),

read as (
    select
        *,
        {{ read_fields('payment', 'payload') }},
    from events
),

named as (
    select
        event_id,
        event_type,
        {{ vendor_of('payment', 'vendor') }} as vendor,
        not starts_with(event_type, 'historical_') as is_live,
        {{ readable_time('event_time') }} as event_time,
        ingested_at as _stored_at,
        _landing_sequence,
        {{ pick('payment', 'order_id') }} as order_id,
        {{ pick('payment', 'occurred_at') }} as occurred_text,
        {{ pick('payment', 'amount') }} as amount_text,
        {{ parse_currency(pick('payment', 'currency')) }} as currency,
        {{ pick('payment', 'status') }} as status_text,
        {{ pick('payment', 'transaction_id') }} as transaction_id,
        {{ pick('payment', 'method') }} as method,
    from read
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
        {{ reject_reason(amount='amount') }} as _reject_reason,
        _stored_at,
        _landing_sequence,
    from parsed
)

select * from judged
