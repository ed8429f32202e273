{{ config(materialized='incremental', incremental_strategy='append') }}

with records as (
    select
        event_id,
        order_id,
        ordered_at,
        items,
        _landing_sequence,
    from {{ ref('stg_orders') }}
    where {{ not_seen() }}
),

lines as (
    {{ unnest_json('records', 'items', 'line', 'position') }}
),

read as (
    select
        *,
        {{ read_fields('order_items', 'line', 'line') }},
    from lines
),

-- A record without lines keeps one row without line number: it may supersede a record that has some.
named as (
    select
        event_id,
        case when items is not null then position end as line_number,
        order_id,
        ordered_at,
        {{ pick('order_items', 'sku', 'line') }} as sku,
        {{ pick('order_items', 'quantity', 'line') }} as quantity_text,
        {{ pick('order_items', 'unit_price', 'line') }} as unit_price_text,
        _landing_sequence,
    from read
),

parsed as (
    select
        event_id,
        line_number,
        order_id,
        ordered_at,
        sku,
        {{ parse_amount('quantity_text') }} as quantity,
        {{ parse_amount('unit_price_text') }} as unit_price,
        _landing_sequence,
    from named
)

select * from parsed
