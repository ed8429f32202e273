{{ config(materialized='table') }}

with given_rates as (
    select
        date,
        {{ parse_currency('trim(currency)') }} as currency,
        max(rate) as rate,
    from {{ ref('fx_rates') }}
    group by date, {{ parse_currency('trim(currency)') }}
),

foreign_rates as (
    select *
    from given_rates
    where currency <> '{{ var("reporting_currency") }}'
),

currencies as (
    select distinct currency
    from foreign_rates
),

-- Every day on which a readable event can have happened.
days as (
    {{ days("'2000-01-01'", "'2099-12-31'") }}
),

matched as (
    select
        days.date,
        currencies.currency,
        foreign_rates.rate,
        foreign_rates.date as rate_date,
    from days
    cross join currencies
    left join foreign_rates on foreign_rates.date = days.date and foreign_rates.currency = currencies.currency
),

-- The nearest earlier rate, else the earliest known.
filled as (
    select
        date,
        currency,
        coalesce(
            last_value(rate ignore nulls) over (
                partition by currency order by date rows between unbounded preceding and current row
            ),
            first_value(rate ignore nulls) over (
                partition by currency order by date rows between unbounded preceding and unbounded following
            )
        ) as rate,
        coalesce(
            last_value(rate_date ignore nulls) over (
                partition by currency order by date rows between unbounded preceding and current row
            ),
            first_value(rate_date ignore nulls) over (
                partition by currency order by date rows between unbounded preceding and unbounded following
            )
        ) as rate_date,
    from matched
),

with_reporting_currency as (
    select date, currency, rate, rate_date
    from filled
    union all
    select date, '{{ var("reporting_currency") }}' as currency, 1 as rate, date as rate_date
    from days
),

typed as (
    select
        date,
        currency,
        cast(rate as {{ type_amount() }}) as rate,
        rate_date,
    from with_reporting_currency
)

select * from typed
