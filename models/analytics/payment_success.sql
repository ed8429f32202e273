with payments as (
    select * from {{ ref('int_payments') }}
    where is_effective
),

orders as (
    select order_id from {{ ref('fact_orders') }}
),

by_vendor as (
    select
        payments.vendor,
        count(*) as payments_attempted,
        sum(case when payments.status = 'success' then 1 else 0 end) as payments_succeeded,
        sum(case when payments.status = 'failed' then 1 else 0 end) as payments_failed,
        sum(case when payments.status = 'unknown' then 1 else 0 end) as payments_of_unknown_status,
        sum(case when orders.order_id is null then 1 else 0 end) as orphan_payments,
    from payments
    left join orders on orders.order_id = payments.order_id
    group by payments.vendor
),

rated as (
    select
        vendor,
        payments_attempted,
        cast(payments_succeeded as {{ type_whole() }}) as payments_succeeded,
        cast(payments_failed as {{ type_whole() }}) as payments_failed,
        cast(payments_of_unknown_status as {{ type_whole() }}) as payments_of_unknown_status,
        cast(orphan_payments as {{ type_whole() }}) as orphan_payments,
        {{ share('payments_succeeded', 'payments_attempted') }} as success_rate,
    from by_vendor
)

select * from rated
