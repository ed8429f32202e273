-- A touched order without lines brings one row without line number, so that its former lines are deleted; then that row goes.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='order_id',
    post_hook='delete from {{ this }} where line_number is null',
) }}

with lines as (
    select *
    from {{ ref('int_order_lines') }}
    {{ where_touched('order_id', ref('int_order_lines')) }}
),

ranked as (
    select
        lines.*,
        dense_rank() over (
            partition by lines.order_id order by lines.ordered_at desc, lines.event_id desc
        ) as recency,
    from lines
),

current_lines as (
    select
        order_id,
        line_number,
        sku,
        quantity,
        unit_price,
        {{ line_amount('quantity', 'unit_price') }} as line_amount,
        cast(ordered_at as date) as order_date,
        _landing_sequence,
    from ranked
    where recency = 1
)

select * from current_lines
