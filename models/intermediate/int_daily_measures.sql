{{ config(materialized='table') }}

{%- set kinds = {
    'order': 'order events',
    'order_update': 'order update events',
    'payment': 'payment events',
    'refund': 'refund events',
    'shipment': 'shipment events',
} %}

with business_dates as (
    select * from {{ ref('quality_business_date') }}
),

events as (
    select
        case
            {%- for kind, measure in kinds.items() %}
            when event_type in ({{ event_types(kind) }}) then '{{ measure }}'
            {%- endfor %}
        end as measure,
        vendor,
        cast(occurred_at as date) as date,
    from {{ ref('int_event_outcomes') }}
    where is_staged
),

by_vendor as (
    select
        'gross revenue' as measure,
        vendor,
        order_date as date,
        order_count as judged_on,
        cast(gross_revenue as {{ type_product() }}) as value,
    from {{ ref('fact_order_daily') }}
    union all
    select
        measure,
        vendor,
        date,
        count(*) as judged_on,
        cast(count(*) as {{ type_product() }}) as value,
    from events
    group by measure, vendor, date
),

given as (
    select * from by_vendor
    union all
    select
        measure,
        '(all)' as vendor,
        date,
        cast(sum(judged_on) as {{ type_whole() }}) as judged_on,
        cast(sum(value) as {{ type_product() }}) as value,
    from by_vendor
    group by measure, date
),

streams as (
    select
        measure,
        vendor,
        min(date) as first_date,
    from given
    group by measure, vendor
),

-- A day on which nothing came counts 0, from the first day of a stream on.
calendar as (
    select
        streams.measure,
        streams.vendor,
        dates.date,
        business_dates.business_date,
    from streams
    cross join business_dates
    inner join {{ ref('dim_date') }} as dates
        on dates.date >= streams.first_date and dates.date <= business_dates.business_date
    where {{ days_between('dates.date', 'business_dates.business_date') }} < {{ var('watched_days') + var('usual_days') }}
),

every_day as (
    select
        calendar.measure,
        calendar.vendor,
        calendar.date,
        calendar.business_date,
        coalesce(given.judged_on, 0) as judged_on,
        coalesce(given.value, 0) as value,
    from calendar
    left join given
        on given.measure = calendar.measure and given.vendor = calendar.vendor and given.date = calendar.date
)

select * from every_day
