{# Dates and times. #}

{% macro current_timestamp() %}{{ return(adapter.dispatch('current_timestamp', 'dbt')()) }}{% endmacro %}
{% macro default__current_timestamp() %}{{ return('now()') }}{% endmacro %}
{% macro bigquery__current_timestamp() %}{{ return('current_timestamp()') }}{% endmacro %}

{% macro dateadd(datepart, interval, from_date_or_timestamp) %}
    {{- return(adapter.dispatch('dateadd', 'dbt')(datepart, interval, from_date_or_timestamp)) -}}
{% endmacro %}

{# The number may be an expression; quarters and weeks are told in months and days. #}
{% macro duckdb__dateadd(datepart, interval, from_date_or_timestamp) -%}
    {%- set unit = datepart | lower -%}
    {%- set times, unit = {'quarter': (3, 'month'), 'week': (7, 'day')}.get(unit, (1, unit)) -%}
    ({{ from_date_or_timestamp }} + cast({{ interval }} as bigint){% if times > 1 %} * {{ times }}{% endif %} * interval 1 {{ unit }})
{%- endmacro %}

{% macro bigquery__dateadd(datepart, interval, from_date_or_timestamp) -%}
datetime_add(cast({{ from_date_or_timestamp }} as datetime), interval {{ interval }} {{ datepart }})
{%- endmacro %}

{% macro datediff(first_date, second_date, datepart) %}
    {{- return(adapter.dispatch('datediff', 'dbt')(first_date, second_date, datepart)) -}}
{% endmacro %}

{# Weeks begin on Sundays, as in dbt. #}
{% macro duckdb__datediff(first_date, second_date, datepart) -%}
    {%- set first_time, second_time = 'cast(' ~ first_date ~ ' as timestamp)', 'cast(' ~ second_date ~ ' as timestamp)' -%}
    {%- if datepart | lower == 'week' -%}
date_diff('week', {{ first_time }} + interval 1 day, {{ second_time }} + interval 1 day)
    {%- else -%}
date_diff('{{ datepart }}', {{ first_time }}, {{ second_time }})
    {%- endif -%}
{%- endmacro %}

{% macro bigquery__datediff(first_date, second_date, datepart) -%}
datetime_diff(cast({{ second_date }} as datetime), cast({{ first_date }} as datetime), {{ datepart }})
{%- endmacro %}

{% macro date_trunc(datepart, date) %}{{ return(adapter.dispatch('date_trunc', 'dbt')(datepart, date)) }}{% endmacro %}
{% macro default__date_trunc(datepart, date) %}{{ return("date_trunc('" ~ datepart ~ "', " ~ date ~ ")") }}{% endmacro %}
{% macro bigquery__date_trunc(datepart, date) -%}
timestamp_trunc(cast({{ date }} as timestamp), {{ datepart }})
{%- endmacro %}

{% macro last_day(date, datepart) %}{{ return(adapter.dispatch('last_day', 'dbt')(date, datepart)) }}{% endmacro %}

{% macro default__last_day(date, datepart) -%}
cast({{ dateadd('day', -1, dateadd(datepart, 1, date_trunc(datepart, date))) }} as date)
{%- endmacro %}

{% macro date(year, month, day) %}{{ return(adapter.dispatch('date', 'dbt')(year, month, day)) }}{% endmacro %}
{% macro default__date(year, month, day) -%}
cast('{{ modules.datetime.date(year, month, day).isoformat() }}' as date)
{%- endmacro %}

{# One row for each period from the first date to the last, the last one included if it begins one. #}
{% macro date_spine(datepart, start_date, end_date) %}
    {{- return(adapter.dispatch('date_spine', 'dbt')(datepart, start_date, end_date)) -}}
{% endmacro %}

{% macro default__date_spine(datepart, start_date, end_date) %}
with rawdata as (
    {{ generate_series(get_intervals_between(start_date, end_date, datepart)) }}
),

all_periods as (
    select {{ dateadd(datepart, 'row_number() over (order by 1) - 1', start_date) }} as date_{{ datepart }}
    from rawdata
),

filtered as (
    select *
    from all_periods
    where date_{{ datepart }} <= {{ end_date }}
)

select * from filtered
{% endmacro %}

{% macro get_intervals_between(start_date, end_date, datepart) %}
    {{- return(adapter.dispatch('get_intervals_between', 'dbt')(start_date, end_date, datepart)) -}}
{% endmacro %}

{% macro default__get_intervals_between(start_date, end_date, datepart) %}
    {{- return(get_single_value('select ' ~ datediff(start_date, end_date, datepart), 1)) -}}
{% endmacro %}

{% macro generate_series(upper_bound) %}{{ return(adapter.dispatch('generate_series', 'dbt')(upper_bound)) }}{% endmacro %}
{% macro duckdb__generate_series(upper_bound) -%}
select generate_series as generated_number from generate_series(1, {{ upper_bound }})
{%- endmacro %}
{% macro bigquery__generate_series(upper_bound) -%}
select generated_number from unnest(generate_array(1, {{ upper_bound }})) as generated_number
{%- endmacro %}
