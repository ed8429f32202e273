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

{# The text at a position (from 1); null for a number where it is `text_only`. #}
{% macro json_text(prefix, position, text_only) %}{{ return(adapter.dispatch('json_text')(prefix, position, text_only)) }}{% endmacro %}

{% macro duckdb__json_text(prefix, position, text_only) -%}
{%- if text_only -%}
case when starts_with({{ prefix }}_values[{{ position }}], '"') then {{ prefix }}_texts[{{ position }}] end
{%- else -%}
{{ prefix }}_texts[{{ position }}]
{%- endif -%}
{%- endmacro %}

{# The list at a position (from 1), as JSON; null for an empty list or anything else. #}
{% macro json_list(prefix, position) %}{{ return(adapter.dispatch('json_list')(prefix, position)) }}{% endmacro %}

{% macro duckdb__json_list(prefix, position) -%}
case when starts_with({{ prefix }}_values[{{ position }}], '[') and {{ prefix }}_values[{{ position }}] <> '[]' then cast({{ prefix }}_values[{{ position }}] as json) end
{%- endmacro %}

{# The number of elements of a JSON list; 0 for what is no list. #}
{% macro json_length(json) %}{{ return(adapter.dispatch('json_length')(json)) }}{% endmacro %}
{% macro duckdb__json_length(json) %}{{ return('coalesce(json_array_length(' ~ json ~ '), 0)') }}{% endmacro %}

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

{# The shape of a JSON object (its names, without its values), as text: few shapes stand for many events. #}
{% macro json_shape(json) %}{{ return(adapter.dispatch('json_shape')(json)) }}{% endmacro %}
{% macro duckdb__json_shape(json) %}{{ return('cast(json_structure(' ~ json ~ ') as varchar)') }}{% endmacro %}

{# The last name of a dotted path. #}
{% macro last_name(path) %}{{ return(adapter.dispatch('last_name')(path)) }}{% endmacro %}
{% macro duckdb__last_name(path) %}{{ return("regexp_extract(" ~ path ~ ", '[^.]*$')") }}{% endmacro %}

{# One row for each dotted path in the shapes of `relation`: `a.b` for objects, `list[].b` for the elements of
   lists. A name whose value is null says nothing and is left out. #}
{% macro unnest_shape_paths(relation, shape) %}{{ return(adapter.dispatch('unnest_shape_paths')(relation, shape)) }}{% endmacro %}

{% macro duckdb__unnest_shape_paths(relation, shape) -%}
select
    shapes.*,
    replace(substr(node.fullkey, 3), '[0]', '[]') as path,
from {{ relation }} as shapes, json_tree(cast(shapes.{{ shape }} as json)) as node
where node.type <> 'OBJECT'
and coalesce(cast(node.atom as varchar), '') <> '"NULL"'
and node.fullkey <> '$'
and not ends_with(node.fullkey, ']')
{%- endmacro %}
