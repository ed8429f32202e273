{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}

{%- set kinds = {
    'payments': ['payment', 'paid_at'],
    'refunds': ['refund', 'refunded_at'],
    'shipments': ['shipment step', 'occurred_at'],
    'order_updates': ['order update', 'updated_at'],
} %}

with orders as (
    select order_id, vendor, ordered_at, _landing_sequence from {{ ref('int_orders_current') }}
),

referring as (
    {%- for name, kind in kinds.items() %}
    {% if not loop.first %}union all{% endif %}
    select
        '{{ kind[0] }}' as kind,
        event_id,
        {{ 'step_number' if name == 'shipments' else 'cast(null as ' ~ type_whole() ~ ')' }} as step_number,
        vendor,
        order_id,
        {{ kind[1] }} as occurred_at,
        _landing_sequence,
    from {{ ref('stg_' ~ name) }}
    {%- endfor %}
),

-- In an increment: what refers anew, and what refers to an order that has a new record.
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
        referring._landing_sequence,
        orders._landing_sequence as _order_sequence,
    from referring
    left join orders on orders.order_id = referring.order_id
    {%- if is_incremental() %}
    where referring.order_id in (
        {%- for kind in kinds.values() %}
        select order_id from referring where kind = '{{ kind[0] }}' and {{ not_seen(among="kind = '" ~ kind[0] ~ "'") }}
        union all
        {%- endfor %}
        select order_id from orders where {{ not_seen(seen_as='_order_sequence') }}
    )
    {%- endif %}
)

select * from matched
