{{ config(severity='warn') }}

-- Order updates for an order that has no record.
select *
from {{ ref('int_order_references') }}
where kind = 'order update' and is_orphan
