{{ config(materialized='table') }}

{#- By field: the faults, and which events have them. Of what can be given and not be read, an amount leaves revenue, and so does
    a time where nothing else tells it. #}
{%- set faults = [] %}
{%- for field in required_fields() %}
{%- do faults.append({'field': field, 'fault': 'missing', 'condition': 'not has_' ~ field}) %}
{%- endfor %}
{%- do faults.append({'field': 'amount', 'fault': 'unreadable', 'condition': 'is_amount_unreadable'}) %}
{%- do faults.append({'field': 'time', 'fault': 'unreadable', 'condition': 'is_time_unreadable and not is_staged'}) %}

with events as (
    select * from {{ ref('int_event_outcomes') }}
),

by_vendor as (
    select
        event_type,
        vendor,
        seen_on,
        count(*) as vendor_events,
        {%- for fault in faults %}
        count(case when {{ fault.condition }} then 1 end) as {{ fault.fault }}_{{ fault.field }},
        {%- endfor %}
    from events
    group by event_type, vendor, seen_on
),

by_field as (
    {%- for fault in faults %}
    {% if not loop.first %}union all{% endif %}
    select
        event_type,
        vendor,
        seen_on,
        '{{ fault.field }}' as field,
        '{{ fault.fault }}' as fault,
        vendor_events as events,
        {{ fault.fault }}_{{ fault.field }} as missing,
    from by_vendor
    {%- endfor %}
)

select * from by_field
