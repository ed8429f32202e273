{{ config(materialized='table') }}

with by_vendor as (
    select event_type, vendor, field, fault, sum(events) as vendor_events, sum(missing) as missing
    from {{ ref('int_required_fields_daily') }}
    group by event_type, vendor, field, fault
),

-- An event whose vendor nobody tells is measured against all events of its type.
measured as (
    select
        *,
        case
            when vendor = 'unknown' then sum(vendor_events) over (partition by event_type, field, fault)
            else vendor_events
        end as events,
    from by_vendor
),

shares as (
    select
        event_type,
        vendor,
        field,
        fault,
        events,
        missing,
        {{ share('missing', 'events') }} as missing_share,
    from measured
)

select * from shares
