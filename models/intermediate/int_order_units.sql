{{ config(materialized='incremental', incremental_strategy='append') }}

with lines as (
    select *
    from {{ ref('int_order_lines') }}
    where {{ not_seen() }}
),

by_record as (
    select
        event_id,
        order_id,
        count(line_number) as line_count,
        cast(coalesce(sum(quantity), 0) as {{ type_product() }}) as units,
        max(_landing_sequence) as _landing_sequence,
    from lines
    group by event_id, order_id
)

select * from by_record
