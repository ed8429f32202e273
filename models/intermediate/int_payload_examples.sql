{{ config(materialized='table') }}

-- Two events for each name tell what values are like; which two does not depend on what arrived first.
with paths as (
    select event_type, vendor, path, min(least_event_id) as least_event_id, max(greatest_event_id) as greatest_event_id
    from {{ ref('int_payload_paths') }}
    group by event_type, vendor, path
),

chosen as (
    select event_type, vendor, least_event_id as event_id from paths
    union distinct
    select event_type, vendor, greatest_event_id as event_id from paths
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
