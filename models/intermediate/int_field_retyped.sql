{{ config(materialized='table') }}

{%- set name = 'event_type, vendor, path' %}
{%- set enough = var('missing_field_events') %}

-- A few events with odd days move nothing: a type has come when there are enough of it. That is no chance where three times as
-- many would have been expected before.
with typed as (
    select *, sum(events) over (partition by {{ name }}, type order by seen_on) as events_until
    from {{ ref('int_field_days') }}
),

begun as (
    select {{ name }}, type, min(seen_on) as changed_on
    from typed
    where events_until >= {{ enough }}
    group by {{ name }}, type
),

around as (
    select
        begun.event_type,
        begun.vendor,
        begun.path,
        begun.type,
        begun.changed_on,
        sum(case when typed.seen_on < begun.changed_on then typed.events else 0 end) as events_before,
        sum(case when typed.seen_on >= begun.changed_on then typed.events else 0 end) as events_since,
        sum(case when typed.seen_on >= begun.changed_on and typed.type = begun.type then typed.events else 0 end) as of_type_since,
    from begun
    inner join typed
        on typed.event_type = begun.event_type and typed.vendor = begun.vendor and typed.path = begun.path
    group by begun.event_type, begun.vendor, begun.path, begun.type, begun.changed_on
),

retyped as (
    select {{ name }}, type as changed_to, changed_on
    from around
    where events_before * of_type_since >= 3 * {{ enough }} * events_since
)

select * from retyped
