-- Of the payments with the same vendor, transaction and order exactly one is effective; one without transaction always is.
select
    vendor,
    order_id,
    transaction_id,
    sum(case when is_effective then 1 else 0 end) as effective,
    count(*) as payments,
from {{ ref('int_payments') }}
group by vendor, order_id, transaction_id
having sum(case when is_effective then 1 else 0 end) <> case when transaction_id is null then count(*) else 1 end
