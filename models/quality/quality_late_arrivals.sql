{%- set references = ref('int_order_references') %}
{%- set known_payments = "kind = 'payment' and not is_orphan" %}

with counted as (
    {{ metric('payments more than ' ~ var('late_payment_days') ~ ' days after their order', references, 'is_late',
        among=known_payments) }}
    union all
    {{ metric('payments before their order', references, 'is_before_order', among=known_payments) }}
    union all
    {{ metric('live events stored more than ' ~ var('late_storage_hours') ~ ' hours after they occurred',
        ref('int_event_outcomes'), 'is_stored_late', among='is_live') }}
    union all
    {{ metric('orders paid before they were made', ref('fact_orders'), 'is_paid_before_ordered') }}
),

metrics as (
    {{ metrics_by_vendor('counted') }}
)

select * from metrics
