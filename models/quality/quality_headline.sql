{%- set sums = ['orders', 'gross_revenue', 'total_refunds', 'attempted', 'succeeded', 'payments', 'orphans', 'late'] %}

with ordered as (
    select
        order_date as date,
        sum(order_count) as orders,
    from {{ ref('fact_order_daily') }}
    group by order_date
),

-- Money counts from the day on which it moved, or its order was made, whichever came later.
{%- for cte, sum, relation, moved_at, condition in [
    ['paid', 'gross_revenue', ref('int_payments'), 'paid_at', "moved.is_effective and moved.status = 'success'"],
    ['refunded', 'total_refunds', ref('fact_refunds'), 'refunded_at', 'true'],
] %}
{{ cte }} as (
    select
        greatest(cast(moved.{{ moved_at }} as date), orders.order_date) as date,
        {{ sum_money('moved.amount_ngn') }} as {{ sum }},
    from {{ relation }} as moved
    inner join {{ ref('fact_orders') }} as orders on orders.order_id = moved.order_id
    where {{ condition }}
    group by greatest(cast(moved.{{ moved_at }} as date), orders.order_date)
),
{% endfor %}
attempts as (
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

up_to_each_day as (
    select
        days.date,
        min(days.date) over () as since,
        {%- for sum in sums %}
        cast(sum(coalesce({{ sum }}, 0)) over (order by days.date) as {{ type_product() }}) as {{ sum }},
        {%- endfor %}
    from {{ ref('dim_date') }} as days
    left join ordered on ordered.date = days.date
    left join paid on paid.date = days.date
    left join refunded on refunded.date = days.date
    left join attempts on attempts.date = days.date
    left join arrivals on arrivals.date = days.date
),

-- A day on which nothing happened has no figures of its own.
told_days as (
    select *
    from up_to_each_day
    where date in (select cast(occurred_at as date) from {{ ref('int_event_outcomes') }} where is_staged)
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
    from told_days
    {%- endfor %}
)

select * from figures
