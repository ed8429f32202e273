{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}

with payments as (
    select *
    from {{ ref('stg_payments') }}
    {{ where_touched('order_id', ref('stg_payments')) }}
),

rates as (
    select * from {{ ref('int_fx_rates_daily') }}
),

rate_span as (
    select
        min(date) as first_date,
        max(date) as last_date,
    from rates
),

-- Of the payments with the same vendor, transaction and order the earliest is effective.
ranked as (
    select
        payments.*,
        row_number() over (
            partition by payments.vendor, payments.order_id, coalesce(payments.transaction_id, payments.event_id),
                payments.transaction_id is null
            order by payments.paid_at asc, payments.event_id asc
        ) as precedence,
    from payments
),

converted as (
    select
        ranked.event_id,
        ranked.order_id,
        ranked.vendor,
        ranked.transaction_id,
        ranked.status,
        ranked.method,
        ranked.amount,
        ranked.currency,
        {{ convert('ranked.amount', rate_of('ranked.currency')) }} as amount_ngn,
        {{ rate_date_of('ranked.currency', 'ranked.paid_at') }} as rate_date,
        ranked.paid_at,
        ranked.precedence = 1 as is_effective,
        ranked.is_live,
        ranked._landing_sequence,
    from ranked
    cross join rate_span
    left join rates on rates.date = {{ rate_day('ranked.paid_at') }} and rates.currency = ranked.currency
)

select * from converted
