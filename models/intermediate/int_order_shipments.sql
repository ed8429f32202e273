{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}

with steps as (
    select *
    from {{ ref('stg_shipments') }}
    {{ where_touched('order_id', ref('stg_shipments')) }}
),

ranked as (
    select
        steps.order_id,
        steps.status,
        steps.occurred_at,
        steps._landing_sequence,
        row_number() over (
            partition by steps.order_id
            order by steps.occurred_at desc, steps.event_id desc, steps.step_number desc
        ) as recency,
    from steps
),

by_order as (
    select
        order_id,
        max(case when recency = 1 then status end) as latest_shipment_status,
        min(case when upper(status) = 'DELIVERED' then occurred_at end) as delivered_at,
        max(_landing_sequence) as _landing_sequence,
    from ranked
    group by order_id
)

select * from by_order
