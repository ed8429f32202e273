{{ config(materialized='table') }}

{%- set name = 'event_type, vendor, path' %}
{%- set enough = var('missing_field_events') %}

-- A few events with odd days move nothing: a name is gone when there are only a few left. That is no chance where three times as
-- many would be expected.
with named as (
    select {{ name }}, field, seen_on, sum(events) as events
    from {{ ref('int_field_days') }}
    group by {{ name }}, field, seen_on
),

counted as (
    select *, sum(events) over (partition by {{ name }} order by seen_on desc) as events_from
    from named
),

ended as (
    select {{ name }}, field, max(seen_on) as last_on
    from counted
    where events_from >= {{ enough }}
    group by {{ name }}, field
),

vendor_days as (
    select event_type, vendor, seen_on, count(*) as events
    from {{ ref('int_event_outcomes') }}
    where seen_on is not null
    group by event_type, vendor, seen_on
),

field_days as (
    select event_type, vendor, field, seen_on, sum(events) as events
    from named
    group by event_type, vendor, field, seen_on
),

without as (
    select
        ended.event_type,
        ended.vendor,
        ended.path,
        min(case when days.seen_on > ended.last_on then days.seen_on end) as changed_on,
        sum(case when days.seen_on <= ended.last_on then days.events else 0 end) as vendor_until,
        sum(case when days.seen_on > ended.last_on then days.events else 0 end) as vendor_since,
        sum(case when days.seen_on <= ended.last_on then coalesce(named.events, 0) else 0 end) as events_until,
        sum(case when days.seen_on > ended.last_on then coalesce(field_days.events, 0) else 0 end) as field_since,
    from ended
    inner join vendor_days as days on days.event_type = ended.event_type and days.vendor = ended.vendor
    left join named
        on named.event_type = ended.event_type
        and named.vendor = ended.vendor
        and named.path = ended.path
        and named.seen_on = days.seen_on
    left join field_days
        on field_days.event_type = ended.event_type
        and field_days.vendor = ended.vendor
        and field_days.field = ended.field
        and field_days.seen_on = days.seen_on
    group by ended.event_type, ended.vendor, ended.path
),

-- What another known name gives as often is not missing.
gone as (
    select {{ name }}, changed_on
    from without
    where 2 * events_until >= vendor_until
    and events_until * vendor_since >= 3 * {{ enough }} * vendor_until
    and 2 * field_since * vendor_until < events_until * vendor_since
)

select * from gone
