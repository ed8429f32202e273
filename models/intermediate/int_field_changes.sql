{{ config(materialized='table') }}

{%- set name = 'event_type, vendor, path' %}

with changes as (
    select {{ name }}, 'retyped' as change, changed_to, changed_on
    from {{ ref('int_field_retyped') }}
    union all
    select {{ name }}, 'missing' as change, cast(null as {{ type_text() }}) as changed_to, changed_on
    from {{ ref('int_field_gone') }}
),

ranked as (
    select
        *,
        row_number() over (partition by {{ name }} order by change, changed_on desc, changed_to) as place,
    from changes
),

latest as (
    select {{ name }}, change, changed_to, changed_on
    from ranked
    where place = 1
)

select * from latest
