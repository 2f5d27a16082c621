"""Evaluation of the settlement of procedures, against an oracle that scores every form and agency by the printed rules.

The models work in whole hundredths and joins; the oracle keeps lists of decimals per unit. What a case is and how long it
waited is judged as in test_handling.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from landing_evaluation import PROCEDURE_FACTS
from landing_handling import TERM_KINDS
from landing_sample import PROCEDURES, UNITS, Sample
from test_handling import Calendar, Case
from test_period_predicates import Row, Unit, count_case, count_complaint, current, difference, periods, units_at

from assets.warehouse.engine import Warehouse

Key = tuple[Any, ...]
Scores = dict[str, Decimal]

FORM_INDICES, AGENCY_INDICES = "123467", "5689"
ALL = "123456789"


def hundredths(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def mean_of(values: Iterable[Decimal]) -> Decimal:
    listed = list(values)
    return hundredths(sum(listed, Decimal(0)) / len(listed))


def placed_units(row: Row) -> list[Unit]:
    return units_at(row | {"received_on": row["evaluated_on"]})


class Rules:
    """What the reference tables lay down."""

    def __init__(self, sample: Sample) -> None:
        self.points = {(row["index_code"], row["level"]): row["points"] for row in sample.rows("one_stop_level")}
        self.limits = {(row["measure"], row["level"]): row["limit_value"] for row in sample.rows("one_stop_threshold")}
        self.exempt = next(level for measure, level in self.limits if measure == "applicant_at_fault")
        bands = [(row["points_from"], row["band"]) for row in sample.rows("one_stop_band")]
        self.bands = sorted(bands, reverse=True)

    def level(self, measure: str, share: Decimal) -> int:
        """The highest level whose limit the share reaches."""
        return max(
            [0, *(int(level) for (name, level), limit in self.limits.items() if name == measure and share >= limit)]
        )


@pytest.fixture(scope="module")
def rules(sample: Sample) -> Rules:
    return Rules(sample)


@pytest.fixture(scope="module")
def cases(sample: Sample) -> dict[str, Case]:
    calendar = Calendar(sample)
    steps: defaultdict[str, list[Row]] = defaultdict(list)
    for step in current(sample, "case_step"):
        steps[step["case_key"]].append(step)
    return {row["record_key"]: Case(row, steps[row["record_key"]], calendar) for row in current(sample, "case")}


# ── one form ───────────────────────────────────────────────────────────────────────────────────────────────────────


def against_time_allowed(case: Case) -> str | None:
    """2 for less time than allowed, 1 for as much, 0 for more; the applicant's own time is not counted."""
    if not case.is_settled:
        return None
    judged = case.judge("subtract")
    if judged == "unclassified":
        term = PROCEDURE_FACTS.get(case.row["procedure_code"], (None,))[0]
        if case.original is not None or case.waiting_unknown or term is None:
            return None
        if TERM_KINDS.get(case.row["procedure_code"]) == "calendar":
            taken = (case.end - case.received).days - len(case.waited())
        else:
            taken = case.working_days() or 0
        judged = "early" if taken < term else "on_day" if taken == term else "late"
    return {"early": "2", "on_day": "1", "late": "0"}[judged]


def against_agencies(steps: list[Row]) -> str | None:
    places = []
    for step in steps:
        ended, due = ("ended_at", "due_at") if step["deadline_precision"] == "instant" else ("ended_on", "due_on")
        if step["ended_on"] is None or step["due_on"] is None:
            places.append(None)
        else:
            places.append(2 if step[ended] < step[due] else 1 if step[ended] == step[due] else 0)
    if 0 in places:
        return "0"
    return None if None in places or not places else str(min(place for place in places if place is not None))


