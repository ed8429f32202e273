{{ config(materialized='incremental', incremental_strategy='append') }}

with events as (
    select *
    from {{ source('raw', 'events_raw') }}
    where event_type in ({{ event_types('order') }})
    and {{ not_seen() }}
),

read as (
    select
        *,
        {{ read_fields('order', 'payload') }},
    from events
),

named as (
    select
        event_id,
        event_type,
        {{ vendor_of('order', 'vendor') }} as vendor,
        not starts_with(event_type, 'historical_') as is_live,
        {{ readable_time('event_time') }} as event_time,
        ingested_at as _stored_at,
        _landing_sequence,
        {{ pick('order', 'order_id') }} as order_id,
        {{ pick('order', 'occurred_at') }} as occurred_text,
        {{ pick('order', 'amount') }} as amount_text,
        {{ parse_currency(pick('order', 'currency')) }} as currency,
        {{ pick('order', 'region') }} as region,
        {{ pick('order', 'customer_id') }} as customer_id,
        {{ pick('order', 'email') }} as email,
        {{ pick('order', 'phone') }} as phone,
        {{ pick('order', 'address') }} as address_text,
        {{ pick('order', 'address_line') }} as address_line,
        {{ pick('order', 'city') }} as city,
        {{ pick('order', 'country') }} as country,
        {{ pick_list('order', 'items') }} as items,
    from read
),

parsed as (
    select
        *,
        {{ parse_time('occurred_text') }} as payload_time,
        {{ parse_amount('amount_text') }} as order_total,
        {{ customer_key('customer_id', 'email', 'phone') }} as customer_key,
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
        order_total,
        currency,
        region,
        customer_key,
        customer_id,
        email,
        phone,
        coalesce(address_text, address_line) as address,
        city,
        country,
        items,
        occurred_text as _time_text,
        amount_text as _amount_text,
        occurred_text is not null and payload_time is null as _is_time_unreadable,
        {{ reject_reason(amount='order_total') }} as _reject_reason,
        _stored_at,
        _landing_sequence,
    from parsed
)

select * from judged
