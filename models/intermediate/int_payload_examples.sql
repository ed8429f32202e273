{{ config(materialized='table') }}

-- Two events of each shape tell what values are like; which two does not depend on what arrived first.
with chosen as (
    select event_type, vendor, least_event_id as event_id from {{ ref('int_payload_shapes') }}
    union distinct
    select event_type, vendor, greatest_event_id as event_id from {{ ref('int_payload_shapes') }}
),

payloads as (
    select
        chosen.event_type,
        {{ kind_of('chosen.event_type') }} as kind,
        chosen.vendor,
        chosen.event_id,
        events.payload,
    from {{ source('raw', 'events_raw') }} as events
    inner join chosen on chosen.event_id = events.event_id
),

found as (
    {{ unnest_json_values('payloads', 'payload') }}
),

given as (
    select distinct event_type, kind, vendor, path, event_id, type, value
    from found
    where value is not null
)

select * from given
