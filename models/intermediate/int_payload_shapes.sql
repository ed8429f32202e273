{{ config(materialized='table') }}

with shapes as (
    select
        shape_key,
        event_type,
        vendor,
        missing_fields,
        shape,
        cast(sum(events) as {{ type_whole() }}) as events,
        min(seen_on) as first_seen_on,
        max(seen_on) as last_seen_on,
        min(least_event_id) as least_event_id,
        max(greatest_event_id) as greatest_event_id,
    from {{ ref('int_payload_shape_days') }}
    group by shape_key, event_type, vendor, missing_fields, shape
)

select * from shapes
