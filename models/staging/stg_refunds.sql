with read_events as (
    select * from {{ ref('base_refunds') }}
),

staged as (
    select
        event_id,
        event_type,
        vendor,
        is_live,
        order_id,
        amount,
        currency,
        reason,
        is_partial,
        occurred_at as refunded_at,
        _is_time_unreadable,
        _stored_at,
        _landing_sequence,
    from read_events
    where _reject_reason is null
)

select * from staged
