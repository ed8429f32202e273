--- options
{"dialect": "bigquery"}
--- models/all.sql
{{ dbt.dateadd('day', 1, 'd') }} {{ dateadd('quarter', 'n', 'd') }} {{ dbt.dateadd(datepart='week', interval=-1, from_date_or_timestamp='d') }}
{{ dbt.datediff('a', 'b', 'hour') }} {{ dbt.datediff('a', 'b', 'week') }}
{{ dbt.date_trunc('month', 'd') }} {{ dbt.last_day('d', 'month') }} {{ dbt.date(2024, 2, 3) }} {{ dbt.current_timestamp() }}
{{ dbt.concat(['a', "'b'"]) }} {{ dbt.length('x') }} {{ dbt.hash('x') }} {{ dbt.safe_cast('x', dbt.type_int()) }} {{ dbt.cast('x', type_numeric()) }}
{{ dbt.split_part('x', "','", -1) }} {{ dbt.listagg('x', "', '", 'order by y', 2) }} {{ dbt.listagg('x') }} {{ dbt.replace('a', "'b'", "'c'") }} {{ dbt.right('a', 2) }} {{ dbt.position("'b'", 'a') }}
{{ dbt.type_string() }} {{ dbt.type_timestamp() }} {{ dbt.type_bigint() }} {{ dbt.type_float() }} {{ dbt.type_boolean() }}
{{ dbt.bool_or('x') }} {{ dbt.any_value('x') }} {{ dbt.except() }} {{ dbt.intersect() }} {{ dbt.string_literal('a') }} {{ dbt.escape_single_quotes("it's") }} {{ dbt.array_construct([1, 2]) }}
{{ dbt.split_part('x', "','", 1) }} {{ dbt.array_append('[1]', 2) }} {{ dbt.array_construct([], 'int64') }} {{ dbt.generate_series(3) }} {{ dbt.cast_bool_to_text('x') }}
--- models/names.sql
{{ target.type }} {{ adapter.type() }} {{ adapter.quote('rows') }} {{ this }} {{ ref('all') }} {{ source('raw', 'events') }} {{ api.Relation.create(schema='s', identifier='t') }}
{{ api.Column.translate_type('string') }} {{ api.Column.numeric_type('numeric', 18, 6) }} {{ api.Column.string_type(16) }} {{ api.Column.create('rows', 'integer').quoted }}
{{ only_there() }} {{ everywhere() }} {{ generic() }}
--- sources/raw
raw.events
--- macros/own.sql
{% macro only_there() %}{{ return(adapter.dispatch('only_there')()) }}{% endmacro %}
{% macro bigquery__only_there() %}{{ return('there') }}{% endmacro %}
{% macro everywhere() %}{{ return(adapter.dispatch('everywhere')()) }}{% endmacro %}
{% macro duckdb__everywhere() %}{{ return('here') }}{% endmacro %}
{% macro bigquery__everywhere() %}{{ return('there') }}{% endmacro %}
{% macro generic() %}{{ return(adapter.dispatch('generic')()) }}{% endmacro %}
{% macro default__generic() %}{{ return('any') }}{% endmacro %}
