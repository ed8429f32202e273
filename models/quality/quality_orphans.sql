{%- set references = ref('int_order_references') %}

with counted as (
    {%- for kind in ['payment', 'refund', 'shipment step', 'order update'] %}
    {{ metric('orphan ' ~ kind ~ 's', references, 'is_orphan', among="kind = '" ~ kind ~ "'") }}
    union all
    {%- endfor %}
    {{ metric('orders with records of several vendors', ref('fact_orders'), 'has_several_vendors') }}
),

metrics as (
    {{ metrics_by_vendor('counted') }}
)

select * from metrics
