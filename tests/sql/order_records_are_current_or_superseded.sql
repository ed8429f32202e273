-- Per order reference: the staged order records are those that fact_orders counts, one of them current.
with records as (
    select order_id, count(*) as records
    from {{ ref('stg_orders') }}
    group by order_id
),

compared as (
    select
        coalesce(records.order_id, orders.order_id) as order_id,
        coalesce(records.records, 0) as staged,
        coalesce(orders.record_count, 0) as counted,
    from records
    full outer join {{ ref('fact_orders') }} as orders on orders.order_id = records.order_id
)

select *
from compared
where staged <> counted
