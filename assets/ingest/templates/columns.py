"""The columns of a template: what a form asks for a dataset. The form is written and read by this one list.

How it looks stands in workbook.py, how it is read in spec.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assets.ingest.record_numbers import NUMBERED_BY
from quality.contract import Bilingual, Contract, FieldType
from quality.vocabulary import Vocabulary


@dataclass(frozen=True)
class Level:
    """One level of an item's scale."""

    code: str
    label: str


@dataclass(frozen=True)
class Item:
    """One item of the questionnaire that a form carries."""

    code: str
    label: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class TemplateColumn:
    """One column of the form.

    `name` is the field, or the code of an item. `values` are what the drop-down offers, label → code; a form of a dataset
    without labels for a field offers none. `help` says what the column means.
    """

    name: str
    heading: str
    kind: FieldType | Literal["item"]
    required: bool
    values: Mapping[str, str]
    help: Bilingual


def template_columns(contract: Contract, vocabulary: Vocabulary, items: Sequence[Item]) -> tuple[TemplateColumn, ...]:
    """Return the columns of a record dataset's form, in their order; the unit and the instrument stand in its marker.

    `items` are those of the instrument, for a survey. Headings are the contract's Vietnamese labels and differ. What would not
    be kept as it is, such as a person's name and telephone number, is not asked for.
    """
    numbered = NUMBERED_BY.get(contract.dataset)
    words = vocabulary.datasets[contract.dataset]
    columns = []
    for field in contract.fields:
        if field.personal in ("token", "drop") or field.type in ("unit", "instrument"):
            continue
        if field.name == "record_id" and numbered is not None:
            continue
        values = {words.label(field.name, code).vi: code for code in field.values}
        is_key = numbered is not None and field.name in numbered
        columns.append(
            TemplateColumn(
                field.name,
                field.label.vi,
                field.type,
                field.required or is_key,
                values,
                Bilingual(vi=field.description_vi or field.label.vi, en=field.description),
            )
        )
    labels = _level_labels(items)
    for item in items:
        columns.append(
            TemplateColumn(
                item.code,
                f"{item.code}. {item.label}",
                "item",
                False,
                {labels[level]: level.code for level in item.levels},
                Bilingual(
                    vi="Chọn một mức trong danh sách; để trống nếu người trả lời bỏ trống câu này",
                    en=f"Item {item.code} of the form; blank where it was not answered",
                ),
            )
        )
    return tuple(columns)


def _level_labels(items: Sequence[Item]) -> dict[Level, str]:
    """What the drop-downs call the levels; their codes stand before them where one label means two codes in two scales."""
    levels = list(dict.fromkeys(level for item in items for level in item.levels))
    codes: dict[str, set[str]] = {}
    for level in levels:
        codes.setdefault(level.label, set()).add(level.code)
    ambiguous = any(len(found) > 1 for found in codes.values())
    return {level: f"{level.code}. {level.label}" if ambiguous else level.label for level in levels}
