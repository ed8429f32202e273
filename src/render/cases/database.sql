--- answers
{"select distinct method from t": [["method", "n"], ["card", 1], ["cash", 2]], "select 1": [["a"], [1]],
 "select date_diff('day', cast(a as timestamp), cast(b as timestamp))": [["n"], [3]]}
--- models/t.sql
select 1
--- models/pivot.sql
{% set result = run_query('select distinct method from t') %}
{% if execute %}{% set methods = result.columns[0].values() %}{% else %}{% set methods = [] %}{% endif %}
select {% for method in methods %}sum(case when method = '{{ method }}' then 1 end) as {{ method }}{{ ', ' if not loop.last }}{% endfor %}
{% for row in result %}-- {{ row.method }} {{ row['N'] }} {{ row[0] }} {{ loop.index }}
{% endfor %}{% if execute %}{{ result.rows | length }} {{ result.column_names }} {{ result.columns['n'].values() | sum }}{% endif %}
--- models/statement.sql
{% call statement('one', fetch_result=true) %}select 1{% endcall %}
{% set one = load_result('one') %}{{ one.data[0][0] if one else '' }} {{ one['table'].rows[0]['a'] if one }}
--- models/columns.sql
{% for column in adapter.get_columns_in_relation(ref('t')) %}{{ column.name }} {{ column.dtype }} {{ column.is_string() }} {{ column.quoted }}
{% endfor %}{{ adapter.get_relation('warehouse', 'main', 'missing') is none }} {% if execute %}{{ adapter.get_relation(database='warehouse', schema='main', identifier='t').type }}{% endif %}
--- models/spine.sql
{{ dbt.date_spine('day', 'a', 'b') }}
--- models/says.sql
{{ log('quiet') }}{{ log('loud', info=true) }}{% do print('printed') %}{% do exceptions.warn('careful') %}{{ log('with ' ~ invocation_id, true) }}select 1
--- models/fails.sql
select {{ run_query('select nonsense') }}
--- models/graph.sql
{% if execute %}{% for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') %}{{ node.name }} {{ node.config.materialized }}, {% endfor %}{% endif %}
