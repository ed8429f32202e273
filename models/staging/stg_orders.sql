with read_events as (
    select * from {{ ref('base_orders') }}
),

staged as (
    select
        event_id,
        event_type,
        vendor,
        is_live,
        order_id,
        occurred_at as ordered_at,
        order_total,
        currency,
        region,
        customer_key,
        customer_id,
        email,
        phone,
        address,
        city,
        country,
        items,
        _is_time_unreadable,
        _stored_at,
        _landing_sequence,
    from read_events
    where _reject_reason is null
)

select * from staged
