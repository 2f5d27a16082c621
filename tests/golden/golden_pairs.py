"""Reading golden pairs and comparing rows with what they expect. How a method's input is landed stands elsewhere."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from assets.warehouse.engine import Warehouse

FOLDER = Path(__file__).resolve().parent
INPUT, EXPECTED = "_input.csv", "_expected.csv"

Row = dict[str, str | None]


def scenarios(method: str) -> list[str]:
    """The scenarios of a method, by the names of its input files."""
    return sorted(
        file.name[len(method) + 1 : -len(INPUT)]
        for file in FOLDER.glob(f"{method}_*{INPUT}")
        if file.with_name(file.name.replace(INPUT, EXPECTED)).exists()
    )


def read(method: str, scenario: str, part: str) -> list[Row]:
    """Return the rows of one side of a pair; a blank cell is None."""
    with (FOLDER / f"{method}_{scenario}{part}").open(encoding="utf-8", newline="") as file:
        return [{name: cell or None for name, cell in row.items()} for row in csv.DictReader(file)]


def differences(expected: Iterable[Row], found: Iterable[dict[str, Any]], keys: Sequence[str]) -> list[str]:
    """Return what differs, one line per cell or missing row. A number is compared to the decimals it is written with."""
    known = {tuple(str(row[key]) for key in keys): row for row in found}
    problems = []
    for row in expected:
        key = tuple(str(row[name]) for name in keys)
        actual = known.get(key)
        if actual is None:
            problems.append(f"{key}: no such row, only {sorted(known)}")
            continue
        problems += [
            f"{key} {name}: expected {cell}, found {actual[name]}"
            for name, cell in row.items()
            if name not in keys and not _same(cell, actual[name])
        ]
    return problems


def mart_differences(
    warehouse: Warehouse, mart: str, method: str, scenario: str, keys: Sequence[str], condition: str = "true"
) -> list[str]:
    """Return how the mart's rows of a scenario's commune differ from what the pair expects."""
    found = warehouse.query(f"SELECT * FROM marts.{mart} WHERE unit_code = '{method}_{scenario}' AND {condition}")
    return differences(read(method, scenario, EXPECTED), found.to_pylist(), keys)


def _same(expected: str | None, actual: Any) -> bool:
    if expected is None or actual is None:
        return expected is None and actual is None
    if isinstance(actual, float):
        written = Decimal(expected)
        exponent = written.as_tuple().exponent
        half = Decimal(5).scaleb(int(exponent) - 1)
        # What lies exactly between two written figures may be rounded to either.
        return abs(Decimal(actual) - written) <= half + Decimal("1e-9")
    return expected == str(actual)
