{{ config(severity='warn') }}

-- Order references with records of several vendors.
select *
from {{ ref('fact_orders') }}
where has_several_vendors
