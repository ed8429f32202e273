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
{{ as_amount('cast(' ~ part ~ ' as ' ~ type_product() ~ ') / nullif(' ~ whole ~ ', 0)') }}
{%- endmacro %}

{# What part of a whole made of positive parts this one is: 0 to 1, twelve decimals; 0 for what is negative. #}
{% macro part_of_whole(part, whole) %}
    {%- set value -%}
case
            when {{ part }} <= 0 then 0
            else cast({{ part }} as {{ type_product() }}) / {{ whole }}
        end
    {%- endset -%}
    {{ return(as_part(value)) }}
{% endmacro %}

{# A number between 0 and 1, twelve decimals. #}
{% macro as_part(value) %}{{ return(adapter.dispatch('as_part')(value)) }}{% endmacro %}
{% macro duckdb__as_part(value) %}{{ return('cast(' ~ value ~ ' as decimal(18, 12))') }}{% endmacro %}
{% macro bigquery__as_part(value) %}{{ return('cast(round(' ~ value ~ ', 12) as bignumeric)') }}{% endmacro %}

{# A number or text as an amount: six decimals; null where it needs more than twelve digits before the point. #}
{% macro as_amount(value) %}{{ return(adapter.dispatch('as_amount')(value)) }}{% endmacro %}
{% macro duckdb__as_amount(value) %}{{ return('try_cast(' ~ value ~ ' as ' ~ type_amount() ~ ')') }}{% endmacro %}
{% macro bigquery__as_amount(value) %}
    {%- set rounded = 'round(safe_cast(' ~ value ~ ' as ' ~ type_product() ~ '), 6)' -%}
    {{ return('case when abs(' ~ rounded ~ ') < 1000000000000 then cast(' ~ rounded ~ ' as ' ~ type_amount() ~ ') end') }}
{% endmacro %}

{# Whole seconds from one time to another. #}
{% macro seconds_between(from_time, to_time) %}{{ return(adapter.dispatch('seconds_between')(from_time, to_time)) }}{% endmacro %}
{% macro duckdb__seconds_between(from_time, to_time) -%}
date_diff('second', {{ from_time }}, {{ to_time }})
{%- endmacro %}
{# Seconds that begin between the two, as DuckDB counts them: BigQuery's own counts seconds that have passed. #}
{% macro bigquery__seconds_between(from_time, to_time) -%}
timestamp_diff(timestamp_trunc({{ to_time }}, second), timestamp_trunc({{ from_time }}, second), second)
{%- endmacro %}

{# A time some days or hours later. #}
{% macro time_plus(time, number, unit) %}{{ return(adapter.dispatch('time_plus')(time, number, unit)) }}{% endmacro %}
{% macro duckdb__time_plus(time, number, unit) -%}
{{ time }} + interval {{ number }} {{ unit }}
{%- endmacro %}
{% macro bigquery__time_plus(time, number, unit) -%}
timestamp_add({{ time }}, interval {{ number }} {{ unit }})
{%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(from_date, to_date) %}{{ return(adapter.dispatch('days_between')(from_date, to_date)) }}{% endmacro %}
{% macro duckdb__days_between(from_date, to_date) -%}
date_diff('day', {{ from_date }}, {{ to_date }})
{%- endmacro %}
{% macro bigquery__days_between(from_date, to_date) -%}
date_diff({{ to_date }}, {{ from_date }}, day)
{%- endmacro %}

{# The middle value. #}
{% macro median_of(value) %}{{ return(adapter.dispatch('median_of')(value)) }}{% endmacro %}
{% macro duckdb__median_of(value) %}{{ return('median(' ~ value ~ ')') }}{% endmacro %}
{# BigQuery's own median of a group is an estimate: here it is half of what stands on both sides of the middle, cut off where
   an amount ends, as DuckDB does it. #}
{% macro bigquery__median_of(value) %}
    {%- set sorted = 'array_agg(' ~ value ~ ' ignore nulls order by ' ~ value ~ ')' -%}
    {%- set lower = sorted ~ '[safe_offset(div((count(' ~ value ~ ') - 1), 2))]' -%}
    {%- set upper = sorted ~ '[safe_offset(div(count(' ~ value ~ '), 2))]' -%}
    {{ return('trunc((' ~ lower ~ ' + ' ~ upper ~ ') / 2, 6)') }}
{% endmacro %}

{# The middle value as it stands, of an even number the lower of the two in the middle: exact for numbers of any size. #}
{% macro middle_of(value) %}{{ return(adapter.dispatch('middle_of')(value)) }}{% endmacro %}
{% macro duckdb__middle_of(value) %}{{ return('quantile_disc(' ~ value ~ ', 0.5)') }}{% endmacro %}
{% macro bigquery__middle_of(value) %}
    {%- set sorted = 'array_agg(' ~ value ~ ' ignore nulls order by ' ~ value ~ ')' -%}
    {{ return(sorted ~ '[safe_offset(div((count(' ~ value ~ ') - 1), 2))]') }}
{% endmacro %}

{# The day before a date. #}
{% macro day_before(date) %}{{ return(adapter.dispatch('day_before')(date)) }}{% endmacro %}
{% macro duckdb__day_before(date) %}{{ return(date ~ ' - 1') }}{% endmacro %}
{% macro bigquery__day_before(date) %}{{ return('date_sub(' ~ date ~ ', interval 1 day)') }}{% endmacro %}

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
{% macro bigquery__days(first_date, last_date, relation, columns=[]) -%}
select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        date,
    from {{ relation }}
    cross join unnest(generate_date_array({{ first_date }}, {{ last_date }})) as date
{%- endmacro %}

{# A part of a date as a number, or its name. #}
{% macro date_part_of(part, date) %}{{ return(adapter.dispatch('date_part_of')(part, date)) }}{% endmacro %}
{% macro default__date_part_of(part, date) %}{{ return('extract(' ~ part ~ ' from ' ~ date ~ ')') }}{% endmacro %}
{% macro day_name(date) %}{{ return(adapter.dispatch('day_name')(date)) }}{% endmacro %}
{% macro duckdb__day_name(date) %}{{ return('dayname(' ~ date ~ ')') }}{% endmacro %}
{% macro bigquery__day_name(date) %}{{ return("format_date('%A', " ~ date ~ ')') }}{% endmacro %}
{% macro month_name(date) %}{{ return(adapter.dispatch('month_name')(date)) }}{% endmacro %}
{% macro duckdb__month_name(date) %}{{ return('monthname(' ~ date ~ ')') }}{% endmacro %}
{% macro bigquery__month_name(date) %}{{ return("format_date('%B', " ~ date ~ ')') }}{% endmacro %}

{# Quantity times price; null where the product needs more than twelve digits before the point. #}
{% macro line_amount(quantity, unit_price) -%}
{{ as_amount('round(cast(' ~ quantity ~ ' as ' ~ type_product() ~ ') * ' ~ unit_price ~ ', 6)') }}
{%- endmacro %}
