with events as (
    select * from {{ ref('int_event_outcomes') }}
),

fields as (
    {%- for field in ['order_reference', 'time', 'amount', 'status'] %}
    {% if not loop.first %}union all{% endif %}
    select event_type, vendor, '{{ field }}' as field, has_{{ field }} as is_given from events
    {%- endfor %}
),

by_vendor as (
    select
        event_type,
        vendor,
        field,
        count(*) as vendor_events,
        sum(case when is_given then 0 else 1 end) as missing,
    from fields
    group by event_type, vendor, field
),

-- An event whose vendor nobody tells is measured against all events of its type.
measured as (
    select
        event_type,
        vendor,
        field,
        missing,
        case
            when vendor = 'unknown' then sum(vendor_events) over (partition by event_type, field)
            else vendor_events
        end as events,
    from by_vendor
),

shares as (
    select
        event_type,
        vendor,
        field,
        events,
        missing,
        {{ share('missing', 'events') }} as missing_share,
    from measured
)

select * from shares
