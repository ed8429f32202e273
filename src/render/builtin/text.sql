{# Text. #}

{% macro concat(fields) %}{{ return(adapter.dispatch('concat', 'dbt')(fields)) }}{% endmacro %}
{% macro default__concat(fields) %}{{ return(fields | join(' || ')) }}{% endmacro %}

{% macro length(expression) %}{{ return(adapter.dispatch('length', 'dbt')(expression)) }}{% endmacro %}
{% macro default__length(expression) %}{{ return('length(' ~ expression ~ ')') }}{% endmacro %}

{% macro replace(field, old_chars, new_chars) %}
    {{- return(adapter.dispatch('replace', 'dbt')(field, old_chars, new_chars)) -}}
{% endmacro %}
{% macro default__replace(field, old_chars, new_chars) %}
    {{- return('replace(' ~ field ~ ', ' ~ old_chars ~ ', ' ~ new_chars ~ ')') -}}
{% endmacro %}

{% macro right(string_text, length_expression) %}
    {{- return(adapter.dispatch('right', 'dbt')(string_text, length_expression)) -}}
{% endmacro %}
{% macro default__right(string_text, length_expression) %}
    {{- return('right(' ~ string_text ~ ', ' ~ length_expression ~ ')') -}}
{% endmacro %}

{% macro position(substring_text, string_text) %}
    {{- return(adapter.dispatch('position', 'dbt')(substring_text, string_text)) -}}
{% endmacro %}
{% macro default__position(substring_text, string_text) %}
    {{- return('position(' ~ substring_text ~ ' in ' ~ string_text ~ ')') -}}
{% endmacro %}
{% macro bigquery__position(substring_text, string_text) %}
    {{- return('strpos(' ~ string_text ~ ', ' ~ substring_text ~ ')') -}}
{% endmacro %}

{# Part `part_number` counted from 1, or from the end where it is negative. #}
{% macro split_part(string_text, delimiter_text, part_number) %}
    {{- return(adapter.dispatch('split_part', 'dbt')(string_text, delimiter_text, part_number)) -}}
{% endmacro %}
{% macro duckdb__split_part(string_text, delimiter_text, part_number) %}
    {{- return('string_split(' ~ string_text ~ ', ' ~ delimiter_text ~ ')[' ~ part_number ~ ']') -}}
{% endmacro %}
{% macro bigquery__split_part(string_text, delimiter_text, part_number) %}
    {%- set parts = 'split(' ~ string_text ~ ', ' ~ delimiter_text ~ ')' -%}
    {{- return(parts ~ '[safe_ordinal(' ~ part_number ~ ')]' if part_number >= 0
        else 'array_reverse(' ~ parts ~ ')[safe_ordinal(' ~ -part_number ~ ')]') -}}
{% endmacro %}

{% macro listagg(measure, delimiter_text="','", order_by_clause=none, limit_num=none) %}
    {{- return(adapter.dispatch('listagg', 'dbt')(measure, delimiter_text, order_by_clause, limit_num)) -}}
{% endmacro %}

{% macro duckdb__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
    {%- set ordered = ' ' ~ order_by_clause if order_by_clause else '' -%}
    {%- if limit_num -%}
array_to_string((array_agg({{ measure }}{{ ordered }}))[1:{{ limit_num }}], {{ delimiter_text }})
    {%- else -%}
string_agg({{ measure }}, {{ delimiter_text }}{{ ordered }})
    {%- endif -%}
{%- endmacro %}

{% macro bigquery__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
string_agg({{ measure }}, {{ delimiter_text }}{{ ' ' ~ order_by_clause if order_by_clause }}{{ ' limit ' ~ limit_num if limit_num }})
{%- endmacro %}

{% macro hash(field) %}{{ return(adapter.dispatch('hash', 'dbt')(field)) }}{% endmacro %}
{% macro default__hash(field) %}{{ return('md5(cast(' ~ field ~ ' as ' ~ type_string() ~ '))') }}{% endmacro %}
{% macro bigquery__hash(field) %}{{ return('to_hex(' ~ default__hash(field) ~ ')') }}{% endmacro %}

{% macro string_literal(value) %}{{ return(adapter.dispatch('string_literal', 'dbt')(value)) }}{% endmacro %}
{% macro default__string_literal(value) %}{{ return("'" ~ value ~ "'") }}{% endmacro %}

{% macro escape_single_quotes(expression) %}{{ return(adapter.dispatch('escape_single_quotes', 'dbt')(expression)) }}{% endmacro %}
{% macro default__escape_single_quotes(expression) %}{{ return(expression | replace("'", "''")) }}{% endmacro %}
{% macro bigquery__escape_single_quotes(expression) %}{{ return(expression | replace("'", "\\'")) }}{% endmacro %}
