{# The limits of the checks, from `vars` of dbt_project.yml. #}

{# A limit that is a share: a decimal everywhere, where a literal with a point is a floating number in some databases. #}
{% macro share_limit(name) -%}
cast('{{ var(name) }}' as {{ type_amount() }})
{%- endmacro %}

{# A condition: the day is one of the last, up to the business date or after it. #}
{% macro is_watched(date, business_date='business_dates.business_date') -%}
{{ days_between(date, business_date) }} < {{ var('watched_days') }}
{%- endmacro %}

{# `warn_if` and `error_if` of a check that lists what is wrong: more rows than the limit. #}
{% macro more_than(name) %}{{ return('> ' ~ var(name)) }}{% endmacro %}
