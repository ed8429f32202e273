with every_day as (
    select * from {{ ref('int_daily_measures') }}
),

-- Every watched day beside each of the days before it.
histories as (
    select
        days.measure,
        days.vendor,
        days.date,
        earlier.judged_on,
        earlier.value,
    from every_day as days
    inner join every_day as earlier
        on earlier.measure = days.measure
        and earlier.vendor = days.vendor
        and {{ days_between('earlier.date', 'days.date') }} between 1 and {{ var('usual_days') }}
    where {{ is_watched('days.date', 'days.business_date') }}
),

usual as (
    select
        measure,
        vendor,
        date,
        count(*) as days_before,
        {{ middle_of('judged_on') }} as usually_judged_on,
        {{ middle_of('value') }} as usual_value,
    from histories
    group by measure, vendor, date
),

deviations as (
    select
        histories.measure,
        histories.vendor,
        histories.date,
        {{ middle_of('abs(histories.value - usual.usual_value)') }} as usual_deviation,
    from histories
    inner join usual
        on usual.measure = histories.measure and usual.vendor = histories.vendor and usual.date = histories.date
    group by histories.measure, histories.vendor, histories.date
),

compared as (
    select
        days.*,
        usual.usual_value,
        usual.days_before,
        greatest(days.judged_on, usual.usually_judged_on) as more_events,
        greatest(
            {{ var('unusual_deviations') }} * deviations.usual_deviation,
            {{ share_limit('unusual_share') }} * usual.usual_value
        ) as allowed_deviation,
    from every_day as days
    left join usual
        on usual.measure = days.measure and usual.vendor = days.vendor and usual.date = days.date
    left join deviations
        on deviations.measure = days.measure and deviations.vendor = days.vendor and deviations.date = days.date
    where {{ is_watched('days.date', 'days.business_date') }}
),

judged as (
    select
        measure,
        vendor,
        date,
        business_date,
        cast(value as {{ type_money() }}) as value,
        cast(usual_value as {{ type_money() }}) as usual_value,
        cast(round(allowed_deviation, 2) as {{ type_money() }}) as may_differ_by,
        coalesce(
            days_before >= {{ var('usual_days_least') }}
            and usual_value > 0
            and more_events >= {{ var('enough_to_judge') }}
            and abs(value - usual_value) > allowed_deviation,
            false
        ) as is_unusual,
    from compared
),

-- The business date whole, and what was unusual before it.
shown as (
    select
        measure,
        vendor,
        date,
        value,
        usual_value,
        may_differ_by,
        is_unusual,
    from judged
    where is_unusual or date = business_date
)

select * from shown
