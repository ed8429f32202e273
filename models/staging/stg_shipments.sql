with read_events as (
    select * from {{ ref('base_shipments') }}
),

staged as (
    select
        event_id,
        step_number,
        event_type,
        vendor,
        is_live,
        order_id,
        carrier,
        tracking_code,
        status,
        occurred_at,
        _is_time_unreadable,
        _stored_at,
        _landing_sequence,
    from read_events
    where _reject_reason is null
)

select * from staged
