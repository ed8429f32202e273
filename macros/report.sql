{# The sections of the quality report: rows of a metric, their share, and the query that shows them. A branch of a section
   only counts; shares and queries are made once for all its branches. #}

{# The name of a relation as a person types it: schema and table. #}
{% macro short_name(relation) %}{{ return((relation | string | replace('"', '') | replace('`', '')).split('.')[-2:] | join('.')) }}{% endmacro %}

{# The name of the column that tells how many rows: a word of SQL's own in some databases. #}
{% macro rows_column() %}{{ return(adapter.quote('rows')) }}{% endmacro %}

{# A text as SQL literal. #}
{% macro literal(text) %}{{ return(adapter.dispatch('literal')(text)) }}{% endmacro %}
{% macro default__literal(text) %}{{ return("'" ~ (text | replace("'", "''")) ~ "'") }}{% endmacro %}
{% macro bigquery__literal(text) %}
    {{- return("'" ~ (text | replace('\\', '\\\\') | replace("'", "\\'") | replace('\n', '\\n')) ~ "'") -}}
{% endmacro %}

{# An SQL text: a value as SQL literal. #}
{% macro value_literal(value) %}{{ return(adapter.dispatch('value_literal')(value)) }}{% endmacro %}
{% macro default__value_literal(value) -%}
'''' || replace({{ value }}, '''', '''''') || ''''
{%- endmacro %}
{% macro bigquery__value_literal(value) -%}
"'" || replace(replace({{ value }}, '\\', '\\\\'), "'", "\\'") || "'"
{%- endmacro %}

{# A condition as a person types it: relations in it by schema and table. #}
{% macro without_database(condition) %}
    {{- return(condition | string | replace(adapter.quote(target.database) ~ '.', '') | replace('"', '') | replace('`', '')) -}}
{% endmacro %}

{# The query, as SQL literal, that shows the rows of a relation (under a condition). #}
{% macro rows_query(relation, condition=none) -%}
{{ literal('select * from ' ~ short_name(relation) ~ (' where ' ~ without_database(condition) if condition else '')) }}
{%- endmacro %}

{# What such a query goes on with, so that it shows the rows of one value of a column (its name given as an SQL text). #}
{% macro and_value(column, value, word='and') -%}
' {{ word }} coalesce(' || {{ column }} || {{ literal(", '(none)') = ") }} || {{ value_literal(value) }}
{%- endmacro %}

{# A branch: how many rows of a relation meet a condition, and of how many, for each vendor (`(all)` without `vendor`). #}
{% macro metric(name, relation, condition, vendor='vendor', among=none) -%}
select
        {{ literal(name) }} as metric,
        {{ "coalesce(" ~ vendor ~ ", '(none)')" if vendor else "'(all)'" }} as vendor,
        count(case when {{ condition }} then 1 end) as {{ rows_column() }},
        count(*) as of_rows,
        {{ rows_query(relation, (among ~ ' and ' if among else '') ~ condition) }} as query,
    from {{ relation }}
    {%- if among %}
    where {{ among }}
    {%- endif %}
    {%- if vendor %}
    group by vendor
    {%- endif %}
{%- endmacro %}

{# The section that such branches make. #}
{% macro metrics_by_vendor(counted) -%}
select
        metric,
        vendor,
        {{ rows_column() }},
        {{ share(rows_column(), 'of_rows') }} as share,
        query || case when vendor = '(all)' then '' else {{ and_value("'vendor'", 'vendor') }} end as query,
    from {{ counted }}
{%- endmacro %}

{# A branch: the rows of a relation for each vendor and status (the column that tells them apart). #}
{% macro breakdown(name, relation, status) -%}
select
        {{ literal(name) }} as metric,
        coalesce(vendor, '(none)') as vendor,
        coalesce({{ status }}, '(none)') as status,
        count(*) as {{ rows_column() }},
        '{{ status }}' as status_column,
        {{ rows_query(relation) }} as query,
    from {{ relation }}
    group by vendor, {{ status }}
{%- endmacro %}

{# A branch: the sum of an amount over the rows that meet a condition, how many these are, and of how many. The rows are
   those of the relation, or of `cte`, which has `is_known` besides: whether the condition `known` is met. #}
{% macro amount_metric(name, relation, amount, condition=none, cte=none, known=none) -%}
select
        {{ literal(name) }} as metric,
        sum({{ 'case when ' ~ condition ~ ' then ' ~ amount ~ ' end' if condition else amount }}) as amount_ngn,
        count({{ 'case when ' ~ condition ~ ' then 1 end' if condition else '*' }}) as {{ rows_column() }},
        count(*) as of_rows,
        {{ rows_query(relation, condition | replace('is_known', known) if known else condition) }} as query,
    from {{ cte or relation }}
{%- endmacro %}

{# The section that such branches make. #}
{% macro amounts_of(counted) -%}
select
        metric,
        coalesce(cast(amount_ngn as {{ type_money() }}), 0) as amount_ngn,
        {{ rows_column() }},
        {{ share(rows_column(), 'of_rows') }} as share,
        query,
    from {{ counted }}
{%- endmacro %}
