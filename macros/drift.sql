{# Names and values as people compare them: words, looks, and what may be shown. #}

{# What a text looks like: every run of letters is `x`, every run of digits `9`, all else stays. #}
{% macro look_of(text) %}{{ return(adapter.dispatch('look_of')(text)) }}{% endmacro %}
{% macro duckdb__look_of(text) -%}
substr(regexp_replace(regexp_replace({{ text }}, '[^0-9[:punct:][:space:]]+', 'x', 'g'), '[0-9]+', '9', 'g'), 1, 40)
{%- endmacro %}
{% macro bigquery__look_of(text) -%}
substr(regexp_replace(regexp_replace({{ text }}, '[^0-9[:punct:][:space:]]+', 'x'), '[0-9]+', '9'), 1, 40)
{%- endmacro %}

{# The keys of an object may be values themselves, as those of `byEmail`: one that looks like an e-mail, a number of many digits
   (of a phone or card, a day) or an id that a machine gave stands as this in a path. #}
{% macro masked_key() %}{{ return('<value>') }}{% endmacro %}
{% macro look_of_keys() %}{{ return('(@|[0-9][0-9 ()-]{5,}|[0-9a-fA-F-]{16,})') }}{% endmacro %}

{# A key as it may be shown. #}
{% macro masked_name(name) -%}
case when {{ matches(name, look_of_keys()) }} then '{{ masked_key() }}' else {{ name }} end
{%- endmacro %}

{# A JSON text of DuckDB with such keys masked. #}
{% macro masked_keys(json) -%}
regexp_replace(
            cast({{ json }} as varchar), '"[^"\\]*{{ look_of_keys() }}[^"\\]*"(\s*:)', '"{{ masked_key() }}"\2', 'g'
        )
{%- endmacro %}

{# Whether a regular expression matches somewhere. #}
{% macro matches(text, pattern) %}{{ return(adapter.dispatch('matches')(text, pattern)) }}{% endmacro %}
{% macro duckdb__matches(text, pattern) %}{{ return('regexp_matches(' ~ text ~ ", '" ~ pattern ~ "')") }}{% endmacro %}
{% macro bigquery__matches(text, pattern) %}{{ return('regexp_contains(' ~ text ~ ", '" ~ pattern ~ "')") }}{% endmacro %}

{# A value as it may be shown to anybody: of a name that nothing reads, and of a field (`mapping.field`) that may be of a person,
   only the look. Of the others, too, only what can hardly be anything else: numbers of at most nine digits, times, and words. #}
{% macro masked(value, types, field) -%}
case
            when {{ field }} is null then {{ look_of(value) }}
            when {{ last_name(field) }} not in ('{{ var('shown_fields') | join("', '") }}') then {{ look_of(value) }}
            when {{ types }} in ('number', 'number, text') and {{ matches(value, '^-?[0-9]{1,9}([.][0-9]{1,9})?$') }} then {{ value }}
            when {{ matches(value, '^[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}([T ][0-9:.]{5,20}(Z|[+-][0-9:]{2,6})?)?$') }} then {{ value }}
            when {{ matches(value, '^[A-Za-z]+([_-][A-Za-z]+){0,3}$') }} and length({{ value }}) < 20 then {{ value }}
            else {{ look_of(value) }}
        end
{%- endmacro %}

{# A name in camelCase, snake_case or dotted as its words, in lower case with spaces between them. #}
{% macro spelled(name) %}{{ return(adapter.dispatch('spelled')(name)) }}{% endmacro %}
{% macro duckdb__spelled(name) -%}
lower(trim(regexp_replace(regexp_replace({{ name }}, '([a-z0-9])([A-Z])', '\1 \2', 'g'), '[^A-Za-z0-9]+', ' ', 'g')))
{%- endmacro %}
{% macro bigquery__spelled(name) -%}
lower(trim(regexp_replace(regexp_replace({{ name }}, '([a-z0-9])([A-Z])', '\\1 \\2'), '[^A-Za-z0-9]+', ' ')))
{%- endmacro %}

{# One row for each word of a name, column `word`. #}
{% macro unnest_words(relation, name) %}{{ return(adapter.dispatch('unnest_words')(relation, name)) }}{% endmacro %}
{% macro duckdb__unnest_words(relation, name) -%}
select
        *,
        unnest(string_split({{ spelled(name) }}, ' ')) as word,
    from {{ relation }}
{%- endmacro %}
{% macro bigquery__unnest_words(relation, name) -%}
select
        named.*,
        word,
    from {{ relation }} as named
    cross join unnest(split({{ spelled(name) }}, ' ')) as word
{%- endmacro %}

{# Texts of a group in alphabetical order, with commas between them. #}
{% macro listed(text) -%}
string_agg(distinct {{ text }}, ', ' order by {{ text }})
{%- endmacro %}

{# A share as people say it: `12.5 %`. #}
{% macro percent(share) -%}
cast(round({{ share }} * 100, 1) as {{ type_text() }}) || ' %'
{%- endmacro %}