class Form:
    """One evaluation form with the score of each index and where it comes from."""

    def __init__(
        self, row: Row, case: Case | None, agency_steps: list[Row], complaints: list[Row], rules: Rules
    ) -> None:
        self.row, self.rules = row, rules
        self.units = placed_units(row)
        self.score: dict[str, str] = {}
        self.source: dict[str, str] = {}
        timed = against_time_allowed(case) if case else None
        self.take("1", row["index_1"], timed)
        self.take("2", row["index_2"], against_agencies(agency_steps))
        asked = row["index_3"]
        if asked is None and row["contacts"] is not None:
            within = [level for level in "21" if row["contacts"] <= rules.limits[("contacts", level)]]
            asked = within[0] if within else "0"
        self.take("3", asked, None)
        if asked == "0" and row["applicant_at_fault"] == "yes":
            self.score["3"], self.source["3"] = rules.exempt, "exempted"
        self.take("4", row["index_4"], None)
        self.take("6", row["index_6"], None)
        self.take("7", row["index_7"], timed)
        if any(complaint["class"] == "conduct" and complaint["finding"] != "unfounded" for complaint in complaints):
            self.score["7"], self.source["7"] = "0", "complaint"

    def points(self, index: str) -> Decimal:
        return Decimal(self.rules.points[(index, self.score[index])])

    def take(self, index: str, stated: str | None, computed: str | None) -> None:
        if stated is not None or computed is not None:
            self.score[index] = stated or computed or ""
            self.source[index] = "form" if stated is not None else "computed"


@pytest.fixture(scope="module")
def forms(sample: Sample, cases: dict[str, Case], rules: Rules) -> list[Form]:
    agencies: defaultdict[str, list[Row]] = defaultdict(list)
    for step in current(sample, "case_step"):
        if step["kind"] == "agency":
            agencies[step["case_key"]].append(step)
    complaints: defaultdict[str, list[Row]] = defaultdict(list)
    for complaint in current(sample, "complaint"):
        complaints[complaint["case_key"]].append(complaint)
    return [
        Form(row, cases.get(row["case_key"]), agencies[row["case_key"]], complaints[row["case_key"]] if row["case_key"] else [], rules)
        for row in current(sample, "case_evaluation")
    ]  # fmt: skip


def test_each_form_is_scored_by_the_rules(forms: list[Form], duckdb_built: Warehouse) -> None:
    columns = [name for index in FORM_INDICES for name in (f"index_{index}", f"index_{index}_source")]
    columns += ["civil_servant_points", "n_civil_servant_indices"]
    found = duckdb_built.query(
        f"SELECT s.record_key, f.unit_code, f.{', f.'.join(columns)} FROM marts.fct_case_evaluation AS f"
        " INNER JOIN staging.stg_case_evaluation AS s ON f.evaluation_id = s.record_number"
    ).to_pylist()
    expected = []
    for form in forms:
        row: Row = {"record_key": form.row["record_key"], "unit_code": form.units[0][0]}
        for index in FORM_INDICES:
            row[f"index_{index}"] = float(form.points(index)) if index in form.score else None
            row[f"index_{index}_source"] = form.source.get(index, "none")
        of_servants = [form.points(index) for index in "12347" if index in form.score]
        row["civil_servant_points"] = float(sum(of_servants)) if len(of_servants) == 5 else None
        row["n_civil_servant_indices"] = len(of_servants)
        expected.append(row)
    by_key = ({row["record_key"]: row for row in rows} for rows in (found, expected))
    assert difference(*by_key) == []


def test_every_rule_and_exemption_stands_in_the_sample(forms: list[Form]) -> None:
    counted = Counter((index, source, form.score[index]) for form in forms for index, source in form.source.items())
    wanted = {(index, "form", score) for index in FORM_INDICES for score in "012"}
    wanted |= {(index, "computed", score) for index in "127" for score in "012"}
    wanted |= {("3", "exempted", "1"), ("7", "complaint", "0")}
    assert {key for key in wanted if counted[key] == 0} <= {("1", "computed", "1"), ("7", "computed", "1")}
    assert sum(len(form.score) < 6 for form in forms) > 10


