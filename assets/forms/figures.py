"""The figures that forms are filled with: rows of the warehouse by unit and period, each relation asked for once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa

from assets.forms.subject import UnitKey

Row = dict[str, Any]
Query = Callable[[str], pa.Table]


class Figures:
    """Answers what a relation holds of one unit and period. The relation has unit_code, unit_valid_from and period_id.

    A relation is read whole for the wanted periods when it is first asked for and stays in columns; rows are made of the
    part that is asked for, so that a city's month fits in memory.
    """

    def __init__(self, query: Query, period_ids: Iterable[str]) -> None:
        self._query = query
        self._periods = ", ".join(f"'{period_id}'" for period_id in sorted(set(period_ids)))
        self._relations: dict[str, tuple[pa.Table, dict[tuple[str, Any, str], tuple[int, int]]]] = {}
        self._whole: dict[str, list[Row]] = {}

    def of(self, relation: str, unit: UnitKey, period_id: str) -> list[Row]:
        """Rows of `relation` ("marts.case_settlement") for the unit and period, in no order that may be relied on."""
        if relation not in self._relations:
            self._relations[relation] = self._read(relation)
        table, places = self._relations[relation]
        first, count = places.get((unit.code, unit.valid_from, period_id), (0, 0))
        rows: list[Row] = table.slice(first, count).to_pylist()
        return rows

    def whole(self, relation: str) -> list[Row]:
        """Every row of a small relation without units and periods, such as the items of an instrument."""
        if relation not in self._whole:
            self._whole[relation] = self._query(f"SELECT * FROM {relation}").to_pylist()
        return self._whole[relation]

    def _read(self, relation: str) -> tuple[pa.Table, dict[tuple[str, Any, str], tuple[int, int]]]:
        table = self._query(
            f"SELECT * FROM {relation} WHERE period_id IN ({self._periods}) ORDER BY unit_code, unit_valid_from, period_id"
        )
        keys = zip(*(table[name].to_pylist() for name in ("unit_code", "unit_valid_from", "period_id")), strict=True)
        places: dict[tuple[str, Any, str], tuple[int, int]] = {}
        for place, key in enumerate(keys):
            first, count = places.get(key, (place, 0))
            places[key] = (first, count + 1)
        return table, places
