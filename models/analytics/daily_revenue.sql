with daily as (
    select * from {{ ref('fact_order_daily') }}
),

by_date as (
    select
        order_date,
        cast(sum(order_count) as {{ type_whole() }}) as order_count,
        cast(sum(paid_count) as {{ type_whole() }}) as paid_count,
        {{ sum_money('gross_revenue') }} as gross_revenue,
        {{ sum_money('total_refunds') }} as total_refunds,
        {{ sum_money('net_revenue') }} as net_revenue,
    from daily
    group by order_date
),

days as (
    select date as order_date
    from {{ ref('dim_date') }}
    where date between (select min(order_date) from by_date) and (select max(order_date) from by_date)
),

every_day as (
    select
        days.order_date,
        coalesce(by_date.order_count, 0) as order_count,
        coalesce(by_date.paid_count, 0) as paid_count,
        coalesce(by_date.gross_revenue, 0) as gross_revenue,
        coalesce(by_date.total_refunds, 0) as total_refunds,
        coalesce(by_date.net_revenue, 0) as net_revenue,
    from days
    left join by_date on by_date.order_date = days.order_date
),

rolling as (
    select
        order_date,
        order_count,
        paid_count,
        gross_revenue,
        total_refunds,
        net_revenue,
        cast(sum(gross_revenue) over last_seven as {{ type_money() }}) as gross_revenue_7_days,
        cast(sum(net_revenue) over last_seven as {{ type_money() }}) as net_revenue_7_days,
    from every_day
    window last_seven as (order by order_date rows between 6 preceding and current row)
)

select * from rolling
