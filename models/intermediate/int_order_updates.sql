{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}

with updates as (
    select *
    from {{ ref('stg_order_updates') }}
    {{ where_touched('order_id', ref('stg_order_updates')) }}
),

by_order as (
    select
        updates.order_id,
        count(*) as update_count,
        max(updates.updated_at) as last_updated_at,
        max(updates._landing_sequence) as _landing_sequence,
    from updates
    group by updates.order_id
)

select * from by_order
