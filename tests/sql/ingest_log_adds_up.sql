-- For every file version read: delivered = stored + duplicates + conflicts + set aside.
select *
from {{ source('raw', 'ingest_log') }}
where delivered <> stored + duplicates + conflicts + set_aside
