{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}

with refunds as (
    select * from {{ ref('int_refunds') }}
),

touched as (
    select distinct order_id
    from refunds
    where {{ not_seen() }}
),

by_order as (
    select
        refunds.order_id,
        count(*) as refund_count,
        {{ sum_money('refunds.amount_ngn') }} as total_refunds,
        max(refunds._landing_sequence) as _landing_sequence,
    from refunds
    inner join touched on touched.order_id = refunds.order_id
    group by refunds.order_id
)

select * from by_order
