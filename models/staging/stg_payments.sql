with read_events as (
    select * from {{ ref('base_payments') }}
),

staged as (
    select
        event_id,
        event_type,
        vendor,
        is_live,
        order_id,
        transaction_id,
        status,
        method,
        amount,
        currency,
        occurred_at as paid_at,
        _status_text,
        _is_time_unreadable,
        _stored_at,
        _landing_sequence,
    from read_events
    where _reject_reason is null
)

select * from staged
