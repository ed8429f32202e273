{{ config(severity='warn') }}

-- Amounts converted at a rate more than a week from the event.
with converted as (
    select 'order' as kind, order_id as id, order_date as date, rate_date from {{ ref('fact_orders') }}
    union all
    select 'payment' as kind, event_id as id, cast(paid_at as date) as date, rate_date from {{ ref('fact_payments') }}
    union all
    select 'refund' as kind, event_id as id, cast(refunded_at as date) as date, rate_date from {{ ref('fact_refunds') }}
)

select *
from converted
where abs({{ days_between('rate_date', 'date') }}) > {{ var('rate_age_days') }}
