{%- set events_raw = source('raw', 'events_raw') %}
{%- set outcomes = ref('int_event_outcomes') %}

with unknown_paths as (
    select
        'a name that nothing reads' as metric,
        event_type,
        vendor,
        path,
        cast(events as {{ type_whole() }}) as rows,
        cast(null as {{ type_amount() }}) as share,
        'select * from {{ short_name(events_raw) }} where event_type = ''' || event_type
            || ''' and cast(payload as {{ type_text() }}) like ''%"' || replace({{ last_name('path') }}, '''', '''''')
            || '"%'' and event_id in (select event_id from {{ short_name(outcomes) }} where vendor = '''
            || replace(vendor, '''', '''''') || ''')' as query,
    from {{ ref('int_payload_paths') }}
    where not is_known
),

missing_fields as (
    select
        'a required field that no name gives' as metric,
        event_type,
        vendor,
        field as path,
        cast(missing as {{ type_whole() }}) as rows,
        missing_share as share,
        'select * from {{ short_name(outcomes) }} where event_type = ''' || replace(event_type, '''', '''''')
            || ''' and vendor = ''' || replace(vendor, '''', '''''') || ''' and not has_' || field as query,
    from {{ ref('int_required_fields') }}
    where missing > 0
),

metrics as (
    select * from unknown_paths
    union all
    select * from missing_fields
)

select * from metrics
