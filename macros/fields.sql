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

{# The position of a name among `paths`, from 1. #}
{% macro position_of(paths, name) %}
    {%- for path in paths -%}
        {%- if path == name -%}{{ return(loop.index) }}{%- endif -%}
    {%- endfor -%}
{% endmacro %}

{# The columns `<prefix>_types` and `<prefix>_texts` of all names of a kind, from a JSON column. #}
{% macro read_fields(kind, json, prefix='payload') %}{{ return(json_read(json, field_paths(kind), prefix)) }}{% endmacro %}

{# The text under one name. #}
{% macro named_text(kind, name, prefix) %}
    {{- return(json_text(prefix, position_of(field_paths(kind), name), name in var('text_only_names'))) -}}
{% endmacro %}

{# A field's text: that of the first of its names which gives one. #}
{% macro pick(kind, field, prefix='payload') -%}
coalesce(
    {%- for name in var('field_names')[kind][field] %}
            {{ named_text(kind, name, prefix) }}{% if not loop.last %},{% endif %}
    {%- endfor %}
        )
{%- endmacro %}

{# A field's list, as JSON: the first of its names which holds a list with elements. #}
{% macro pick_list(kind, field, prefix='payload') -%}
coalesce(
    {%- for name in var('field_names')[kind][field] %}
            {{ json_list(prefix, position_of(field_paths(kind), name)) }}{% if not loop.last %},{% endif %}
    {%- endfor %}
        )
{%- endmacro %}

{# The vendor: the envelope's, else the one told by the name of the order reference, else `unknown`. #}
{% macro vendor_of(kind, vendor, prefix='payload') %}
    {%- set vendors = var('vendor_of_order_reference') -%}
    case
        when lower(trim({{ vendor }})) not in ('', 'unknown') then trim({{ vendor }})
        {%- for name in var('field_names')[kind]['order_id'] %}
        when {{ named_text(kind, name, prefix) }} is not null then '{{ vendors.get(name, 'unknown') }}'
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

{# The kind of an event type. #}
{% macro kind_of(event_type) -%}
case
            {%- for kind in var('event_types') %}
            when {{ event_type }} in ({{ event_types(kind) }}) then '{{ kind }}'
            {%- endfor %}
        end
{%- endmacro %}

{# Every name in the payload of every kind of event: the field it gives, and where: `items[]` for the elements of a list. #}
{% macro known_names() %}
    {%- set kinds = var('field_names') -%}
    {%- set known = [] -%}
    {%- for kind in var('event_types') -%}
        {%- for field, names in kinds[kind].items() -%}
            {%- set listing = kind ~ '_' ~ field -%}
            {%- for name in names -%}
                {%- do known.append({'kind': kind, 'mapping': kind, 'field': field, 'place': '', 'name': name}) -%}
                {%- for inner_field, inner_names in kinds.get(listing, {}).items() -%}
                    {%- for inner_name in inner_names -%}
                        {%- do known.append({'kind': kind, 'mapping': listing, 'field': inner_field, 'place': name ~ '[]', 'name': inner_name}) -%}
                    {%- endfor -%}
                {%- endfor -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(known) }}
{% endmacro %}

{# The fields that an event, or the revenue that it is part of, cannot do without, as int_event_outcomes tells whether they are
   given. #}
{% macro required_fields() %}{{ return(['order_reference', 'time', 'amount', 'currency', 'status']) }}{% endmacro %}

{# Which of them a field of a mapping gives; none where events can do without it. A list of steps gives their status. #}
{% macro required_field(mapping, field) %}
    {%- set required = {'order_id': 'order_reference', 'occurred_at': 'time', 'amount': 'amount'} -%}
    {%- if mapping in ['shipment', 'shipment_steps'] and field in ['status', 'steps'] -%}{{ return('status') }}{%- endif -%}
    {%- if mapping == 'payment' and field == 'status' -%}{{ return('status') }}{%- endif -%}
    {%- if mapping in ['order', 'payment', 'refund'] and field == 'currency' -%}{{ return('currency') }}{%- endif -%}
    {%- if mapping in ['order_items', 'refund_items'] -%}{{ return(none) }}{%- endif -%}
    {{ return(required.get(field)) }}
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
