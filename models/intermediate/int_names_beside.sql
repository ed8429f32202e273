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
        min(case when paths.type = 'list' then 1 else 0 end) as is_list,
        sum(paths.events) as events,
    from {{ ref('int_payload_paths') }} as paths
    inner join fields on strpos(paths.missing_fields, fields.field) > 0
    where not paths.is_known
    group by paths.event_type, paths.vendor, fields.field, paths.path
),

-- The name that is proposed for the field, else the most frequent; a list is named only where nothing in it is.
ranked as (
    select
        beside.*,
        row_number() over (
            partition by beside.event_type, beside.vendor, beside.field
            order by coalesce(proposals.confidence, 0) desc, beside.is_list, beside.events desc, beside.path
        ) as place,
    from beside
    left join {{ ref('quality_field_proposals') }} as proposals
        on proposals.event_type = beside.event_type
        and proposals.vendor = beside.vendor
        and proposals.required_field = beside.field
        and proposals.path = beside.path
),

likeliest as (
    select event_type, vendor, field, path, events
    from ranked
    where place = 1
)

select * from likeliest
