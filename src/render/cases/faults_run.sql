--- models/t.sql
select 1
--- models/late.sql
{% if execute %}{{ ref('t') }}{% endif %}
--- models/query.sql
select 1
    {{ run_query('select x') }}
--- macros/ask.sql
{% macro ask() %}{{ return(run_query('select y')) }}{% endmacro %}
--- models/asks.sql
{% set a = ask() %}
--- inline
select * from {{ ref('tt') }}
