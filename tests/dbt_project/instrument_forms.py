"""A landing of forms of any instrument, on the shipped reference tables with a workspace's two files over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from landing_sample import Sample, empty_sample, make_sample

from assets.reference.instruments import instrument_problems
from assets.reference.tables import reference_tables
from quality.contract import load_contracts

SHIPPED = Path(__file__).resolve().parents[2] / "assets" / "reference" / "shipped"
TABLES = ("instrument", "instrument_item", "answer_level", "instrument_crosswalk", "method_break")

# Item → level; an item that is left blank has no entry.
Form = Mapping[str, str]

UNIT, PERIOD = "10441", "2025-01"


def forms_of_counts(levels_of: Mapping[str, Iterable[int]], count: int) -> list[dict[str, str]]:
    """Return that many forms whose answers are counted as given: item → answers per level from 1 up, the rest blank."""
    forms: list[dict[str, str]] = [{} for _ in range(count)]
    for item, per_level in levels_of.items():
        answers = [str(level) for level, n in enumerate(per_level, start=1) for _ in range(n)]
        for form, level in zip(forms, answers, strict=False):
            form[item] = level
    return forms


def landing_of_forms(overlay: Path, forms: Mapping[str, Iterable[Form]]) -> Sample:
    """Return a landing of the forms by instrument, all of one unit and month; the files of `overlay` must be faultless."""
    reference, faults = reference_tables(SHIPPED, overlay, {}, load_contracts())
    assert [*faults, *instrument_problems(reference)] == []
    sample = empty_sample()
    responses: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for instrument, given in forms.items():
        for form in given:
            number = len(responses)
            key = {"record_key": f"{number:032x}", "input_id": "in-3", "delivery_seq": 3}
            responses.append(
                key
                | {"line": number + 2, "source_rows": 1, "content_hash": str(number), "source": "forms", "office_code": "01"}
                | {"deadline_precision": "date", "unit_code": UNIT, "instrument_code": instrument}
                | {"responded_on": date(2025, 1, 6)}
            )  # fmt: skip
            answers += [key | {"item_code": item, "level": level} for item, level in form.items()]
    delivery = next(row for row in make_sample().rows("input") if row["input_id"] == "in-3")
    delivery |= {"source": "forms", "office_code": "01", "datasets": "survey_response,survey_answer"}
    delivery |= {"rows_read": len(responses), "rows_accepted": len(responses)}
    landed = {"input": [delivery], "survey_response": responses, "survey_answer": answers}
    tables = {name: pa.Table.from_pylist(rows, schema=sample.schemas[name]) for name, rows in landed.items()}
    return Sample(sample.tables | {name: reference[name] for name in TABLES} | tables, sample.schemas)
