{{ config(materialized='table') }}

{%- set fields = required_fields() %}

with events as (
    select
        *,
        cast(occurred_at as date) as occurred_on,
    from {{ ref('int_event_outcomes') }}
),

by_vendor as (
    select
        event_type,
        vendor,
        occurred_on,
        count(*) as vendor_events,
        {%- for field in fields %}
        sum(case when has_{{ field }} then 0 else 1 end) as missing_{{ field }},
        {%- endfor %}
    from events
    group by event_type, vendor, occurred_on
),

by_field as (
    {%- for field in fields %}
    {% if not loop.first %}union all{% endif %}
    select
        event_type,
        vendor,
        occurred_on,
        '{{ field }}' as field,
        vendor_events as events,
        cast(missing_{{ field }} as {{ type_whole() }}) as missing,
    from by_vendor
    {%- endfor %}
)

select * from by_field
