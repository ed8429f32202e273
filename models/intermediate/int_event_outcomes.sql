{{ config(materialized='incremental', incremental_strategy='append') }}

{%- set kinds = {'orders': 'order', 'order_updates': 'order_update', 'payments': 'payment', 'refunds': 'refund'} %}
{#- What has an amount has a currency too. #}
{%- set amounts = {'orders': 'order_total', 'payments': 'amount', 'refunds': 'amount'} %}

-- Every kind has its own event types: how far a kind has been seen is told by the rows of those.
with events as (
    {%- for name, kind in kinds.items() %}
    {% if not loop.first %}union all{% endif %}
    select
        event_id,
        event_type,
        vendor,
        is_live,
        order_id,
        occurred_at,
        _reject_reason is null as is_staged,
        _is_time_unreadable as is_time_unreadable,
        order_id is not null as has_order_reference,
        _time_text is not null as has_time,
        {{ '_amount_text is not null' if name in amounts else 'true' }} as has_amount,
        {{ 'currency is not null' if name in amounts else 'true' }} as has_currency,
        {{ '_status_text is not null' if name == 'payments' else 'true' }} as has_status,
        {{ '_amount_text is not null and ' ~ amounts[name] ~ ' is null' if name in amounts else 'false' }} as is_amount_unreadable,
        _stored_at,
        _landing_sequence,
    from {{ ref('base_' ~ name) }}
    where {{ not_seen(among='event_type in (' ~ event_types(kind) ~ ')') }}
    {%- endfor %}
),

shipments as (
    select
        event_id,
        event_type,
        vendor,
        is_live,
        order_id,
        max(occurred_at) as occurred_at,
        max(case when _reject_reason is null then 1 else 0 end) = 1 as is_staged,
        max(case when _is_time_unreadable then 1 else 0 end) = 1 as is_time_unreadable,
        order_id is not null as has_order_reference,
        count(*) = count(_time_text) as has_time,
        true as has_amount,
        true as has_currency,
        count(*) = count(status) as has_status,
        false as is_amount_unreadable,
        _stored_at,
        _landing_sequence,
    from {{ ref('base_shipments') }}
    where {{ not_seen(among='event_type in (' ~ event_types('shipment') ~ ')') }}
    group by event_id, event_type, vendor, is_live, order_id, _stored_at, _landing_sequence
),

unknown_types as (
    select
        event_id,
        event_type,
        vendor,
        true as is_live,
        cast(null as {{ type_text() }}) as order_id,
        event_time as occurred_at,
        false as is_staged,
        false as is_time_unreadable,
        true as has_order_reference,
        true as has_time,
        true as has_amount,
        true as has_currency,
        true as has_status,
        false as is_amount_unreadable,
        ingested_at as _stored_at,
        _landing_sequence,
    from {{ source('raw', 'events_raw') }}
    where event_type not in ({{ event_types() }})
    and {{ not_seen(among='event_type not in (' ~ event_types() ~ ')') }}
),

all_events as (
    select * from events
    union all
    select * from shipments
    union all
    select * from unknown_types
),

outcomes as (
    select
        *,
        -- Drift in the very field that tells the day must have a day, too.
        cast(case when occurred_at is null and is_live then _stored_at else occurred_at end as date) as seen_on,
        coalesce(
            is_live and _stored_at > {{ time_plus('occurred_at', var('late_storage_hours'), 'hour') }}, false
        ) as is_stored_late,
    from all_events
)

select * from outcomes
