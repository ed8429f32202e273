--- options
{"dialect": "bigquery"}
--- models/missing.sql
{{ only_here() }}
--- macros/own.sql
{% macro only_here() %}{{ return(adapter.dispatch('only_here')()) }}{% endmacro %}
{% macro duckdb__only_here() %}{{ return('here') }}{% endmacro %}
