{%- set events_raw = source('raw', 'events_raw') %}
{%- set outcomes = ref('int_event_outcomes') %}

with unknown_paths as (
    select
        'a name that nothing reads' as metric,
        event_type,
        vendor,
        path,
        cast(events as {{ type_whole() }}) as {{ rows_column() }},
        cast(null as {{ type_amount() }}) as share,
        {{ literal('select * from ' ~ short_name(events_raw) ~ ' where event_type = ') }} || {{ value_literal('event_type') }}
            || {{ literal(' and cast(payload as ' ~ type_text() ~ ') like ') }}
            || {{ value_literal("'%\"' || " ~ last_name("replace(path, '." ~ masked_key() ~ "', '')") ~ " || '\"%'") }}
            || {{ literal(' and event_id in (select event_id from ' ~ short_name(outcomes) ~ ' where vendor = ') }}
            || {{ value_literal('vendor') }} || ')' as query,
    from {{ ref('quality_field_registry') }}
    where state = 'new'
),

missing_fields as (
    select
        case when fault = 'missing' then 'a required field that no name gives' else 'a required field that cannot be read' end as metric,
        event_type,
        vendor,
        field as path,
        cast(missing as {{ type_whole() }}) as {{ rows_column() }},
        missing_share as share,
        {{ literal('select * from ' ~ short_name(outcomes) ~ ' where event_type = ') }} || {{ value_literal('event_type') }}
            || ' and vendor = ' || {{ value_literal('vendor') }}
            || case when fault = 'missing' then ' and not has_' || field else ' and is_' || field || '_unreadable' end as query,
    from {{ ref('int_required_fields') }}
    where missing > 0
),

metrics as (
    select * from unknown_paths
    union all
    select * from missing_fields
)

select * from metrics
