{# Text to values: what cannot be read is null, never an error. #}

{# An amount, rate or quantity. `1,000`, `NaN` and what needs more than twelve digits before the point are unreadable. #}
{% macro parse_amount(text) %}{{ return(adapter.dispatch('parse_amount')(text)) }}{% endmacro %}

{% macro duckdb__parse_amount(text) -%}
case
    when translate({{ text }}, '0123456789', '') in ('', '.', '-', '-.') then try_cast({{ text }} as {{ type_amount() }})
    when regexp_full_match({{ text }}, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?')
        then try_cast({{ text }} as {{ type_amount() }})
end
{%- endmacro %}

{% macro bigquery__parse_amount(text) -%}
case
            when regexp_contains({{ text }}, '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$')
                then {{ as_amount(text) }}
        end
{%- endmacro %}

{# A time in UTC, in any of the forms of the contract; outside the years 2000 to 2099 it is unreadable. #}
{% macro parse_time(text) %}{{ return(adapter.dispatch('parse_time')(text)) }}{% endmacro %}

{% macro duckdb__parse_time(text) -%}
{%- set day = '[0-9]{4}([-/])[0-9]{2}[-/][0-9]{2}' -%}
{%- set clock = '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?' -%}
{%- set offset = ' ?([+-])([01][0-9]|2[0-3])(:?([0-5][0-9]))?' -%}
list_transform([case
    -- The usual forms are told by their shape alone: a regular expression is asked for the rest only.
    when translate({{ text }}, '123456789/T', '000000000- ') in ('0000-00-00 00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00Z')
        then case when substr({{ text }}, 12, 2) < '24' then try_cast(rtrim({{ text }}, 'Z') as timestamp) end
    when translate({{ text }}, '123456789', '000000000') = '0000000000'
        then make_timestamp(cast({{ text }} as bigint) * 1000000)
    when regexp_full_match({{ text }}, '[0-9]{9,13}(\.[0-9]+)?')
        then make_timestamp(cast(
            try_cast({{ text }} as decimal(38, 6))
            * case when try_cast({{ text }} as decimal(38, 6)) > 100000000000 then 1000 else 1000000 end as bigint
        ))
    when regexp_full_match({{ text }}, '{{ day }}[T ]{{ clock }}Z?')
        then try_cast(rtrim({{ text }}, 'Z') as timestamp)
    when regexp_full_match({{ text }}, '{{ day }}[T ]{{ clock }}{{ offset }}')
        then try_cast(regexp_replace({{ text }}, '{{ offset }}$', '') as timestamp)
            - to_minutes(
                cast(regexp_extract({{ text }}, '{{ offset }}$', 1) || '1' as integer) * (
                    cast(regexp_extract({{ text }}, '{{ offset }}$', 2) as integer) * 60
                    + coalesce(try_cast(regexp_extract({{ text }}, '{{ offset }}$', 4) as integer), 0)
                )
            )
end], lambda moment: {{ readable_time('moment') }})[1]
{%- endmacro %}

{% macro bigquery__parse_time(text) -%}
{%- set day = '[0-9]{4}(-[0-9]{2}-|/[0-9]{2}/)[0-9]{2}' -%}
{%- set clock = '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?' -%}
{%- set offset = ' ?[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?' -%}
{%- set number = 'safe_cast(' ~ text ~ ' as bignumeric)' -%}
{%- set behind = 'substr(' ~ text ~ ', 17)' -%}
(
            select {{ readable_time('moment') }}
            from unnest([case
                when regexp_contains({{ text }}, '^[0-9]{9,13}([.][0-9]+)?$')
                    then timestamp_micros(cast(
                        round({{ number }}, 6) * case when {{ number }} > 100000000000 then 1000 else 1000000 end as int64
                    ))
                when regexp_contains({{ text }}, '^{{ day }}[T ]{{ clock }}(Z|{{ offset }})?$')
                    then timestamp_sub(
                        safe_cast(concat(
                            replace(substr({{ text }}, 1, 10), '/', '-'), ' ', substr({{ text }}, 12, 5),
                            coalesce(regexp_extract({{ behind }}, '^(:[0-9]{2}(?:[.][0-9]{1,6})?)'), ':00'), '+00'
                        ) as timestamp),
                        interval coalesce(
                            case when regexp_contains({{ behind }}, '-') then -1 else 1 end * (
                                safe_cast(regexp_extract({{ behind }}, '[+-]([0-9]{2})') as int64) * 60
                                + coalesce(safe_cast(regexp_extract({{ behind }}, '[+-][0-9]{2}:?([0-9]{2})$') as int64), 0)
                            ), 0
                        ) minute
                    )
            end]) as moment
        )
{%- endmacro %}

{# A time that is already one, where its year is readable. #}
{% macro readable_time(moment) -%}
case when extract(year from {{ moment }}) between 2000 and 2099 then {{ moment }} end
{%- endmacro %}

{# A currency code. #}
{% macro parse_currency(text) %}{{ return('upper(' ~ text ~ ')') }}{% endmacro %}

{# Who a customer is: SHA-256 of the id, else the lower-cased e-mail, else the phone's digits, else `unknown`. #}
{% macro customer_key(customer_id, email, phone) -%}
coalesce({{ sha256_hex('coalesce(' ~ customer_id ~ ', lower(' ~ email ~ '), ' ~ digits(phone) ~ ')') }}, 'unknown')
{%- endmacro %}

{% macro sha256_hex(text) %}{{ return(adapter.dispatch('sha256_hex')(text)) }}{% endmacro %}
{% macro duckdb__sha256_hex(text) %}{{ return('sha256(' ~ text ~ ')') }}{% endmacro %}
{% macro bigquery__sha256_hex(text) %}{{ return('to_hex(sha256(' ~ text ~ '))') }}{% endmacro %}

{# The digits of a text; null where it has none. #}
{% macro digits(text) %}{{ return(adapter.dispatch('digits')(text)) }}{% endmacro %}
{% macro duckdb__digits(text) %}{{ return("nullif(regexp_replace(" ~ text ~ ", '[^0-9]', '', 'g'), '')") }}{% endmacro %}
{% macro bigquery__digits(text) %}{{ return("nullif(regexp_replace(" ~ text ~ ", '[^0-9]', ''), '')") }}{% endmacro %}
