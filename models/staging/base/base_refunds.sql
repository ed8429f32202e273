{{ config(materialized='incremental', incremental_strategy='append') }}

with events as (
    select *
    from {{ source('raw', 'events_raw') }}
    where event_type in ({{ event_types('refund') }})
    and {{ not_seen() }}
),

read as (
    select
        *,
        {{ read_fields('refund', 'payload') }},
    from events
),

named as (
    select
        event_id,
        event_type,
        {{ vendor_of('refund', 'vendor') }} as vendor,
        not starts_with(event_type, 'historical_') as is_live,
        {{ readable_time('event_time') }} as event_time,
        ingested_at as _stored_at,
        _landing_sequence,
        {{ pick('refund', 'order_id') }} as order_id,
        {{ pick('refund', 'occurred_at') }} as occurred_text,
        {{ pick('refund', 'amount') }} as amount_text,
        {{ parse_currency(pick('refund', 'currency')) }} as currency,
        {{ pick('refund', 'reason') }} as reason,
        {{ pick_list('refund', 'items') }} as items,
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
        reason,
        items is not null as is_partial,
        occurred_text as _time_text,
        amount_text as _amount_text,
        occurred_text is not null and payload_time is null as _is_time_unreadable,
        {{ reject_reason(amount='amount') }} as _reject_reason,
        _stored_at,
        _landing_sequence,
    from parsed
)

select * from judged
