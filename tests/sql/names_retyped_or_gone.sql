{{ config(severity='warn') }}

-- Known names that came with a value and no longer do, or came with another type.
select *
from {{ ref('quality_field_registry') }}
where state in ('missing', 'retyped')