# ── units ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Office:
    """Forms and agency scores of one own unit (the unit a record names) under the unit the row is of."""

    def __init__(self) -> None:
        self.forms: list[Form] = []
        self.agency: defaultdict[str, list[tuple[Decimal, str]]] = defaultdict(list)

    def scored(self, index: str) -> list[Form]:
        return [form for form in self.forms if index in form.score]

    def mean(self, index: str) -> Decimal | None:
        if self.scored(index):
            return mean_of(form.points(index) for form in self.scored(index))
        return mean_of(score for score, _ in self.agency[index]) if self.agency[index] else None

    def sources(self, index: str) -> set[str]:
        if self.scored(index):
            return {"form" if form.source[index] in ("form", "exempted") else "computed" for form in self.scored(index)}
        return {source for _, source in self.agency[index]}

    def weighted(self, index: str) -> tuple[Decimal, int]:
        """Points summed and how often they count."""
        if self.scored(index):
            return sum((form.points(index) for form in self.scored(index)), Decimal(0)), len(self.scored(index))
        return (self.mean(index) or Decimal(0)) * len(self.forms), len(self.forms)


Offices = dict[Key, dict[Unit, Office]]


def quarter_of(sample: Sample, day: date) -> str:
    month = next(row["month_id"] for row in sample.rows("reporting_month") if row["starts_on"] <= day <= row["ends_on"])
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"


@pytest.fixture(scope="module")
def offices(sample: Sample, forms: list[Form], cases: dict[str, Case], rules: Rules) -> Offices:
    """Own units by unit and period."""
    found: Offices = defaultdict(lambda: defaultdict(Office))
    last: dict[Key, tuple[Any, ...]] = {}
    paths: defaultdict[Key, list[tuple[date, list[Unit]]]] = defaultdict(list)
    for form in forms:
        quarter = quarter_of(sample, form.row["evaluated_on"])
        paths[(form.units[0], quarter)].append((form.row["evaluated_on"], form.units))
        for unit in form.units:
            for period in (quarter, quarter[:4]):
                found[(*unit, period)][form.units[0]].forms.append(form)
    rows = current(sample, "agency_evaluation")
    numbers = {key: number for number, key in enumerate(sorted(row["record_key"] for row in rows))}
    for row in rows:
        score = row["verified_score"] or row["self_score"]
        if score is None:
            continue
        units, quarter = placed_units(row), quarter_of(sample, row["evaluated_on"])
        paths[(units[0], quarter)].append((row["evaluated_on"], units))
        source = "verified" if row["verified_score"] else "agency"
        key = (units[0], quarter, row["index_code"])
        entry = (
            row["evaluated_on"],
            numbers[row["record_key"]],
            rules.points[(row["index_code"], score)],
            source,
            units,
        )
        last[key] = max(last.get(key, entry), entry)
    for (own, quarter), known in paths.items():
        for index, level in computed(sample, cases, own, quarter, rules).items():
            if (own, quarter, index) not in last:
                last[(own, quarter, index)] = (None, None, rules.points[(index, level)], "computed", max(known)[1])
    for (own, quarter, index), (_, _, points, source, units) in last.items():
        for unit in units:
            for period in (quarter, quarter[:4]):
                found[(*unit, period)][own].agency[index].append((points, source))
    return found


def computed(sample: Sample, cases: dict[str, Case], own: Unit, quarter: str, rules: Rules) -> dict[str, str]:
    """Indices 8 and 9 of a unit that has no unit below it."""
    if own[0] not in ("10441", "10462", "10465", "10470", "B1", "B2"):
        return {}
    levels: dict[str, str] = {}
    complaints = current(sample, "complaint")
    events = [row["received_on"] for row in complaints] + [
        row["closed_on"]
        for row in complaints
        if row["state"] in ("done", "refused") and row["closed_on"] and row["closed_on"] >= row["received_on"]
    ]
    span = periods(sample, events).get(quarter)
    if span is not None:
        levels["8"] = complaint_level(sample, [row for row in complaints if units_at(row)[0] == own], *span, rules)
    rows = [case.row for case in cases.values()]
    events = [row["received_on"] for row in rows] + [case.end for case in cases.values() if has_end(case)]
    events += [
        max(row["supplement_requested_on"], row["received_on"])
        for row in rows
        if row["state"] == "supplement_requested" and row["supplement_requested_on"]
    ]
    span = periods(sample, events).get(quarter)
    own_rows = [row for row in rows if units_at(row)[0] == own]
    total: Counter[str] = sum((count_case(row, *span) for row in own_rows), Counter()) if span else Counter()
    if span is not None and total["n_received"]:
        online: Counter[str] = sum(
            (count_case(row, *span) for row in own_rows if row["channel"] == "online"), Counter()
        )
        share = Decimal(100 * online["n_received"]) / total["n_received"]
        stated = [facts[1] for facts in PROCEDURE_FACTS.values()]
        offered = Decimal(100 * sum(level in ("full", "partial") for level in stated)) / len(stated)
        is_bad = online["n_settled_late"] + online["n_pending_overdue"] > 0
        level = min(rules.level("online_filing_pct", share), rules.level("online_procedures_pct", offered))
        levels["9"] = "0" if is_bad else str(level)
    return levels


