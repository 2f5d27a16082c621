"""Files to take away: the open marts, data packages, what changed, the dictionary, and the forms where there are any.

They stand in the publication, not in the unit's folder: a folder that was sent alone has the pages only.
"""

from __future__ import annotations

from urllib.parse import quote

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
    key = (unit.code, str(unit.valid_from))
    forms = [form for form in desk.forms if (form["unit_code"], form["unit_valid_from"]) == key]
    if forms:
        blocks.append(_forms(say, forms))
    rows = []
    for name, table in desk.marts.tables.items():
        label = table.mart.label_vi if say.language == "vi" else table.mart.label_en
        links = [_file(f"marts/{name}.{kind}", kind, label) for kind in ("csv", "parquet")]
        rows.append(TableRow(label, [name, say.count(table.rows), LinkCell(links)]))
    columns = [Column(w["table"], True), Column(w["rows"]), Column(w["files_of"], True)]
    tables = Table(w["tables"], w["content"], columns, rows, has_tools=True)
    blocks.append(Section("tables", w["tables"], [Links(w["tables"], _whole(desk, unit, say), "list"), tables]))
    cite = w["cite"].format(title=desk.titles[say.language], revision=desk.revision)
    blocks.append(Section("cite", w["cite_title"], [Text(cite, "plain")]))
    return [Page("downloads.html", "downloads", w["downloads"], w["downloads_lead"], blocks)]


def _whole(desk: Desk, unit: Unit, say: Say) -> list[Link]:
    """What there is beside the tables: of the unit's own first, then of all."""
    own = f"districts/{unit.code}/"
    files = {
        own + "marts.xlsx": "own_workbook",
        own + "datapackage.json": "own_descriptor",
        own + "changes.xlsx": "own_changes",
        "marts.xlsx": "workbook",
        "datapackage.json": "descriptor",
        "changes.xlsx": "changes",
        f"site/dictionary/{say.language}.html": "dictionary",
    }
    there = {path: word for path, word in files.items() if (desk.beside / path).is_file()}
    return [Link(_OPEN + quote(path), say.w[word], is_beyond=True) for path, word in there.items()]


def _forms(say: Say, forms: list[FormRow]) -> Section:
    """One row per form, period and language, with a link for each format.

    Forms in the page's language stand alone; where there is none, those that there are.
    """
    w = say.w
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for form in [form for form in forms if form["language"] == say.language] or forms:
        # A form's own title is in capitals, in the language of the form.
        title = w.get(f"form_{form.get('form')}", str(form["title"]))
        grouped.setdefault((title, str(form["period_id"]), str(form["language"])), []).append(str(form["path"]))
    rows = []
    for (title, period, language), paths in sorted(grouped.items()):
        written = w[f"written_in_{language}"]
        about = f"{title}, {say.period(period)}, {written}"
        links = [_file(f"forms/{path}", path.rpartition(".")[2], about) for path in sorted(paths)]
        rows.append(TableRow(title, [say.period(period), written, LinkCell(links)]))
    columns = [Column(w["period"], True), Column(w["languages"], True), Column(w["files_of"], True)]
    table = Table(w["official_forms"], w["form"], columns, rows, has_tools=True)
    return Section("forms", w["official_forms"], [table] if rows else [Text(w["no_data"])])


def _file(path: str, kind: str, about: str) -> Link:
    shown = {"parquet": "Parquet"}.get(kind, kind.upper())
    return Link(_OPEN + quote(path), shown, f"{about}, {shown}", is_beyond=True)
