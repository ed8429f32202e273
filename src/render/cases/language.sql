--- macros/language.sql
{% macro defaults(a, b=a ~ '!', c=[a, b]) %}{{ a }} {{ b }} {{ c }}{% endmacro %}
{% macro rest(first) %}{{ first }}; {{ varargs | join(',') }}; {% for name, value in kwargs.items() %}{{ name }}={{ value }} {% endfor %}{% endmacro %}
{% macro early(values) %}
    {% for value in values %}{% if value > 1 %}{{ return(value) }}{% endif %}{% endfor %}
    {{ return(none) }}
{% endmacro %}
{% macro pair() %}{% do return(('x', [1, 2])) %}{% endmacro %}
{% macro wrap(tag) %}<{{ tag }}>{{ caller(tag | upper) }}</{{ tag }}>{% endmacro %}
{% macro factorial(n) %}{{ return(1 if n < 2 else n * factorial(n - 1)) }}{% endmacro %}
{%- macro trimmed() -%}
    text
{%- endmacro -%}
{% macro deep(n) %}{% if n > 0 %}{{ deep(n - 1) }}{% else %}bottom{% endif %}{% endmacro %}
--- models/lists.sql
{%- set list = [1] %}{% do list.append(2) %}{% do list.extend([3, 4]) %}{% do list.insert(0, 'a') %}{% set last = list.pop() %}
{{ list }} {{ last }} {{ list | length }} {{ 2 in list }} {{ list[0] }} {{ list[-1] }} {{ list[1:] }} {{ list == ['a', 1, 2, 3] }}
{% set more = list + [9] %}{% do more.append(10) %}{{ more }} {{ list }}
{% set d = {'a': 1} %}{% do d.update({'b': [1]}) %}{% do d.b.append(2) %}{% do d.update(c=3) %}{{ d }} {{ d.pop('a') }} {{ d.setdefault('z', []) }} {{ d.get('nope', 'none') }}
{% for key, value in d.items() %}{{ key }}={{ value }}{{ ', ' if not loop.last }}{% endfor %}
{{ 'b' in d }} {{ d | length }} {{ d.keys() | list }} {{ [3, 1, 2] | sort }} {{ [1, 1, 2] | unique | list }} {{ set([1, 1]) }} {{ zip([1, 2], ['a', 'b']) | list }}
{% set ns = namespace(total=0) %}{% for x in [1, 2, 3] %}{% set ns.total = ns.total + x %}{% endfor %}{{ ns.total }}
{% set words = 'a b'.split() %}{% do words.append('c') %}{{ words }} {{ (range(3) | list) }}
{% if [] %}full{% else %}empty{% endif %} {{ {} or 'nothing' }} {{ (1, 2) }} {{ [none, true, 1.0, 'it'] }}
--- models/texts.sql
{{ '%s is %05.2f' % ('pi', 3.14159) }} {{ '%(a)s' % {'a': 1} }} {{ '%s' % 'x' }} {{ 7 % 3 }} {{ -7 % 3 }}
{{ 'x' | int }} {{ '3.7' | int }} {{ 'x' | float(1.5) }} {{ 'aaa' | replace('a', 'b', 2) }} {{ 'a,b,c'.split(',', 1) }} {{ 'ab'.zfill(5) }} {{ 'A'.ljust(3) ~ '|' }}
{{ '\d+\/' }} {{ 'it' ~ 1 ~ none }} {{ 'abc'.upper() }} {{ '{} {}'.format(1, 'b') }} {{ ' x '.strip() }} {{ 'a.b'.partition('.') }} {{ ','.join(['a', 'b']) }}
{{ 1 + 2 * 3 - 4 }} {{ 'a' + 'b' }} {{ 2 ** 3 }} {{ 7 // 2 }} {{ 7 / 2 }} {{ none }} {{ tojson({'a': [1, 'é']}) }} {{ fromjson('{"a": [1]}').a[0] }} {{ {'b': 1, 'a': '<'} | tojson }}
{{ local_md5('x') }}
{{ toyaml({'a': [1, {'b': none}]}) }}
--- models/macros.sql
{{ defaults(1) }} | {{ defaults(1, c=2) }} | {{ rest('a', 'b', 'c', d=1) }}
{{ early([0, 1, 2, 3]) }} {{ early([]) is none }} {% set x, y = pair() %}{{ x }} {{ y[1] }} {{ shop.factorial(5) }} {{ context['factorial'](3) }}
[{{ trimmed() }}] {% call(name) wrap('b') %}{{ name }} {{ factorial(3) }}{% endcall %} {{ deep(60) }}
{{ defaults is callable }} {{ cp_version is defined }} {{ nothing is defined }} {% if nothing %}x{% else %}undefined is false{% endif %} {{ nothing | default('dflt') }}
--- models/modules.sql
{{ modules.datetime.datetime(2024, 1, 31).strftime('%Y/%m/%d %H:%M') }} {{ modules.datetime.date(2024, 1, 31) + modules.datetime.timedelta(days=1) }}
{{ run_started_at }} {{ (run_started_at - modules.datetime.timedelta(days=1, hours=2)).strftime('%Y-%m-%dT%H:%M:%S.%f') }} {{ run_started_at.date() }} {{ run_started_at.isoformat() }}
{{ (modules.datetime.datetime.strptime('20240301', '%Y%m%d') - modules.datetime.datetime.fromisoformat('2024-02-28')).days }}
{{ modules.re.match('(\w+)-(\d+)', 'ab-12').group(2) }} {{ modules.re.sub('[aeiou]', '_', 'education') }} {{ modules.re.findall('\d+', 'a1b22') }} {{ modules.re.search('z', 'a') is none }} {{ modules.re.sub('(a)(b)', '\\2\\1', 'abab') }}
