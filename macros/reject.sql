{# Why an event cannot be staged, null where it can. Reads the columns order_id, occurred_text, payload_time and, where the
   kind has one, amount_text with its parsed column; `more` are further [condition, reason] pairs, judged after the order. #}
{% macro reject_reason(fallback_time='event_time', amount=none, more=[]) -%}
case
            when order_id is null then 'order reference missing'
            {%- for rule in more %}
            when {{ rule[0] }} then '{{ rule[1] }}'
            {%- endfor %}
            when coalesce(payload_time, {{ fallback_time }}) is null and occurred_text is null then 'time missing'
            when coalesce(payload_time, {{ fallback_time }}) is null then 'time unreadable'
            {%- if amount %}
            when amount_text is null then 'amount missing'
            when {{ amount }} is null then 'amount unreadable'
            {%- endif %}
        end
{%- endmacro %}
