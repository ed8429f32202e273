{{ config(materialized='table') }}

with given_rates as (
    select
        date,
        {{ parse_currency('trim(currency)') }} as currency,
        max(rate) as rate,
    from {{ ref('fx_rates') }}
    group by date, {{ parse_currency('trim(currency)') }}
),

rate_span as (
    select
        min(date) as first_date,
        max(date) as last_date,
    from given_rates
),

neighbours as (
    select
        given_rates.currency,
        given_rates.rate,
        given_rates.date as rate_date,
        lag(given_rates.date) over (partition by given_rates.currency order by given_rates.date) as previous_date,
        lead(given_rates.date) over (partition by given_rates.currency order by given_rates.date) as next_date,
        rate_span.first_date,
        rate_span.last_date,
    from given_rates
    cross join rate_span
    where given_rates.currency <> '{{ var("reporting_currency") }}'
),

-- A rate applies until the day before the next one; the earliest known also before.
periods as (
    select
        currency,
        rate,
        rate_date,
        case when previous_date is null then first_date else rate_date end as first_date,
        coalesce({{ day_before('next_date') }}, last_date) as last_date,
    from neighbours
),

daily as (
    {{ days('first_date', 'last_date', 'periods', ['currency', 'rate', 'rate_date']) }}
),

typed as (
    select
        date,
        currency,
        cast(rate as {{ type_amount() }}) as rate,
        rate_date,
    from daily
)

select * from typed
