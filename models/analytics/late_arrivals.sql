with payments as (
    select
        vendor,
        count(*) as payments_on_known_orders,
        sum(case when is_late then 1 else 0 end) as late_payments,
    from {{ ref('int_order_references') }}
    where kind = 'payment' and not is_orphan
    group by vendor
),

events as (
    select
        vendor,
        count(*) as live_events,
        sum(case when is_stored_late then 1 else 0 end) as live_events_stored_late,
    from {{ ref('int_event_outcomes') }}
    where is_live and is_staged
    group by vendor
),

vendors as (
    select vendor from payments
    union distinct
    select vendor from events
),

rated as (
    select
        vendors.vendor,
        coalesce(payments.payments_on_known_orders, 0) as payments_on_known_orders,
        cast(coalesce(payments.late_payments, 0) as {{ type_whole() }}) as late_payments,
        {{ share('payments.late_payments', 'payments.payments_on_known_orders') }} as late_payment_share,
        coalesce(events.live_events, 0) as live_events,
        cast(coalesce(events.live_events_stored_late, 0) as {{ type_whole() }}) as live_events_stored_late,
        {{ share('events.live_events_stored_late', 'events.live_events') }} as stored_late_share,
    from vendors
    left join payments on payments.vendor = vendors.vendor
    left join events on events.vendor = vendors.vendor
)

select * from rated
