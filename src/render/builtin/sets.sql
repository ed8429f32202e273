{# Sets, aggregates and arrays. #}

{% macro except() %}{{ return(adapter.dispatch('except', 'dbt')()) }}{% endmacro %}
{% macro default__except() %}{{ return('except') }}{% endmacro %}
{% macro bigquery__except() %}{{ return('except distinct') }}{% endmacro %}

{% macro intersect() %}{{ return(adapter.dispatch('intersect', 'dbt')()) }}{% endmacro %}
{% macro default__intersect() %}{{ return('intersect') }}{% endmacro %}
{% macro bigquery__intersect() %}{{ return('intersect distinct') }}{% endmacro %}

{% macro any_value(expression) %}{{ return(adapter.dispatch('any_value', 'dbt')(expression)) }}{% endmacro %}
{% macro duckdb__any_value(expression) %}{{ return('arbitrary(' ~ expression ~ ')') }}{% endmacro %}
{% macro default__any_value(expression) %}{{ return('any_value(' ~ expression ~ ')') }}{% endmacro %}

{% macro bool_or(expression) %}{{ return(adapter.dispatch('bool_or', 'dbt')(expression)) }}{% endmacro %}
{% macro default__bool_or(expression) %}{{ return('bool_or(' ~ expression ~ ')') }}{% endmacro %}
{% macro bigquery__bool_or(expression) %}{{ return('logical_or(' ~ expression ~ ')') }}{% endmacro %}

{% macro equals(expr1, expr2) %}{{ return(adapter.dispatch('equals', 'dbt')(expr1, expr2)) }}{% endmacro %}
{% macro default__equals(expr1, expr2) %}{{ return('(' ~ expr1 ~ ' = ' ~ expr2 ~ ')') }}{% endmacro %}

{% macro array_construct(inputs=[], data_type='integer') %}
    {{- return(adapter.dispatch('array_construct', 'dbt')(inputs, data_type)) -}}
{% endmacro %}
{% macro default__array_construct(inputs, data_type) %}
    {{- return('array[' ~ inputs | join(', ') ~ ']' if inputs else 'cast([] as ' ~ data_type ~ '[])') -}}
{% endmacro %}
{% macro bigquery__array_construct(inputs, data_type) %}
    {{- return('[' ~ inputs | join(', ') ~ ']' if inputs else 'array<' ~ data_type ~ '>[]') -}}
{% endmacro %}

{% macro array_append(array, new_element) %}{{ return(adapter.dispatch('array_append', 'dbt')(array, new_element)) }}{% endmacro %}
{% macro default__array_append(array, new_element) %}{{ return('array_append(' ~ array ~ ', ' ~ new_element ~ ')') }}{% endmacro %}
{% macro bigquery__array_append(array, new_element) %}{{ return('array_concat(' ~ array ~ ', [' ~ new_element ~ '])') }}{% endmacro %}

{% macro array_concat(array_1, array_2) %}{{ return(adapter.dispatch('array_concat', 'dbt')(array_1, array_2)) }}{% endmacro %}
{% macro default__array_concat(array_1, array_2) %}{{ return('array_concat(' ~ array_1 ~ ', ' ~ array_2 ~ ')') }}{% endmacro %}
