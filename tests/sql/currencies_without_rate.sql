{{ config(severity='warn') }}

-- Amounts that could not be converted: the rates do not know their currency, or they have none.
select 'order' as kind, order_id as id, currency, order_total as amount
from {{ ref('fact_orders') }}
where order_total_ngn is null
union all
select 'payment' as kind, event_id as id, currency, amount
from {{ ref('fact_payments') }}
where amount_ngn is null
union all
select 'refund' as kind, event_id as id, currency, amount
from {{ ref('fact_refunds') }}
where amount_ngn is null
