with orders as (
    select
        vendor,
        is_paid_before_ordered,
        case when not is_paid_before_ordered then minutes_to_payment end as minutes_to_payment,
    from {{ ref('fact_orders') }}
    where first_paid_at is not null
),

by_vendor as (
    select
        vendor,
        count(*) as orders_paid,
        cast(sum(case when is_paid_before_ordered then 1 else 0 end) as {{ type_whole() }}) as paid_before_ordered,
        {{ share('sum(minutes_to_payment)', 'count(minutes_to_payment)') }} as average_minutes,
        {{ as_amount(median_of('minutes_to_payment')) }} as median_minutes,
    from orders
    group by vendor
)

select * from by_vendor
