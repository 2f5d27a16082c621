"""The open marts as the pages read them: each file once, kept in columns; rows are made for the unit that is asked for.

Only files of the open part of a revision are read, so that a page cannot show what they hide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.publish.tables import OpenTable

Row = dict[str, Any]
UnitKey = tuple[str, date]

ALL = "*"  # the rows of a mart that stand for every field, channel or class
OVERALL = "overall"
# Kinds of period, the longest first: what an office knows of a year begins as a month.
KINDS = ("year", "nine_months", "half_year", "quarter", "month")
# How many periods of each kind, the latest, are shown by criterion, field, channel and class; all are shown as totals.
DETAILED = {"year": 3, "nine_months": 1, "half_year": 2, "quarter": 4, "month": 3}
_EPOCH = date(1970, 1, 1)
_UNIT = ("unit_code", "unit_valid_from")


class ByUnit:
    """Rows of one mart by unit (code and first day). A mart that is missing has no rows."""

    def __init__(self, table: pa.Table | None, key: tuple[str, str] = _UNIT) -> None:
        self._table = table
        self._places: dict[UnitKey, tuple[int, int]] = {}
        self._last: tuple[UnitKey, list[Row]] | None = None
        if table is None or table.num_rows == 0:
            return
        codes = table[key[0]].combine_chunks().dictionary_encode()
        days = table[key[1]].cast(pa.int32()).to_numpy()
        keys = (codes.indices.to_numpy(zero_copy_only=False).astype(np.int64) << 32) | (days.astype(np.int64) + 2**31)
        if np.any(np.diff(keys) < 0):
            order = np.argsort(keys, kind="stable")
            keys, self._table = keys[order], table.take(pa.array(order))
        found, starts, counts = np.unique(keys, return_index=True, return_counts=True)
        names = codes.dictionary.to_pylist()
        for number, start, count in zip(found.tolist(), starts.tolist(), counts.tolist(), strict=True):
            day = _EPOCH + timedelta(days=(number & 0xFFFFFFFF) - 2**31)
            self._places[names[number >> 32], day] = (start, count)

    def __contains__(self, unit: UnitKey) -> bool:
        return unit in self._places

    def __iter__(self) -> Iterator[UnitKey]:
        """The units that have rows."""
        return iter(self._places)

    def of(self, unit: UnitKey) -> list[Row]:
        """The unit's rows in the order of the file."""
        if self._last is None or self._last[0] != unit:  # the languages of a unit are written one after the other
            start, count = self._places.get(unit, (0, 0))
            self._last = unit, self._table.slice(start, count).to_pylist() if self._table is not None and count else []
        return self._last[1]


