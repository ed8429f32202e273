with days as (
    select date from {{ ref('dim_date') }}
),

orders as (
    select
        order_date as date,
        sum(order_count) as orders,
        sum(gross_revenue) as gross_revenue,
        sum(total_refunds) as total_refunds,
    from {{ ref('fact_order_daily') }}
    group by order_date
),

payments as (
    select
        cast(paid_at as date) as date,
        count(*) as attempted,
        sum(case when status = 'success' then 1 else 0 end) as succeeded,
    from {{ ref('int_payments') }}
    where is_effective
    group by cast(paid_at as date)
),

arrivals as (
    select
        cast(occurred_at as date) as date,
        count(*) as payments,
        sum(case when is_orphan then 1 else 0 end) as orphans,
        sum(case when is_late and not is_orphan then 1 else 0 end) as late,
    from {{ ref('int_order_references') }}
    where kind = 'payment'
    group by cast(occurred_at as date)
),

by_day as (
    select
        days.date,
        coalesce(orders.orders, 0) as orders,
        coalesce(orders.gross_revenue, 0) as gross_revenue,
        coalesce(orders.total_refunds, 0) as total_refunds,
        coalesce(payments.attempted, 0) as attempted,
        coalesce(payments.succeeded, 0) as succeeded,
        coalesce(arrivals.payments, 0) as payments,
        coalesce(arrivals.orphans, 0) as orphans,
        coalesce(arrivals.late, 0) as late,
    from days
    left join orders on orders.date = days.date
    left join payments on payments.date = days.date
    left join arrivals on arrivals.date = days.date
),

{% set sums = ['orders', 'gross_revenue', 'total_refunds', 'attempted', 'succeeded', 'payments', 'orphans', 'late'] -%}
up_to_each_day as (
    select
        date,
        min(date) over () as since,
        {%- for sum in sums %}
        cast(sum({{ sum }}) over (order by date) as {{ type_product() }}) as {{ sum }},
        {%- endfor %}
    from by_day
),

figures as (
    {#- Sums over all days only grow: no news is good or bad. -#}
    {%- for figure, value, unit, better in [
        ['gross revenue', 'gross_revenue', var('reporting_currency'), none],
        ['net revenue', 'gross_revenue - total_refunds', var('reporting_currency'), none],
        ['refunds', 'total_refunds', var('reporting_currency'), none],
        ['orders', 'orders', 'count', none],
        ['payment success', share('succeeded', 'attempted'), 'share', 'up'],
        ['refund rate', share('total_refunds', 'gross_revenue'), 'share', 'down'],
        ['late payments', share('late', 'payments - orphans'), 'share', 'down'],
        ['payments without order', share('orphans', 'payments'), 'share', 'down'],
    ] %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        date,
        {{ loop.index }} as position,
        '{{ figure }}' as figure,
        cast({{ value }} as {{ type_product() }}) as value,
        '{{ unit }}' as unit,
        cast({{ "'" ~ better ~ "'" if better else 'null' }} as {{ type_text() }}) as better,
        since,
    from up_to_each_day
    {%- endfor %}
)

select * from figures
