with deliveries as (
    select
        file,
        sum(delivered) as delivered,
        sum(stored) as stored,
        sum(duplicates) as duplicates,
        sum(conflicts) as conflicts,
        sum(set_aside) as set_aside,
    from {{ source('raw', 'ingest_log') }}
    group by file
),

metrics as (
    {%- for metric in ['delivered', 'stored', 'duplicates', 'conflicts', 'set_aside'] %}
    {% if not loop.first %}union all{% endif %}
    select
        '{{ metric | replace("_", " ") }}' as metric,
        file,
        cast({{ metric }} as {{ type_whole() }}) as {{ rows_column() }},
        {{ share(metric, 'delivered') }} as share,
        {%- set shown = source('raw', metric if metric in ['conflicts', 'set_aside'] else 'ingest_log') %}
        {{ literal('select * from ' ~ short_name(shown) ~ ' where file = ') }} || {{ value_literal('file') }} as query,
    from deliveries
    {%- endfor %}
)

select * from metrics
