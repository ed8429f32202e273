-- Every delivery that was stored stands in the raw table. (More may stand there than the log tells of: other programs may
-- write into a MongoDB; see `events_of_other_programs`.)
select *
from ({{ stored_and_landed() }}) as counted
where stored > landed
