-- What is staged is in the facts: as many rows, and the same amounts.
with counted as (
    select 'payments' as fact, count(*) as row_count, sum(amount) as amount, 1 as side from {{ ref('stg_payments') }}
    union all
    select 'payments' as fact, count(*) as row_count, sum(amount) as amount, 2 as side from {{ ref('fact_payments') }}
    union all
    select 'effective payments' as fact, count(*) as row_count, sum(amount) as amount, 1 as side from {{ ref('stg_payments') }}
    union all
    select 'effective payments' as fact, count(*) as row_count, sum(amount) as amount, 2 as side from {{ ref('int_payments') }}
    union all
    select 'refunds' as fact, count(*) as row_count, sum(amount) as amount, 1 as side from {{ ref('stg_refunds') }}
    union all
    select 'refunds' as fact, count(*) as row_count, sum(amount) as amount, 2 as side from {{ ref('fact_refunds') }}
    union all
    select 'shipments' as fact, count(*) as row_count, sum(step_number) as amount, 1 as side from {{ ref('stg_shipments') }}
    union all
    select 'shipments' as fact, count(*) as row_count, sum(step_number) as amount, 2 as side from {{ ref('fact_shipments') }}
    union all
    select 'lines' as fact, sum(line_count) as row_count, sum(units) as amount, 1 as side from {{ ref('fact_orders') }}
    union all
    select 'lines' as fact, count(*) as row_count, sum(quantity) as amount, 2 as side from {{ ref('fact_order_items') }}
),

compared as (
    select
        fact,
        coalesce(sum(case when side = 1 then row_count end), 0) as rows_expected,
        coalesce(sum(case when side = 2 then row_count end), 0) as rows_found,
        coalesce(sum(case when side = 1 then amount end), 0) as amount_expected,
        coalesce(sum(case when side = 2 then amount end), 0) as amount_found,
    from counted
    group by fact
)

select *
from compared
where rows_expected <> rows_found or amount_expected <> amount_found
