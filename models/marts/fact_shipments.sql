{{ config(materialized='incremental', incremental_strategy='append') }}

with steps as (
    select * from {{ ref('stg_shipments') }}
),

new_steps as (
    select
        event_id,
        step_number,
        order_id,
        vendor,
        carrier,
        tracking_code,
        status,
        occurred_at,
        _landing_sequence,
    from steps
    where {{ not_seen() }}
)

select * from new_steps