class OpenMarts:
    """The open tables of one revision."""

    def __init__(self, tables: Sequence[OpenTable]) -> None:
        self.tables = {table.mart.name: table for table in tables}
        self.periods: dict[str, Row] = {row["period_id"]: row for row in self.rows("dim_reporting_period")}
        nodes = sorted(self.rows("dim_instrument_item"), key=lambda node: (node["position"], node["node_code"]))
        self.instruments: dict[str, list[Row]] = {}
        for node in nodes:
            self.instruments.setdefault(node["instrument_code"], []).append(node)
        self.breaks = sorted(self.rows("dim_method_break"), key=lambda row: (row["broken_on"], row["reason_vi"]))
        self.detailed = self._detailed()
        periods = pa.array(sorted(self.detailed), pa.string())
        detailed = pc.field("period_id").isin(periods)
        overall = pc.field("node_level") == OVERALL
        self.index = ByUnit(
            self.read("sipas_index", pc.field("node_level").isin([OVERALL, "area", "factor"]) | detailed)
        )
        self.index_overall = ByUnit(self.read("sipas_index", overall))
        self.index_now = ByUnit(self.read("sipas_index_now", overall))
        compared = (pc.field("basis") == "period") & (pc.field("comparison") == "previous")
        self.change = ByUnit(self.read("sipas_change", compared & (overall | pc.field("edition_id").isin(periods))))
        ranked = (pc.field("basis") == "period") & overall
        self.ranking = ByUnit(self.read("sipas_ranking", ranked), ("group_code", "group_valid_from"))
        self.evidence: dict[str, list[Row]] = {}
        for row in self.rows("dim_criterion_evidence"):
            self.evidence.setdefault(row["instrument_code"], []).append(row)
        self.plan = ByUnit(self.read("improvement_plan", detailed))
        whole = (pc.field("channel") == ALL) & (pc.field("class") == ALL)
        self.cases = ByUnit(self.read("case_settlement", (pc.field("procedure_field") == ALL) | detailed))
        self.cases_whole = ByUnit(self.read("case_settlement", pc.field("procedure_field") == ALL))
        one_way = (pc.field("channel") == ALL) | (pc.field("class") == ALL)
        self.complaints = ByUnit(self.read("complaint_handling", whole | (detailed & one_way)))
        self.complaints_whole = ByUnit(self.read("complaint_handling", whole))
        self.apologies = ByUnit(self.read("case_apology"))
        self.states_apologies = self._states_apologies()
        self.service = ByUnit(self.read("service_quality_766", detailed))
        self.submitted = ByUnit(self.read("submission_status"))
        self.submission_rates = ByUnit(self.read("submission_rate"))
        self.inputs: dict[str | None, list[Row]] = {}
        for row in self.rows("data_quality"):
            self.inputs.setdefault(row["unit_code"], []).append(row)

    def read(self, mart: str, condition: Any = None) -> pa.Table | None:
        """The rows of a mart that meet the condition, or None where the revision has no such open mart."""
        table = self.tables.get(mart)
        return None if table is None else pq.read_table(table.parquet, filters=condition)

    def rows(self, mart: str) -> list[Row]:
        """All rows of a small mart; [] without it."""
        table = self.read(mart)
        found: list[Row] = [] if table is None else table.to_pylist()
        return found

    def _states_apologies(self) -> bool:
        """Whether any source gives apologies: else none is known, which does not mean that none was written.

        Where no case is late, nothing speaks against it.
        """
        late = self.read("case_apology", pc.field("n_late") > 0)
        return late is None or late.num_rows == 0 or bool(pc.sum(late["n_apology_issued"]).as_py())

    def _detailed(self) -> frozenset[str]:
        """The latest periods of each kind that any of the marts has figures of."""
        present: set[str] = set()
        for mart, count in (
            ("sipas_index", "n_forms"),
            ("case_settlement", "n_received"),
            ("complaint_handling", "n_received"),
        ):
            table = self.tables.get(mart)
            if table is not None:
                shown = pc.field(count).is_null() | (pc.field(count) > 0)
                read = pq.read_table(table.parquet, columns=["period_id"], filters=shown)
                present |= set(pc.unique(read["period_id"]).to_pylist())
        chosen: set[str] = set()
        for kind, most in DETAILED.items():
            chosen |= set(self.in_order(period for period in present if self.kind(period) == kind)[-most:])
        return frozenset(chosen)

    def kind(self, period: str) -> str:
        return str(self.periods.get(period, {}).get("period_kind", ""))

    def in_order(self, periods: Iterable[str]) -> list[str]:
        """Known periods by their last day; of those that end together the shorter first."""
        known = {period for period in periods if period in self.periods}
        return sorted(
            known, key=lambda period: (self.periods[period]["ends_on"], -KINDS.index(self.kind(period)), period)
        )

    def longest(self, periods: Iterable[str]) -> str | None:
        """The latest period of the longest kind that is there."""
        ordered = self.in_order(periods)
        return next((period for kind in KINDS for period in reversed(ordered) if self.kind(period) == kind), None)

    def latest(self, periods: Iterable[str], kind: str) -> str | None:
        """The latest period of the kind."""
        return next((period for period in reversed(self.in_order(periods)) if self.kind(period) == kind), None)

    def instrument_names(self, code: str, language: str) -> str:
        nodes = self.instruments.get(code)
        return str((nodes[0].get(f"instrument_name_{language}") if nodes else None) or code)

    def family(self, code: str) -> str:
        nodes = self.instruments.get(code)
        return str((nodes[0].get("method_family") if nodes else None) or code)


def is_hidden(row: Row) -> bool:
    return bool(row.get("hidden"))


def is_shown(row: Row, *counts: str) -> bool:
    """Whether there is anything to say of the row: it is hidden, or one of the counts is not zero."""
    return is_hidden(row) or any(row.get(count) for count in counts)


def with_figures(rows: Iterable[Row], *counts: str) -> list[Row]:
    """Rows that count something; hidden ones only where no other is left."""
    kept = [row for row in rows if is_shown(row, *counts)]
    return [row for row in kept if not is_hidden(row)] or kept
