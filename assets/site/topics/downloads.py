"""Files to take away: the open marts, the workbook, the description of both, and the forms where there are any.

They stand in the publication, not in the unit's folder: a folder that was sent alone has the pages only.
"""

from __future__ import annotations

from assets.site.blocks import Block, Column, Link, LinkCell, Links, Page, Section, Table, Text
from assets.site.blocks import Row as TableRow
from assets.site.say import Say
from assets.site.source import Row as FormRow
from assets.site.topics.common import Desk
from assets.site.units import Unit

# From open/site/<unit>/<language>/ to open/.
_OPEN = "../../../"


def pages(desk: Desk, unit: Unit, say: Say) -> list[Page]:
    w = say.w
    blocks: list[Block] = [Text(w["downloads_where"])]
    forms = [form for form in desk.forms if form.get("unit_code") == unit.code]
    if forms:
        blocks.append(_forms(say, forms))
    whole = [
        Link(f"{_OPEN}marts.xlsx", w["workbook"], is_beyond=True),
        Link(f"{_OPEN}datapackage.json", w["descriptor"], is_beyond=True),
    ]
    rows = []
    for name, table in desk.marts.tables.items():
        label = table.mart.label_vi if say.language == "vi" else table.mart.label_en
        links = [
            Link(f"{_OPEN}marts/{name}.{kind}", shown, f"{label}, {shown}", is_beyond=True)
            for kind, shown in (("csv", "CSV"), ("parquet", "Parquet"))
        ]
        rows.append(TableRow(label, [name, say.count(table.rows), LinkCell(links)]))
    columns = [Column(w["table"], True), Column(w["rows"]), Column(w["files_of"], True)]
    blocks.append(
        Section(
            "tables",
            w["tables"],
            [Links(w["tables"], whole, "list"), Table(w["tables"], w["content"], columns, rows, has_tools=True)],
        )
    )
    cite = w["cite"].format(title=desk.titles[say.language], revision=desk.revision)
    blocks.append(Section("cite", w["cite_title"], [Text(cite, "plain")]))
    return [Page("downloads.html", "downloads", w["downloads"], w["downloads_lead"], blocks)]


def _forms(say: Say, forms: list[FormRow]) -> Section:
    """One row per form and period, with a link for each format; where none is in the page's language, those that there are."""
    w = say.w
    grouped: dict[tuple[str, str], list[FormRow]] = {}
    for form in [form for form in forms if form["language"] == say.language] or forms:
        grouped.setdefault((str(form["title"]), str(form["period_id"])), []).append(form)
    rows = []
    for (title, period), files in sorted(grouped.items()):
        links = [
            Link(
                f"{_OPEN}forms/{one['path']}",
                _format(one),
                f"{title}, {say.period(period)}, {_format(one)}",
                is_beyond=True,
            )
            for one in sorted(files, key=lambda one: str(one["path"]))
        ]
        rows.append(TableRow(title, [say.period(period), LinkCell(links)]))
    table = Table(
        w["official_forms"], w["form"], [Column(w["period"], True), Column(w["files_of"], True)], rows, has_tools=True
    )
    return Section("forms", w["official_forms"], [table] if rows else [Text(w["no_data"])])


def _format(form: FormRow) -> str:
    """The kind of a form's file: PDF, DOCX, XLSX."""
    return str(form["path"]).rpartition(".")[2].upper()
