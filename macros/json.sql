{# JSON access. A payload is read once into a list of values, one a path; everything else picks from that list. #}

{# The raw JSON values under `paths` (dotted names), as a list in that order; null where there is none. #}
{% macro json_values(json, paths) %}{{ return(adapter.dispatch('json_values')(json, paths)) }}{% endmacro %}

{% macro duckdb__json_values(json, paths) -%}
json_extract({{ json }}, [
    {%- for path in paths %}'$."{{ path | replace('.', '"."') }}"'{% if not loop.last %}, {% endif %}{% endfor -%}
])
{%- endmacro %}

{# The same list as trimmed text: strings and numbers; null for what is empty, an object, a list, true, false or null,
   and for a number at one of the `text_only` positions (counted from 1). #}
{% macro json_texts(json_list, text_only) %}{{ return(adapter.dispatch('json_texts')(json_list, text_only)) }}{% endmacro %}

{% macro duckdb__json_texts(json_list, text_only) -%}
list_transform({{ json_list }}, lambda value, position: case
    when left(cast(value as varchar), 1) = '"' then nullif(trim(json_extract_string(value, '$'), e' \t\r\n'), '')
    {%- if text_only %}
    when position in ({{ text_only | join(', ') }}) then null
    {%- endif %}
    when left(cast(value as varchar), 1) in ('{', '[', 't', 'f', 'n') then null
    else cast(value as varchar)
end)
{%- endmacro %}

{# Element `position` (counted from 1) of a list. #}
{% macro nth(list, position) %}{{ return(adapter.dispatch('nth')(list, position)) }}{% endmacro %}
{% macro duckdb__nth(list, position) %}{{ return(list ~ '[' ~ position ~ ']') }}{% endmacro %}

{# The JSON value itself where it is a list with at least one element, else null. #}
{% macro json_list_or_null(json) %}{{ return(adapter.dispatch('json_list_or_null')(json)) }}{% endmacro %}
{% macro duckdb__json_list_or_null(json) -%}
case when json_array_length({{ json }}) > 0 then {{ json }} end
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

{# One row for each dotted path in the shapes of `relation`: `a.b` for objects, `list[].b` for the elements of lists. #}
{% macro unnest_shape_paths(relation, shape) %}{{ return(adapter.dispatch('unnest_shape_paths')(relation, shape)) }}{% endmacro %}

{% macro duckdb__unnest_shape_paths(relation, shape) -%}
select
    shapes.*,
    replace(substr(node.fullkey, 3), '[0]', '[]') as path,
from {{ relation }} as shapes, json_tree(cast(shapes.{{ shape }} as json)) as node
where node.type <> 'OBJECT'
and not ends_with(node.fullkey, ']')
{%- endmacro %}
