"""The indices of the one-stop evaluation and their total, traced: means of forms, scores of agencies, and what is worked out
from complaints and cases where nobody scored an agency, as docs/methods/one-stop-evaluation.md says."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from assets.ingest.shape import literal
from assets.landing.corrections import SOURCE as CORRECTIONS
from assets.lookup.figure import Figure, flag, stated_row
from assets.lookup.records import Aside, Counts, File, Record, SheetLines, day, inputs_of, rows_below
from assets.lookup.subject import Period, Unit, asked_as, passed_codes
from assets.lookup.trace import Ask, Explanation, Step, equal, lock_of, points, records_of, stated_of, trace
from assets.lookup.worked_scores import UnitKey, Worked, by_unit, without_records, worked_out
from assets.text.wording import name_key

_OF_FORMS = ("1", "2", "3", "4", "7")
_OF_AGENCIES = ("5", "6", "8", "9")
_INDICES = tuple(sorted(_OF_FORMS + _OF_AGENCIES))
_CODE = "one_stop_"
DESK_FIGURES = (*(f"{_CODE}{index}" for index in _INDICES), f"{_CODE}total")

_PAGE = "docs/methods/one-stop-evaluation.md"
_SOURCE = "Thông tư 01/2018/TT-VPCP, article 13"
_LEVELS = "one_stop_level: points of the levels"
_WORKING_DAYS = "calendar_day: working days"
_RESTS_ON: Mapping[str, tuple[str, ...]] = {
    "1": ("procedure: terms, where a case has no due date", _WORKING_DAYS),
    "2": ("case_step: steps of agencies, of which the facts keep no lines",),
    "3": ("one_stop_threshold: contacts, and the level of the exemption",),
    "7": ("procedure: terms, where a case has no due date", _WORKING_DAYS),
    "8": (
        "one_stop_threshold: shares of complaints in time",
        "complaint_limit: days for complaints without a deadline",
        _WORKING_DAYS,
    ),
    "9": (
        "one_stop_threshold: shares of online procedures and cases",
        "procedure: which procedures are offered online",
    ),
}
# Where a form leaves an index blank, and where a complaint overrules it: the fact whose lines decide, and when.
_ABOUT_THE_CASE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "1": (("fct_case", "form.index_1_source = 'computed'"),),
    "2": (("fct_case", "form.index_2_source = 'computed'"),),
    "7": (
        ("fct_case", "form.index_7_source = 'computed'"),
        (
            "fct_complaint",
            "form.index_7_source = 'complaint' AND about.class = 'conduct' AND coalesce(about.finding, '~') <> 'unfounded'",
        ),
    ),
}
# How the units of a district or city are brought together, as the marts name it; for a unit without others below, all one.
WEIGHTINGS = {"forms": "every form counts alike", "units": "every unit counts alike"}
# Formula, numerator, denominator and what is left out, of forms (True), of agencies by their forms (False), and of units.
_MADE_BY: Mapping[bool | str, tuple[str, str, str, str]] = {
    True: (
        "points of the forms that score the index / their number",
        "hundredths of a point",
        "forms that score the index",
        "forms that do not",
    ),
    False: (
        "mean over units of their quarters' scores, each unit as often as it has forms",
        "hundredths of a point, of each unit as often as it has forms",
        "forms of the units, or units where none has forms",
        "none",
    ),
    "units": (
        "mean over units of their own means",
        "hundredths of a point, of each unit once",
        "units with a mean",
        "none",
    ),
}
_NOT_COUNTED = {name: "CAST(NULL AS BIGINT)" for name in ("numerator", "denominator", "left_out")}
_SCORED_BY = {"verified": "the appraiser's score", "agency": "the agency's own score", "form": "the forms"}


def trace_desk(
    marts: duckdb.DuckDBPyConnection, code: str, unit: Unit, period: Period, weighting: str = "forms"
) -> Explanation:
    """Trace one of DESK_FIGURES by one of WEIGHTINGS. Raises NotFound where the marts have no row of unit and period."""
    index = code.removeprefix(_CODE)
    if index == "total":
        return _trace_total(marts, unit, period, weighting)
    if index in _OF_FORMS and weighting == "forms":
        return trace(marts, _figure(index, weighting), unit, period)
    return _trace_shares(marts, index, unit, period, weighting)


def weighted(weighting: str) -> tuple[tuple[str, str], ...]:
    """The group to ask by for a weighting; that of forms needs none."""
    return () if weighting == "forms" else (("weighting", weighting),)


def _figure(index: str, weighting: str) -> Figure:
    of_forms = index in _OF_FORMS
    scored = f"index_{index}" if of_forms or index == "6" else "CAST(NULL AS DOUBLE)"
    formula, numerator_is, denominator_is, left_out_is = _MADE_BY[of_forms if weighting == "forms" else weighting]
    return Figure(
        code=f"{_CODE}{index}",
        label_vi=f"Chỉ số {index} đánh giá giải quyết thủ tục hành chính",
        label_en=f"Index {index} of the evaluation of the settlement of procedures",
        mart="one_stop_index",
        formula=f"mean_points = {formula}, two decimals, half up",
        source=_SOURCE,
        page=_PAGE,
        numerator_is=numerator_is,
        denominator_is=denominator_is,
        left_out_is=left_out_is,
        records=(
            "SELECT input_id, sheet, line, unit_code, unit_valid_from, evaluated_on AS placed_on, CAST(NULL AS VARCHAR) AS part,"
            f" CAST(round(coalesce({scored}, 0) * 100) AS BIGINT) AS numerator, {flag(f'{scored} IS NOT NULL')} AS denominator,"
            f" {flag(f'{scored} IS NULL')} AS left_out"
            " FROM marts.fct_case_evaluation WHERE evaluated_on BETWEEN {starts_on} AND {ends_on}"
            f"{''.join(map(_about_the_case, _ABOUT_THE_CASE.get(index, ())))}"
        ),
        stated=stated_row(
            "one_stop_index",
            {"weighting": weighting, "index_code": index},
            _NOT_COUNTED
            | ({"denominator": "n_scored"} if of_forms else {})
            | {"value": "mean_points"}
            | {name: name for name in ("n_scored", "n_computed", "n_units", "source")},
        ),
        unit_of_value="points",
        made_by="points",
        rests_on=(_LEVELS, *_RESTS_ON.get(index, ())),
        group=dict(weighted(weighting)),
    )


@dataclass(frozen=True)
class _Share:
    """What one unit adds to an index that agencies are scored by: how often its mean counts (once per form), the hundredths of a
    point of all of these, the mean itself; what it is made of, and whether the scores follow from their lines."""

    n_forms: int
    hundredths: int
    mean: int
    steps: tuple[Step, ...]
    records: tuple[Record, ...]
    follows: bool = True


def _trace_shares(
    marts: duckdb.DuckDBPyConnection, index: str, unit: Unit, period: Period, weighting: str
) -> Explanation:
    figure = _figure(index, weighting)
    stated = stated_of(marts, figure, unit, period)
    forms = by_unit(records_of(marts, figure, unit, period))
    scores = by_unit(_scores(marts, index, unit, period))
    if weighting == "units":  # what has no unit is no unit's mean
        forms, scores = ({key: rows for key, rows in of.items() if not key[0].endswith("~")} for of in (forms, scores))
    # Where forms ask what the agency scores as well (index 6), the forms stand.
    asked = {key: scored for key, rows in forms.items() if (scored := [row for row in rows if row["denominator"]])}
    scores = {key: rows for key, rows in scores.items() if key not in asked}
    worked = _worked_out(marts, index, scores)
    level_points = _points_of_levels(marts, index)

    passed = passed_codes(marts)

    def times(n_forms: int) -> int:
        return 1 if weighting == "units" else n_forms

    def ask(key: UnitKey, period_id: str) -> Ask | None:
        is_asked = key == (unit.code, unit.valid_from) and period_id == period.period_id
        return None if is_asked else Ask(asked_as(*key, passed), period_id, figure.code)

    def of_forms(key: UnitKey) -> _Share:
        hundredths, n_forms = sum(row["numerator"] for row in asked[key]), len(asked[key])
        mean = points(hundredths, n_forms)
        lines = tuple(row for row in forms[key] if not row["left_out"])
        step = Step(asked[key][0]["unit_name"], mean, times(n_forms), _SCORED_BY["form"], ask(key, period.period_id))
        return _Share(n_forms, hundredths, round((mean or 0) * 100), (step,), lines)

    def of_agency(key: UnitKey) -> _Share:
        n_forms, follows = len(forms.get(key, [])), True
        steps: list[Step] = []
        lines: list[Record] = []
        for row in scores[key]:
            because = _SCORED_BY.get(row["source"], "")
            if row["source"] == "computed":
                found = worked[row["period_id"]].get(key) or without_records(index)
                because = f"worked out: {found.because}"
                follows &= level_points.get(found.level) == row["hundredths"]
                lines += found.records
            else:
                lines.append(row)
            name = f"{row['unit_name']}, {row['period_id']}"
            steps.append(Step(name, row["hundredths"] / 100, times(n_forms), because, ask(key, row["period_id"])))
        mean = round((points(sum(row["hundredths"] for row in scores[key]), len(steps)) or 0) * 100)
        return _Share(n_forms, mean * n_forms, mean, tuple(steps), tuple(lines), follows)

    names = {key: rows[0]["unit_name"] for key, rows in (asked | scores).items()}
    shares = [
        of_forms(key) if key in asked else of_agency(key) for key in sorted(names, key=lambda key: name_key(names[key]))
    ]
    counts = Counts(sum(share.hundredths for share in shares), sum(share.n_forms for share in shares), 0)
    if weighting == "units" or not counts.denominator:  # where no unit has a form, each agency counts once
        counts = Counts(sum(share.mean for share in shares), len(shares), 0)
    value = points(int(counts.numerator), int(counts.denominator))
    behind = [record for share in shares for record in share.records]
    if len(shares) > 1 and weighting == "forms":  # how often each counts rests on its forms
        behind += [row for key in scores for row in forms.get(key, [])]
    agrees = (
        equal(stated["value"], value)
        and stated["n_units"] == len(shares)
        and stated["n_scored"] == sum(len(rows) for rows in asked.values())
        and all(share.follows for share in shares)
    )
    made_of = [step for share in shares for step in share.steps]
    inputs = inputs_of(marts, unit, period, behind, counts_of_files=False)
    return _explanation(
        marts, figure, unit, period, stated, counts, value, agrees, made_of, inputs.files, inputs.asides
    )


def _about_the_case(of: tuple[str, str]) -> str:
    """SQL of the lines that a form's blank was filled from: they add to no count."""
    fact, condition = of
    return (
        " UNION ALL SELECT about.input_id, about.sheet, about.line, form.unit_code, form.unit_valid_from, form.evaluated_on,"
        " NULL, 0, 0, 0 FROM marts.fct_case_evaluation AS form"
        f" INNER JOIN marts.{fact} AS about ON form.case_id = about.case_id"
        f" WHERE form.evaluated_on BETWEEN {{starts_on}} AND {{ends_on}} AND {condition}"
    )


