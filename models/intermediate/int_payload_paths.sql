{{ config(materialized='table') }}

with shapes as (
    select
        *,
        {{ kind_of('event_type') }} as kind,
    from {{ ref('int_payload_shapes') }}
),

field_names as (
    select kind, path, min(mapping) as mapping, min(field) as field
    from {{ ref('int_field_names') }}
    group by kind, path
),

found as (
    {{ unnest_shape_paths('shapes', 'shape') }}
),

-- A name may have several types in one shape where it stands in the elements of a list.
paths as (
    select
        shape_key,
        event_type,
        kind,
        vendor,
        missing_fields,
        path,
        case when min(type) = max(type) then min(type) else 'mixed' end as type,
        events,
        first_seen_on,
        last_seen_on,
        least_event_id,
        greatest_event_id,
    from found
    group by
        shape_key, event_type, kind, vendor, missing_fields, path, events, first_seen_on, last_seen_on, least_event_id,
        greatest_event_id
),

placed as (
    select
        paths.*,
        {{ place_of('paths.path') }} as place,
        field_names.mapping,
        field_names.field,
        field_names.field is not null as is_known,
    from paths
    left join field_names on field_names.kind = paths.kind and field_names.path = paths.path
)

select * from placed
