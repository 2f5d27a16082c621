"""Write down the contracts of a release as tests/quality/released/<version>.json: what landed under them must stay readable."""

from __future__ import annotations

import datetime as dt
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from quality.contract import Contract, landing_schema, load_contracts

FOLDER = Path(__file__).parents[1] / "tests" / "quality" / "released"


def meaning(contract: Contract) -> list[dict[str, Any]]:
    """Return what of a contract decides its landed rows: one entry per field, without labels and descriptions."""
    kept = {"name", "type", "required", "values", "refers_to"}
    return [field.model_dump(mode="json", include=kept) for field in contract.fields]


def sample_rows(contract: Contract) -> list[dict[str, Any]]:
    """Return two landed rows as JSON holds them: every column filled, and only the required ones."""
    full = {column.name: _value(contract, column, row=1) for column in landing_schema(contract)}
    required = {field.name for field in contract.fields if field.required}
    least = {
        column.name: _value(contract, column, row=2) if column.name in required or not column.nullable else None
        for column in landing_schema(contract)
    }
    return [full, least]


def _value(contract: Contract, column: pa.Field, row: int) -> Any:
    values = contract.field(column.name).values if column.name in contract.field_names else ()
    if values:
        return values[row % len(values)]
    if pa.types.is_timestamp(column.type):
        return dt.datetime(2023, 6, row, 8, 30).isoformat()
    if pa.types.is_date(column.type):
        return dt.date(2023, 6, row).isoformat()
    if pa.types.is_decimal(column.type):
        return f"{row}.2500"
    return row if pa.types.is_integer(column.type) else f"{column.name} {row}"


def frozen() -> str:
    """Return the JSON of all contracts as they are now."""
    content = {
        contract.dataset: {
            "version": contract.version,
            "fields": meaning(contract),
            "columns": {column.name: str(column.type) for column in landing_schema(contract)},
            "rows": sample_rows(contract),
        }
        for contract in load_contracts().values()
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write the file of the version in pyproject.toml; a version that was released is not written again."""
    target = FOLDER / f"{version('sipas-warehouse')}.json"
    if target.exists():
        sys.exit(f"{target.name} is there already: what was released does not change")
    target.write_text(frozen(), encoding="utf-8")


if __name__ == "__main__":
    main()
