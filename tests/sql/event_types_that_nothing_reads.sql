{{ config(severity='warn') }}

-- Types of which there are more than a few events, and which are in no mapping.
select *
from {{ ref('quality_rejected') }}
where metric = 'event type unknown'
and {{ rows_column() }} >= {{ var('missing_field_events') }}