def has_end(case: Case) -> bool:
    return case.is_placed and case.row["state"] in ("settled", "returned", "withdrawn")


def complaint_level(sample: Sample, complaints: list[Row], first: date, last: date, rules: Rules) -> str:
    total: Counter[str] = sum((count_complaint(row, first, last) for row in complaints), Counter())
    if total["n_received"] + total["n_opening"] == 0:
        return "2"
    calendar = Calendar(sample)
    in_time, judged, dragging = total["n_closed_in_time"], total["n_with_due_date"], total["n_pending_overdue"]
    for row in complaints:
        n = count_complaint(row, first, last)
        term_on = calendar.after(row["forwarded_on"] or row["received_on"], 2 if row["state"] == "refused" else 15)
        if n["n_closed_no_due_date"]:
            judged += 1
            in_time += row["closed_on"] <= term_on
        dragging += bool(n["n_pending_no_due_date"]) and term_on < last
    if dragging:
        return "0"
    return str(rules.level("complaints_in_time_pct", Decimal(100 * in_time) / judged)) if judged else "2"


def index_rows(offices: Offices) -> dict[Key, tuple[Decimal | None, str, int, int]]:
    """Mean, source, forms scored and units of each row that has one."""
    rows: dict[Key, tuple[Decimal | None, str, int, int]] = {}
    for key, own in offices.items():
        for weighting in ("forms", "units"):
            counted = {
                unit: office for unit, office in own.items() if weighting == "forms" or not unit[0].endswith("~")
            }
            for index in ALL:
                with_score = [office for office in counted.values() if office.mean(index) is not None]
                if not with_score:
                    continue
                means = [office.mean(index) or Decimal(0) for office in with_score]
                value = mean_of(means)
                total, weight = (
                    sum(parts) for parts in zip(*(office.weighted(index) for office in with_score), strict=True)
                )
                if weighting == "forms" and weight:
                    value = hundredths(Decimal(total) / weight)
                sources = set.union(*(office.sources(index) for office in with_score))
                source = sources.pop() if len(sources) == 1 else "mixed"
                n_scored = sum(len(office.scored(index)) for office in with_score)
                rows[(*key, weighting, index)] = (value, source, n_scored, len(with_score))
    return rows  # fmt: skip


def test_indices_of_units(offices: Offices, duckdb_built: Warehouse) -> None:
    rows = duckdb_built.query("SELECT * FROM marts.one_stop_index").to_pylist()
    names = ("unit_code", "unit_valid_from", "period_id", "weighting", "index_code")
    found = {
        tuple(row[name] for name in names): (Decimal(f"{row['mean_points']:.2f}"), row["source"], row["n_scored"], row["n_units"])
        for row in rows
        if row["mean_points"] is not None
    }  # fmt: skip
    expected = index_rows(offices)
    assert difference(found, expected) == []
    assert len(expected) > 700
    assert {row[1] for row in expected.values()} == {"form", "agency", "verified", "computed", "mixed"}
    assert {row["n_scored"] + row["n_units"] for row in rows if row["mean_points"] is None} == {0}
    # Both ways of weighting are worth having only where they differ.
    pairs = [
        (value[0], expected.get((*key[:3], "units", key[4]))) for key, value in expected.items() if key[3] == "forms"
    ]
    assert any(other is not None and other[0] != mean for mean, other in pairs)


