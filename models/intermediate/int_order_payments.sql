{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}

with payments as (
    select *
    from {{ ref('int_payments') }}
    {{ where_touched('order_id', ref('int_payments')) }}
),

counted as (
    select
        payments.*,
        payments.is_effective and payments.status = 'success' as is_paid,
    from payments
),

by_order as (
    select
        order_id,
        cast(sum(case when is_effective then 1 else 0 end) as {{ type_whole() }}) as payments_attempted,
        cast(sum(case when is_paid then 1 else 0 end) as {{ type_whole() }}) as payments_succeeded,
        {{ sum_money('case when is_paid then amount_ngn end') }} as gross_revenue,
        min(case when is_paid then paid_at end) as first_paid_at,
        max(_landing_sequence) as _landing_sequence,
    from counted
    group by order_id
)

select * from by_order
