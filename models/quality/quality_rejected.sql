{%- set rejected = ref('rejected_events') %}

with metrics as (
    select
        reason as metric,
        event_type,
        vendor,
        count(*) as rows,
        {{ share('count(*)', 'sum(count(*)) over ()') }} as share,
        {{ rows_query(rejected, '1 = 1', ['reason', 'event_type', 'vendor']) }} as query,
    from {{ rejected }}
    group by reason, event_type, vendor
)

select * from metrics