def _trace_total(marts: duckdb.DuckDBPyConnection, unit: Unit, period: Period, weighting: str) -> Explanation:
    figure = _total_figure(weighting)
    stated = stated_of(marts, figure, unit, period)
    nine = [trace_desk(marts, f"{_CODE}{index}", unit, period, weighting) for index in _INDICES]
    known = [one.value for one in nine if one.value is not None]
    value = round(sum(known), 2) if len(known) == len(nine) else None
    counts = Counts(sum(round(points_of * 100) for points_of in known), 0, 0)
    passed = passed_codes(marts)
    steps = [
        Step(one.figure.label_en, one.value, 1, f"from {one.stated['source']}", _ask_of(one, passed)) for one in nine
    ]
    files = _together([file for one in nine for file in one.files])
    paths = {file.path for file in files}
    asides = tuple({aside.path: aside for one in nine for aside in one.asides if aside.path not in paths}.values())
    agrees = equal(stated["value"], value) and all(one.agrees for one in nine)
    return _explanation(marts, figure, unit, period, stated, counts, value, agrees, steps, files, asides)


def _total_figure(weighting: str) -> Figure:
    return replace(
        _figure("1", weighting),
        code=f"{_CODE}total",
        label_vi="Tổng điểm đánh giá giải quyết thủ tục hành chính",
        label_en="Total of the evaluation of the settlement of procedures",
        mart="one_stop_evaluation",
        formula="total_points = sum of the nine indices, each a mean with two decimals; none where one of them is not scored",
        numerator_is="hundredths of a point, of the indices that are scored",
        denominator_is="",
        stated=stated_row(
            "one_stop_evaluation",
            {"weighting": weighting},
            _NOT_COUNTED
            | {"value": "total_points"}
            | {name: name for name in ("n_forms", "n_indices", "n_units", "band")},
        ),
        rests_on=(_LEVELS, "one_stop_band: points from which a band holds"),
    )


