{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='sku') }}

with lines as (
    select *
    from {{ ref('int_order_lines') }}
    where sku is not null
    {{ where_touched('sku', ref('int_order_lines'), 'and') }}
),

ranked as (
    select
        lines.sku,
        lines.unit_price,
        lines.ordered_at,
        lines._landing_sequence,
        row_number() over (
            partition by lines.sku
            order by
                case when lines.unit_price is null then 1 else 0 end asc,
                lines.ordered_at desc,
                lines.event_id desc,
                lines.line_number desc
        ) as recency,
    from lines
),

products as (
    select
        sku,
        max(case when recency = 1 then unit_price end) as latest_unit_price,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at,
        max(_landing_sequence) as _landing_sequence,
    from ranked
    group by sku
)

select * from products
