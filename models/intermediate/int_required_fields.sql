{{ config(materialized='table') }}

{%- set fields = ['order_reference', 'time', 'amount', 'status'] %}

with events as (
    select * from {{ ref('int_event_outcomes') }}
),

by_vendor as (
    select
        event_type,
        vendor,
        count(*) as vendor_events,
        {%- for field in fields %}
        sum(case when has_{{ field }} then 0 else 1 end) as missing_{{ field }},
        {%- endfor %}
    from events
    group by event_type, vendor
),

-- An event whose vendor nobody tells is measured against all events of its type.
measured as (
    select
        *,
        case
            when vendor = 'unknown' then sum(vendor_events) over (partition by event_type)
            else vendor_events
        end as events,
    from by_vendor
),

by_field as (
    {%- for field in fields %}
    {% if not loop.first %}union all{% endif %}
    select event_type, vendor, '{{ field }}' as field, events, missing_{{ field }} as missing from measured
    {%- endfor %}
),

shares as (
    select
        event_type,
        vendor,
        field,
        events,
        missing,
        {{ share('missing', 'events') }} as missing_share,
    from by_field
)

select * from shares
