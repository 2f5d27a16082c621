"""The open page: which figures stand on it. Its layout is site.html.j2, its words words.py, its pictures charts.py.

Figures are read from the open Parquet files of the same revision, so the page cannot show what they hide.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from assets.publish.charts import SHARE_COLOURS, IndexBar, ShareBar, TrendPoint, index_svg, share_svg, trend_svg
from assets.publish.context import PublishContext, PublishError
from assets.publish.tables import OpenTable
from assets.publish.words import STATE_SIGNS, STATES, WORDS
from assets.text.wording import count_text, date_text, month_text, name_key, percent_text
from quality.contract import load_contracts

Row = dict[str, Any]
UnitKey = tuple[str, date]

_ALL = "*"  # the rows of a mart that stand for every field, channel or class
_OVERALL = "overall"
# Kinds of period, the longest first: what an office knows of a year begins as a month.
_KINDS = ("year", "nine_months", "half_year", "quarter", "month")
_TREND_MONTHS = 36
_SUBMISSION_MONTHS = 12
_REFUSED_FILES = 20
_ROW_COUNTS = (
    "rows_read",
    "rows_accepted",
    "rows_quarantined",
    "rows_duplicate",
    "rows_superseded",
    "rows_forgotten",
    "rows_skipped",
)


@dataclass(frozen=True)
class _Rate:
    """A rate of one mart: where it and its parts stand. `left_out` columns are added up."""

    name: str
    mart: str
    pct: str
    numerator: str
    denominator: str
    left_out: tuple[str, ...]
    late: str = ""
    received: str = ""
    finished: str = ""
    pending: str = ""


_CASES = _Rate("case", "case_settlement", "in_time_pct", "n_in_time", "n_with_due_date", ("n_settled_no_due_date",),
               "n_settled_late", "n_received", "n_settled", "n_pending")  # fmt: skip
_COMPLAINTS = _Rate("complaint", "complaint_handling", "in_time_pct", "n_closed_in_time", "n_with_due_date",
                    ("n_closed_no_due_date",), "n_closed_late", "n_received", "n_closed", "n_pending")  # fmt: skip
_INDEX = _Rate("index", "sipas_index", "index_pct", "n_satisfied", "n_answers", ("n_dont_know", "n_missing"))


def write_site(tables: Sequence[OpenTable], context: PublishContext, revision: str, path: Path) -> None:
    """Write the one self-contained page: every open mart may be missing or empty, its section then says so.

    Raises PublishError for a language the page has no words for.
    """
    import jinja2
    from markupsafe import Markup

    if not context.languages or (unknown := sorted(set(context.languages) - WORDS.keys())):
        raise PublishError(f"The page has no words for {unknown or 'no language'}. Languages: {', '.join(WORDS)}.")
    data = _Data(tables)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    script = (Path(__file__).parent / "site.js").read_text(encoding="utf-8")
    page = environment.get_template("site.html.j2").render(
        context=context,
        revision=revision,
        versions=[_Page(data, context, revision, language).content() for language in context.languages],
        words=WORDS,
        colours=SHARE_COLOURS,
        style=Markup((Path(__file__).parent / "site.css").read_text(encoding="utf-8")),
        script=Markup(script),
        # The policy lets the browser run this one script and fetch nothing at all.
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    path.write_text(page, encoding="utf-8", newline="\n")


class _Data:
    """Open marts as rows, and the units and periods that give them names."""

    def __init__(self, tables: Sequence[OpenTable]) -> None:
        self.tables = {table.mart.name: table for table in tables}
        self.periods = {row["period_id"]: row for row in self.rows("dim_reporting_period")}
        self.units: dict[UnitKey, Row] = {_unit_key(row): row for row in self.rows("dim_admin_unit", office_code=None)}
        self.instruments: dict[str, list[Row]] = defaultdict(list)
        for node in self.rows("dim_instrument_item"):
            self.instruments[node["instrument_code"]].append(node)

    def rows(self, mart: str, **wanted: Any) -> list[Row]:
        """Rows of an open mart where each column equals the value, is in the set, or (None) is filled; [] without it."""
        table = self.tables.get(mart)
        if table is None or table.rows == 0:
            return []
        filters = [_filter(name, value) for name, value in wanted.items()]
        found: list[Row] = pq.read_table(table.parquet, filters=_all_of(filters)).to_pylist()
        return found

    @property
    def roots(self) -> list[str]:
        return sorted({unit["office_code"] for unit in self.units.values()})

    def office(self, row: Row) -> str | None:
        unit = self.units.get(_unit_key(row))
        return unit["office_code"] if unit else None

    def root_rows(self, rows: Iterable[Row], root: str) -> dict[str, Row]:
        """The root's own row of each period; where its code changed hands within one, that of the later unit."""
        found: dict[str, Row] = {}
        for row in rows:
            if row["unit_code"] == root:
                kept = found.get(row["period_id"])
                if kept is None or kept["unit_valid_from"] < row["unit_valid_from"]:
                    found[row["period_id"]] = row
        return found

    def parts(self, rows: Iterable[Row], root: str) -> list[Row]:
        """Rows of the units right under the root, by name; the root's own where nothing stands under it."""
        listed = list(rows)
        below = [
            row for row in listed
            if (unit := self.units.get(_unit_key(row))) and unit["parent_code"] == root and unit["office_code"] == root
        ] or [row for row in listed if row["unit_code"] == root]  # fmt: skip
        return sorted(below, key=lambda row: (self._last(row), name_key(self.unit_name(row)), _unit_key(row)))

    def _last(self, row: Row) -> bool:
        return bool(self.units[_unit_key(row)]["unit_level"] == "unassigned")

    def unit_name(self, row: Row) -> str:
        unit = self.units.get(_unit_key(row))
        return str(unit["unit_name"]) if unit else str(row["unit_code"])

    def root_name(self, root: str) -> str:
        named = [unit for unit in self.units.values() if unit["unit_code"] == root]
        return str(max(named, key=lambda unit: unit["unit_valid_from"])["unit_name"]) if named else root

    def latest(self, rows: Mapping[str, Row], kind: str, count: str) -> str | None:
        """The latest period of the kind whose row counts something; a hidden one where no other is left."""
        periods = [period for period in rows if self.periods.get(period, {}).get("period_kind") == kind]
        shown = [period for period in periods if rows[period][count]]
        hidden = [period for period in periods if _is_hidden(rows[period])]
        return max(shown or hidden, key=lambda period: (self.periods[period]["ends_on"], period), default=None)

    def longest(self, rows: Mapping[str, Row], count: str) -> str | None:
        """The latest period of the longest kind that has any whose row counts something."""
        return next((period for kind in _KINDS if (period := self.latest(rows, kind, count)) is not None), None)


