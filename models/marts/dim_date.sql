{{ config(materialized='table') }}

with fact_times as (
    select ordered_at as moment from {{ ref('fact_orders') }}
    union all
    select paid_at as moment from {{ ref('fact_payments') }}
    union all
    select refunded_at as moment from {{ ref('fact_refunds') }}
    union all
    select occurred_at as moment from {{ ref('fact_shipments') }}
),

bounds as (
    select
        cast(min(moment) as date) as first_date,
        cast(max(moment) as date) as last_date,
    from fact_times
),

days as (
    {{ days('first_date', 'last_date', 'bounds') }}
),

described as (
    select
        cast(
            {{ date_part_of('year', 'date') }} * 10000
            + {{ date_part_of('month', 'date') }} * 100
            + {{ date_part_of('day', 'date') }} as {{ type_number() }}
        ) as date_id,
        date,
        cast({{ date_part_of('year', 'date') }} as {{ type_number() }}) as year,
        cast({{ date_part_of('quarter', 'date') }} as {{ type_number() }}) as quarter,
        cast({{ date_part_of('month', 'date') }} as {{ type_number() }}) as month,
        {{ month_name('date') }} as month_name,
        cast({{ date_part_of('day', 'date') }} as {{ type_number() }}) as day_of_month,
        {{ day_name('date') }} as day_name,
        {{ day_name('date') }} in ('Saturday', 'Sunday') as is_weekend,
    from days
)

select * from described
