{# The sections of the quality report: rows of a metric, their share, and the query that shows them. #}

{# The name of a relation as a person types it: schema and table. #}
{% macro short_name(relation) %}{{ return((relation | string | replace('"', '') | replace('`', '')).split('.')[-2:] | join('.')) }}{% endmacro %}

{# A text as SQL literal. #}
{% macro literal(text) %}{{ return("'" ~ (text | replace("'", "''")) ~ "'") }}{% endmacro %}

{# The query behind a number: the rows of a relation under a condition, of one value of each column in `by`. #}
{% macro rows_query(relation, condition, by=[]) -%}
{{ literal('select * from ' ~ short_name(relation) ~ ' where ' ~ condition) }}
{%- for column in by %}
        || ' and coalesce({{ column }}, ''(none)'') = ''' || replace(coalesce({{ column }}, '(none)'), '''', '''''') || ''''
{%- endfor %}
{%- endmacro %}

{# How many rows of a relation meet a condition, and what share of it, for each value of the columns in `by`. #}
{% macro metric(name, relation, condition, by=['vendor']) -%}
select
        {{ literal(name) }} as metric,
        {%- for column in by %}
        coalesce({{ column }}, '(none)') as {{ column }},
        {%- endfor %}
        sum(case when {{ condition }} then 1 else 0 end) as rows,
        {{ share('sum(case when ' ~ condition ~ ' then 1 else 0 end)', 'count(*)') }} as share,
        {{ rows_query(relation, condition, by) }} as query,
    from {{ relation }}
    {%- if by %}
    group by {{ by | join(', ') }}
    {%- endif %}
{%- endmacro %}

{# The rows of a relation for each value of the columns in `by`, and their share of all. #}
{% macro breakdown(name, relation, columns) -%}
select
        {{ literal(name) }} as metric,
        {%- for shown, column in columns.items() %}
        {% if column %}coalesce({{ column }}, '(none)'){% else %}'(all)'{% endif %} as {{ shown }},
        {%- endfor %}
        count(*) as rows,
        {{ share('count(*)', 'sum(count(*)) over ()') }} as share,
        {{ rows_query(relation, '1 = 1', columns.values() | select | list) }} as query,
    from {{ relation }}
    group by {{ columns.values() | select | join(', ') }}
{%- endmacro %}

{# The sum of an amount over the rows that meet a condition, their number and their share of all rows. #}
{% macro amount_metric(name, relation, amount, condition='1 = 1') -%}
select
        {{ literal(name) }} as metric,
        {{ sum_money('case when ' ~ condition ~ ' then ' ~ amount ~ ' end') }} as amount_ngn,
        coalesce(sum(case when {{ condition }} then 1 else 0 end), 0) as rows,
        {{ share('sum(case when ' ~ condition ~ ' then 1 else 0 end)', 'count(*)') }} as share,
        {{ rows_query(relation, without_database(condition)) }} as query,
    from {{ relation }}
{%- endmacro %}

{# A condition as a person types it: relations in it by schema and table. #}
{% macro without_database(condition) %}{{ return((condition | string | replace('"' ~ target.database ~ '".', '') | replace('"', ''))) }}{% endmacro %}