def _filter(name: str, value: Any) -> Any:
    import pyarrow.compute as pc

    if value is None:
        return pc.field(name).is_valid()
    return pc.field(name).isin(sorted(value)) if isinstance(value, set) else pc.field(name) == value


def _all_of(filters: Sequence[Any]) -> Any:
    combined = None
    for condition in filters:
        combined = condition if combined is None else combined & condition
    return combined


def _unit_key(row: Row) -> UnitKey:
    return row["unit_code"], row["unit_valid_from"]


def _is_hidden(row: Row) -> bool:
    return bool(row.get("hidden"))


class _Page:
    """The content of the page in one language, as the template takes it."""

    def __init__(self, data: _Data, context: PublishContext, revision: str, language: str) -> None:
        self.data = data
        self.context = context
        self.revision = revision
        self.language = language
        self.words = WORDS[language]

    def content(self) -> Row:
        submissions = self.data.rows("submission_status")
        case_rows = self.data.rows(_CASES.mart, procedure_field=_ALL)
        complaint_rows = self.data.rows(_COMPLAINTS.mart, channel=_ALL, **{"class": _ALL})
        index_rows = self.data.rows(_INDEX.mart, node_level=_OVERALL)
        offices = [
            {
                "name": self.data.root_name(root),
                "cards": self._cards(root, index_rows, case_rows, complaint_rows, submissions),
                "instruments": [
                    block
                    for code in sorted({row["instrument_code"] for row in index_rows})
                    if (block := self._instrument(root, code, index_rows))
                ],
                "cases": self._shares(root, _CASES, case_rows, "chart_cases"),
                "complaints": self._shares(root, _COMPLAINTS, complaint_rows, "chart_complaints"),
                "submissions": self._submissions(root, submissions),
            }
            for root in self.data.roots
        ]
        return {
            "language": self.language,
            "title": self.context.title(self.language),
            "offices": offices,
            "quality": self._quality(),
            "notes": self._notes([*index_rows, *case_rows, *complaint_rows, *submissions]),
            "downloads": self._downloads(),
            "states": [
                {"state": state, "sign": STATE_SIGNS[state], "name": name, "meaning": self.words[f"states_{state}"]}
                for state, name in STATES[self.language].items()
            ],
        }

    def _cards(
        self, root: str, index_rows: list[Row], case_rows: list[Row], complaint_rows: list[Row], submissions: list[Row]
    ) -> list[Row]:
        cards = []
        codes = sorted({row["instrument_code"] for row in index_rows})
        for code in codes:
            own = [row for row in index_rows if row["instrument_code"] == code]
            name = self._instrument_name(code) if len(codes) > 1 else ""
            cards.append(self._card(_INDEX, self.data.root_rows(own, root), name))
        cards.append(self._card(_CASES, self.data.root_rows(case_rows, root), ""))
        cards.append(self._card(_COMPLAINTS, self.data.root_rows(complaint_rows, root), ""))
        owed = [row for row in submissions if self.data.office(row) == root]
        if owed:
            latest = max(row["period_id"] for row in owed)
            states = [row["submission_state"] for row in owed if row["period_id"] == latest]
            on_time = states.count("on_time")
            figures = {
                "pct": 100 * on_time / len(states),
                "numerator": on_time,
                "denominator": len(states),
                "left_out": 0,
            }
            cards.append(self._card_text("submission", "", latest, figures))
        return [card for card in cards if card]

    def _card(self, rate: _Rate, rows: Mapping[str, Row], detail: str) -> Row | None:
        latest = self.data.latest(rows, "month", rate.denominator)
        if latest is None:
            return None
        row = rows[latest]
        figures = {
            "pct": row[rate.pct],
            "numerator": row[rate.numerator],
            "denominator": row[rate.denominator],
            "left_out": None if _is_hidden(row) else sum(row[name] or 0 for name in rate.left_out),
        }
        return self._card_text(rate.name, detail, latest, figures)

    def _card_text(self, name: str, detail: str, period: str, figures: Mapping[str, Any]) -> Row:
        hidden = figures["denominator"] is None
        return {
            "name": self.words[f"{name}_card"],
            "detail": detail,
            "period": self._period(period),
            "pct": self._percent(figures["pct"], hidden),
            "parts": [
                (self.words[part], self._count(figures[part], hidden), self.words[f"{name}_{part}"])
                for part in ("numerator", "denominator", "left_out")
            ],
        }

    def _instrument_name(self, code: str) -> str:
        nodes = self.data.instruments.get(code)
        return str((nodes[0].get(f"instrument_name_{self.language}") if nodes else None) or code)

    def _instrument(self, root: str, code: str, index_rows: list[Row]) -> Row | None:
        """The units in the latest of the longest periods, the office by month, and its factors and criteria in that period."""
        own = [row for row in index_rows if row["instrument_code"] == code]
        root_rows = self.data.root_rows(own, root)
        period = self.data.longest(root_rows, _INDEX.denominator)
        if period is None:
            return None
        ranked = sorted(
            (
                row
                for row in self.data.parts([row for row in own if row["period_id"] == period], root)
                if _shown(row, "n_forms")
            ),
            key=lambda row: (row["index_pct"] is None, -(row["index_pct"] or 0)),
        )
        units = self._unit_names(ranked)
        trend = self._trend(root_rows)
        return {
            "name": self._instrument_name(code),
            "period": self._period(period),
            "chart": self._index_chart(f"index-{root}-{code}", units, ranked),
            "rows": [self._index_row(unit, row) for unit, row in zip(units, ranked, strict=True)],
            "total": self._index_row(self.data.root_name(root), root_rows[period]),
            "trend": self._trend_chart(f"trend-{root}-{code}", trend) if len(trend) > 1 else None,
            "months": [self._index_row(month_text(month), row) for month, row in trend],
            "criteria": self._criteria(root, code, period),
        }

    def _index_chart(self, name: str, units: Sequence[str], rows: Sequence[Row]) -> Any:
        bars = [
            IndexBar(
                unit, row["index_pct"], *_bounds(row), self._percent(row["index_pct"], _is_hidden(row), decimals=1)
            )
            for unit, row in zip(units, rows, strict=True)
        ]
        return _markup(index_svg(bars, self.language, self._id(name), self.words["chart_index"]))

    def _trend_chart(self, name: str, trend: Sequence[tuple[str, Row]]) -> Any:
        points = [TrendPoint(period, row["index_pct"], *_bounds(row)) for period, row in trend]
        return _markup(trend_svg(points, self.language, self._id(name), self.words["chart_trend"]))

    def _trend(self, root_rows: Mapping[str, Row]) -> list[tuple[str, Row]]:
        months = sorted(
            (period, row) for period, row in root_rows.items()
            if self.data.periods.get(period, {}).get("period_kind") == "month"
        )  # fmt: skip
        filled = [i for i, (_, row) in enumerate(months) if _shown(row, "n_forms")]
        return months[filled[0] : filled[-1] + 1][-_TREND_MONTHS:] if filled else []

    def _criteria(self, root: str, code: str, period: str) -> list[Row]:
        rows = self.data.rows(_INDEX.mart, unit_code=root, instrument_code=code, period_id=period)
        latest = max((row["unit_valid_from"] for row in rows), default=None)
        found = {row["node_code"]: row for row in rows if row["unit_valid_from"] == latest}
        nodes = sorted(self.data.instruments.get(code, []), key=lambda node: (node["position"], node["node_code"]))
        return [
            self._index_row(str(node[f"label_{self.language}"]), found[node["node_code"]])
            | {"code": node["node_code"], "level": node["node_level"]}
            for node in nodes
            if node["node_code"] in found and node["node_level"] != _OVERALL
        ]

    def _index_row(self, name: str, row: Row) -> Row:
        hidden = _is_hidden(row)
        low, high = row["ci_low_pct"], row["ci_high_pct"]
        between = (
            f"{self._percent(low, hidden, 1)} – {self._percent(high, hidden, 1)}"
            if low is not None and high is not None
            else self._percent(None, hidden)
        )
        return {
            "name": name,
            "answers": self._count(row["n_answers"], hidden),
            "satisfied": self._count(row["n_satisfied"], hidden),
            "left_out": self._count(sum(row[part] or 0 for part in _INDEX.left_out), hidden),
            "pct": self._percent(row["index_pct"], hidden),
            "interval": between,
        }

    def _shares(self, root: str, rate: _Rate, rows: list[Row], description: str) -> Row | None:
        """In time, late and without a due date by unit, in the latest of the longest periods that have any."""
        root_rows = self.data.root_rows(rows, root)
        period = self.data.longest(root_rows, rate.finished) or self.data.longest(root_rows, rate.received)
        if period is None:
            return None
        parts = [
            row
            for row in self.data.parts([row for row in rows if row["period_id"] == period], root)
            if _shown(row, rate.finished, rate.received, rate.pending)
        ]
        units = self._unit_names(parts)
        bars = [
            ShareBar(unit, self._share_counts(rate, row), self._percent(row[rate.pct], _is_hidden(row), decimals=1))
            for unit, row in zip(units, parts, strict=True)
        ]
        return {
            "period": self._period(period),
            "chart": _markup(share_svg(bars, self.language, self._id(f"{rate.name}-{root}"), self.words[description])),
            "rows": [self._share_row(unit, rate, row) for unit, row in zip(units, parts, strict=True)],
            "total": self._share_row(self.data.root_name(root), rate, root_rows[period]),
        }

    @staticmethod
    def _share_counts(rate: _Rate, row: Row) -> tuple[int, ...] | None:
        if _is_hidden(row):
            return None
        return row[rate.numerator] or 0, row[rate.late] or 0, row[rate.left_out[0]] or 0

    def _share_row(self, name: str, rate: _Rate, row: Row) -> Row:
        hidden = _is_hidden(row)
        figures = (rate.received, rate.finished, rate.numerator, rate.late, rate.left_out[0], rate.pending)
        return {
            "name": name,
            "counts": [self._count(row[column], hidden) for column in figures],
            "pct": self._percent(row[rate.pct], hidden),
        }

    def _submissions(self, root: str, rows: list[Row]) -> list[Row]:
        """One table per dataset: a row per unit, a column per month, the latest twelve."""
        own = [row for row in rows if self.data.office(row) == root]
        blocks = []
        for dataset in sorted({row["dataset"] for row in own}):
            owed = [row for row in own if row["dataset"] == dataset]
            months = sorted({row["period_id"] for row in owed})[-_SUBMISSION_MONTHS:]
            by_unit: dict[str, dict[str, str]] = defaultdict(dict)
            names = {}
            for row in owed:
                by_unit[row["unit_code"]][row["period_id"]] = row["submission_state"]
                names[row["unit_code"]] = self.data.unit_name(row)
            blocks.append(
                {
                    "name": getattr(load_contracts()[dataset].title, self.language),
                    "months": [month_text(month) for month in months],
                    "rows": [
                        {"name": names[unit], "states": [self._state(by_unit[unit].get(month)) for month in months]}
                        for unit in sorted(by_unit, key=lambda unit: (name_key(names[unit]), unit))
                    ],
                }
            )
        return blocks

    def _state(self, state: str | None) -> Row | None:
        if state is None:
            return None
        return {
            "state": state,
            "sign": STATE_SIGNS.get(state, "?"),
            "name": STATES[self.language].get(state, state),
        }

    def _quality(self) -> Row | None:
        rows = self.data.rows("data_quality")
        if not rows:
            return None
        by_source: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            by_source[row["source"]].append(row)
        refused = sorted((row["path"] or "", row["reason"] or "") for row in rows if row["status"] == "refused")
        return {
            "sources": [self._quality_row(source, by_source[source]) for source in sorted(by_source)],
            "total": self._quality_row(self.words["total"], rows),
            "hidden": any(_is_hidden(row) for row in rows),
            "refused": refused[:_REFUSED_FILES],
            "refused_left": len(refused) > _REFUSED_FILES,
        }

    def _quality_row(self, name: str, rows: Sequence[Row]) -> Row:
        counts = [self._count(len(rows), False), self._count(sum(row["status"] == "refused" for row in rows), False)]
        for column in _ROW_COUNTS:
            partial = "≥ " if any(_is_hidden(row) and row[column] is None for row in rows) else ""
            counts.append(partial + self._count(sum(row[column] or 0 for row in rows), False))
        return {"name": name, "counts": counts}

    def _notes(self, rows: Sequence[Row]) -> list[str]:
        notes = [
            self.words["notes_index"],
            self.words["notes_interval"],
            self.words["notes_due"],
            self.words["notes_total"],
        ]
        months = [
            row["period_id"] for row in rows
            if self.data.periods.get(row["period_id"], {}).get("period_kind") == "month"
        ]  # fmt: skip
        if months:
            period = self.data.periods[max(months)]
            notes.insert(
                0,
                self.words["notes_months"].format(
                    period=period[f"label_{self.language}"],
                    start=date_text(period["starts_on"], self.language),
                    end=date_text(period["ends_on"], self.language),
                ),
            )
        if self.context.minimum_n > 1:
            notes.append(self.words["notes_hidden"].format(minimum=self.context.minimum_n))
        notes.append(self.words["notes_cite"].format(revision=self.revision))
        return notes

    def _downloads(self) -> list[Row]:
        return [
            {
                "name": name,
                "label": table.mart.label_vi if self.language == "vi" else table.mart.label_en,
                "rows": self._count(table.rows, False),
            }
            for name, table in self.data.tables.items()
        ]

    def _period(self, period: str) -> str:
        row = self.data.periods.get(period)
        return str(row[f"label_{self.language}"]) if row else period

    def _count(self, value: int | None, hidden: bool) -> str:
        if hidden:
            return self.words["hidden"]
        return self.words["none"] if value is None else count_text(value, self.language)

    def _percent(self, value: float | None, hidden: bool, decimals: int = 2) -> str:
        if hidden:
            return self.words["hidden"]
        return self.words["none"] if value is None else percent_text(value, self.language, decimals)

    def _unit_names(self, rows: Sequence[Row]) -> list[str]:
        """The units' names; units of one name are told apart by the day from which they are valid."""
        names = [self.data.unit_name(row) for row in rows]
        return [
            f"{name} ({self.words['from']} {date_text(row['unit_valid_from'], self.language)})"
            if names.count(name) > 1
            else name
            for name, row in zip(names, rows, strict=True)
        ]

    def _id(self, text: str) -> str:
        """A name fit for an id in the page: codes may hold any character."""
        return "c" + hashlib.sha256(f"{self.language} {text}".encode()).hexdigest()[:10]


def _markup(svg: str) -> Any:
    from markupsafe import Markup

    return Markup(svg)


def _shown(row: Row, *columns: str) -> bool:
    """Whether there is anything to say of the row: it is hidden, or one of the counts is not zero."""
    return _is_hidden(row) or any(row[column] for column in columns)


def _bounds(row: Row) -> tuple[float | None, float | None]:
    """The interval, kept on the axis: some methods go a little below 0 or above 100."""
    low, high = row["ci_low_pct"], row["ci_high_pct"]
    return (None if low is None else max(low, 0.0)), (None if high is None else min(high, 100.0))
