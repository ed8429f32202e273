with counted as (
    {{ breakdown('events', ref('int_event_outcomes'), 'event_type') }}
    union all
    {{ breakdown('orders', ref('fact_orders'), 'latest_shipment_status') }}
    union all
    {{ breakdown('payments', ref('fact_payments'), 'status') }}
    union all
    {{ breakdown('shipment steps', ref('fact_shipments'), 'status') }}
    union all
    {{ breakdown('refunds', ref('fact_refunds'), 'reason') }}
    union all
    {{ breakdown('order updates', ref('stg_order_updates'), 'change_type') }}
),

metrics as (
    select
        metric,
        vendor,
        status,
        {{ rows_column() }},
        {{ share(rows_column(), 'sum(' ~ rows_column() ~ ') over (partition by metric)') }} as share,
        query || {{ and_value("'vendor'", 'vendor', 'where') }} || {{ and_value('status_column', 'status') }} as query,
    from counted
)

select * from metrics
