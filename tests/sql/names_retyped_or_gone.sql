{{ config(severity='warn') }}

-- Known names that lately came with another type, or no longer came.
select registry.*
from {{ ref('quality_field_registry') }} as registry
cross join {{ ref('quality_business_date') }} as business_dates
where registry.state in ('missing', 'retyped')
and {{ is_watched('registry.changed_on') }}