def _explanation(
    marts: duckdb.DuckDBPyConnection,
    figure: Figure,
    unit: Unit,
    period: Period,
    stated: Mapping[str, Any],
    counts: Counts,
    value: float | None,
    agrees: bool,
    steps: Sequence[Step],
    files: tuple[File, ...],
    asides: tuple[Aside, ...],
) -> Explanation:
    held_since, waiting = lock_of(marts, unit, period)
    rest = {
        name: found for name, found in stated.items() if name not in ("value", "numerator", "denominator", "left_out")
    }
    return Explanation(
        unit=unit,
        period=period,
        figure=figure,
        value=None if stated["value"] is None else float(stated["value"]),
        counts=counts,
        stated=rest,
        recomputed=counts,
        recomputed_value=value,
        agrees=agrees,
        held_since=held_since,
        waiting=waiting,
        n_corrected_lines=sum(
            len(sheet.lines) for file in files if file.source == CORRECTIONS for sheet in file.sheets
        ),
        units=(),
        parts=(),
        steps=tuple(steps),
        files=files,
        asides=asides,
    )


def _worked_out(
    marts: duckdb.DuckDBPyConnection, index: str, scores: Mapping[UnitKey, Sequence[Record]]
) -> dict[str, dict[UnitKey, Worked]]:
    """By quarter and unit, what follows where a score says that it was worked out."""
    computed: dict[str, list[UnitKey]] = defaultdict(list)
    for key, rows in scores.items():
        for row in rows:
            if row["source"] == "computed":
                computed[row["period_id"]].append(key)
    return {quarter: worked_out(marts, index, quarter, keys) for quarter, keys in sorted(computed.items())}


