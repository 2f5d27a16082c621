"""The marker of a template: the hidden sheet by which a filled form is known, whatever its file is called."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from assets.ingest.readers import InputRefused, open_input
from assets.ingest.readers.options import WorkbookOptions
from quality.contract import Bilingual, Contract

MARKER_SHEET = "_sipas"
# Raised when the layout of the form changes so that an older one cannot be read.
TEMPLATE_VERSION = 1


@dataclass(frozen=True)
class Marker:
    """What a form says of itself. `period` is a month such as 2023-06 or blank, `instrument` blank but for a survey.

    `contracts` names the versions of the datasets the form feeds, `authority` who numbers its records.
    """

    template: str
    dataset: str
    contracts: str
    unit: str
    period: str
    instrument: str
    authority: str


class NotATemplate(Exception):
    """A workbook is no form of this software, or one that it does not read any more."""

    def __init__(self, rule: str, message: Bilingual) -> None:
        super().__init__(rule)
        self.rule = rule
        self.message = message


def marker_of(
    dataset: Contract, answers: Contract | None, unit: str, period: str | None, instrument: str | None, authority: str
) -> Marker:
    """Return the marker of a new form."""
    return Marker(
        str(TEMPLATE_VERSION),
        dataset.dataset,
        versions(dataset, answers),
        unit,
        period or "",
        instrument or "",
        authority,
    )


def versions(dataset: Contract, answers: Contract | None) -> str:
    """Return the versions of the datasets that a form feeds, as a marker states them."""
    return ", ".join(
        f"{contract.dataset} {contract.version}" for contract in (dataset, answers) if contract is not None
    )


def read_marker(file: Path) -> Marker:
    """Return the marker of a file. Raises NotATemplate, and InputRefused for what is no workbook that can be read."""
    options = WorkbookOptions(kind="workbook", sheet=MARKER_SHEET, header_rows=1, header_start=1)
    try:
        [table] = open_input(file, options)
        rows = [row for batch in table.batches for row in batch.to_pylist()]
    except InputRefused as refused:
        if refused.rule not in ("file.sheet_missing", "file.header_missing", "file.empty"):
            raise
        raise _unmarked(file) from None
    found = {row.get("key"): row.get("value") or "" for row in rows}
    names = [field.name for field in fields(Marker)]
    if not {"template", "dataset", "unit"} <= set(found):
        raise _unmarked(file)
    marker = Marker(*(str(found.get(name, "")) for name in names))
    if marker.template != str(TEMPLATE_VERSION):
        raise NotATemplate("template.version", _outdated(file, marker))
    return marker


def check_versions(file: Path, marker: Marker, dataset: Contract | None, answers: Contract | None) -> None:
    """Raise NotATemplate unless the form was written for the datasets as they are now."""
    if dataset is None or marker.contracts != versions(dataset, answers):
        raise NotATemplate("template.version", _outdated(file, marker))


def _unmarked(file: Path) -> NotATemplate:
    text = Bilingual(
        vi=f"Tệp “{file.name}” không phải biểu mẫu do “sipas template” tạo; chép số liệu sang biểu mẫu mới, hoặc để tệp ở "
        "thư mục khác và khai báo nguồn",
        en=f"{file.name} is no form made by `sipas template`; copy its rows into a new one, or put it into another folder "
        "with a source spec",
    )
    return NotATemplate("template.unmarked", text)


def _outdated(file: Path, marker: Marker) -> Bilingual:
    return Bilingual(
        vi=f"Biểu mẫu “{file.name}” ({marker.dataset}) thuộc phiên bản khác; tạo biểu mẫu mới bằng “sipas template” rồi chép số "
        "liệu sang",
        en=f"The form {file.name} ({marker.dataset}) is of another version; make a new one with `sipas template` and copy its "
        "rows over",
    )
