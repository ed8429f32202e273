{# Fields are found by the names that `vars: field_names` gives them: see dbt_project.yml. #}

{# All names of a kind's fields, each once, in a fixed order: the positions in the list of values. #}
{% macro field_paths(kind) %}
    {%- set paths = [] -%}
    {%- for names in var('field_names')[kind].values() -%}
        {%- for name in names if name not in paths -%}
            {%- do paths.append(name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(paths) }}
{% endmacro %}

{# The positions of some names among `paths`. #}
{% macro positions_of(paths, names) %}
    {%- set positions = [] -%}
    {%- for name in names -%}
        {%- for path in paths -%}
            {%- if path == name -%}{%- do positions.append(loop.index) -%}{%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(positions) }}
{% endmacro %}

{# The list of JSON values of a kind's names, read from a JSON column. #}
{% macro field_values(kind, json) %}{{ return(json_values(json, field_paths(kind))) }}{% endmacro %}

{# The same as text, from the column that holds the values. #}
{% macro field_texts(kind, json_list) %}
    {{- return(json_texts(json_list, positions_of(field_paths(kind), var('text_only_names')))) -}}
{% endmacro %}

{# A field's text: that of the first of its names which gives one. #}
{% macro pick(kind, field, texts) %}
    {%- set picked = [] -%}
    {%- for position in positions_of(field_paths(kind), var('field_names')[kind][field]) -%}
        {%- do picked.append(nth(texts, position)) -%}
    {%- endfor -%}
    {{ return('coalesce(' ~ picked | join(', ') ~ ')') }}
{% endmacro %}

{# A field's list, as JSON: the first of its names which holds a list with elements. #}
{% macro pick_list(kind, field, json_list) %}
    {%- set picked = [] -%}
    {%- for position in positions_of(field_paths(kind), var('field_names')[kind][field]) -%}
        {%- do picked.append(json_list_or_null(nth(json_list, position))) -%}
    {%- endfor -%}
    {{ return('coalesce(' ~ picked | join(', ') ~ ')') }}
{% endmacro %}

{# The vendor: the envelope's, else the one told by the name of the order reference, else `unknown`. #}
{% macro vendor_of(kind, vendor, texts) %}
    {%- set vendors = var('vendor_of_order_reference') -%}
    {%- set paths = field_paths(kind) -%}
    case
        when lower(trim({{ vendor }})) not in ('', 'unknown') then trim({{ vendor }})
        {%- for name in var('field_names')[kind]['order_id'] %}
        when {{ nth(texts, positions_of(paths, [name])[0]) }} is not null then '{{ vendors.get(name, 'unknown') }}'
        {%- endfor %}
        else 'unknown'
    end
{%- endmacro %}

{# The event types of a kind, as a list of literals; of all kinds without argument. #}
{% macro event_types(kind=none) %}
    {%- set types = [] -%}
    {%- for name, names in var('event_types').items() if kind is none or name == kind -%}
        {%- do types.extend(names) -%}
    {%- endfor -%}
    '{{ types | join("', '") }}'
{%- endmacro %}

{# Every path that a known name reads in the payload of a kind, elements of lists included. #}
{% macro known_paths(kind) %}
    {%- set kinds = var('field_names') -%}
    {%- set paths = [] -%}
    {%- for field, names in kinds[kind].items() -%}
        {%- set elements = kinds.get(kind ~ '_' ~ field) -%}
        {%- for name in names -%}
            {%- do paths.append(name) -%}
            {%- if elements -%}
                {%- for element_names in elements.values() -%}
                    {%- for element_name in element_names -%}
                        {%- do paths.append(name ~ '[].' ~ element_name) -%}
                    {%- endfor -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(paths) }}
{% endmacro %}

{# What a payment's status text says. #}
{% macro payment_status(status) -%}
case upper({{ status }})
    {%- for given, meaning in var('payment_statuses').items() %}
    when '{{ given | upper }}' then '{{ meaning }}'
    {%- endfor %}
    else 'unknown'
end
{%- endmacro %}
