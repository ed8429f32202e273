{%- set rejected = ref('rejected_events') %}

with counted as (
    select
        reason as metric,
        event_type,
        coalesce(vendor, '(none)') as vendor,
        count(*) as {{ rows_column() }},
    from {{ rejected }}
    group by reason, event_type, vendor
),

metrics as (
    select
        metric,
        event_type,
        vendor,
        {{ rows_column() }},
        {{ share(rows_column(), 'sum(' ~ rows_column() ~ ') over ()') }} as share,
        {{ rows_query(rejected) }} || {{ and_value("'reason'", 'metric', 'where') }}
            || {{ and_value("'event_type'", 'event_type') }} || {{ and_value("'vendor'", 'vendor') }} as query,
    from counted
)

select * from metrics
