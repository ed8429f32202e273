-- Files whose end is still missing: a cut-off export, or a line that was being written. What is complete has been taken;
-- the rest is read when the file has grown.
{{ config(severity='warn') }}

with readings as (
    select
        file,
        is_unfinished,
        row_number() over (partition by file order by ingested_at desc, to_byte desc) as age,
    from {{ source('raw', 'ingest_log') }}
)

select file
from readings
where age = 1 and is_unfinished
