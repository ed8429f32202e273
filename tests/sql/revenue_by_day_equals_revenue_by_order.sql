-- Per day and vendor the daily fact says what its orders say.
with by_order as (
    select
        order_date,
        vendor,
        count(*) as order_count,
        sum(gross_revenue) as gross_revenue,
        sum(total_refunds) as total_refunds,
        sum(net_revenue) as net_revenue,
    from {{ ref('fact_orders') }}
    group by order_date, vendor
),

compared as (
    select
        coalesce(by_order.order_date, daily.order_date) as order_date,
        coalesce(by_order.vendor, daily.vendor) as vendor,
        coalesce(by_order.order_count, 0) - coalesce(daily.order_count, 0) as orders_apart,
        coalesce(by_order.gross_revenue, 0) - coalesce(daily.gross_revenue, 0) as gross_apart,
        coalesce(by_order.total_refunds, 0) - coalesce(daily.total_refunds, 0) as refunds_apart,
        coalesce(by_order.net_revenue, 0) - coalesce(daily.net_revenue, 0) as net_apart,
    from by_order
    full outer join {{ ref('fact_order_daily') }} as daily
        on daily.order_date = by_order.order_date and daily.vendor = by_order.vendor
)

select *
from compared
where orders_apart <> 0 or gross_apart <> 0 or refunds_apart <> 0 or net_apart <> 0
