{{ config(severity='warn') }}

-- Payments whose status `vars: payment_statuses` does not know.
select *
from {{ ref('fact_payments') }}
where status = 'unknown'
