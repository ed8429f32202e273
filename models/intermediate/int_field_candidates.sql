{{ config(materialized='table') }}

-- A few events tell nothing of a name that nothing reads.
with unread as (
    select
        event_type,
        kind,
        vendor,
        place,
        path,
        case when place = '' then path else substr(path, length(place) + 2) end as name,
        min(first_seen_on) as first_seen_on,
        sum(events) as events,
    from {{ ref('int_payload_paths') }}
    where not is_known
    group by event_type, kind, vendor, place, path
    having sum(events) >= {{ var('missing_field_events') }}
),

fields as (
    select distinct kind, mapping, field, place, required_field
    from {{ ref('int_field_names') }}
),

given as (
    select distinct shape_key, mapping, field
    from {{ ref('int_payload_paths') }}
    where is_known
),

-- In how many events with the name each field is missing that stands where the name stands.
missed as (
    select
        unread.event_type,
        unread.vendor,
        unread.path,
        fields.mapping,
        fields.field,
        fields.required_field,
        sum(case
            when fields.required_field is not null and strpos(paths.missing_fields, fields.required_field) = 0 then 0
            when fields.required_field is null and given.shape_key is not null then 0
            else paths.events
        end) as without_field,
    from unread
    inner join fields on fields.kind = unread.kind and fields.place = unread.place
    inner join {{ ref('int_payload_paths') }} as paths
        on paths.event_type = unread.event_type and paths.vendor = unread.vendor and paths.path = unread.path
    left join given
        on given.shape_key = paths.shape_key and given.mapping = fields.mapping and given.field = fields.field
    group by unread.event_type, unread.vendor, unread.path, fields.mapping, fields.field, fields.required_field
),

pairs as (
    select
        {{ sha256_hex("unread.event_type || ' ' || unread.vendor || ' ' || unread.path || ' ' || missed.mapping || '.' || missed.field") }} as candidate_key,
        unread.*,
        missed.mapping,
        missed.field,
        missed.required_field,
        missed.without_field,
    from unread
    inner join missed
        on missed.event_type = unread.event_type and missed.vendor = unread.vendor and missed.path = unread.path
    where missed.without_field >= 0.95 * unread.events
),

-- How many events without the name give the field: of this vendor, and of all.
elsewhere as (
    select
        pairs.candidate_key,
        sum(shapes.events) as other_events,
        sum(case when given.shape_key is not null then shapes.events else 0 end) as other_with_field,
        sum(case when shapes.vendor = pairs.vendor then shapes.events else 0 end) as own_events,
        sum(case when shapes.vendor = pairs.vendor and given.shape_key is not null then shapes.events else 0 end) as own_with_field,
    from pairs
    inner join {{ ref('int_payload_shapes') }} as shapes on shapes.event_type = pairs.event_type
    left join {{ ref('int_payload_paths') }} as paths
        on paths.shape_key = shapes.shape_key and paths.path = pairs.path
    left join given
        on given.shape_key = shapes.shape_key and given.mapping = pairs.mapping and given.field = pairs.field
    where paths.shape_key is null
    group by pairs.candidate_key
),

-- What an event can do without is missed only where the vendor gives it otherwise.
candidates as (
    select
        pairs.*,
        coalesce(elsewhere.other_events, 0) as other_events,
        coalesce(elsewhere.other_with_field, 0) as other_with_field,
    from pairs
    left join elsewhere on elsewhere.candidate_key = pairs.candidate_key
    where pairs.required_field is not null
    or (elsewhere.own_events >= {{ var('missing_field_events') }} and elsewhere.own_with_field >= 0.5 * elsewhere.own_events)
)

select * from candidates
