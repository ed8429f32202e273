{# The types of the warehouse, by what they mean; one place to name them for another database. BigQuery takes digits in
   column definitions only: there a macro rounds and bounds what the type alone does here. #}

{% macro type_text() %}{{ return(adapter.dispatch('type_text')()) }}{% endmacro %}
{% macro default__type_text() %}{{ return('varchar') }}{% endmacro %}
{% macro bigquery__type_text() %}{{ return('string') }}{% endmacro %}

{% macro type_whole() %}{{ return(adapter.dispatch('type_whole')()) }}{% endmacro %}
{% macro default__type_whole() %}{{ return('bigint') }}{% endmacro %}
{% macro bigquery__type_whole() %}{{ return('int64') }}{% endmacro %}

{# A whole number of few digits, such as a year. #}
{% macro type_number() %}{{ return(adapter.dispatch('type_number')()) }}{% endmacro %}
{% macro default__type_number() %}{{ return('integer') }}{% endmacro %}
{% macro bigquery__type_number() %}{{ return('int64') }}{% endmacro %}

{# An amount, rate or quantity as given: six decimals, twelve digits before them. #}
{% macro type_amount() %}{{ return(adapter.dispatch('type_amount')()) }}{% endmacro %}
{% macro default__type_amount() %}{{ return('decimal(18, 6)') }}{% endmacro %}
{% macro bigquery__type_amount() %}{{ return('numeric') }}{% endmacro %}

{# Converted money and its sums: two decimals. #}
{% macro type_money() %}{{ return(adapter.dispatch('type_money')()) }}{% endmacro %}
{% macro default__type_money() %}{{ return('decimal(28, 2)') }}{% endmacro %}
{% macro bigquery__type_money() %}{{ return('numeric') }}{% endmacro %}

{# Wide enough for the product of an amount and a rate. #}
{% macro type_product() %}{{ return(adapter.dispatch('type_product')()) }}{% endmacro %}
{% macro default__type_product() %}{{ return('decimal(38, 6)') }}{% endmacro %}
{% macro bigquery__type_product() %}{{ return('bignumeric') }}{% endmacro %}
