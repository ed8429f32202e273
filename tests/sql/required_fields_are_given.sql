{{ config(meta={'message': 'message', 'help': '`cp drift` says which field a new name stands for, and `cp drift --apply` takes it in'}) }}

-- A field that an event cannot do without, and that no known name gives in more than a small share of the events of a type
-- and vendor: the producer has drifted to a name that `vars: field_names` does not know (or to values that nobody can read). A few events that are merely bad
-- are rejected and told, and are no drift. (A model is asked that nothing stands on: a failure here keeps nothing else from
-- being built, but it keeps everything from being published.)
select *
from {{ ref('quality_missing_fields') }}
where is_drift
