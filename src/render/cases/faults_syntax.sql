--- macros/a.sql
{% macro twice() %}{% endmacro %}
{% macro open(x) %}
select {{ x }}
--- macros/b.sql
{% macro twice() %}{% endmacro %}
{% macro %}{% endmacro %}
{% macro outer() %}{% macro inner() %}{% endmacro %}{% endmacro %}
{% macro bad() %}{{ 1 + }}{% endmacro %}
{% macro calls_package() %}{{ dbt_utils.star() }}{% endmacro %}
{% materialization own, default %}{% endmaterialization %}
--- models/local.sql
{% macro mine(x) %}{{ x }}{% endmacro %}
--- models/block.sql
select 1
{% if true %}
select 2
--- models/expression.sql
select {{ 1 1 }}
--- models/unclosed.sql
select {{ ref('a') from b
--- models/word.sql
{% fro x in y %}{% endfor %}
--- models/end.sql
{% endif %}
--- models/comment.sql
select {# never ended
--- models/text.sql
select {{ 'never ended }}
--- models/snapshot.sql
{% snapshot s %}select 1{% endsnapshot %}
--- tests
{"name": "unique", "on": "block", "column": "id", "arguments": {"x": "ref('a'"}}
{"name": "unique", "on": "block", "column": "id", "arguments": {"x": "{{ ref('a') b }}"}}
