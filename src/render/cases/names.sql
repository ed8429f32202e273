--- vars
{"days": 7, "names": {"a": ["x", "y"]}, "shop": {"own": 1}}
--- sources
raw.events
--- seeds/rates.csv
a,b
--- models/parent.sql
{{ config(materialized='table', tags=['a'], meta={'k': 1}, schema='mart', alias='other') }}
select 1 as id
--- models/hidden.sql
{{ config(materialized='ephemeral') }}
with x as (select * from {{ ref('parent') }}) select * from x;
--- models/deeper.sql
{{ config({'materialized': 'ephemeral'}) }}
select * from {{ ref('hidden') }} -- a comment at the end
--- models/child.sql
{{- config(materialized='incremental', unique_key='id', post_hook=["analyze {{ this }}", "-- {{ ref('rates') }}"]) -}}
-- depends_on: {{ ref('shop', 'rates') }}
with own as (select * from {{ ref('deeper') }} join {{ ref('hidden') }} using (id))
select {{ var('days') }}, {{ var('missing', 'dflt') }}, {{ var('own') }}, {{ var('names').a | join('+') }}, '{{ env_var('REGION') }}', {{ env_var('NOPE', '0') }}
from {{ source('raw', 'events') }}
{% if is_incremental() %}where id > (select max(id) from {{ this }}){% endif %}
-- {{ this.database }} {{ this.schema }} {{ this.identifier }} {{ this.include(database=false) }} {{ this.quote(identifier=false) }} {{ this.name }} {{ this.incorporate(path={'identifier': 'tmp'}) }}
-- {{ target.name }} {{ target.schema }} {{ target.type }} {{ target.database }} {{ flags.FULL_REFRESH }} {{ should_full_refresh() }} {{ project_name }} {{ execute }} {{ flags.WHICH }}
-- {{ config.get('unique_key') }} {{ config.get('nope', 'd') }} {{ config.require('materialized') }} {{ model.name }} {{ model.unique_id }} {{ model.config.materialized }} {{ model.alias }}
-- {{ adapter.quote('a"b') }} {{ api.Relation.create(schema='s', identifier='t') }} {{ api.Relation.create(database='d', schema='s', identifier='t').include(database=false) }} {{ api.Column.create('c', 'string').dtype }} {{ adapter.type() }} {{ builtins.ref('rates') }}
--- options
{"incremental": true}
--- tests
{"name": "not_null", "on": "child", "column": "id"}
{"name": "unique", "on": "hidden", "column": "id", "config": {"where": "id > 1"}}
{"name": "relationships", "on": "child", "column": "id", "arguments": {"to": "ref('parent')", "field": "id"}}
{"name": "accepted_values", "on": "raw.events", "column": "kind", "arguments": {"values": ["it's", "{{ var('days') }}"]}, "config": {"store_failures": true}}
{"name": "accepted_values", "on": "child", "column": "n", "arguments": {"values": [1, 2], "quote": false}}
{"name": "mine", "on": "child", "arguments": {"columns": ["a", "b"]}}
{"name": "mine", "on": "parent", "arguments": {"columns": ["id"]}, "config": {"severity": "error", "tags": ["t"]}}
--- macros/mine.sql
{% test mine(model, columns) %}{{ config(severity='warn') }}select {{ columns | join(', ') }} from {{ model }} where false{% endtest %}
--- tests/singular.sql
select * from {{ ref('child') }}
--- inline
select * from {{ ref('hidden') }} where {{ source('raw', 'events') }} is not null {{ graph.nodes | length }}
