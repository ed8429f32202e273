with refunds as (
    select * from {{ ref('stg_refunds') }}
),

rates as (
    select * from {{ ref('int_fx_rates_daily') }}
),

converted as (
    select
        refunds.event_id,
        refunds.order_id,
        refunds.vendor,
        refunds.amount,
        refunds.currency,
        {{ convert('refunds.amount', 'rates.rate') }} as amount_ngn,
        rates.rate_date,
        refunds.reason,
        refunds.is_partial,
        refunds.refunded_at,
        refunds._landing_sequence,
    from refunds
    left join rates on rates.date = cast(refunds.refunded_at as date) and rates.currency = refunds.currency
)

select * from converted
