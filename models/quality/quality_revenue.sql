{%- set orders = ref('fact_orders') %}
{%- set daily = ref('fact_order_daily') %}
{%- set payments = ref('int_payments') %}
{%- set refunds = ref('fact_refunds') %}
{%- set known = 'order_id in (select order_id from ' ~ orders ~ ')' %}

with order_ids as (
    select order_id from {{ orders }}
),

known_payments as (
    select payments.*, order_ids.order_id is not null as is_known
    from {{ payments }} as payments
    left join order_ids on order_ids.order_id = payments.order_id
),

known_refunds as (
    select refunds.*, order_ids.order_id is not null as is_known
    from {{ refunds }} as refunds
    left join order_ids on order_ids.order_id = refunds.order_id
),

counted as (
    {{ amount_metric('gross revenue by order', orders, 'gross_revenue') }}
    union all
    {{ amount_metric('gross revenue by day', daily, 'gross_revenue') }}
    union all
    {{ amount_metric('gross revenue from effective successful payments on known orders', payments, 'amount_ngn',
        "is_effective and status = 'success' and is_known", 'known_payments', known) }}
    union all
    {{ amount_metric('successful payments on unknown orders', payments, 'amount_ngn',
        "is_effective and status = 'success' and not is_known", 'known_payments', known) }}
    union all
    {{ amount_metric('refunds by order', orders, 'total_refunds') }}
    union all
    {{ amount_metric('refunds by day', daily, 'total_refunds') }}
    union all
    {{ amount_metric('refunds on known orders', refunds, 'amount_ngn', 'is_known', 'known_refunds', known) }}
    union all
    {{ amount_metric('refunds on unknown orders', refunds, 'amount_ngn', 'not is_known', 'known_refunds', known) }}
    union all
    {{ amount_metric('net revenue by order', orders, 'net_revenue') }}
    union all
    {{ amount_metric('net revenue by day', daily, 'net_revenue') }}
    union all
    {{ amount_metric('payments that are not effective', payments, 'amount_ngn', 'not is_effective') }}
    {%- for name, relation, date in [
        ['orders', orders, 'order_date'],
        ['payments', payments, 'cast(paid_at as date)'],
        ['refunds', refunds, 'cast(refunded_at as date)'],
    ] %}
    {%- set amount = 'order_total_ngn' if name == 'orders' else 'amount_ngn' %}
    union all
    {{ amount_metric(name ~ ' in a currency without rate', relation, amount, amount ~ ' is null') }}
    union all
    {{ amount_metric(name ~ ' at a rate more than ' ~ var('rate_age_days') ~ ' days away', relation, amount,
        'abs(' ~ days_between('rate_date', date) ~ ') > ' ~ var('rate_age_days')) }}
    {%- endfor %}
),

amounts as (
    {{ amounts_of('counted') }}
)

select * from amounts
