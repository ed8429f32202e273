{# Increments go by the order in which events landed, never by a time: a landing sequence is given once, in order, and no
   upstream row can appear below one that was already seen. Each upstream has its own position: a model that reads several
   keeps one column for each, because the highest of them says nothing about the others. #}

{# A condition: rows that this table has not seen yet. True for all rows in a full build. #}
{% macro not_seen(sequence='_landing_sequence', seen_as='_landing_sequence') -%}
{% if is_incremental() -%}
{{ sequence }} > (select coalesce(max({{ seen_as }}), 0) from {{ this }})
{%- else -%}
1 = 1
{%- endif %}
{%- endmacro %}
