{%- set references = ref('int_order_references') %}
{%- set orders = ref('fact_orders') %}
{%- set events = ref('int_event_outcomes') %}
{%- set payment = "kind = 'payment' and not is_orphan and " %}

with late_payments as (
    select
        'payments more than {{ var("late_payment_days") }} days after their order' as metric,
        vendor,
        sum(case when is_late then 1 else 0 end) as rows,
        {{ share('sum(case when is_late then 1 else 0 end)', 'count(*)') }} as share,
        {{ rows_query(references, payment ~ 'is_late', ['vendor']) }} as query,
    from {{ references }}
    where kind = 'payment' and not is_orphan
    group by vendor
),

early_payments as (
    select
        'payments before their order' as metric,
        vendor,
        sum(case when is_before_order then 1 else 0 end) as rows,
        {{ share('sum(case when is_before_order then 1 else 0 end)', 'count(*)') }} as share,
        {{ rows_query(references, payment ~ 'is_before_order', ['vendor']) }} as query,
    from {{ references }}
    where kind = 'payment' and not is_orphan
    group by vendor
),

stored_late as (
    select
        'live events stored more than {{ var("late_storage_hours") }} hours after they occurred' as metric,
        vendor,
        sum(case when is_stored_late then 1 else 0 end) as rows,
        {{ share('sum(case when is_stored_late then 1 else 0 end)', 'count(*)') }} as share,
        {{ rows_query(events, 'is_stored_late', ['vendor']) }} as query,
    from {{ events }}
    where is_live
    group by vendor
),

metrics as (
    select * from late_payments
    union all
    select * from early_payments
    union all
    select * from stored_late
    union all
    {{ metric('orders paid before they were made', orders, 'is_paid_before_ordered') }}
)

select * from metrics
