{{ config(materialized='table') }}

-- Where a value cannot be read, a known name gives it, and nothing is looked for beside it.
with placed as (
    select
        spans.event_type,
        spans.vendor,
        spans.field,
        spans.fault,
        beside.path as unread_path,
        spans.first_day,
        spans.last_day,
        spans.events,
        spans.missing,
        spans.share,
        spans.is_drift,
    from {{ ref('int_missing_spans') }} as spans
    left join {{ ref('int_names_beside') }} as beside
        on beside.event_type = spans.event_type
        and beside.vendor = spans.vendor
        and beside.field = spans.field
        and spans.fault = 'missing'
),

told as (
    select
        *,
        event_type || ' of ' || vendor || ': '
            || case
                when fault = 'missing' then 'no known name gives `' || field || '`'
                else '`' || field || '` is given but cannot be read'
            end
            || ' in ' || {{ percent('share') }} || ' of the events'
            || case
                when first_day is null then ''
                when last_day is null then ' since ' || cast(first_day as {{ type_text() }})
                else ' of ' || cast(last_day as {{ type_text() }})
            end
            || ' (' || cast(missing as {{ type_text() }}) || ' of ' || cast(events as {{ type_text() }}) || ')'
            || coalesce('; beside it stands `' || unread_path || '`, which nothing reads', '') as message,
    from placed
)

select * from told
