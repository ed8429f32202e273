{{ config(materialized='incremental', incremental_strategy='append') }}

with records as (
    select
        event_id,
        order_id,
        ordered_at,
        currency,
        items,
        _landing_sequence,
    from {{ ref('stg_orders') }}
    where {{ not_seen() }}
),

lines as (
    {{ unnest_json('records', 'items', 'line', 'position') }}
),

texts as (
    select
        *,
        {{ field_texts('order_items', field_values('order_items', 'line')) }} as line_texts,
    from lines
),

-- A record without lines keeps one row without line number: it may supersede a record that has some.
parsed as (
    select
        event_id,
        case when items is not null then position end as line_number,
        order_id,
        ordered_at,
        currency,
        {{ pick('order_items', 'sku', 'line_texts') }} as sku,
        {{ parse_amount(pick('order_items', 'quantity', 'line_texts')) }} as quantity,
        {{ parse_amount(pick('order_items', 'unit_price', 'line_texts')) }} as unit_price,
        _landing_sequence,
    from texts
)

select * from parsed
