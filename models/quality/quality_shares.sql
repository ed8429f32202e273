with business_dates as (
    select * from {{ ref('quality_business_date') }}
),

payments as (
    select
        vendor,
        cast(occurred_at as date) as date,
        is_orphan,
        is_late,
    from {{ ref('int_order_references') }}
    where kind = 'payment'
),

live_events as (
    select
        vendor,
        cast(_stored_at as date) as date,
        is_stored_late,
    from {{ ref('int_event_outcomes') }}
    where is_live
),

by_day as (
    {%- for measure, relation, condition, among, limit in [
        ['late payments', 'payments', 'is_late', 'not is_orphan', 'late_payment_share'],
        ['payments without order', 'payments', 'is_orphan', 'true', 'orphan_payment_share'],
        ['events stored late', 'live_events', 'is_stored_late', 'true', 'late_storage_share'],
    ] %}
    select
        '{{ measure }}' as measure,
        vendor,
        date,
        count(*) as judged_on,
        cast(count(case when {{ condition }} then 1 end) as {{ type_product() }}) as part,
        cast(count(*) as {{ type_product() }}) as whole,
        {{ share_limit(limit) }} as limit_share,
    from {{ relation }}
    where {{ among }}
    group by vendor, date
    union all
    {%- endfor %}
    select
        'refunds' as measure,
        vendor,
        order_date as date,
        order_count as judged_on,
        cast(total_refunds as {{ type_product() }}) as part,
        cast(gross_revenue as {{ type_product() }}) as whole,
        {{ share_limit('refund_share') }} as limit_share,
    from {{ ref('fact_order_daily') }}
),

all_days as (
    select
        measure,
        vendor,
        cast(null as date) as date,
        cast(sum(judged_on) as {{ type_whole() }}) as judged_on,
        cast(sum(part) as {{ type_product() }}) as part,
        cast(sum(whole) as {{ type_product() }}) as whole,
        limit_share,
    from by_day
    group by measure, vendor, limit_share
),

watched as (
    select * from all_days
    union all
    select by_day.*
    from by_day
    cross join business_dates
    where {{ is_watched('by_day.date') }}
),

-- Refunds where nothing was earned have no share, and are above any.
judged as (
    select
        measure,
        vendor,
        date,
        cast(part as {{ type_money() }}) as part,
        cast(whole as {{ type_money() }}) as whole,
        {{ share('part', 'whole') }} as share,
        limit_share,
        part > 0 and (whole = 0 or {{ share('part', 'whole') }} > limit_share) as is_above,
    from watched
    where judged_on >= {{ var('enough_to_judge') }}
)

select * from judged
