"""The source that every workspace has for filled templates: a spec made from the columns that made the form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from assets.ingest.record_numbers import NUMBERED_BY, WITHIN_CASE
from assets.ingest.spec import TEMPLATES, SourceSpec
from assets.ingest.templates.columns import TemplateColumn
from assets.ingest.templates.marker import TEMPLATE_VERSION, Marker
from quality.contract import Contract

DATA_SHEET = "Số liệu"
# Title, unit and month, what to do, and what must be filled stand above.
HEADER_ROW = 5
# Numbers that mean the same record wherever they stand: the one-stop software gives them.
_NUMBERED_BY_SOFTWARE = ("case", *WITHIN_CASE)
# Excel keeps dates as dates; typed as text they are written so.
_FORMATS = ("%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")


def file_name(marker: Marker) -> str:
    """Return what `sipas template` calls a form's file; a filled one may be called anything."""
    return "-".join(part for part in (*_kind(marker), marker.unit, marker.period) if part) + ".xlsx"


def _kind(marker: Marker) -> list[str]:
    return [part for part in (marker.dataset, marker.instrument) if part]


def template_spec(
    marker: Marker, columns: Sequence[TemplateColumn], contracts: Mapping[str, Contract], office: str
) -> SourceSpec:
    """Return the spec of the forms that bear such a marker.

    A form with a month replaces what the unit sent for the month; one without brings records and newer versions of them.
    Numbers are the unit's own (of a survey they start again each month), but for those of case files.
    """
    contract = contracts[marker.dataset]
    answers = answers_of(marker.dataset, contracts)
    groups = ["unit", *(["period"] if marker.period else [])]
    scoped = [] if marker.dataset in _NUMBERED_BY_SOFTWARE else ["unit"]
    if marker.period and answers is not None:
        scoped.append("period")
    headings = {column.name: column.heading for column in columns}
    feed: dict[str, Any] = {
        "dataset": marker.dataset,
        "record_id": [headings[name] for name in NUMBERED_BY.get(marker.dataset, ("record_id",))],
        "scope_id_with": scoped,
        "columns": {
            column.name: _mapped(column) for column in columns if column.kind != "item" and column.name != "record_id"
        },
    }
    feeds = [feed]
    items = [column for column in columns if column.kind == "item"]
    if answers is not None:
        feed["columns"]["instrument_code"] = {"constant": marker.instrument}
        feeds.append(
            {
                "dataset": answers.dataset,
                "items": {column.name: column.heading for column in items},
                "values": {label: code for column in items for label, code in column.values.items()},
            }
        )
    # Forms that are read alike make one source.
    name = "_".join(["template", office, marker.authority, *_kind(marker), *(["monthly"] if marker.period else [])])
    content = {
        "title": {"vi": f"Biểu mẫu: {contract.title.vi}", "en": f"Template: {contract.title.en}"},
        "row": f"one row of a form of {contract.title.en}",
        "office": office,
        "authority": marker.authority,
        "delivery": {"kind": "snapshot", "scope": groups} if marker.period else {"kind": "upsert"},
        # The marker says unit and month; the pattern is the name under which a form is handed out.
        "location": {"path": f"{TEMPLATES}/{'-'.join([*_kind(marker), *(f'{{{group}}}' for group in groups)])}.xlsx"},
        "reader": {"kind": "workbook", "sheet": DATA_SHEET, "header_rows": 1, "header_start": HEADER_ROW},
        "unit": {"group": "unit"},
        "feeds": feeds,
    }
    digest = hashlib.sha256(f"{TEMPLATE_VERSION} {content}".encode()).hexdigest()
    return SourceSpec.model_validate({**content, "name": name, "digest": digest})


def answers_of(dataset: str, contracts: Mapping[str, Contract]) -> Contract | None:
    """Return the dataset of the answers that stand in the rows of a record dataset, if there is one."""
    return next((contract for contract in contracts.values() if contract.parent == dataset), None)


def _mapped(column: TemplateColumn) -> dict[str, Any]:
    mapped: dict[str, Any] = {"column": column.heading}
    if column.values:
        mapped["values"] = dict(column.values)
    if column.kind in ("date", "instant"):
        mapped["formats"] = list(_FORMATS)
    return mapped
