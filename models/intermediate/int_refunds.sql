with refunds as (
    select * from {{ ref('stg_refunds') }}
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

converted as (
    select
        refunds.event_id,
        refunds.order_id,
        refunds.vendor,
        refunds.amount,
        refunds.currency,
        {{ convert('refunds.amount', rate_of('refunds.currency')) }} as amount_ngn,
        {{ rate_date_of('refunds.currency', 'refunds.refunded_at') }} as rate_date,
        refunds.reason,
        refunds.is_partial,
        refunds.refunded_at,
        refunds._landing_sequence,
    from refunds
    cross join rate_span
    left join rates on rates.date = {{ rate_day('refunds.refunded_at') }} and rates.currency = refunds.currency
)

select * from converted
