-- dim_date has one row a day from its first to its last.
select
    min(date) as first_date,
    max(date) as last_date,
    count(*) as days,
from {{ ref('dim_date') }}
having count(*) <> {{ days_between('min(date)', 'max(date)') }} + 1
