{%- set orders = ref('fact_orders') %}
{%- set refunds = ref('fact_refunds') %}

with counted as (
    {{ amount_metric('refunds on orders refunded above what was paid', orders, 'total_refunds',
        'total_refunds > gross_revenue') }}
    union all
    {{ amount_metric('refunded above what was paid', orders, 'total_refunds - gross_revenue',
        'total_refunds > gross_revenue') }}
    union all
    {{ amount_metric('refunds on orders that were never paid', orders, 'total_refunds',
        'refund_count > 0 and payments_succeeded = 0') }}
    union all
    {{ amount_metric('refunds on unknown orders', refunds, 'amount_ngn',
        'order_id not in (select order_id from ' ~ orders ~ ')') }}
    union all
    {{ amount_metric('partial refunds', refunds, 'amount_ngn', 'is_partial') }}
    union all
    {{ amount_metric('full refunds', refunds, 'amount_ngn', 'not is_partial') }}
),

amounts as (
    {{ amounts_of('counted') }}
)

select * from amounts
