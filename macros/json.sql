{# JSON access. A payload is read once, into two lists: the values of all the names that its fields may have, and their
   texts; everything else picks from these. #}

{# Two columns, `<prefix>_values` and `<prefix>_texts`: what stands under `paths` (dotted names), as lists in that order.
   Texts are trimmed strings, and numbers; null for what is empty or anything else. #}
{% macro json_read(json, paths, prefix) %}{{ return(adapter.dispatch('json_read')(json, paths, prefix)) }}{% endmacro %}

{% macro duckdb__json_read(json, paths, prefix) -%}
{%- set values -%}
cast(json_extract({{ json }}, ['$."{{ paths | map('replace', '.', '"."') | join("\"', '$.\"") }}"']) as varchar[])
{%- endset -%}
{{ values }} as {{ prefix }}_values,
        list_transform({{ values }}, lambda value: case
            -- Strings and numbers begin with what stands before `:` in ASCII; few texts have anything to be trimmed.
            when ascii(value) < 58 and value <> '""' then case
                when contains(value, '\') or starts_with(value, '" ') or ends_with(value, ' "')
                    then nullif(trim(json_extract_string(value, '$'), e' \t\r\n'), '')
                -- `1000` and `1000.0` are one number, so one delivery may repeat the other: they are one text too.
                when ends_with(value, '.0') then left(value, length(value) - 2)
                else json_extract_string(value, '$')
            end
        end) as {{ prefix }}_texts
{%- endmacro %}

{# JSON is text in BigQuery too: its own type for it would make other numbers of some. #}
{% macro bigquery__json_read(json, paths, prefix) -%}
{%- set values -%}
[
            {%- for path in paths %}
            json_query({{ json }}, '$."{{ path | replace('.', '"."') }}"'){{ ',' if not loop.last }}
            {%- endfor %}
        ]
{%- endset -%}
{{ values }} as {{ prefix }}_values,
        array(
            select case
                when starts_with(value, '"') then nullif(trim(json_value(value, '$'), ' \t\r\n'), '')
                when regexp_contains(value, '^[-0-9]') then regexp_replace(value, '[.]0$', '')
            end
            from unnest({{ values }}) as value with offset as place
            order by place
        ) as {{ prefix }}_texts
{%- endmacro %}

{# The text at a position (from 1); null for a number where it is `text_only`. #}
{% macro json_text(prefix, position, text_only) %}{{ return(adapter.dispatch('json_text')(prefix, position, text_only)) }}{% endmacro %}

{% macro duckdb__json_text(prefix, position, text_only) -%}
{%- if text_only -%}
case when starts_with({{ prefix }}_values[{{ position }}], '"') then {{ prefix }}_texts[{{ position }}] end
{%- else -%}
{{ prefix }}_texts[{{ position }}]
{%- endif -%}
{%- endmacro %}

{% macro bigquery__json_text(prefix, position, text_only) -%}
{%- if text_only -%}
case when starts_with({{ prefix }}_values[safe_ordinal({{ position }})], '"') then {{ prefix }}_texts[safe_ordinal({{ position }})] end
{%- else -%}
{{ prefix }}_texts[safe_ordinal({{ position }})]
{%- endif -%}
{%- endmacro %}

{# The list at a position (from 1), as JSON; null for an empty list or anything else. #}
{% macro json_list(prefix, position) %}{{ return(adapter.dispatch('json_list')(prefix, position)) }}{% endmacro %}

{% macro duckdb__json_list(prefix, position) -%}
case when starts_with({{ prefix }}_values[{{ position }}], '[') and {{ prefix }}_values[{{ position }}] <> '[]' then cast({{ prefix }}_values[{{ position }}] as json) end
{%- endmacro %}

{% macro bigquery__json_list(prefix, position) -%}
{%- set value = prefix ~ '_values[safe_ordinal(' ~ position ~ ')]' -%}
case when starts_with({{ value }}, '[') and {{ value }} <> '[]' then {{ value }} end
{%- endmacro %}

{# The number of elements of a JSON list; 0 for what is no list. #}
{% macro json_length(json) %}{{ return(adapter.dispatch('json_length')(json)) }}{% endmacro %}
{% macro duckdb__json_length(json) %}{{ return('coalesce(json_array_length(' ~ json ~ '), 0)') }}{% endmacro %}
{% macro bigquery__json_length(json) %}{{ return('coalesce(array_length(json_query_array(' ~ json ~ ')), 0)') }}{% endmacro %}

{# One row for each element of the JSON list in column `json`; one row without element where there is no list. #}
{% macro unnest_json(relation, json, element, position) %}{{ return(adapter.dispatch('unnest_json')(relation, json, element, position)) }}{% endmacro %}

{% macro duckdb__unnest_json(relation, json, element, position) -%}
select
    * exclude (_elements),
    unnest(_elements) as {{ element }},
    generate_subscripts(_elements, 1) as {{ position }},
from (
    select
        *,
        case when {{ json }} is null then cast([null] as json[]) else cast({{ json }} as json[]) end as _elements,
    from {{ relation }}
)
{%- endmacro %}

{% macro bigquery__unnest_json(relation, json, element, position) -%}
select
    listing.*,
    {{ element }},
    place + 1 as {{ position }},
from {{ relation }} as listing
cross join unnest(
    case when listing.{{ json }} is null then [cast(null as string)] else json_query_array(listing.{{ json }}) end
) as {{ element }} with offset as place
{%- endmacro %}

{# What tells the shapes of JSON objects apart, and is had much sooner than a shape: equal signatures are equal shapes. `cp`
   has a function of its own for it, which reads a payload once, and takes two thousand at a time, of 2 GiB together; where dbt
   runs the project, DuckDB's have to do. #}
{% macro json_signature(json) %}{{ return(adapter.dispatch('json_signature')(json)) }}{% endmacro %}
{% macro duckdb__json_signature(json) -%}
{%- set text = 'cast(' ~ json ~ ' as varchar)' -%}
{#- Two braces together would be Jinja. -#}
{%- set two_objects = ['%', '%', '%'] | join('{') -%}
case
            {%- if cp_version is defined %}
            when strlen({{ text }}) < 500000 then cp_json_signature({{ text }})
            {%- endif %}
            -- Nothing stands in anything.
            when {{ text }} not like '{{ two_objects }}' and {{ text }} not like '%[%' then hash(json_keys({{ json }}), json_type({{ json }}, '$.*'))
            -- Of the elements of one list it is clear where they stand.
            when {{ text }} not like '%[%[%'
                then hash(json_keys({{ json }}), json_keys({{ json }}, '$.**'), json_type({{ json }}, '$.**'))
            else hash(
                json_keys({{ json }}), json_keys({{ json }}, '$.**'), json_type({{ json }}, '$.**'), json_array_length({{ json }}, '$.**')
            )
        end
{%- endmacro %}
{% macro bigquery__json_signature(json) %}{{ return(json_shape(json)) }}{% endmacro %}

{# The shape of a JSON object, as text: the list of its paths, each with its type before it, without values. Few shapes stand for
   many events. #}
{% macro json_shape(json) %}{{ return(adapter.dispatch('json_shape')(json)) }}{% endmacro %}
{% macro duckdb__json_shape(json) -%}
(
            select cast(to_json(coalesce(list(distinct type || ' ' || path order by type || ' ' || path), [])) as varchar)
            from ({{ json_leaves(json) }})
        )
{%- endmacro %}
{% macro bigquery__json_shape(json) -%}
to_json_string(array(
            select distinct concat(type, ' ', path)
            from ({{ json_leaves(json) }})
            order by 1
        ))
{%- endmacro %}

{# One row for each dotted path in the shapes of `relation`, with its type (text, number, boolean, list): `a.b` for objects,
   `list[].b` for the elements of lists. A name that has a dot in it stands in quotes. A name whose value is null says nothing and
   is left out. #}
{% macro unnest_shape_paths(relation, shape) %}{{ return(adapter.dispatch('unnest_shape_paths')(relation, shape)) }}{% endmacro %}

{% macro duckdb__unnest_shape_paths(relation, shape) -%}
select
        * exclude (leaf),
        substr(leaf, strpos(leaf, ' ') + 1) as path,
        substr(leaf, 1, strpos(leaf, ' ') - 1) as type,
    from (select *, unnest(cast(cast({{ shape }} as json) as varchar[])) as leaf from {{ relation }})
{%- endmacro %}

{% macro bigquery__unnest_shape_paths(relation, shape) -%}
select
        shapes.*,
        substr(leaf, strpos(leaf, ' ') + 1) as path,
        substr(leaf, 1, strpos(leaf, ' ') - 1) as type,
    from {{ relation }} as shapes
    cross join unnest(json_value_array(shapes.{{ shape }})) as leaf
{%- endmacro %}

{# One row for each value in the JSON of `relation`: its path and type as above, and its text. #}
{% macro unnest_json_values(relation, json) %}{{ return(adapter.dispatch('unnest_json_values')(relation, json)) }}{% endmacro %}

{% macro duckdb__unnest_json_values(relation, json) -%}
select listing.* exclude ({{ json }}), leaf.path, leaf.type, leaf.value,
    from {{ relation }} as listing, lateral ({{ json_leaves('listing.' ~ json) }}) as leaf
{%- endmacro %}

{% macro bigquery__unnest_json_values(relation, json) -%}
select
        listing.* except ({{ json }}),
        leaf.path,
        leaf.type,
        leaf.value,
    from {{ relation }} as listing
    cross join unnest(array({{ json_leaves('listing.' ~ json, 'as struct') }})) as leaf
{%- endmacro %}

{# What a JSON text holds, as rows of `path`, `type` and `value`: names with their values, and what stands in lists below their
   names; neither objects themselves nor elements of lists have a name. #}
{% macro json_leaves(json, as_what='') %}{{ return(adapter.dispatch('json_leaves')(json, as_what)) }}{% endmacro %}

{# A node's last step is a name after `.`, or an element. #}
{% macro duckdb__json_leaves(json, as_what) -%}
select
                regexp_replace(substr(node.path, 3) || case when node.path = '$' then '' else '.' end, '\[[0-9]+\]', '[]', 'g')
                    || {{ quoted_name('node.key') }} as path,
                case node.type
                    when 'ARRAY' then 'list'
                    when 'VARCHAR' then 'text'
                    when 'BOOLEAN' then 'boolean'
                    else 'number'
                end as type,
                json_extract_string(node.atom, '$') as value,
            from json_tree(cast({{ masked_keys(json) }} as json)) as node
            where node.type not in ('OBJECT', 'NULL') and substr(node.fullkey, length(node.path) + 1, 1) = '.'
{%- endmacro %}

{# Six steps deep. #}
{% macro bigquery__json_leaves(json, as_what) -%}
select {{ as_what }}
                substr(path, 2) as path,
                case
                    when is_list then 'list'
                    when json_type(value) = 'string' then 'text'
                    else json_type(value)
                end as type,
                case when not is_list then json_value(value, '$') end as value
            from {{ json_nodes(json, 6) }}
            where json_type(value) not in ('object', 'null') and path <> '' and not ends_with(path, '[]')
{%- endmacro %}

{# A name with a dot in it is in quotes, for in a path it would be two. #}
{% macro quoted_name(name) -%}
case when strpos({{ name }}, '.') > 0 then '"' || {{ name }} || '"' else {{ name }} end
{%- endmacro %}

{# What a JSON text holds at most so many steps below its root, as rows of `path`, `value` and `is_list`: an object's step is
   `.name`, a list's is `[]`, and a list itself counts as a text. #}
{% macro json_nodes(json, depth) -%}
{%- if depth == 0 -%}
unnest([struct('' as path, safe.parse_json({{ json }}, wide_number_mode => 'round') as value, false as is_list)])
{%- else -%}
(
            select concat(node.path, child.step) as path, child.value, node.is_list or child.is_list as is_list
            from {{ json_nodes(json, depth - 1) }} as node
            cross join unnest(case json_type(node.value)
                when 'object' then array(
                    select as struct concat('.', {{ quoted_name(masked_name('name')) }}) as step, node.value[name] as value, false as is_list
                    from unnest(json_keys(node.value, 1)) as name
                )
                when 'array' then array_concat(
                    [struct('' as step, to_json('list') as value, true as is_list)],
                    array(
                        select as struct '[]' as step, element as value, false as is_list
                        from unnest(json_query_array(case when json_type(node.value) = 'array' then node.value end)) as element
                    )
                )
                else [struct('' as step, node.value as value, false as is_list)]
            end) as child
        )
{%- endif -%}
{%- endmacro %}

{# The last name of a dotted path, without quotes. #}
{% macro last_name(path) %}{{ return(adapter.dispatch('last_name')(path)) }}{% endmacro %}
{% macro default__last_name(path) %}{{ return("replace(regexp_extract(" ~ path ~ ", '(?:\"[^\"]*\"|[^.]*)$'), '\"', '')") }}{% endmacro %}

{# The list in whose elements a path stands, `[]` included; an empty text where there is none. #}
{% macro place_of(path) %}{{ return(adapter.dispatch('place_of')(path)) }}{% endmacro %}
{% macro default__place_of(path) %}{{ return("coalesce(regexp_extract(" ~ path ~ ", '^(.*[]])[.]', 1), '')") }}{% endmacro %}
{% macro bigquery__place_of(path) %}{{ return("coalesce(regexp_extract(" ~ path ~ ", '^(.*[]])[.]'), '')") }}{% endmacro %}
