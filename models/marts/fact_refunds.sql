{{ config(materialized='incremental', incremental_strategy='append') }}

with refunds as (
    select * from {{ ref('int_refunds') }}
),

new_refunds as (
    select
        event_id,
        order_id,
        vendor,
        amount,
        currency,
        amount_ngn,
        rate_date,
        reason,
        is_partial,
        refunded_at,
        _landing_sequence,
    from refunds
    where {{ not_seen() }}
)

select * from new_refunds
