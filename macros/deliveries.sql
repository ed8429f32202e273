{#- How many deliveries the log says were stored, and how many events have landed: one row. -#}
{% macro stored_and_landed() -%}
select
    (select coalesce(sum(stored), 0) from {{ source('raw', 'ingest_log') }}) as stored,
    (select count(*) from {{ source('raw', 'events_raw') }}) as landed
{%- endmacro %}
