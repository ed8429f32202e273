with orders as (
    select order_id, vendor, ordered_at from {{ ref('int_orders_current') }}
),

referring as (
    {%- for kind, at in {'payments': 'paid_at', 'refunds': 'refunded_at', 'shipments': 'occurred_at', 'order_updates': 'updated_at'}.items() %}
    {% if not loop.first %}union all{% endif %}
    select
        '{{ {'payments': 'payment', 'refunds': 'refund', 'shipments': 'shipment step', 'order_updates': 'order update'}[kind] }}' as kind,
        event_id,
        {{ 'step_number' if kind == 'shipments' else 'cast(null as ' ~ type_whole() ~ ')' }} as step_number,
        vendor,
        order_id,
        {{ at }} as occurred_at,
    from {{ ref('stg_' ~ kind) }}
    {%- endfor %}
),

matched as (
    select
        referring.kind,
        referring.event_id,
        referring.step_number,
        referring.vendor,
        referring.order_id,
        referring.occurred_at,
        orders.vendor as order_vendor,
        orders.ordered_at,
        orders.order_id is null as is_orphan,
        coalesce(referring.occurred_at < orders.ordered_at, false) as is_before_order,
        coalesce(
            referring.occurred_at > {{ time_plus('orders.ordered_at', var('late_payment_days'), 'day') }}, false
        ) as is_late,
    from referring
    left join orders on orders.order_id = referring.order_id
)

select * from matched
