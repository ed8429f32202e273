-- A touched order without lines brings one row without line number, so that its former lines are deleted; then that row goes.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='order_id',
    post_hook='delete from {{ this }} where line_number is null',
) }}

with lines as (
    select * from {{ ref('int_order_lines') }}
),

rates as (
    select * from {{ ref('int_fx_rates_daily') }}
),

touched as (
    select distinct order_id
    from lines
    where {{ not_seen() }}
),

ranked as (
    select
        lines.*,
        dense_rank() over (
            partition by lines.order_id order by lines.ordered_at desc, lines.event_id desc
        ) as recency,
    from lines
    inner join touched on touched.order_id = lines.order_id
),

current_lines as (
    select
        order_id,
        line_number,
        sku,
        quantity,
        unit_price,
        {{ line_amount('quantity', 'unit_price') }} as line_amount,
        currency,
        cast(ordered_at as date) as order_date,
        _landing_sequence,
    from ranked
    where recency = 1
),

converted as (
    select
        current_lines.order_id,
        current_lines.line_number,
        current_lines.sku,
        current_lines.quantity,
        current_lines.unit_price,
        current_lines.line_amount,
        current_lines.currency,
        {{ convert('current_lines.line_amount', 'rates.rate') }} as line_amount_ngn,
        rates.rate_date,
        current_lines.order_date,
        current_lines._landing_sequence,
    from current_lines
    left join rates on rates.date = current_lines.order_date and rates.currency = current_lines.currency
)

select * from converted
