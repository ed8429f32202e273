{{ config(materialized='table') }}

{%- set keys = 'event_type, vendor, field, fault' %}
{%- set enough = var('missing_field_events') %}

-- An event whose vendor nobody tells is measured against all events of its type.
with daily as (
    select {{ keys }}, seen_on, events, missing
    from {{ ref('int_required_fields_daily') }}
    where vendor <> 'unknown'
    union all
    select
        event_type,
        'unknown' as vendor,
        field,
        fault,
        seen_on,
        sum(events) as events,
        sum(case when vendor = 'unknown' then missing else 0 end) as missing,
    from {{ ref('int_required_fields_daily') }}
    group by event_type, field, fault, seen_on
),

overall as (
    select {{ keys }}, sum(events) as events, sum(missing) as missing
    from daily
    group by {{ keys }} having sum(missing) > 0
),

-- From each day on: a long history must not hide what came yesterday.
tails as (
    select
        {{ keys }},
        seen_on as first_day,
        events as day_events,
        missing as day_missing,
        sum(events) over (partition by {{ keys }} order by seen_on desc) as events,
        sum(missing) over (partition by {{ keys }} order by seen_on desc) as missing,
    from daily
    where seen_on is not null
),

worst as (
    select
        *,
        max({{ share('missing', 'events') }}) over (partition by {{ keys }}) as worst_share,
    from tails
    where day_missing > 0 and missing >= {{ enough }}
),

-- What may be told, the best first: since when the share is of the order of the worst (so that one event with an old date
-- moves nothing); a day that is most of it without the field, though it is given again; else all events.
spans as (
    select
        {{ keys }}, 1 as choice, {{ as_amount('missing - worst_share * events / 2') }} as score,
        first_day, cast(null as date) as last_day, events, missing,
    from worst
    where worst_share > {{ var('missing_field_share') }}
    union all
    select {{ keys }}, 2 as choice, {{ as_amount('day_missing') }} as score, first_day, first_day as last_day, day_events, day_missing
    from tails
    where day_missing >= {{ enough }} and 2 * day_missing > day_events
    union all
    select {{ keys }}, 3 as choice, {{ as_amount('missing') }} as score, first_day, cast(null as date) as last_day, events, missing
    from tails
    where day_missing > 0
    union all
    select {{ keys }}, 4 as choice, 0 as score, cast(null as date) as first_day, cast(null as date) as last_day, events, missing
    from overall
),

chosen as (
    select
        *,
        row_number() over (partition by {{ keys }} order by choice, score desc, first_day) as place,
    from spans
),

judged as (
    select
        chosen.event_type,
        chosen.vendor,
        chosen.field,
        chosen.fault,
        chosen.first_day,
        chosen.last_day,
        cast(chosen.events as {{ type_whole() }}) as events,
        cast(chosen.missing as {{ type_whole() }}) as missing,
        {{ share('chosen.missing', 'chosen.events') }} as share,
        chosen.choice <= 2 or {{ share('overall.missing', 'overall.events') }} > {{ var('missing_field_share') }} as is_drift,
    from chosen
    inner join overall
        on overall.event_type = chosen.event_type
        and overall.vendor = chosen.vendor
        and overall.field = chosen.field
        and overall.fault = chosen.fault
    where chosen.place = 1
)

select * from judged
