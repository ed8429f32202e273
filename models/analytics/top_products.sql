with lines as (
    select * from {{ ref('fact_order_items') }}
    where sku is not null
),

orders as (
    select * from {{ ref('fact_orders') }}
),

-- Prices need not be in the currency of the order: a line has the part of the order's money that it has of its lines.
weighed as (
    select
        sku,
        order_id,
        quantity,
        {{ part_of_whole('line_amount', 'sum(case when line_amount > 0 then line_amount end) over (partition by order_id)') }} as part,
    from lines
),

valued as (
    select
        weighed.sku,
        weighed.order_id,
        weighed.quantity,
        cast(round(orders.gross_revenue * weighed.part, 2) as {{ type_money() }}) as gross_revenue,
        cast(round(orders.order_total_ngn * weighed.part, 2) as {{ type_money() }}) as order_value_ngn,
    from weighed
    inner join orders on orders.order_id = weighed.order_id
),

by_product as (
    select
        sku,
        count(distinct order_id) as order_count,
        cast(coalesce(sum(quantity), 0) as {{ type_product() }}) as units,
        {{ sum_money('gross_revenue') }} as gross_revenue,
        {{ sum_money('order_value_ngn') }} as order_value_ngn,
    from valued
    group by sku
),

ranked as (
    select
        row_number() over (order by gross_revenue desc, order_value_ngn desc, sku asc) as revenue_rank,
        sku,
        order_count,
        units,
        gross_revenue,
        {{ share('gross_revenue', 'sum(gross_revenue) over ()') }} as gross_revenue_share,
        order_value_ngn,
    from by_product
)

select * from ranked
