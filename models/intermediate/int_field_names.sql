{{ config(materialized='table') }}

with kinds as (
    select distinct {{ kind_of('event_type') }} as kind
    from {{ ref('int_payload_shapes') }}
),

all_names as (
    {%- for known in known_names() %}
    {%- set required = required_field(known.mapping, known.field) %}
    {% if not loop.first %}union all{% endif %}
    select
        '{{ known.kind }}' as kind,
        '{{ known.mapping }}' as mapping,
        '{{ known.field }}' as field,
        '{{ known.place }}' as place,
        '{{ known.name }}' as name,
        '{{ (known.place ~ '.' if known.place else '') ~ known.name }}' as path,
        {{ "'" ~ required ~ "'" if required else 'cast(null as ' ~ type_text() ~ ')' }} as required_field,
    {%- endfor %}
),

field_names as (
    select all_names.*
    from all_names
    inner join kinds on kinds.kind = all_names.kind
)

select * from field_names
