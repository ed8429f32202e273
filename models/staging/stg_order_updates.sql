with read_events as (
    select * from {{ ref('base_order_updates') }}
),

staged as (
    select
        event_id,
        event_type,
        vendor,
        is_live,
        order_id,
        occurred_at as updated_at,
        change_type,
        note,
        _is_time_unreadable,
        _stored_at,
        _landing_sequence,
    from read_events
    where _reject_reason is null
)

select * from staged
