{{ config(materialized='table') }}

with candidates as (select * from {{ ref('int_field_candidates') }}),

-- All words look alike: a word is looked up as it is.
examples as (
    select
        kind,
        event_type,
        vendor,
        path,
        case when {{ look_of('value') }} = 'x' then lower(value) else {{ look_of('value') }} end as look,
        case when type = 'number' then {{ parse_amount('value') }} end as amount,
    from {{ ref('int_payload_examples') }}
),

-- What the values of every field are like, in all events of its kind.
known as (
    select distinct names.kind, names.mapping, names.field, examples.look, examples.amount
    from examples
    inner join {{ ref('int_field_names') }} as names on names.kind = examples.kind and names.path = examples.path
),

ranges as (
    select kind, mapping, field, min(amount) as least, max(amount) as greatest, count(distinct amount) as amounts
    from known
    group by kind, mapping, field
),

looks as (select distinct kind, mapping, field, look from known),

types as (
    select distinct names.kind, names.mapping, names.field, paths.type
    from {{ ref('int_payload_paths') }} as paths
    inner join {{ ref('int_field_names') }} as names on names.kind = paths.kind and names.path = paths.path
),

typed as (
    select
        candidates.candidate_key,
        min(paths.type) as type,
        max(case when types.type = paths.type then 1 else 0 end) as is_same_type,
        max(case
            when types.type in ('text', 'number') and paths.type in ('text', 'number') then 1
            when types.type = paths.type or types.type is null then 1
            else 0
        end) as is_like_type,
    from candidates
    inner join {{ ref('int_payload_paths') }} as paths
        on paths.event_type = candidates.event_type and paths.vendor = candidates.vendor and paths.path = candidates.path
    left join types
        on types.kind = candidates.kind and types.mapping = candidates.mapping and types.field = candidates.field
    group by candidates.candidate_key
),

valued as (
    select
        candidates.candidate_key,
        count(*) as example_values,
        count(case
            when examples.amount is null or ranges.least is null then looks.look
            when examples.amount between ranges.least and ranges.greatest then looks.look
        end) as alike_values,
        min(case when examples.amount is not null then ranges.least end) as least,
        max(case when examples.amount is not null then ranges.greatest end) as greatest,
        count(examples.amount) > 1 and count(distinct examples.amount) = 1 and max(ranges.amounts) > 1 as is_constant,
    from candidates
    inner join examples
        on examples.event_type = candidates.event_type
        and examples.vendor = candidates.vendor
        and examples.path = candidates.path
    left join ranges
        on ranges.kind = candidates.kind and ranges.mapping = candidates.mapping and ranges.field = candidates.field
    left join looks
        on looks.kind = candidates.kind and looks.mapping = candidates.mapping and looks.field = candidates.field
        and looks.look = examples.look
    group by candidates.candidate_key
),

evidence as (
    select
        candidates.*,
        typed.type,
        typed.is_same_type = 1 as is_same_type,
        typed.is_like_type = 1 as is_like_type,
        coalesce(valued.example_values, 0) as example_values,
        case when valued.is_constant then 0 else coalesce(valued.alike_values, 0) end as alike_values,
        coalesce(valued.is_constant, false) as is_constant,
        valued.least,
        valued.greatest,
        words.words,
        words.shared_words,
        words.shared,
    from candidates
    inner join typed on typed.candidate_key = candidates.candidate_key
    inner join {{ ref('int_field_words') }} as words on words.candidate_key = candidates.candidate_key
    left join valued on valued.candidate_key = candidates.candidate_key
)

select * from evidence
