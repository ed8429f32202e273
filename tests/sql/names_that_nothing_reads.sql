{{ config(severity='warn') }}

-- Names in payloads that no known name reads.
select *
from {{ ref('quality_field_registry') }}
where state = 'new'
