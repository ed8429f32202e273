{{ config(materialized='table') }}

-- Missing where the name stands, and given elsewhere: 0.4. Of the same type: 0.2. Values alike: 0.2. Words in common: 0.2;
-- without any nothing is said of a field that events can do without, unless this vendor gave it until some day.
with given_up as (
    select distinct event_type, vendor, field
    from {{ ref('quality_field_registry') }}
    where state = 'missing'
),

scored as (
    select
        evidence.*,
        {{ as_amount(
            '0.2 * ' ~ share('without_field', 'events') ~ ' * (1 + coalesce(' ~ share('other_with_field', 'other_events') ~ ', 0))'
            ~ ' + 0.2 * case when is_same_type then 1 else 0.5 end'
            ~ ' + 0.2 * coalesce(' ~ share('alike_values', 'example_values') ~ ', 0)'
            ~ ' + 0.2 * ' ~ share('shared_words', 'words')
        ) }} as confidence,
    from {{ ref('int_field_evidence') }} as evidence
    left join given_up
        on given_up.event_type = evidence.event_type
        and given_up.vendor = evidence.vendor
        and given_up.field = evidence.mapping || '.' || evidence.field
    where evidence.is_like_type
    and (evidence.required_field is not null or evidence.shared_words > 0 or (given_up.field is not null and evidence.is_same_type))
),

-- Of several fields for one name the best counts, and only where it is clearly so. Of several names for one field none does
-- that another may stand for as well, by its values, or by its words and of the same type: all are shown, and a person chooses.
ranked as (
    select
        *,
        sum(case when alike_values > 0 then 1 else 0 end) over (partition by event_type, vendor, mapping, field)
        + sum(case when alike_values = 0 and shared_words > 0 then 1 else 0 end) over (
            partition by event_type, vendor, mapping, field, type
        ) as rivals,
        row_number() over (partition by event_type, vendor, path order by confidence desc, mapping, field) as field_rank,
        lead(confidence) over (
            partition by event_type, vendor, path order by confidence desc, mapping, field
        ) as next_field_confidence,
    from scored
),

proposed as (
    select
        event_type,
        vendor,
        path,
        mapping,
        field,
        required_field,
        name,
        round(confidence, 2) as confidence,
        confidence >= {{ var('proposal_confidence') }}
        and rivals = 1
        and strpos(path, '{{ masked_key() }}') = 0
        -- A name with a dot in it cannot be written as a path.
        and strpos(path, '"') = 0
        and confidence - coalesce(next_field_confidence, 0) >= 0.05 as is_applicable,
        'missing in ' || cast(without_field as {{ type_text() }}) || ' of ' || cast(events as {{ type_text() }})
            || ' events that have the name, given in ' || cast(other_with_field as {{ type_text() }}) || ' of '
            || cast(other_events as {{ type_text() }}) || ' others; '
            || type || case when is_same_type then ' like' else ' unlike' end || ' its values; '
            || cast(alike_values as {{ type_text() }}) || ' of ' || cast(example_values as {{ type_text() }})
            || case
                when is_constant then ' examples: always the same number'
                when least is null then ' examples look like them'
                else ' examples are between its least and greatest'
            end
            || '; ' || coalesce('words in common: ' || shared, 'no word in common') as evidence,
        events,
        first_seen_on,
    from ranked
    where field_rank = 1
)

select * from proposed
