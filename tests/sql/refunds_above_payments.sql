{%- set limit = more_than('allowed_refunds_above_payments') %}
{{ config(severity='warn', warn_if=limit, error_if=limit) }}

-- Orders of which more was refunded than was paid: compared in their own currency where they have one, to the last digit;
-- else in the reporting currency, with room for the rates of different days.
with paid as (
    select
        order_id,
        sum(amount) as amount,
        min(currency) as first_currency,
        max(currency) as last_currency,
    from {{ ref('int_payments') }}
    where is_effective and status = 'success'
    group by order_id
),

refunded as (
    select
        order_id,
        sum(amount) as amount,
        min(currency) as first_currency,
        max(currency) as last_currency,
    from {{ ref('fact_refunds') }}
    group by order_id
),

compared as (
    select
        orders.order_id,
        orders.vendor,
        orders.order_date,
        orders.gross_revenue,
        orders.total_refunds,
        refunded.first_currency as currency,
        paid.amount as paid_in_currency,
        refunded.amount as refunded_in_currency,
        coalesce(
            refunded.first_currency = refunded.last_currency
            and paid.first_currency = paid.last_currency
            and paid.first_currency = refunded.first_currency,
            false
        ) as is_one_currency,
        {{ share_limit('mixed_refund_share') }} as limit_share,
    from {{ ref('fact_orders') }} as orders
    inner join refunded on refunded.order_id = orders.order_id
    left join paid on paid.order_id = orders.order_id
)

select *
from compared
where case
    when is_one_currency then refunded_in_currency > paid_in_currency
    else total_refunds > gross_revenue + gross_revenue * limit_share
end
