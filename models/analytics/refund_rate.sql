with orders as (
    select
        vendor,
        count(*) as order_count,
        {{ sum_money('gross_revenue') }} as gross_revenue,
    from {{ ref('fact_orders') }}
    group by vendor
),

refunds as (
    select
        orders.vendor,
        count(distinct refunds.order_id) as refunded_orders,
        sum(case when refunds.is_partial then 1 else 0 end) as partial_refund_count,
        sum(case when refunds.is_partial then 0 else 1 end) as full_refund_count,
        {{ sum_money('case when refunds.is_partial then refunds.amount_ngn end') }} as partial_refunds,
        {{ sum_money('case when not refunds.is_partial then refunds.amount_ngn end') }} as full_refunds,
        {{ sum_money('refunds.amount_ngn') }} as total_refunds,
    from {{ ref('fact_refunds') }} as refunds
    inner join {{ ref('fact_orders') }} as orders on orders.order_id = refunds.order_id
    group by orders.vendor
),

rated as (
    select
        orders.vendor,
        orders.order_count,
        coalesce(refunds.refunded_orders, 0) as refunded_orders,
        cast(coalesce(refunds.partial_refund_count, 0) as {{ type_whole() }}) as partial_refund_count,
        cast(coalesce(refunds.full_refund_count, 0) as {{ type_whole() }}) as full_refund_count,
        orders.gross_revenue,
        coalesce(refunds.partial_refunds, 0) as partial_refunds,
        coalesce(refunds.full_refunds, 0) as full_refunds,
        coalesce(refunds.total_refunds, 0) as total_refunds,
        {{ share('coalesce(refunds.total_refunds, 0)', 'orders.gross_revenue') }} as refund_rate,
        {{ share('coalesce(refunds.partial_refunds, 0)', 'orders.gross_revenue') }} as partial_refund_rate,
        {{ share('coalesce(refunds.full_refunds, 0)', 'orders.gross_revenue') }} as full_refund_rate,
    from orders
    left join refunds on refunds.vendor = orders.vendor
)

select * from rated
