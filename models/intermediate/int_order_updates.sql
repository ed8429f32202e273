{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}

with updates as (
    select * from {{ ref('stg_order_updates') }}
),

touched as (
    select distinct order_id
    from updates
    where {{ not_seen() }}
),

by_order as (
    select
        updates.order_id,
        count(*) as update_count,
        max(updates.updated_at) as last_updated_at,
        max(updates._landing_sequence) as _landing_sequence,
    from updates
    inner join touched on touched.order_id = updates.order_id
    group by updates.order_id
)

select * from by_order
