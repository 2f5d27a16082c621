"""Data Docs: validation results as HTML pages that need no network and are the same bytes for the same input.

Great Expectations' own renderers make the content. Its page frame is replaced: the shipped one loads styles, scripts,
fonts and images from content networks, stamps the time into every address, and gives elements random ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any

from quality.verdict import GateCheck, GateResult

# Bootstrap's and Font Awesome's classes that the renderers use, as far as these pages need them.
_STYLE = """
body{font:15px/1.45 system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif;color:#1b1f24;margin:0 auto;
max-width:72rem;padding:1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;border-bottom:1px solid #d0d7de;padding-bottom:.2rem;margin-top:2rem}
h5,h6{font-size:1rem;margin:.6rem 0 .2rem}
table{border-collapse:collapse;width:100%;margin:.4rem 0 1rem}
td,th{border:1px solid #d0d7de;padding:.3rem .5rem;text-align:left;vertical-align:top}
th{background:#f6f8fa}p{margin:.2rem 0}ul{padding-left:1.2rem}
.badge{background:#eaeef2;border-radius:.3rem;padding:.05rem .35rem;font-size:.9em;overflow-wrap:anywhere}
.alert-danger,.text-danger{color:#b3261e}.text-success{color:#1a7f37}.text-warning{color:#9a6700}
.fas{font-style:normal}.fa-check-circle::before{content:"\\2713"}.fa-times::before{content:"\\2717"}
.fa-exclamation-triangle::before{content:"\\26A0"}
nav ul{columns:3 16rem}
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ page_title }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<h1>{{ page_title }}</h1>
<nav><ul>
{% for section in sections %}<li><a href="#section-{{ loop.index }}">{{ section["section_name"] }}</a></li>
{% endfor %}</ul></nav>
{% for section in sections %}
{% set section_loop = loop -%}
<h2>{{ section["section_name"] }}</h2>
{% include 'section.j2' %}
{% endfor %}
<footer>Great Expectations {{ ge_version }}</footer>
</body>
</html>
"""


def render_page(
    title: str,
    note: str,
    checks: Sequence[GateCheck],
    rules: Mapping[str, tuple[int, int]],
    validations: Sequence[Any],
) -> bytes:
    """Return one HTML page: the checks with their verdicts, the rules, then every validation result by section.

    note: how the results relate to the checks; rules: rule id → rows the rule counted, rows its expectations counted;
    validations: ExpectationSuiteValidationResult objects as quality.expectations.run_suite returns them, free of
    wall-clock values and of row values that may be personal.
    """
    from great_expectations.render.components import RenderedDocumentContent, RenderedSectionContent
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    sections = [RenderedSectionContent(section_name="Checks", content_blocks=[_checks_table(checks), _text(note)])]
    if rules:
        table = _table(
            ["Rule", "Rows by the rule", "Rows by the expectations"],
            [[_text(rule), _text(str(by_rule)), _text(str(found))] for rule, (by_rule, found) in rules.items()],
        )
        sections.append(RenderedSectionContent(section_name="Rules", content_blocks=[table]))
    renderer = ValidationResultsPageRenderer()
    for validation in validations:
        document = renderer.render(validation)
        header, statistics, *_run_info = document.sections[0].content_blocks
        # The shipped header links to a page of the suite alone, which is not written here, and names a data asset.
        header.subheader.string_template["template"] = "${status_title} ${html_success_icon} ${success}"
        document.sections[0].content_blocks = [header, statistics]
        for section in document.sections:
            section.section_name = f"{validation.suite_name}: {section.section_name}"
            sections.append(section)
    return _view(
        RenderedDocumentContent(
            renderer_type="ValidationResultsPageRenderer", page_title=title, sections=sections, utm_medium=None
        )
    )


def render_index(title: str, results: Sequence[GateResult]) -> bytes:
    """Return the page that lists the suites: one row per result, linked to `<dataset>.html` beside it."""
    from great_expectations.render.components import RenderedDocumentContent, RenderedSectionContent

    rows: list[list[Any]] = [
        [
            _text(result.dataset, link=f"{result.dataset}.html"),
            _text("passed" if result.passed else "failed"),
            _text(f"{sum(check.passed for check in result.checks)} / {len(result.checks)}"),
        ]
        for result in results
    ]
    section = RenderedSectionContent(
        section_name="Suites", content_blocks=[_table(["Dataset", "Verdict", "Checks passed"], rows)]
    )
    return _view(
        RenderedDocumentContent(
            renderer_type="SiteIndexPageRenderer", page_title=title, sections=[section], utm_medium=None
        )
    )


def _checks_table(checks: Sequence[GateCheck]) -> Any:
    rows: list[list[Any]] = [
        [
            _text(check.name),
            _text("passed" if check.passed else "failed" if check.critical else "warning"),
            _text(_number(check.observed)),
            _text(check.expected),
            _text(check.message_vi),
            _text(check.message_en),
        ]
        for check in checks
    ]
    return _table(["Check", "Verdict", "Observed", "Expected", "Tiếng Việt", "English"], rows)


def _table(header: list[str], rows: list[list[Any]]) -> Any:
    from great_expectations.render.components import RenderedTableContent

    return RenderedTableContent(content_block_type="table", header_row=header, table=rows)


def _number(value: str | float | None) -> str:
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return "—" if value is None else value


def _text(value: str, link: str | None = None) -> Any:
    """Return a cell; a string template, because that is what the templates escape."""
    from great_expectations.render.components import RenderedStringTemplateContent

    template: dict[str, Any] = {"template": "$value", "params": {"value": value}}
    if link is not None:
        template["styling"] = {"params": {"value": {"tag": "a", "attributes": {"href": link}}}}
    return RenderedStringTemplateContent(content_block_type="string_template", string_template=template)


def _view(document: Any) -> bytes:
    view = _page_view()
    # Random element ids would make every page differ; numbers within the page serve as well.
    numbers = count(1)
    view.env.filters["generate_html_element_uuid"] = lambda prefix: f"{prefix}{next(numbers)}"
    html: str = view.render(document, style=_STYLE)
    return "\n".join(line.rstrip() for line in html.splitlines() if line.strip()).encode() + b"\n"


@cache
def _page_view() -> Any:
    from great_expectations.render.view.view import DefaultJinjaPageView
    from jinja2 import ChoiceLoader, DictLoader

    view = DefaultJinjaPageView()
    shipped = view.env.loader
    view.env.loader = ChoiceLoader([DictLoader({"page.j2": _PAGE}), *([shipped] if shipped else [])])
    return view
