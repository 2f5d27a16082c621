"""Why figures of two revisions differ: found from their records, files, decisions and the digests of what they are made of.

What differs is found in changes.py. A figure may have more than one reason; all that are found are named, and none is
guessed: where records of its unit and period differ, the files they came from are told, and what touches every figure
(software, settings, lists, specs) is told of each figure that it may have touched.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from assets.ingest.shape import literal, quote
from assets.landing.corrections import SOURCE as CORRECTIONS
from assets.periods.figures import RECORD_NUMBERS
from assets.publish.marts import MART_SCHEMA
from quality.contract import Bilingual

# In the order in which they are told.
REASONS: Mapping[str, Bilingual] = {
    "new_file": Bilingual(vi="tệp mới", en="new file"),
    "file_changed": Bilingual(vi="tệp đã thay đổi", en="file changed"),
    "file_gone": Bilingual(vi="tệp không còn", en="file gone"),
    "superseded": Bilingual(vi="bản ghi được thay bằng bản mới hơn", en="record superseded by a newer one"),
    "correction": Bilingual(vi="đính chính", en="correction"),
    "forgotten": Bilingual(vi="dữ liệu cá nhân đã xoá", en="personal data taken out"),
    "read_differently": Bilingual(vi="bản ghi được đọc khác trước", en="record read differently"),
    "period_decision": Bilingual(vi="khoá, mở hoặc tiếp nhận kỳ", en="period locked, reopened or accepted"),
    "territory": Bilingual(vi="đơn vị hành chính thay đổi", en="territory changed"),
    "reference": Bilingual(vi="danh mục thay đổi", en="reference table changed"),
    "spec": Bilingual(vi="khai báo nguồn thay đổi", en="source spec changed"),
    "settings": Bilingual(vi="thiết lập thay đổi", en="settings changed"),
    "software": Bilingual(vi="phiên bản phần mềm khác", en="software version changed"),
    "other_figures": Bilingual(
        vi="theo số liệu của đơn vị hoặc kỳ khác", en="follows figures of other units or periods"
    ),
    "unknown": Bilingual(vi="không rõ", en="not found"),
}
_ORDER = {code: place for place, code in enumerate(REASONS)}
_TERRITORY = frozenset({"admin_unit", "admin_unit_change", "unit_alias"})
# Settings that name or show something and change no figure.
_NO_FIGURES = frozenset({"name", "title", "languages", "folders", "engine", "key", "simulated", "retention", "gate"})
# Marts that alone a reference table or a part of the settings decides, by the beginnings of their names.
_DECIDES: Mapping[str, tuple[str, ...]] = {
    "procedure": ("case_", "improvement_", "one_stop_", "service_quality_"),
    "calendar_day": ("case_", "complaint_", "conduct_", "improvement_", "one_stop_", "service_quality_", "submission_"),
    "instrument": ("sipas_", "survey_", "improvement_", "service_quality_"),
    "instrument_item": ("sipas_", "survey_", "improvement_", "service_quality_"),
    "instrument_crosswalk": ("sipas_", "improvement_"),
    "answer_level": ("sipas_", "survey_", "improvement_", "service_quality_"),
    "method_break": ("sipas_", "improvement_"),
    "sampling_frame": ("sipas_round", "sipas_change", "sipas_ranking", "sipas_small_area", "survey_calibration"),
    "population_margin": ("sipas_round", "sipas_change", "sipas_ranking", "sipas_small_area", "survey_calibration"),
    "target": ("improvement_",),
    "responsibility": ("improvement_",),
    "expected_submission": ("submission_",),
    "zero_report": ("submission_",),
    "activity_target": ("activity_",),
    "complaint_limit": ("complaint_", "conduct_", "one_stop_", "service_quality_"),
    "criterion_evidence": ("improvement_",),
    "one_stop_band": ("one_stop_",),
    "one_stop_level": ("one_stop_",),
    "one_stop_threshold": ("one_stop_",),
    "service_quality_item": ("service_quality_",),
    "synchronisation_rate": ("service_quality_",),
    "estimates": ("sipas_", "survey_", "improvement_"),
    "submission": ("submission_",),
}
_FILES_TOLD = 3
_EVERY = "*"

# Whose records the marts of a name are made of, by the first prefix that fits; "inputs": of deliveries as such.
_MADE_OF = (
    ("sipas_", ("survey",)),
    ("survey_", ("survey",)),
    ("case_", ("case",)),
    ("complaint_", ("complaint",)),
    ("conduct_", ("complaint",)),
    ("improvement_", ("survey", "case", "complaint")),
    ("one_stop_", ("evaluation", "case", "complaint", "inputs")),
    ("service_quality_", ("case", "complaint", "survey", "evaluation")),
    ("submission_", ("inputs",)),
    ("activity_", ("inputs",)),
)
_EVERYTHING = ("survey", "case", "complaint", "evaluation", "inputs")
# Rows about the deliveries of one dataset: whose records these bring.
_OF_DATASET: Mapping[str, str] = {
    "survey_response": "survey",
    "case": "case",
    "complaint": "complaint",
    "case_evaluation": "evaluation",
}
# By family: the fact, and the column of the day on which a record leaves the stock that later periods open with.
_FACTS: Mapping[str, tuple[str, str | None]] = {
    "survey": ("fct_survey_response", None),
    "case": ("fct_case", "settled_on"),
    "complaint": ("fct_complaint", "closed_on"),
    "evaluation": ("fct_case_evaluation", None),
}

# Marts in which a row follows from rows of other units or periods: ranks, adjusted p-values, borrowed strength, earlier figures.
_FOLLOWING = ("sipas_change", "sipas_ranking", "sipas_small_area", "improvement_", "one_stop_evaluation")

# (code, detail)
Cause = tuple[str, str]
_Found = dict[tuple[str, str, str], dict[Cause, list[int]]]


def decides(name: str, mart: str) -> bool:
    """Whether a reference table or a part of the settings may change the figures of a mart."""
    return mart.startswith(_DECIDES.get(name, ("",)))


class Causes:
    """The causes of one comparison. `database` has the marts of both as `before.marts` and `after.marts`.

    `by_record`: whether the records of a unit and period are compared, by the facts; otherwise every file of the unit counts
    whose records the mart is made of, as far as there are facts to tell, and no detail is given.
    """

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        by_record: bool,
    ) -> None:
        self._database = database
        self._by_record = by_record
        # What is hidden in the open files is for the open files alone.
        self._everywhere = [
            cause for cause in _everywhere(before, after) if not (by_record and cause == ("settings", "disclosure"))
        ]
        self._specs = {name for code, name in self._everywhere if code == "spec"}
        # (source, path) → below zero where people were forgotten since.
        self._kept: Counter[tuple[str, str]] = Counter()
        self._inputs = self._find_inputs()
        self._brought = self._find_brought()
        self._decided = self._find_decisions()
        self._changed_inputs = self._find_changed_inputs()
        self._records = self._find_records() if by_record else {}
        self._periods = self._find_periods()
        self._told: dict[tuple[str, ...], tuple[str, str | None]] = {}

    def of(
        self, mart: str, unit_code: str | None, unit_valid_from: dt.date | None, period_id: str | None, key: str
    ) -> tuple[str, str | None]:
        """Return the reasons of a changed figure as codes parted by ";", and what they are about (None without records).

        Units are known by code: what happened to a record of another unit of the code is told as well.
        """
        unit = _EVERY if unit_code is None or "_now" in mart else unit_code
        named = dict(part.split("=", 1) for part in key.split(", ") if "=" in part)
        before = [named[name] for name in ("previous_edition_id",) if name in named]
        dataset = named.get("dataset", "")
        asked = (mart, unit, dataset, period_id or _EVERY, *before)
        # The many columns and nodes of one unit and period have the same reasons.
        if asked not in self._told:
            self._told[asked] = self._tell(mart, unit, dataset, [period_id or _EVERY, *before])
        return self._told[asked]

    def _tell(self, mart: str, unit: str, dataset: str, periods: Sequence[str]) -> tuple[str, str | None]:
        families = next((made_of for prefix, made_of in _MADE_OF if mart.startswith(prefix)), _EVERYTHING)
        causes: dict[Cause, list[int]] = {}
        for family in families:
            for period in periods:
                for cause, (added, removed) in self._causes(family, unit, period, dataset).items():
                    counts = causes.setdefault(cause, [0, 0])
                    counts[0], counts[1] = counts[0] + added, counts[1] + removed
        told = [*causes, *(cause for period in periods for cause in self._decided.get((unit, period), ()))]
        everywhere = [cause for cause in self._everywhere if decides(cause[1], mart)]
        may_follow = mart.startswith(_FOLLOWING) or not everywhere
        if not told and may_follow and (self._records or self._changed_inputs or self._decided):
            told = [("other_figures", "")]
        codes = sorted({code for code, _ in (*told, *everywhere)} or {"unknown"}, key=_ORDER.__getitem__)
        return ";".join(codes), self._detail(causes, told, everywhere) if self._by_record else None

    def _causes(self, family: str, unit: str, period: str, dataset: str) -> dict[Cause, list[int]]:
        if family != "inputs" and self._by_record:
            return self._records.get((family, unit, period), {})
        # Deliveries, or open files: those of the unit, and those that name none.
        found: dict[Cause, list[int]] = {}
        records = _OF_DATASET.get(dataset) if family == "inputs" else family
        for cause, units, month, brought in self._changed_inputs:
            names_unit = unit == _EVERY or not units or unit in units
            names_period = family != "inputs" or month is None or month in self._periods.get(period, {month})
            if names_unit and names_period and (records is None or not brought or records in brought):
                found.setdefault(cause, [0, 0])
        return found

    @staticmethod
    def _detail(causes: Mapping[Cause, list[int]], told: Iterable[Cause], everywhere: Iterable[Cause]) -> str:
        """Files with the records they brought and took, then what touches every figure."""
        counted = sorted(causes.items(), key=lambda item: (-sum(item[1]), _ORDER[item[0][0]], item[0][1]))
        files: dict[str, list[int]] = {}
        for (_, about), (added, removed) in counted:
            counts = files.setdefault(about, [0, 0])
            counts[0], counts[1] = counts[0] + added, counts[1] + removed
        parts = [f"{path}{_counts(*counts)}" for path, counts in list(files.items())[:_FILES_TOLD]]
        if len(files) > _FILES_TOLD:
            parts.append(f"… {len(files) - _FILES_TOLD} more")
        parts += [about for cause in told if cause not in causes for about in [cause[1]] if about]
        return "; ".join([*parts, *(f"{code}: {about}" for code, about in everywhere)])

    def _find_inputs(self) -> dict[str, dict[tuple[str, str], set[str]]]:
        """By side, (source, path) → the readings of it."""
        found: dict[str, dict[tuple[str, str], set[str]]] = {}
        for side, sign in (("before", 1), ("after", -1)):
            readings: dict[tuple[str, str], set[str]] = defaultdict(set)
            rows = self._database.execute(
                f"SELECT source, path, input_id, coalesce(rows_forgotten, 0) FROM {side}.{MART_SCHEMA}.data_quality"
            )
            for source, path, input_id, n_forgotten in rows.fetchall():
                readings[source, path].add(input_id)
                self._kept[source, path] += sign * n_forgotten
            found[side] = readings
        return found

    def _find_brought(self) -> dict[str, set[str]]:
        """Input → the families of the records that stand of it on either side."""
        found: dict[str, set[str]] = defaultdict(set)
        for family, (fact, _) in _FACTS.items():
            if "input_id" not in self._fact_columns(fact):
                continue
            for side in ("before", "after"):
                inputs = self._database.execute(f"SELECT DISTINCT input_id FROM {side}.{MART_SCHEMA}.{fact}").fetchall()
                for (input_id,) in inputs:
                    found[input_id].add(family)
        return found

    def _find_changed_inputs(self) -> list[tuple[Cause, frozenset[str], str | None, frozenset[str]]]:
        """Inputs that one side has alone: the cause, the units it is about with those above, its month, and the families of its
        records, none where no fact tells."""
        above = self._units_above()
        found = []
        for side, other in (("after", "before"), ("before", "after")):
            rows = self._database.execute(
                f"SELECT source, path, input_id, unit_code, period_id FROM {side}.{MART_SCHEMA}.data_quality"
                " WHERE status <> 'duplicate' ORDER BY path, input_id"
            ).fetchall()
            for source, path, input_id, unit, month in rows:
                if input_id in self._inputs[other].get((source, path), ()):
                    continue
                code = self._code(side, source, path)
                units = frozenset() if unit is None else frozenset({unit}) | above.get(unit, frozenset())
                found.append(((code, path), units, month, frozenset(self._brought.get(input_id, ()))))
        return found

    def _units_above(self) -> dict[str, frozenset[str]]:
        parents: dict[str, set[str]] = defaultdict(set)
        for side in ("before", "after"):
            rows = self._database.execute(
                f"SELECT DISTINCT unit_code, parent_code FROM {side}.{MART_SCHEMA}.dim_admin_unit WHERE parent_code IS NOT NULL"
            )
            for unit, parent in rows.fetchall():
                parents[unit].add(parent)

        def above(unit: str) -> frozenset[str]:
            found: set[str] = set()
            waiting = list(parents.get(unit, ()))
            while waiting:
                code = waiting.pop()
                if code not in found:
                    found.add(code)
                    waiting += parents.get(code, ())
            return frozenset(found)

        return {unit: above(unit) for unit in list(parents)}

    def _code(self, side: str, source: str, path: str) -> str:
        """Why a record of an input stands on this side and not, or not so, on the other."""
        known = self._inputs["before" if side == "after" else "after"].get((source, path))
        if source == CORRECTIONS:
            return "correction"
        if known is None:
            return "new_file" if side == "after" else "file_gone"
        if known != self._inputs[side][source, path]:
            return "spec" if source in self._specs else "file_changed"
        if side == "after":
            return "read_differently"
        return "forgotten" if self._kept[source, path] < 0 else "superseded"

    def _find_decisions(self) -> dict[tuple[str, str], list[Cause]]:
        """(unit, period) → what was decided between the two: another status, or newer data accepted."""
        columns = "unit_code, period_id, status, n_revised, n_reopened"
        tables = [f"{side}.{MART_SCHEMA}.period_status" for side in ("before", "after")]
        try:
            rows = self._database.execute(
                f"(SELECT {columns} FROM {tables[1]} EXCEPT SELECT {columns} FROM {tables[0]}) ORDER BY ALL"
            ).fetchall()
        except duckdb.CatalogException:  # open files of a revision that had no such mart
            return {}
        found: dict[tuple[str, str], list[Cause]] = defaultdict(list)
        for unit, period, status, n_revised, n_reopened in rows:
            said = f"period {status}, accepted {n_revised} time(s), reopened {n_reopened} time(s)"
            found[unit, period].append(("period_decision", said))
        return dict(found)

    def _find_periods(self) -> dict[str, set[str]]:
        """The reporting months of each period that either side knows."""
        found: dict[str, set[str]] = defaultdict(set)
        for side in ("before", "after"):
            calendar = f"{side}.{MART_SCHEMA}.dim_reporting_period"
            for period, month in self._database.execute(
                f"SELECT period.period_id, month.period_id FROM {calendar} AS period INNER JOIN {calendar} AS month ON"
                " month.period_kind = 'month' AND month.period_id BETWEEN period.first_month_id AND period.last_month_id"
            ).fetchall():
                found[period].add(month)
        return dict(found)

    def _find_records(self) -> _Found:
        """(family, unit or *, period or *) → causes with the records that came and went."""
        self._database.execute(_above_and_calendar())
        found: _Found = {}
        for family, (fact, left_on) in _FACTS.items():
            if not self._fact_columns(fact):
                continue
            for side, sign in (("after", 0), ("before", 1)):
                rows = self._database.execute(self._only_on(side, fact, left_on)).fetchall()
                for unit, period, source, path, n_records in rows:
                    cause = (self._code(side, source, path), path)
                    counts = found.setdefault((family, unit, period), {}).setdefault(cause, [0, 0])
                    counts[sign] += n_records
        for key, causes in found.items():
            found[key] = _told(causes)
        return found

    def _only_on(self, side: str, fact: str, left_on: str | None) -> str:
        """The records that this side alone has as they are, counted by unit (with those above it), period and input."""
        other = "before" if side == "after" else "after"
        shared = [name for name in self._fact_columns(fact) if name not in RECORD_NUMBERS]
        columns = ", ".join(f"fact.{quote(name)}" for name in shared)

        def records(of: str) -> str:
            table = f"{of}.{MART_SCHEMA}.{fact}"
            answers, join = "", ""
            if fact == "fct_survey_response":
                answers = ", answers.contents"
                join = (
                    " LEFT JOIN (SELECT response_id, bit_xor(hash(item_code, level)) AS contents"
                    f" FROM {of}.{MART_SCHEMA}.fct_survey_answer GROUP BY response_id) AS answers USING (response_id)"
                )
            return (
                f"SELECT {columns}, input.path AS input_path{answers} FROM {table} AS fact{join}"
                f" INNER JOIN {of}.{MART_SCHEMA}.data_quality AS input ON fact.input_id = input.input_id"
            )

        covers = "only_here.month_id BETWEEN calendar.first_month_id AND calendar.last_month_id"
        if left_on is not None:
            end = f"only_here.{quote(left_on)}"
            covers = f"only_here.month_id <= calendar.last_month_id AND ({end} IS NULL OR {end} >= calendar.starts_on)"
        return f"""
            WITH only_here AS MATERIALIZED ({records(side)} EXCEPT ALL {records(other)}),
            counted AS (
                SELECT above.above_code AS unit_code, calendar.period_id, only_here.source, only_here.input_path, count(*) AS n
                FROM only_here
                INNER JOIN above ON only_here.unit_code = above.unit_code
                INNER JOIN calendar ON {covers}
                GROUP BY ALL
                UNION ALL
                SELECT {literal(_EVERY)}, calendar.period_id, only_here.source, only_here.input_path, count(*)
                FROM only_here INNER JOIN calendar ON {covers} GROUP BY ALL
                UNION ALL
                SELECT above.above_code, {literal(_EVERY)}, only_here.source, only_here.input_path, count(*)
                FROM only_here INNER JOIN above ON only_here.unit_code = above.unit_code GROUP BY ALL
            )
            SELECT unit_code, period_id, source, input_path, n FROM counted ORDER BY ALL
        """

    def _fact_columns(self, fact: str) -> list[str]:
        """Columns that both revisions give the fact."""
        return [
            name
            for (name,) in self._database.execute(
                "SELECT column_name FROM duckdb_columns() WHERE database_name IN ('before', 'after') AND schema_name = ?"
                " AND table_name = ? GROUP BY column_name HAVING count(*) = 2 ORDER BY min(column_index), column_name",
                [MART_SCHEMA, fact],
            ).fetchall()
        ]


def _above_and_calendar() -> str:
    """Statements that make `above` (each unit with itself and the units above it, by code) and `calendar`."""
    units = " UNION ".join(
        f"SELECT unit_code, parent_code FROM {side}.{MART_SCHEMA}.dim_admin_unit" for side in ("before", "after")
    )
    periods = " UNION ".join(
        f"SELECT period_id, starts_on, first_month_id, last_month_id FROM {side}.{MART_SCHEMA}.dim_reporting_period"
        for side in ("before", "after")
    )
    return f"""
        CREATE OR REPLACE TEMP TABLE above AS
        WITH RECURSIVE pair AS ({units}), chain AS (
            SELECT unit_code, unit_code AS above_code FROM pair
            UNION
            SELECT chain.unit_code, pair.parent_code FROM chain
            INNER JOIN pair ON chain.above_code = pair.unit_code WHERE pair.parent_code IS NOT NULL
        )
        SELECT unit_code, above_code FROM chain;
        CREATE OR REPLACE TEMP TABLE calendar AS {periods};
    """


def _told(causes: Mapping[Cause, list[int]]) -> dict[Cause, list[int]]:
    """Where a newer file took the place of records, those it superseded are told with it and not as read differently."""
    codes = {code for code, _ in causes}
    brings = codes & {"new_file", "file_changed", "correction", "spec", "file_gone"}
    kept: dict[Cause, list[int]] = {}
    for (code, path), counts in causes.items():
        if code == "superseded" and not brings:
            code = "read_differently"
        into = kept.setdefault((code, path), [0, 0])
        into[0], into[1] = into[0] + counts[0], into[1] + counts[1]
    return kept


def _everywhere(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Cause]:
    """What touches every figure: digests that differ. What one of them lacks, published by an older version, is no cause."""

    def differing(section: str) -> list[str]:
        if section not in before or section not in after:
            return []
        old, new = before[section], after[section]
        return [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]

    found = [("territory" if name in _TERRITORY else "reference", name) for name in differing("reference")]
    found += [("spec", name) for name in differing("specs")]
    found += [("settings", name) for name in differing("settings") if name not in _NO_FIGURES]
    was, now = before.get("version"), after.get("version")
    if was and now and was != now:
        found.append(("software", f"{was} → {now}"))
    return sorted(found, key=lambda cause: (_ORDER[cause[0]], cause[1]))


def _counts(added: int, removed: int) -> str:
    parts = [f"{sign}{n:,}" for sign, n in (("+", added), ("−", removed)) if n]
    return f" ({' '.join(parts)})" if parts else ""
