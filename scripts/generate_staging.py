"""Write the staging models' YAML from the dataset contracts, or check that it is up to date. The SQL is written by hand."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from quality.contract import Contract, FieldContract, FieldType, day_column, key_column, load_contracts  # noqa: E402

TARGET = ROOT / "dbt_project" / "models" / "staging" / "_staging.yml"

SQL_TYPES: dict[FieldType, str] = {
    "text": "text",
    "integer": "bigint",
    "decimal": "decimal(18, 4)",
    "date": "date",
    "instant": "timestamp",
    "code": "text",
    "unit": "text",
    "procedure": "text",
    "instrument": "text",
    "record": "text",
}

# Name, type and meaning of the columns that say which record it is and where it came from.
RECORD_KEY = (("record_key", "text", "Keyed hash of dataset, authority and record id"),)
RECORD_NUMBER = (("record_number", "bigint", "Place among the current records in the order of their keys"),)
DELIVERY_COLUMNS = (
    ("input_id", "text", "Input file that holds the current version"),
    ("delivery_seq", "bigint", "Order of arrival of that input"),
)
ORIGIN_COLUMNS = (
    ("sheet", "text", "Sheet; blank where the input has none"),
    ("line", "bigint", "Line of the first source row"),
    ("source_rows", "bigint", "Source rows that describe the record"),
    ("source", "text", "Source specification"),
    ("office_code", "text", "Root unit the source belongs to"),
    ("deadline_precision", "text", "date or instant: how deadlines of the source are compared"),
)


def main(arguments: list[str] | None = None) -> int:
    """Write the file, or with --check return 1 when the file on disk differs from the contracts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when the file is out of date")
    wanted = render(load_contracts())
    if not parser.parse_args(arguments).check:
        TARGET.write_text(wanted, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"{TARGET.relative_to(ROOT)} differs from quality/contracts: run python scripts/generate_staging.py")
    return 1


def render(contracts: dict[str, Contract]) -> str:
    """Return the YAML of every staging model; one model per contract."""
    lines = ["# Generated from quality/contracts by scripts/generate_staging.py; do not edit.", "models:"]
    for contract in contracts.values():
        lines.extend(render_model(contract))
    return "\n".join(lines) + "\n"


def render_model(contract: Contract) -> Iterator[str]:
    """Yield the YAML lines of one staging model."""
    current = "" if contract.kind == "reference" else " Current records only."
    yield f"  - name: stg_{contract.dataset}"
    yield f"    description: {text(f'{contract.grain[0].upper()}{contract.grain[1:]}.{current}')}"
    yield "    config:"
    yield "      contract: {enforced: true}"
    yield f"      meta: {{dataset: {contract.dataset}, label_vi: {text(contract.title.vi)}, label_en: {text(contract.title.en)}}}"
    # Answers are tested where they are kept, in fct_survey_answer: here they are a view over all that landed.
    if contract.kind != "answer":
        key = contract.key if contract.kind == "reference" else ("record_key",)
        yield "    data_tests:"
        yield "      - unique_grain:"
        yield "          arguments:"
        yield f"            columns: [{', '.join(key)}]"
    yield "    columns:"
    origin = {
        "record": RECORD_KEY + RECORD_NUMBER + DELIVERY_COLUMNS + ORIGIN_COLUMNS,
        "answer": RECORD_KEY + DELIVERY_COLUMNS,
        "reference": (),
    }[contract.kind]
    for name, sql_type, description in origin:
        yield from render_column(name, sql_type, description)
    for field in contract.fields:
        if field.personal == "none":
            yield from render_field(field)
        if field.refers_to is not None:
            yield from render_column(key_column(field.refers_to), "text", f"Key of the {field.refers_to} it refers to")


def render_field(field: FieldContract) -> Iterator[str]:
    """Yield the YAML lines of a field; an instant gives its UTC timestamp and its local day."""
    description = f"{field.description}, in UTC" if field.type == "instant" else field.description
    yield from render_column(field.name, SQL_TYPES[field.type], description)
    if field.type == "instant":
        yield from render_column(day_column(field.name), "date", f"{field.description}, local day")


def render_column(name: str, sql_type: str, description: str) -> Iterator[str]:
    """Yield the YAML lines of one column."""
    yield f"      - name: {name}"
    yield f"        data_type: {sql_type}"
    yield f"        description: {text(description)}"


def text(value: str) -> str:
    """Return a double-quoted YAML scalar, Vietnamese letters kept."""
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    raise SystemExit(main())
