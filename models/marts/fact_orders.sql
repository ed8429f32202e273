{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}

with orders as (
    select * from {{ ref('int_orders_current') }}
),

lines as (
    select * from {{ ref('int_order_units') }}
),

payments as (
    select * from {{ ref('int_order_payments') }}
),

refunds as (
    select * from {{ ref('int_order_refunds') }}
),

shipments as (
    select * from {{ ref('int_order_shipments') }}
),

updates as (
    select * from {{ ref('int_order_updates') }}
),

rates as (
    select * from {{ ref('int_fx_rates_daily') }}
),

rate_span as (
    select
        min(date) as first_date,
        max(date) as last_date,
    from rates
),

touched_orders as (
    select *
    from orders
    {%- if is_incremental() %}
    where order_id in (
        {%- for part in order_parts() %}
        {% if not loop.first %}union all {% endif -%}
        select order_id from {{ part }} where {{ not_seen('_landing_sequence', '_' ~ part ~ '_sequence') }}
        {%- endfor %}
    )
    {%- endif %}
),

joined as (
    select
        touched_orders.order_id,
        touched_orders.event_id,
        touched_orders.vendor,
        touched_orders.customer_key,
        touched_orders.ordered_at,
        cast(touched_orders.ordered_at as date) as order_date,
        touched_orders.region,
        touched_orders.address,
        touched_orders.city,
        touched_orders.country,
        touched_orders.currency,
        touched_orders.order_total,
        {{ convert('touched_orders.order_total', rate_of('touched_orders.currency')) }} as order_total_ngn,
        {{ rate_date_of('touched_orders.currency', 'touched_orders.ordered_at') }} as rate_date,
        coalesce(lines.line_count, 0) as line_count,
        coalesce(lines.units, 0) as units,
        coalesce(payments.payments_attempted, 0) as payments_attempted,
        coalesce(payments.payments_succeeded, 0) as payments_succeeded,
        coalesce(payments.gross_revenue, 0) as gross_revenue,
        coalesce(refunds.refund_count, 0) as refund_count,
        coalesce(refunds.total_refunds, 0) as total_refunds,
        coalesce(payments.gross_revenue, 0) - coalesce(refunds.total_refunds, 0) as net_revenue,
        payments.first_paid_at,
        {{ share(seconds_between('touched_orders.ordered_at', 'payments.first_paid_at'), 60) }} as minutes_to_payment,
        coalesce(payments.first_paid_at < touched_orders.ordered_at, false) as is_paid_before_ordered,
        shipments.latest_shipment_status,
        shipments.delivered_at,
        coalesce(updates.update_count, 0) as update_count,
        updates.last_updated_at,
        touched_orders.record_count,
        touched_orders.has_several_vendors,
        touched_orders._landing_sequence as _orders_sequence,
        coalesce(lines._landing_sequence, 0) as _lines_sequence,
        coalesce(payments._landing_sequence, 0) as _payments_sequence,
        coalesce(refunds._landing_sequence, 0) as _refunds_sequence,
        coalesce(shipments._landing_sequence, 0) as _shipments_sequence,
        coalesce(updates._landing_sequence, 0) as _updates_sequence,
    from touched_orders
    cross join rate_span
    left join lines on lines.event_id = touched_orders.event_id
    left join payments on payments.order_id = touched_orders.order_id
    left join refunds on refunds.order_id = touched_orders.order_id
    left join shipments on shipments.order_id = touched_orders.order_id
    left join updates on updates.order_id = touched_orders.order_id
    left join rates on rates.date = {{ rate_day('touched_orders.ordered_at') }} and rates.currency = touched_orders.currency
)

select * from joined
