{%- set limit = more_than('allowed_orders_of_several_vendors') %}
{{ config(severity='warn', warn_if=limit, error_if=limit) }}

-- Order references with records of several vendors, and the vendor of the latest, whose the order is now.
with orders as (
    select * from {{ ref('fact_orders') }}
    where has_several_vendors
)

select
    orders.order_id,
    orders.order_date,
    orders.vendor,
    min(records.vendor) as one_vendor,
    max(records.vendor) as another_vendor,
    count(distinct records.vendor) as vendors,
    count(*) as records,
from orders
inner join {{ ref('stg_orders') }} as records on records.order_id = orders.order_id
group by orders.order_id, orders.order_date, orders.vendor
