{{ config(materialized='table') }}

with candidates as (
    select candidate_key, field, name from {{ ref('int_field_candidates') }}
),

field_names as (
    select field, name || ' ' || field as name from {{ ref('int_field_names') }}
),

own_words as (
    {{ unnest_words('candidates', 'name') }}
),

all_field_words as (
    {{ unnest_words('field_names', 'name') }}
),

field_words as (
    select distinct field, word from all_field_words
),

worded as (
    select
        own_words.candidate_key,
        count(distinct own_words.word) as words,
        count(distinct field_words.word) as shared_words,
        {{ listed('field_words.word') }} as shared,
    from own_words
    left join field_words on field_words.field = own_words.field and field_words.word = own_words.word
    group by own_words.candidate_key
)

select * from worded
