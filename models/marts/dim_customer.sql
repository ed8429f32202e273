{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='customer_key') }}

{%- set attributes = ['customer_id', 'email', 'phone', 'region', 'city', 'country'] %}

with records as (
    select *
    from {{ ref('stg_orders') }}
    {{ where_touched('customer_key', ref('stg_orders')) }}
),

latest as (
    select
        records.customer_key,
        {%- for attribute in attributes %}
        first_value(records.{{ attribute }} ignore nulls) over newest_first as {{ attribute }},
        {%- endfor %}
        min(records.ordered_at) over newest_first as first_ordered_at,
        max(records.ordered_at) over newest_first as last_ordered_at,
        max(records._landing_sequence) over newest_first as _landing_sequence,
        row_number() over (
            partition by records.customer_key order by records.ordered_at desc, records.event_id desc
        ) as recency,
    from records
    window newest_first as (
        partition by records.customer_key
        order by records.ordered_at desc, records.event_id desc
        rows between unbounded preceding and unbounded following
    )
),

customers as (
    select
        customer_key,
        {%- for attribute in attributes %}
        case when customer_key <> 'unknown' then {{ attribute }} end as {{ attribute }},
        {%- endfor %}
        first_ordered_at,
        last_ordered_at,
        _landing_sequence,
    from latest
    where recency = 1
)

select * from customers
