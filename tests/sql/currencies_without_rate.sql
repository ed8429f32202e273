{%- set limit = more_than('allowed_currencies_without_rate') %}
{{ config(severity='warn', warn_if=limit, error_if=limit) }}

-- Amounts that could not be converted: the rates do not know their currency, or they have none.
with unconverted as (
    select 'order' as kind, vendor, order_date as date, currency, order_total as amount
    from {{ ref('fact_orders') }}
    where order_total_ngn is null
    union all
    select 'payment' as kind, vendor, cast(paid_at as date) as date, currency, amount
    from {{ ref('fact_payments') }}
    where amount_ngn is null
    union all
    select 'refund' as kind, vendor, cast(refunded_at as date) as date, currency, amount
    from {{ ref('fact_refunds') }}
    where amount_ngn is null
)

select
    kind,
    vendor,
    date,
    currency,
    count(*) as amounts,
    sum(amount) as amount,
from unconverted
group by kind, vendor, date, currency
