{{ config(materialized='incremental', incremental_strategy='append') }}

with events as (
    select *
    from {{ source('raw', 'events_raw') }}
    where event_type in ({{ event_types('order') }})
    and {{ not_seen() }}
),

extracted as (
    select
        *,
        {{ field_values('order', 'payload') }} as payload_values,
    from events
),

texts as (
    select
        *,
        {{ field_texts('order', 'payload_values') }} as payload_texts,
    from extracted
),

named as (
    select
        event_id,
        event_type,
        {{ vendor_of('order', 'vendor', 'payload_texts') }} as vendor,
        not starts_with(event_type, 'historical_') as is_live,
        {{ readable_time('event_time') }} as event_time,
        ingested_at as _stored_at,
        _landing_sequence,
        {{ pick('order', 'order_id', 'payload_texts') }} as order_id,
        {{ pick('order', 'occurred_at', 'payload_texts') }} as occurred_text,
        {{ pick('order', 'amount', 'payload_texts') }} as amount_text,
        {{ parse_currency(pick('order', 'currency', 'payload_texts')) }} as currency,
        {{ pick('order', 'region', 'payload_texts') }} as region,
        {{ pick('order', 'customer_id', 'payload_texts') }} as customer_id,
        {{ pick('order', 'email', 'payload_texts') }} as email,
        {{ pick('order', 'phone', 'payload_texts') }} as phone,
        {{ pick('order', 'address', 'payload_texts') }} as address_text,
        {{ pick('order', 'address_line', 'payload_texts') }} as address_line,
        {{ pick('order', 'city', 'payload_texts') }} as city,
        {{ pick('order', 'country', 'payload_texts') }} as country,
        {{ pick_list('order', 'items', 'payload_values') }} as items,
    from texts
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
        case
            when order_id is null then 'order reference missing'
            when payload_time is null and event_time is null and occurred_text is null then 'time missing'
            when payload_time is null and event_time is null then 'time unreadable'
            when amount_text is null then 'amount missing'
            when order_total is null then 'amount unreadable'
        end as _reject_reason,
        _stored_at,
        _landing_sequence,
    from parsed
)

select * from judged
