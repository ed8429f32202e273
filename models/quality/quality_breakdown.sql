with metrics as (
    {{ breakdown('events', ref('int_event_outcomes'), {'vendor': 'vendor', 'status': 'event_type'}) }}
    union all
    {{ breakdown('orders', ref('fact_orders'), {'vendor': 'vendor', 'status': 'latest_shipment_status'}) }}
    union all
    {{ breakdown('payments', ref('fact_payments'), {'vendor': 'vendor', 'status': 'status'}) }}
    union all
    {{ breakdown('shipment steps', ref('fact_shipments'), {'vendor': 'vendor', 'status': 'status'}) }}
    union all
    {{ breakdown('refunds', ref('fact_refunds'), {'vendor': 'vendor', 'status': 'reason'}) }}
    union all
    {{ breakdown('order updates', ref('stg_order_updates'), {'vendor': 'vendor', 'status': 'change_type'}) }}
)

select * from metrics
