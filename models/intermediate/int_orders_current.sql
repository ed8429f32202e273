{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}

with records as (
    select *
    from {{ ref('stg_orders') }}
    {{ where_touched('order_id', ref('stg_orders')) }}
),

ranked as (
    select
        records.order_id,
        records.event_id,
        records.vendor,
        records.ordered_at,
        records.order_total,
        records.currency,
        records.region,
        records.customer_key,
        records.customer_id,
        records.address,
        records.city,
        records.country,
        row_number() over (
            partition by records.order_id order by records.ordered_at desc, records.event_id desc
        ) as recency,
        count(*) over (partition by records.order_id) as record_count,
        min(records.vendor) over (partition by records.order_id)
            <> max(records.vendor) over (partition by records.order_id) as has_several_vendors,
        max(records._landing_sequence) over (partition by records.order_id) as _landing_sequence,
    from records
),

current_records as (
    select
        order_id,
        event_id,
        vendor,
        ordered_at,
        order_total,
        currency,
        region,
        customer_key,
        customer_id,
        address,
        city,
        country,
        record_count,
        has_several_vendors,
        _landing_sequence,
    from ranked
    where recency = 1
)

select * from current_records
