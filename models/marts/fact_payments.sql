{{ config(materialized='incremental', incremental_strategy='append') }}

with payments as (
    select * from {{ ref('int_payments') }}
),

new_payments as (
    select
        event_id,
        order_id,
        vendor,
        transaction_id,
        status,
        method,
        amount,
        currency,
        amount_ngn,
        rate_date,
        paid_at,
        _landing_sequence,
    from payments
    where {{ not_seen() }}
)

select * from new_payments
