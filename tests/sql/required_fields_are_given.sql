-- A field that an event cannot do without, and that no known name gives in more than a small share of the events of a type
-- and vendor: the producer has drifted to a name that `vars: field_names` does not know. A few events that are merely bad
-- are rejected and told, and are no drift. (The report's own model is asked, and nothing stands on that: a failure here
-- keeps nothing else from being built, but it keeps everything from being published.)
select *
from {{ ref('quality_drift') }}
where share > {{ var('missing_field_share') }} and {{ rows_column() }} >= {{ var('missing_field_events') }}