def test_totals_bands_and_ranks(offices: Offices, rules: Rules, duckdb_built: Warehouse) -> None:
    scored: defaultdict[Key, Scores] = defaultdict(dict)
    for key, (value, *_) in index_rows(offices).items():
        assert value is not None
        scored[key[:4]][key[4]] = value
    totals = {key: sum(scores.values()) for key, scores in scored.items() if len(scores) == 9}
    kin = {(code, start): (level, above) for code, start, _, level, above in UNITS}
    expected: dict[Key, Key] = {}
    for key, scores in scored.items():
        unit, total = key[:2], totals.get(key)
        peers = [
            other_total
            for other, other_total in totals.items()
            if other[2:] == key[2:] and other[:2] in kin and kin[other[:2]] == kin.get(unit)
        ]
        band = next((name for points, name in rules.bands if total is not None and total >= points), None)
        is_ranked = total is not None and unit in kin
        place = 1 + sum(other > total for other in peers) if total is not None and is_ranked else None
        servants = sum((scores[index] for index in "12347"), Decimal(0)) if all(i in scores for i in "12347") else None
        shares = Counter(form.row["overall"] for office in offices[key[:3]].values() for form in office.forms)
        expected[key] = (
            len(scores), sum(scores.values()), total, band, place, len(peers) if is_ranked else None, servants,
            shares["very_satisfied"], shares["satisfied"], shares["dissatisfied"], sum(shares.values()),
        )  # fmt: skip
    rows = duckdb_built.query("SELECT * FROM marts.one_stop_evaluation").to_pylist()
    money = ("points_scored", "total_points", "civil_servant_points")
    columns = ["n_indices", "points_scored", "total_points", "band", "rank", "n_ranked", "civil_servant_points",
               "n_very_satisfied", "n_satisfied", "n_dissatisfied", "n_forms"]  # fmt: skip
    found = {
        tuple(row[name] for name in ("unit_code", "unit_valid_from", "period_id", "weighting")): tuple(
            Decimal(f"{row[name]:.2f}") if name in money and row[name] is not None else row[name] for name in columns
        )
        for row in rows
    }
    assert difference(found, expected) == []
    assert {row[4] for row in found.values()} >= {None, 1, 2, 3}
    assert 0 < sum(row[2] is None for row in found.values()) < len(found)


# ── index set 766 ──────────────────────────────────────────────────────────────────────────────────────────────────


def standing(case: Case, judged_on: date, calendar: Calendar, *, is_end: bool) -> bool | None:
    """Whether the case is in time on a day; None where that cannot be said."""
    row = case.row
    asked = row["supplement_requested_on"]
    steps = [step for step in case.steps if step["kind"] == "supplement"]
    requests = [(max(step["started_on"], case.received), step["ended_on"]) for step in steps]
    if row["state"] == "stopped" and not (row["settled_on"] and row["settled_on"] >= case.received):
        return None
    if not steps and row["state"] == "supplement_requested":
        if asked is None:
            return None
        requests = [(max(asked, case.received), None)]
    elif not steps and asked is not None and max(asked, case.received) <= judged_on:
        return None
    known = [
        (start, end if end is not None and end <= judged_on else None) for start, end in requests if start <= judged_on
    ]
    if len(known) > 1:
        return False
    if not known:
        if is_end and case.is_settled and case.due is not None:
            return case.judge("given") != "late"
        due, end, waited = case.due, judged_on, set()
    else:
        start, returned = known[0]
        waited = {day for day in days_between(start, returned)} if returned else set()
        due, end = case.original, start if returned is None else judged_on
    if due is not None:
        return (due - end).days >= -len(waited)
    term = PROCEDURE_FACTS.get(row["procedure_code"], (None,))[0]
    if term is None:
        return None
    if TERM_KINDS.get(row["procedure_code"]) == "calendar":
        return (end - case.received).days - len(waited) <= term
    worked = calendar.between(case.received, end) - len(waited & calendar.worked)
    return worked <= term


def days_between(start: date, end: date) -> Iterable[date]:
    return (date.fromordinal(number) for number in range(start.toordinal() + 1, end.toordinal() + 1))


def yes_no(value: str | None) -> bool | None:
    return None if value is None else value == "yes"