def _scores(marts: duckdb.DuckDBPyConnection, index: str, unit: Unit, period: Period) -> list[dict[str, Any]]:
    """The scores of the units at and below the unit in the quarters of the period, those that are worked out without a line."""
    rows = f"""
        SELECT score.unit_code, score.unit_valid_from, score.placed_on, score.period_id, score.source,
            CAST(round(score.points * 100) AS BIGINT) AS hundredths, score.input_id, score.sheet, score.line
        FROM marts.fct_agency_score AS score
        INNER JOIN marts.dim_reporting_period AS quarter ON score.period_id = quarter.period_id
        WHERE score.index_code = {literal(index)} AND quarter.starts_on >= {day(period.starts_on)}
            AND quarter.ends_on <= {day(period.ends_on)}
    """
    return sorted(rows_below(marts, rows, unit), key=lambda row: row["period_id"])


def _points_of_levels(marts: duckdb.DuckDBPyConnection, index: str) -> dict[str, int]:
    rows = marts.execute(
        "SELECT level, CAST(round(points * 100) AS BIGINT) FROM marts.dim_one_stop_level WHERE index_code = ?", [index]
    ).fetchall()
    return dict(rows)


def _ask_of(one: Explanation, passed: Collection[str]) -> Ask:
    group = tuple(one.figure.group.items())
    return Ask(asked_as(one.unit.code, one.unit.valid_from, passed), one.period.period_id, one.figure.code, group)


def _together(files: Iterable[File]) -> tuple[File, ...]:
    """Files of several figures, each once with the lines of all."""
    lines: dict[tuple[str, str, dt.date], dict[str | None, set[int]]] = defaultdict(lambda: defaultdict(set))
    touched: dict[str, Mapping[str, int]] = {}
    for file in files:
        touched[file.path] = file.touched
        for sheet in file.sheets:
            lines[file.path, file.source, file.sent_on][sheet.sheet].update(sheet.lines)
    return tuple(
        File(
            path=path,
            source=source,
            sent_on=sent_on,
            counts=None,
            sheets=tuple(
                SheetLines(name, tuple(sorted(found[name]))) for name in sorted(found, key=lambda name: name or "")
            ),
            touched=touched[path],
        )
        for (path, source, sent_on), found in sorted(lines.items())
    )
