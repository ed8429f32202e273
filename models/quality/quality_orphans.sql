{%- set references = ref('int_order_references') %}
{%- set orders = ref('fact_orders') %}

with orphans as (
    select
        'orphan ' || kind || 's' as metric,
        vendor,
        sum(case when is_orphan then 1 else 0 end) as rows,
        {{ share('sum(case when is_orphan then 1 else 0 end)', 'count(*)') }} as share,
        {{ rows_query(references, 'is_orphan', ['kind', 'vendor']) }} as query,
    from {{ references }}
    group by kind, vendor
),

metrics as (
    select * from orphans
    union all
    {{ metric('orders with records of several vendors', orders, 'has_several_vendors') }}
)

select * from metrics