class Counts:
    """Numerator, denominator and what was left out, by unit, period and item."""

    def __init__(self) -> None:
        self.rows: defaultdict[Key, list[int]] = defaultdict(lambda: [0, 0, 0])

    def add(self, units: list[Unit], period: str, item: str, flag: bool | None, amount: int = 1) -> None:
        for unit in units:
            row = self.rows[(*unit, period, item)]
            row[0] += amount if flag else 0
            row[1] += flag is not None
            row[2] += flag is None


def test_items_of_index_set_766(sample: Sample, cases: dict[str, Case], duckdb_built: Warehouse) -> None:
    calendar = Calendar(sample)
    forms = current(sample, "case_evaluation")
    complaints = current(sample, "complaint")
    told: defaultdict[str, list[date]] = defaultdict(list)
    for row in complaints:
        told[row["case_key"]].append(row["received_on"])
    for row in forms:
        if row["overall"] == "dissatisfied":
            told[row["case_key"]].append(row["evaluated_on"])
    told.pop(None, None)  # type: ignore[call-overload]

    events = [case.received for case in cases.values()] + [case.end for case in cases.values() if has_end(case)]
    for case in cases.values():
        if case.row["state"] == "supplement_requested" and case.row["supplement_requested_on"]:
            events.append(max(case.row["supplement_requested_on"], case.received))
    counts = Counts()
    online_used: defaultdict[Key, set[str]] = defaultdict(set)
    for case in cases.values():
        for period, (first, last) in periods(sample, events).items():
            count_one_case(counts, online_used, case, period, first, last, told[case.row["record_key"]], calendar)
    for key, used in online_used.items():
        counts.rows[(*key, "3.2")] = [len(used), 1, sum(code not in PROCEDURE_FACTS for code, *_ in PROCEDURES)]

    closed = [row for row in complaints if row["state"] in ("done", "refused")]
    events = [row["received_on"] for row in complaints]
    events += [row["closed_on"] for row in closed if row["closed_on"] and row["closed_on"] >= row["received_on"]]
    spans = periods(sample, events)
    known_to = max(last for _, last in spans.values())
    for row in complaints:
        for period, (first, last) in spans.items():
            count_one_complaint(counts, row, period, first, last, known_to, calendar)

    expected = {key: tuple(row) for key, row in counts.rows.items() if row[1] + row[2]}
    rows = duckdb_built.query("SELECT * FROM marts.service_quality_766").to_pylist()
    names = ("unit_code", "unit_valid_from", "period_id", "item_code")
    found = {tuple(row[n] for n in names): (row["numerator"], row["n_denominator"], row["n_left_out"]) for row in rows}
    assert difference(found, expected) == []
    items = {key[3] for key in expected}
    assert items == {"2.1", "2.2", "3.2", "3.3", "3.6", "4.1", "4.2", "4.3", "5.1a", "5.1b", "5.2", "5.3", "5.4"}
    for item in items - {"2.2", "3.2"}:
        assert any(0 < row[0] < row[1] and row[2] for key, row in expected.items() if key[3] == item), item


def count_one_case(
    counts: Counts, online_used: defaultdict[Key, set[str]], case: Case, period: str, first: date, last: date,
    told: list[date], calendar: Calendar,
) -> None:  # fmt: skip
    row, units = case.row, units_at(case.row)
    received_in = first <= case.received <= last
    if not case.is_placed:
        if received_in and row["state"] in ("settled", "returned", "withdrawn"):
            counts.add(units, period, "2.1", None)
            counts.add(units, period, "5.4", None)
        return
    has_stopped = row["state"] == "stopped" and row["settled_on"] and row["settled_on"] >= case.received
    end = case.end if has_end(case) or has_stopped else None
    if case.received <= last and (end is None or end >= first):
        is_end = end is not None and end <= last
        in_time = standing(case, end if is_end and end else last, calendar, is_end=is_end)
        counts.add(units, period, "2.1", in_time)
        is_told = any(is_end or day <= last for day in told)
        counts.add(units, period, "5.4", False if is_told else in_time)
    procedure = PROCEDURE_FACTS.get(row["procedure_code"], (None, None, None, None))
    needs_result = procedure[3] == "yes"
    if received_in:
        online = row["channel"] == "online"
        counts.add(units, period, "3.3", yes_no(row["result_electronic"]) if online and needs_result else online)
        has_fee = row["fee_required"] or ("no" if procedure[2] == "no" else None)
        if has_fee != "no":
            counts.add(units, period, "3.6", yes_no(row["paid_online"]) if has_fee else None)
        counts.add(units, period, "4.3", yes_no(row["data_reused"]))
        for unit in units:
            used = online_used[(*unit, period)]
            if online and procedure[1] == "full":
                used.add(row["procedure_code"])
    if case.is_settled and first <= case.end <= last:
        taken = case.working_days()
        counts.add(units, period, "2.2", None if taken is None else True, taken or 0)
        if needs_result or procedure[3] is None:
            counts.add(units, period, "4.1", yes_no(row["result_electronic"]) if needs_result else None)
        both = {row["components_digitised"], row["result_digitised"]}
        counts.add(units, period, "4.2", False if "no" in both else None if None in both else True)


