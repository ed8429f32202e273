{# Money, shares and time spans. #}

{# An amount in the reporting currency: rounded half away from zero, row by row. #}
{% macro convert(amount, rate) -%}
cast(round(cast({{ amount }} as {{ type_product() }}) * {{ rate }}, 2) as {{ type_money() }})
{%- endmacro %}

{# The day whose rate counts for a time: that of `rates` (see int_fx_rates_daily) nearest to it. `rate_span` is one row. #}
{% macro rate_day(time) -%}
greatest(rate_span.first_date, least(rate_span.last_date, cast({{ time }} as date)))
{%- endmacro %}

{# The rate of a currency: that of the joined row of `rates`; 1 for the reporting currency. #}
{% macro rate_of(currency) -%}
case when {{ currency }} = '{{ var("reporting_currency") }}' then 1 else rates.rate end
{%- endmacro %}

{# The date of that rate: for the reporting currency the event's own. #}
{% macro rate_date_of(currency, time) -%}
case when {{ currency }} = '{{ var("reporting_currency") }}' then cast({{ time }} as date) else rates.rate_date end
{%- endmacro %}

{# A sum of converted money: 0 where there is nothing. #}
{% macro sum_money(amount) -%}
coalesce(cast(sum({{ amount }}) as {{ type_money() }}), 0)
{%- endmacro %}

{# The part of a whole, six decimals; null where the whole is 0. #}
{% macro share(part, whole) -%}
{{ cast_or_null('cast(' ~ part ~ ' as ' ~ type_product() ~ ') / nullif(' ~ whole ~ ', 0)', type_amount()) }}
{%- endmacro %}

{# What part of a whole made of positive parts this one is: 0 to 1, twelve decimals; 0 for what is negative. #}
{% macro part_of_whole(part, whole) -%}
cast(case
            when {{ part }} <= 0 then 0
            else cast({{ part }} as {{ type_product() }}) / {{ whole }}
        end as decimal(18, 12))
{%- endmacro %}

{# A cast that gives null where the value does not fit. #}
{% macro cast_or_null(value, type) %}{{ return(adapter.dispatch('cast_or_null')(value, type)) }}{% endmacro %}
{% macro duckdb__cast_or_null(value, type) %}{{ return('try_cast(' ~ value ~ ' as ' ~ type ~ ')') }}{% endmacro %}

{# Whole seconds from one time to another. #}
{% macro seconds_between(from_time, to_time) %}{{ return(adapter.dispatch('seconds_between')(from_time, to_time)) }}{% endmacro %}
{% macro duckdb__seconds_between(from_time, to_time) -%}
date_diff('second', {{ from_time }}, {{ to_time }})
{%- endmacro %}

{# A time some days or hours later. #}
{% macro time_plus(time, number, unit) %}{{ return(adapter.dispatch('time_plus')(time, number, unit)) }}{% endmacro %}
{% macro duckdb__time_plus(time, number, unit) -%}
{{ time }} + interval {{ number }} {{ unit }}
{%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(from_date, to_date) %}{{ return(adapter.dispatch('days_between')(from_date, to_date)) }}{% endmacro %}
{% macro duckdb__days_between(from_date, to_date) -%}
date_diff('day', {{ from_date }}, {{ to_date }})
{%- endmacro %}

{# The middle value. #}
{% macro median_of(value) %}{{ return(adapter.dispatch('median_of')(value)) }}{% endmacro %}
{% macro duckdb__median_of(value) %}{{ return('median(' ~ value ~ ')') }}{% endmacro %}

{# The day before a date. #}
{% macro day_before(date) %}{{ return(adapter.dispatch('day_before')(date)) }}{% endmacro %}
{% macro duckdb__day_before(date) %}{{ return(date ~ ' - 1') }}{% endmacro %}

{# For each row of a relation (with `columns`) one row a day, column `date`, from the first to the last date. #}
{% macro days(first_date, last_date, relation, columns=[]) %}{{ return(adapter.dispatch('days')(first_date, last_date, relation, columns)) }}{% endmacro %}
{% macro duckdb__days(first_date, last_date, relation, columns=[]) -%}
select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        cast(unnest(generate_series(cast({{ first_date }} as timestamp), cast({{ last_date }} as timestamp), interval 1 day)) as date) as date,
    from {{ relation }}
{%- endmacro %}

{# A part of a date as a number, or its name. #}
{% macro date_part_of(part, date) %}{{ return(adapter.dispatch('date_part_of')(part, date)) }}{% endmacro %}
{% macro duckdb__date_part_of(part, date) %}{{ return('extract(' ~ part ~ ' from ' ~ date ~ ')') }}{% endmacro %}
{% macro day_name(date) %}{{ return(adapter.dispatch('day_name')(date)) }}{% endmacro %}
{% macro duckdb__day_name(date) %}{{ return('dayname(' ~ date ~ ')') }}{% endmacro %}
{% macro month_name(date) %}{{ return(adapter.dispatch('month_name')(date)) }}{% endmacro %}
{% macro duckdb__month_name(date) %}{{ return('monthname(' ~ date ~ ')') }}{% endmacro %}

{# Quantity times price; null where the product needs more than twelve digits before the point. #}
{% macro line_amount(quantity, unit_price) -%}
{{ cast_or_null('round(cast(' ~ quantity ~ ' as ' ~ type_product() ~ ') * ' ~ unit_price ~ ', 6)', type_amount()) }}
{%- endmacro %}
