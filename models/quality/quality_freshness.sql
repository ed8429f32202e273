with business_dates as (
    select * from {{ ref('quality_business_date') }}
),

events as (
    select * from {{ ref('int_event_outcomes') }}
    where is_staged and vendor <> 'unknown'
),

-- What is dated after the business date says nothing about what had come by then.
by_vendor as (
    select
        events.vendor,
        business_dates.business_date,
        max(events.occurred_at) as last_event_at,
    from events
    inner join business_dates on cast(events.occurred_at as date) <= business_dates.business_date
    group by events.vendor, business_dates.business_date
),

measured as (
    select
        vendor,
        business_date,
        last_event_at,
        {{ days_between('cast(last_event_at as date)', 'business_date') }} as days_silent,
        cast({{ var('silent_days') }} as {{ type_whole() }}) as allowed_days,
    from by_vendor
),

judged as (
    select
        *,
        days_silent > allowed_days as is_silent,
    from measured
)

select * from judged
