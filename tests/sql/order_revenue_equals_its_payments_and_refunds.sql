-- Per order: gross revenue is the sum of its effective successful payments, refunds are the sum of its refunds.
with paid as (
    select order_id, sum(amount_ngn) as amount
    from {{ ref('int_payments') }}
    where is_effective and status = 'success'
    group by order_id
),

refunded as (
    select order_id, sum(amount_ngn) as amount
    from {{ ref('fact_refunds') }}
    group by order_id
),

compared as (
    select
        orders.order_id,
        orders.gross_revenue,
        orders.total_refunds,
        orders.net_revenue,
        coalesce(paid.amount, 0) as paid,
        coalesce(refunded.amount, 0) as refunded,
    from {{ ref('fact_orders') }} as orders
    left join paid on paid.order_id = orders.order_id
    left join refunded on refunded.order_id = orders.order_id
)

select *
from compared
where gross_revenue <> paid or total_refunds <> refunded or net_revenue <> gross_revenue - total_refunds
