{%- set limit = more_than('allowed_rates_far_from_their_event') %}
{{ config(severity='warn', warn_if=limit, error_if=limit) }}

-- Amounts converted at a rate more than a week from the event.
with converted as (
    select 'order' as kind, order_id as id, vendor, currency, order_date as date, rate_date
    from {{ ref('fact_orders') }}
    union all
    select 'payment' as kind, event_id as id, vendor, currency, cast(paid_at as date) as date, rate_date
    from {{ ref('fact_payments') }}
    union all
    select 'refund' as kind, event_id as id, vendor, currency, cast(refunded_at as date) as date, rate_date
    from {{ ref('fact_refunds') }}
),

compared as (
    select
        *,
        abs({{ days_between('rate_date', 'date') }}) as days_apart,
        {{ var('rate_age_days') }} as allowed_days,
    from converted
)

select *
from compared
where days_apart > allowed_days
