{{ config(severity='warn') }}

-- Orders of which more was refunded than was paid.
select *
from {{ ref('fact_orders') }}
where total_refunds > gross_revenue
