{{ config(materialized='table') }}

{#- By field: the faults, and which events have them. Of what can be given and not be read, only an amount leaves revenue. #}
{%- set faults = [] %}
{%- for field in required_fields() %}
{%- do faults.append({'field': field, 'fault': 'missing', 'condition': 'not has_' ~ field}) %}
{%- endfor %}
{%- do faults.append({'field': 'amount', 'fault': 'unreadable', 'condition': 'is_amount_unreadable'}) %}

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
        {%- for fault in faults %}
        count(case when {{ fault.condition }} then 1 end) as {{ fault.fault }}_{{ fault.field }},
        {%- endfor %}
    from events
    group by event_type, vendor, occurred_on
),

by_field as (
    {%- for fault in faults %}
    {% if not loop.first %}union all{% endif %}
    select
        event_type,
        vendor,
        occurred_on,
        '{{ fault.field }}' as field,
        '{{ fault.fault }}' as fault,
        vendor_events as events,
        {{ fault.fault }}_{{ fault.field }} as missing,
    from by_vendor
    {%- endfor %}
)

select * from by_field
