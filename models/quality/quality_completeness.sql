{%- set orders = ref('fact_orders') %}
{%- set records = ref('int_orders_current') %}
{%- set items = ref('fact_order_items') %}
{%- set payments = ref('fact_payments') %}
{%- set refunds = ref('fact_refunds') %}
{%- set steps = ref('fact_shipments') %}
{%- set events = ref('int_event_outcomes') %}

with counted as (
    {{ metric('orders without any customer', orders, "customer_key = 'unknown'") }}
    union all
    {{ metric('orders without customer id', records, 'customer_id is null') }}
    union all
    {{ metric('orders with a total of zero', orders, 'order_total = 0') }}
    union all
    {{ metric('orders without currency', orders, 'currency is null') }}
    union all
    {{ metric('orders without region', orders, 'region is null') }}
    union all
    {{ metric('orders without lines', orders, 'line_count = 0') }}
    union all
    {{ metric('order lines without sku, quantity or price', items,
        'sku is null or quantity is null or unit_price is null', vendor=none) }}
    union all
    {{ metric('payments without transaction', payments, 'transaction_id is null') }}
    union all
    {{ metric('payments of unknown status', payments, "status = 'unknown'") }}
    union all
    {{ metric('payments without currency', payments, 'currency is null') }}
    union all
    {{ metric('refunds without currency', refunds, 'currency is null') }}
    union all
    {{ metric('shipment steps without carrier', steps, 'carrier is null') }}
    union all
    {{ metric('events without order reference', events, 'not has_order_reference') }}
    union all
    {{ metric('events without a time of their own', events, 'not has_time') }}
    union all
    {{ metric('events with an unreadable time', events, 'is_time_unreadable') }}
    union all
    {{ metric('events without amount', events, 'not has_amount') }}
),

metrics as (
    {{ metrics_by_vendor('counted') }}
)

select * from metrics
