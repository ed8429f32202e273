{{ config(severity='warn') }}

-- Files of which too many deliveries are repetitions: the share, and its limit.
with duplicates as (
    select
        metrics.file,
        delivered.{{ rows_column() }} as delivered,
        metrics.{{ rows_column() }} as duplicates,
        metrics.share,
        {{ share_limit('duplicate_share') }} as limit_share,
    from {{ ref('quality_duplicates') }} as metrics
    inner join {{ ref('quality_duplicates') }} as delivered
        on delivered.file = metrics.file and delivered.metric = 'delivered'
    where metrics.metric = 'duplicates'
)

select *
from duplicates
where delivered >= {{ var('enough_to_judge') }} and share > limit_share
