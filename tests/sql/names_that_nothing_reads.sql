{{ config(severity='warn') }}

-- Names in payloads that no known name reads.
select *
from {{ ref('int_payload_paths') }}
where not is_known
