{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}

with refunds as (
    select *
    from {{ ref('int_refunds') }}
    {{ where_touched('order_id', ref('int_refunds')) }}
),

by_order as (
    select
        refunds.order_id,
        count(*) as refund_count,
        {{ sum_money('refunds.amount_ngn') }} as total_refunds,
        max(refunds._landing_sequence) as _landing_sequence,
    from refunds
    group by refunds.order_id
)

select * from by_order
