"""The data-quality page of a supply, as one HTML document with no script: tables first, bars beside the figures."""

from __future__ import annotations

from typing import Final

from jinja2 import Environment, StrictUndefined

from tallystick.supply.contract import plain_format
from tallystick.supply.profile import Profile
from tallystick.supply.taking import Report

TEMPLATE: Final = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Data quality: {{ profile.dataset }}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; color: #0b0c0c; background: #fff; max-width: 62rem; margin: 0 auto; padding: 1rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem }
caption { text-align: left; font-weight: 700; padding: .4rem 0 }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid #b1b4b6; padding: .35rem .75rem .35rem 0 }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
.bar { width: 9rem; min-width: 9rem } .bar span { display: block; height: 1rem; background: #1d70b8 }
.keep { border-left: .6rem solid #d4351c; padding: .3rem 1rem }
code { background: #f3f2f1; padding: 0 .25rem }
</style>
</head>
<body>
<main>
<h1>Data quality: {{ profile.dataset }}</h1>
{% if private %}<p class="keep"><strong>Keep in the supplier’s room.</strong> This page names values that many records share.
Values and forms in fewer than {{ profile.small_count }} records are not shown.</p>
{% else %}<p>This page holds forms and rates only; no value is shown.</p>{% endif %}
<table>
<caption>What was taken</caption>
<tbody>
<tr><th scope="row">File format</th><td>{{ report.format }}{% if report.encoding %}, {{ report.encoding }}{% endif %}</td></tr>
<tr><th scope="row">Rows in the file</th>
<td>{{ n(report.rows) }}{% if report.blank %} and {{ n(report.blank) }} blank{% endif %}</td></tr>
<tr><th scope="row">Set aside: broke the agreement’s contract</th><td>{{ n(report.set_aside) }}</td></tr>
<tr><th scope="row">Left out: not eligible</th><td>{{ n(report.ineligible) }}</td></tr>
<tr><th scope="row">Taken</th><td>{{ n(report.kept) }}</td></tr>
{% for name, form in report.date_formats %}<tr><th scope="row">Dates in {{ name }}</th><td>{{ plain(form) }}</td></tr>
{% endfor %}</tbody>
</table>
{% if report.breaches %}<table>
<caption>Why rows were set aside (a row can have several reasons)</caption>
<thead><tr><th scope="col">Column</th><th scope="col">Reason</th><th scope="col" class="n">Rows</th></tr></thead>
<tbody>{% for breach in report.breaches %}
<tr><td>{{ breach.column or "–" }}</td><td>{{ breach.message }}</td><td class="n">{{ n(breach.count) }}</td></tr>{% endfor %}
</tbody></table>{% endif %}
{% if report.reasons %}<table>
<caption>Why records were not eligible (a record can have several reasons)</caption>
<thead><tr><th scope="col">Condition not met</th><th scope="col" class="n">Records</th>
<th scope="col" class="n">Of them for want of a value</th></tr></thead>
<tbody>{% for reason in report.reasons %}
<tr><td><code>{{ reason.condition }}</code></td><td class="n">{{ n(reason.dropped) }}</td>
<td class="n">{{ n(reason.unknown) }}</td></tr>{% endfor %}
</tbody></table>{% endif %}
<table>
<caption>Completeness</caption>
<thead><tr><th scope="col">Field</th><th scope="col">Kind</th><th scope="col" class="n">Complete</th><th scope="col">Bar</th>
<th scope="col" class="n">Distinct values{% if not private %}, share of filled{% endif %}</th></tr></thead>
<tbody>{% for field in profile.fields %}
<tr><th scope="row"><a href="#{{ field.name|urlencode }}">{{ field.name }}</a></th><td>{{ field.kind }}</td>
<td class="n">{{ share(field.present, profile.rows) }}</td>
<td class="bar"><span aria-hidden="true" style="width: {{ width(field.present, profile.rows) }}%"></span></td>
<td class="n">{{ n(field.distinct) if private else share(field.distinct, field.present) }}</td></tr>{% endfor %}
</tbody></table>
{% for field in profile.fields %}
<h2 id="{{ field.name|urlencode }}">{{ field.name }}</h2>
{% set doubts = doubts_of(field) %}{% if doubts %}<table>
<caption>Implausible values in {{ field.name }}</caption>
<thead><tr><th scope="col">What</th><th scope="col" class="n">Rate</th><th scope="col" class="n">Expected</th></tr></thead>
<tbody>{% for doubt in doubts %}
<tr><td>{{ doubt.what }}</td><td class="n">{{ percent(doubt.rate) }}</td>
<td class="n">{{ percent(doubt.expected) if doubt.expected is not none else "none" }}</td></tr>{% endfor %}
</tbody></table>{% endif %}
<table>
<caption>Forms of {{ field.name }} (A, a: a letter; 9: a digit; +: and more of them)</caption>
<thead><tr><th scope="col">Form</th><th scope="col" class="n">Share</th><th scope="col">Bar</th></tr></thead>
<tbody>{% for form in field.forms %}
<tr><td><code>{{ form.shape }}</code></td><td class="n">{{ share(form.count, field.present) }}</td>
<td class="bar"><span aria-hidden="true" style="width: {{ width(form.count, field.present) }}%"></span></td></tr>{% endfor %}
<tr><td>All others</td><td class="n">{{ share(field.other_forms, field.present) }}</td>
<td class="bar"><span aria-hidden="true" style="width: {{ width(field.other_forms, field.present) }}%"></span></td></tr>
</tbody></table>
{% if private %}<table>
<caption>Most common values of {{ field.name }}</caption>
<thead><tr><th scope="col">Value</th><th scope="col" class="n">Records</th><th scope="col">Bar</th></tr></thead>
<tbody>{% for value in field.common %}
<tr><td>{{ value.value }}</td><td class="n">{{ n(value.count) }}</td>
<td class="bar"><span aria-hidden="true" style="width: {{ width(value.count, field.present) }}%"></span></td></tr>{% endfor %}
<tr><td>All others</td><td class="n">{{ n(field.other_values) }}</td>
<td class="bar"><span aria-hidden="true" style="width: {{ width(field.other_values, field.present) }}%"></span></td></tr>
</tbody></table>{% endif %}
{% endfor %}
</main>
</body>
</html>
"""


def page(report: Report, profile: Profile, *, private: bool) -> str:
    """The page as HTML: ``private`` with common values, for the supplier's room alone; else forms and rates."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    floor = 1 if private else profile.small_count
    return environment.from_string(TEMPLATE).render(
        report=report,
        profile=profile,
        private=private,
        plain=plain_format,
        n=lambda count: f"{count:,}",
        share=lambda count, of: f"{count / of:.1%}" if of else "–",
        percent=lambda part: f"{part:.1%}",
        width=lambda count, of: round(100 * count / of, 1) if of else 0,
        doubts_of=lambda field: [doubt for doubt in field.doubts if doubt.count >= floor],
    )
