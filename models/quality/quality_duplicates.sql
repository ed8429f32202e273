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
        cast({{ metric }} as {{ type_whole() }}) as rows,
        {{ share(metric, 'delivered') }} as share,
        {% if metric in ['conflicts', 'set_aside'] -%}
        'select * from {{ short_name(source("raw", metric)) }} where file = ''' || replace(file, '''', '''''') || '''' as query,
        {%- else -%}
        'select * from {{ short_name(source("raw", "ingest_log")) }} where file = ''' || replace(file, '''', '''''') || '''' as query,
        {%- endif %}
    from deliveries
    {%- endfor %}
)

select * from metrics
