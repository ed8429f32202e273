{{ config(materialized='table') }}

with rejected as (
    {%- for kind in ['orders', 'order_updates', 'payments', 'refunds', 'shipments'] %}
    {% if not loop.first %}union all{% endif %}
    select
        event_id,
        {{ 'step_number' if kind == 'shipments' else 'cast(null as ' ~ type_whole() ~ ')' }} as step_number,
        event_type,
        vendor,
        order_id,
        _reject_reason as reason,
        _time_text as given_time,
        {{ '_amount_text' if kind in ['orders', 'payments', 'refunds'] else 'cast(null as ' ~ type_text() ~ ')' }} as given_amount,
    from {{ ref('base_' ~ kind) }}
    where _reject_reason is not null
    {%- endfor %}
    union all
    select
        event_id,
        cast(null as {{ type_whole() }}) as step_number,
        event_type,
        vendor,
        cast(null as {{ type_text() }}) as order_id,
        'event type unknown' as reason,
        cast(null as {{ type_text() }}) as given_time,
        cast(null as {{ type_text() }}) as given_amount,
    from {{ source('raw', 'events_raw') }}
    where event_type not in ({{ event_types() }})
)

select * from rejected
