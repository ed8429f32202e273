{# Increments go by the order in which events landed, never by a time: a landing sequence is given once, in order, and no
   upstream row can appear below one that was already seen. Each upstream has its own position: a model that reads several
   keeps one column for each (or can tell by a row where it came from), because the highest of all says nothing about the
   others. #}

{# A condition: rows that this table has not seen yet; of those of its rows that meet `among`. True for all rows in a full
   build. #}
{% macro not_seen(sequence='_landing_sequence', seen_as='_landing_sequence', among=none) -%}
{% if is_incremental() -%}
{{ sequence }} > (select coalesce(max({{ seen_as }}), 0) from {{ this }}{% if among %} where {{ among }}{% endif %})
{%- else -%}
1 = 1
{%- endif %}
{%- endmacro %}

{# In an increment only the rows whose key some unseen row of a relation has: what these touch is made anew, whole. #}
{% macro where_touched(key, relation, word='where') -%}
{% if is_incremental() -%}
{{ word }} {{ key }} in (select {{ key }} from {{ relation }} where {{ not_seen() }})
{%- endif %}
{%- endmacro %}

{# What a row of fact_orders is made of; for each a column `_<part>_sequence` tells how far it has been seen. #}
{% macro order_parts() %}{{ return(['orders', 'lines', 'payments', 'refunds', 'shipments', 'updates']) }}{% endmacro %}

{# A condition: rows made of anything that this table has not seen yet, part by part. #}
{% macro any_part_not_seen() -%}
(
    {%- for part in order_parts() %}
    {% if not loop.first %}or {% endif %}{{ not_seen('_' ~ part ~ '_sequence', '_' ~ part ~ '_sequence') }}
    {%- endfor %}
)
{%- endmacro %}
