{{ config(severity='warn') }}

-- Payments more than a week after their order.
select *
from {{ ref('int_order_references') }}
where kind = 'payment' and is_late
