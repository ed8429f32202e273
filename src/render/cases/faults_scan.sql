--- vars
{"days": 7}
--- sources
raw.events
--- configs
{"off": {"enabled": false}}
--- macros/money.sql
{% macro amount(column, scale=2) %}
    round({{ colunm }}, {{ scale }})
{% endmacro %}
{% macro outer(x) %}{{ inner(x) }}{% endmacro %}
{% macro inner(x) %}{{ x.missing_thing }}{% endmacro %}
{% macro guard(x) %}{% if x < 1 %}{{ exceptions.raise_compiler_error('x must be positive, not ' ~ x) }}{% endif %}{{ x }}{% endmacro %}
{% macro hidden_ref() %}{{ ref('nowhere') }}{% endmacro %}
{% macro package() %}{{ dbt_utils.star(1) }}{% endmacro %}
{% macro endless(n) %}{{ endless(n + 1) }}{% endmacro %}
--- models/off.sql
select {{ broken
--- models/stg_orders.sql
select 1
--- models/a_refs.sql
select *
from {{ ref('stg_order') }}
join {{ source('raw', 'event') }} using (id)
join {{ source('row', 'events') }} using (id)
join {{ ref("other_project", 'stg_orders') }}
join {{ ref('off') }} using (id)
--- models/b_undefined.sql
select
    {{ custmer_id }}
--- models/c_macro.sql
select {{ amount('total') }}
--- models/d_nested.sql
select {{ outer({'a': 1}) }}
--- models/e_raised.sql
select 1,
    {{ guard(0) }}
--- models/f_unknown_macro.sql
select {{ amonut('total') }}
--- models/g_package.sql
select {{ dbt_utils.star(ref('stg_orders')) }}
--- models/g_package2.sql
select {{ package() }}
--- models/h_var.sql
select {{ var('dayz') }}
--- models/i_env.sql
select {{ env_var('REGOIN') }}, {{ env_var('DBT_ENV_SECRET_KEY') }}
--- models/j_secret.sql
select {{ env_var('DBT_ENV_SECRET_KEY') }}
--- models/k_arguments.sql
select {{ amount('a', 1, 2) }}
--- models/l_keyword.sql
select {{ amount(colum='a') }}
--- models/m_left_out.sql
select {{ amount() }} {% set s = 1 %}
--- models/n_filter.sql
select {{ 'a' | uper }}
--- models/o_method.sql
select {{ 'a'.shout() }}, {{ [1].push(2) }}
--- models/p_types.sql
select {{ 1 + 'a' }}
--- models/q_word.sql
{{ config(materialized='tabel') }} select 1
--- models/r_key.sql
{{ config(materialised='table', my_own_key=1, unique_key='id') }} select 1
--- models/s_strategy.sql
{{ config(materialized='incremental', incremental_strategy='insert_overwrite', on_schema_change='append') }} select 1
--- models/t_hidden.sql
select * from {{ hidden_ref() }}
--- models/u_endless.sql
select {{ endless(1) }}
--- models/v_dispatch.sql
select {{ adapter.dispatch('nothing_such')() }}
--- models/w_immutable.sql
{% do var('days').append(1) %}{% do this.nope() %}
--- models/x_return.sql
{{ return(1) }}
--- models/y_doc.sql
{{ doc('nope') }}
--- models/z_caller.sql
{% call amount('x') %}body{% endcall %}
--- models/za_ref_types.sql
{{ ref(1) }}
--- models/zb_undefined_ref.sql
{{ ref(tabel) }}
--- models/zc_multiline.sql
{{
    ref(
        'stg_orderz'
    )
}}
--- models/zd_same_place.sql
{{ config(alias='stg_orders') }} select 1
--- models/ze_divide.sql
{{ 1 / 0 }} {{ 5 % 0 }}
--- models/zf_loop.sql
{% for x in 5 %}{% endfor %}
--- tests
{"name": "uniqe", "on": "stg_orders", "column": "id"}
{"name": "relationships", "on": "stg_orders", "column": "id", "arguments": {"to": "ref('stg_orderss')", "field": "id"}}
{"name": "not_null", "on": "stg_orders"}
{"name": "not_null", "on": "off", "column": "id"}
{"name": "relationships", "on": "stg_orders", "column": "id", "arguments": {"to": "ref('off')", "field": "id"}}
{"name": "accepted_values", "on": "stg_orders", "column": "id", "arguments": {"value": [1]}}
