{# What a node's settings and the flags say together; and small things that macros of projects call. #}

{% macro should_full_refresh() %}
    {%- set own = config.get('full_refresh') -%}
    {{ return(flags.FULL_REFRESH if own is none else own) }}
{% endmacro %}

{% macro should_store_failures() %}
    {%- set own = config.get('store_failures') -%}
    {{ return(flags.STORE_FAILURES if own is none else own) }}
{% endmacro %}

{% macro set_sql_header(config) %}{% do config.set('sql_header', caller()) %}{% endmacro %}

{% macro load_relation(relation) %}
    {{ return(adapter.get_relation(database=relation.database, schema=relation.schema, identifier=relation.identifier)) }}
{% endmacro %}

{% macro load_cached_relation(relation) %}{{ return(load_relation(relation)) }}{% endmacro %}

{% macro get_columns_in_relation(relation) %}{{ return(adapter.get_columns_in_relation(relation)) }}{% endmacro %}

{# A value of one row and column. #}
{% macro get_single_value(query, default=none) %}
    {%- set rows = run_query(query) -%}
    {%- if rows is not none and rows | length > 0 -%}{%- do return(rows[0][0]) -%}{%- endif -%}
    {{ return(default) }}
{% endmacro %}
