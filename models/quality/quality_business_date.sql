with events as (
    select * from {{ ref('int_event_outcomes') }}
    where is_staged
),

-- The last day of the live data, else of all.
last_days as (
    select
        max(case when is_live then cast(occurred_at as date) end) as last_live_date,
        max(cast(occurred_at as date)) as last_date,
    from events
),

chosen as (
    select coalesce(last_live_date, last_date) as business_date
    from last_days
    where last_date is not null
)

select * from chosen