def count_one_complaint(
    counts: Counts, row: Row, period: str, first: date, last: date, known_to: date, calendar: Calendar
) -> None:
    units, closed = units_at(row), row["closed_on"]
    is_closed = row["state"] in ("done", "refused")
    if is_closed and (closed is None or closed < row["received_on"]):
        if first <= row["received_on"] <= last:
            counts.add(units, period, "5.2", None)
            counts.add(units, period, "5.3", None)
        return
    limit = calendar.after(row["forwarded_on"] or row["received_on"], 2 if row["state"] == "refused" else 15)
    due = row["due_on"] or limit

    def is_late(day: date) -> bool:
        """Whether it was closed late, or is open past its deadline at the end of a day."""
        if not is_closed or closed > day:
            return bool(due < day)
        if row["deadline_precision"] == "instant" and row["due_at"] is not None:
            return bool(row["closed_at"] > row["due_at"])
        return bool(closed > due)

    if is_closed and first <= closed <= last:
        counts.add(units, period, "5.2", not is_late(closed))
    elif row["received_on"] <= last and (not is_closed or closed > last):
        counts.add(units, period, "5.2", not is_late(last))
    if first <= row["received_on"] <= last:
        for item, name in (("5.1a", "regulation"), ("5.1b", "conduct")):
            counts.add(units, period, item, row["class"] == name if row["class"] else None)
        disliked = (row["dislikes"] or 0) > (row["likes"] or 0) or row["recomplained"] == "yes"
        counts.add(units, period, "5.3", not disliked and not is_late(closed if is_closed else known_to))


def test_rates_and_points_follow_from_the_counts(sample: Sample, duckdb_built: Warehouse) -> None:
    supplied = {(row["unit_code"], row["period_id"]): row["rate_pct"] for row in sample.rows("synchronisation_rate")}
    standard = {row["item_code"]: row for row in sample.rows("service_quality_item")}
    rows = duckdb_built.query("SELECT * FROM marts.service_quality_766").to_pylist()
    assumed = Counter(row["note"] for row in rows if row["item_code"] == "3.3")
    assert assumed["synchronisation_given"] >= 3 and assumed["synchronisation_assumed"] > 50
    for row in rows:
        item, rate = row["item_code"], None
        if item != "2.2" and row["n_denominator"]:
            rate = Decimal(100 * row["numerator"]) / row["n_denominator"]
            given = supplied.get((row["unit_code"], row["period_id"])) if item == "3.3" else None
            if item == "3.3":
                assert row["note"] == ("synchronisation_assumed" if given is None else "synchronisation_given")
                assert row["synchronisation_pct"] == (100 if given is None else float(given))
                rate = rate * (100 if given is None else given) / 100
            assert row["rate_pct"] == pytest.approx(float(rate))
        elif item == "2.2" and row["n_denominator"]:
            assert row["mean_days"] == pytest.approx(row["numerator"] / row["n_denominator"])
        maximum, threshold = standard[item]["maximum_points"], standard[item]["threshold_pct"] or 100
        if rate is None or maximum is None:
            assert row["points"] is None
        else:
            assert row["points"] == float(hundredths(min(maximum, rate * maximum / threshold)))
