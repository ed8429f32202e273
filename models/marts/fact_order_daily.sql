-- A touched day that has no order left brings a row that counts none, so that its former row is deleted; then that row goes.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['order_date', 'vendor'],
    post_hook='delete from {{ this }} where order_count = 0',
) }}

with orders as (
    select * from {{ ref('fact_orders') }}
),

-- Wherever an order was counted before, one of its records had put it there.
touched_days as (
    select distinct
        cast(ordered_at as date) as order_date,
        vendor,
    from {{ ref('stg_orders') }}
    {%- if is_incremental() %}
    where order_id in (select order_id from orders where {{ any_part_not_seen() }})
    {%- endif %}
),

by_day as (
    select
        touched_days.order_date,
        touched_days.vendor,
        count(orders.order_id) as order_count,
        sum(case when orders.payments_succeeded > 0 then 1 else 0 end) as paid_count,
        {{ sum_money('orders.gross_revenue') }} as gross_revenue,
        {{ sum_money('orders.total_refunds') }} as total_refunds,
        {{ sum_money('orders.net_revenue') }} as net_revenue,
        sum(orders.payments_attempted) as payments_attempted,
        sum(orders.payments_succeeded) as payments_succeeded,
        {%- for part in order_parts() %}
        max(orders._{{ part }}_sequence) as _{{ part }}_sequence,
        {%- endfor %}
    from touched_days
    left join orders on orders.order_date = touched_days.order_date and orders.vendor = touched_days.vendor
    group by touched_days.order_date, touched_days.vendor
),

measured as (
    select
        order_date,
        vendor,
        order_count,
        cast(paid_count as {{ type_whole() }}) as paid_count,
        gross_revenue,
        total_refunds,
        net_revenue,
        cast(payments_attempted as {{ type_whole() }}) as payments_attempted,
        cast(payments_succeeded as {{ type_whole() }}) as payments_succeeded,
        {{ share('payments_succeeded', 'payments_attempted') }} as payment_success_rate,
        {{ share('total_refunds', 'gross_revenue') }} as refund_rate,
        {%- for part in order_parts() %}
        _{{ part }}_sequence,
        {%- endfor %}
    from by_day
)

select * from measured
