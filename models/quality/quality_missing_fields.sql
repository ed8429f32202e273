{{ config(materialized='table') }}

with fields as (
    select distinct field from {{ ref('int_required_fields') }}
),

beside as (
    select
        paths.event_type,
        paths.vendor,
        fields.field,
        paths.path,
        sum(paths.events) as events,
        min(paths.first_seen_on) as first_day,
    from {{ ref('int_payload_paths') }} as paths
    inner join fields on strpos(paths.missing_fields, fields.field) > 0
    where not paths.is_known
    group by paths.event_type, paths.vendor, fields.field, paths.path
),

-- The name that is proposed for the field, else the most frequent.
ranked as (
    select
        beside.*,
        row_number() over (
            partition by beside.event_type, beside.vendor, beside.field
            order by coalesce(proposals.confidence, 0) desc, beside.events desc, beside.path
        ) as place,
    from beside
    left join {{ ref('quality_field_proposals') }} as proposals
        on proposals.event_type = beside.event_type
        and proposals.vendor = beside.vendor
        and proposals.required_field = beside.field
        and proposals.path = beside.path
),

daily as (
    select * from {{ ref('int_required_fields_daily') }}
),

-- Without such a name the first day is the first on which the field is missing.
first_days as (
    select
        daily.event_type,
        daily.vendor,
        daily.field,
        ranked.path as unread_path,
        coalesce(ranked.first_day, min(case when daily.missing > 0 then daily.occurred_on end)) as first_day,
    from daily
    left join ranked
        on ranked.event_type = daily.event_type
        and ranked.vendor = daily.vendor
        and ranked.field = daily.field
        and ranked.place = 1
    group by daily.event_type, daily.vendor, daily.field, ranked.path, ranked.first_day
    having sum(daily.missing) > 0
),

-- Measured since that day: a long history must not hide what came yesterday. (Unknown vendors: against all events.)
since as (
    select
        first_days.event_type,
        first_days.vendor,
        first_days.field,
        first_days.unread_path,
        first_days.first_day,
        cast(sum(daily.events) as {{ type_whole() }}) as events,
        cast(sum(case when daily.vendor = first_days.vendor then daily.missing else 0 end) as {{ type_whole() }}) as missing,
    from first_days
    inner join daily
        on daily.event_type = first_days.event_type
        and daily.field = first_days.field
        and (daily.vendor = first_days.vendor or first_days.vendor = 'unknown')
    where coalesce(daily.occurred_on >= first_days.first_day, true)
    group by first_days.event_type, first_days.vendor, first_days.field, first_days.unread_path, first_days.first_day
),

measured as (
    select
        since.*,
        {{ share('since.missing', 'since.events') }} as share,
        since.missing >= {{ var('missing_field_events') }} as is_much_since,
        required.missing >= {{ var('missing_field_events') }} and required.missing_share > {{ var('missing_field_share') }} as is_drift_of_all,
    from since
    inner join {{ ref('int_required_fields') }} as required
        on required.event_type = since.event_type and required.vendor = since.vendor and required.field = since.field
),

told as (
    select
        *,
        is_drift_of_all or (is_much_since and share > {{ var('missing_field_share') }}) as is_drift,
        event_type || ' of ' || vendor || ': no known name gives `' || field || '` in ' || {{ percent('share') }} || ' of the events'
            || coalesce(' since ' || cast(first_day as {{ type_text() }}), '')
            || ' (' || cast(missing as {{ type_text() }}) || ' of ' || cast(events as {{ type_text() }}) || ')'
            || coalesce('; beside it stands `' || unread_path || '`, which nothing reads', '') as message,
    from measured
)

select * from told
