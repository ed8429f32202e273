{%- set few = var('missing_field_events') %}

with events as (
    select is_live, cast(occurred_at as date) as date
    from {{ ref('int_event_outcomes') }}
    where is_staged
),

days as (
    select is_live, date, count(*) as events
    from events
    where date is not null
    group by is_live, date
),

counted as (
    select
        *,
        sum(events) over (partition by is_live order by date desc) as events_from,
        sum(events) over (partition by is_live) as all_events,
    from days
),

-- The last day of the live data, else of all. Where there are many, a few with odd days make no business date.
last_days as (
    select
        max(case when is_live and (events_from >= {{ few }} or all_events < 100 * {{ few }}) then date end) as last_live_date,
        max(date) as last_date,
    from counted
),

chosen as (
    select coalesce(last_live_date, last_date) as business_date
    from last_days
    where last_date is not null
)

select * from chosen
