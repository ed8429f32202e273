{{ config(materialized='table') }}

with days as (
    select
        paths.event_type,
        paths.vendor,
        paths.path,
        paths.mapping || '.' || paths.field as field,
        paths.type,
        shape_days.seen_on,
        cast(sum(shape_days.events) as {{ type_whole() }}) as events,
    from {{ ref('int_payload_paths') }} as paths
    inner join {{ ref('int_payload_shape_days') }} as shape_days on shape_days.shape_key = paths.shape_key
    where paths.is_known and shape_days.seen_on is not null
    group by paths.event_type, paths.vendor, paths.path, paths.mapping, paths.field, paths.type, shape_days.seen_on
)

select * from days
