--- models/all.sql
{{ dbt.dateadd('day', 1, 'd') }} {{ dateadd('quarter', 'n', 'd') }} {{ dbt.dateadd(datepart='week', interval=-1, from_date_or_timestamp='d') }}
{{ dbt.datediff('a', 'b', 'hour') }} {{ dbt.datediff('a', 'b', 'week') }}
{{ dbt.date_trunc('month', 'd') }} {{ dbt.last_day('d', 'month') }} {{ dbt.date(2024, 2, 3) }} {{ dbt.current_timestamp() }}
{{ dbt.concat(['a', "'b'"]) }} {{ dbt.length('x') }} {{ dbt.hash('x') }} {{ dbt.safe_cast('x', dbt.type_int()) }} {{ dbt.cast('x', type_numeric()) }}
{{ dbt.split_part('x', "','", -1) }} {{ dbt.listagg('x', "', '", 'order by y', 2) }} {{ dbt.listagg('x') }} {{ dbt.replace('a', "'b'", "'c'") }} {{ dbt.right('a', 2) }} {{ dbt.position("'b'", 'a') }}
{{ dbt.type_string() }} {{ dbt.type_timestamp() }} {{ dbt.type_bigint() }} {{ dbt.type_float() }} {{ dbt.type_boolean() }}
{{ dbt.bool_or('x') }} {{ dbt.any_value('x') }} {{ dbt.except() }} {{ dbt.intersect() }} {{ dbt.string_literal('a') }} {{ dbt.escape_single_quotes("it's") }} {{ dbt.array_construct([1, 2]) }}
--- macros/own.sql
{% macro duckdb__hash(field) %}{{ return('sha256(' ~ field ~ ')') }}{% endmacro %}
{% macro generate_schema_name(custom_schema_name, node) -%}{{ custom_schema_name or node.resource_type }}{%- endmacro %}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}{{ node.name ~ '_v1' }}{%- endmacro %}
