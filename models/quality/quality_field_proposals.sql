{{ config(materialized='table') }}

-- Missing where the name stands, and given elsewhere: 0.4. Of the same type: 0.2. Values alike: 0.2. Words in common: 0.2;
-- without any nothing is said of a field that events can do without.
with scored as (
    select
        *,
        {{ as_amount(
            '0.2 * ' ~ share('without_field', 'events') ~ ' * (1 + coalesce(' ~ share('other_with_field', 'other_events') ~ ', 0))'
            ~ ' + 0.2 * case when is_same_type then 1 else 0.5 end'
            ~ ' + 0.2 * coalesce(' ~ share('alike_values', 'example_values') ~ ', 0)'
            ~ ' + 0.2 * ' ~ share('shared_words', 'words')
        ) }} as confidence,
    from {{ ref('int_field_evidence') }}
    where is_like_type and (required_field is not null or shared_words > 0)
),

-- Of several names for one field, and of several fields for one name, the best counts, and only where it is clearly so.
ranked as (
    select
        *,
        row_number() over (partition by event_type, vendor, mapping, field order by confidence desc, path) as name_rank,
        row_number() over (partition by event_type, vendor, path order by confidence desc, mapping, field) as field_rank,
        lead(confidence) over (
            partition by event_type, vendor, mapping, field order by confidence desc, path
        ) as next_name_confidence,
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
        and confidence - coalesce(next_name_confidence, 0) >= 0.05
        and confidence - coalesce(next_field_confidence, 0) >= 0.05 as is_applicable,
        'missing in ' || cast(without_field as {{ type_text() }}) || ' of ' || cast(events as {{ type_text() }})
            || ' events that have the name, given in ' || cast(other_with_field as {{ type_text() }}) || ' of '
            || cast(other_events as {{ type_text() }}) || ' others; '
            || type || case when is_same_type then ' like' else ' unlike' end || ' its values; '
            || cast(alike_values as {{ type_text() }}) || ' of ' || cast(example_values as {{ type_text() }})
            || case when least is null then ' examples look like them' else ' examples are between its least and greatest' end
            || '; ' || coalesce('words in common: ' || shared, 'no word in common') as evidence,
        events,
        first_seen_on,
    from ranked
    where name_rank = 1 and field_rank = 1
)

select * from proposed
