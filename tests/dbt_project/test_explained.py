"""Every figure of the sample that can be traced, made again from the lines that are listed for it."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landing_sample import Sample
from test_evaluation import placed_units, quarter_of
from test_period_predicates import DONE, EXCLUDED, WITHDRAWN, current, unplaced_reason

from assets.lookup.database import open_locked
from assets.lookup.desk import DESK_FIGURES
from assets.lookup.explain import explain, explain_change, explain_driver, explain_now, explain_rank
from assets.lookup.figures import fixed_figures
from assets.lookup.ranks import Ranking
from assets.lookup.subject import NotFound
from assets.lookup.trace import Explanation
from assets.publish.analyst import write_database
from assets.publish.causes import decides
from assets.publish.marts import MartReader, marts_of
from assets.warehouse.dbt import manifest
from assets.warehouse.engine import Warehouse
from quality.personal import mask

# A code may have passed from one unit to another.
UNIT = "unit_code || '@' || CAST(unit_valid_from AS VARCHAR)"
# Rows are many: of each mart every so many, so that the units of all levels and the periods of all lengths stay.
STEP = 13
OFFICE, YEAR = "01", "2025"


@pytest.fixture(scope="module")
def revision(duckdb_built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The analysts' database of the sample, as a revision has it."""
    folder: Path = tmp_path_factory.mktemp("revision")
    (folder / "analyst").mkdir()
    reader = MartReader(duckdb_built.query, duckdb_built.stream)
    write_database(marts_of(manifest("duckdb")), reader, folder / "analyst" / "sipas.duckdb")
    return folder


@pytest.fixture(scope="module")
def marts(revision: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_locked(revision) as database:
        yield database


@pytest.fixture(scope="module")
def of_the_office(marts: duckdb.DuckDBPyConnection) -> list[Explanation]:
    """Every figure of the office and year."""
    return [explain(marts, OFFICE, YEAR, code) for code in (*fixed_figures(), *DESK_FIGURES)]


@pytest.fixture(scope="module")
def of_surveys(marts: duckdb.DuckDBPyConnection) -> list[Explanation]:
    """An index of a round, one in the territory of now and a driver."""
    return [
        explain(marts, OFFICE, "R1", "ALL"),
        explain_now(marts, OFFICE, YEAR, "ALL"),
        explain_driver(marts, OFFICE, YEAR, "F1.1"),
    ]


def _is_of_its_lines(found: Explanation) -> bool:
    """The files, and the units, add up to the counts that the mart states, and the value follows from them."""
    whole = (found.counts.numerator, found.counts.denominator, found.counts.left_out)
    for parts in ([file.counts for file in found.files], [part.counts for part in found.units]):
        # Lines of a list's entries, and of scores that a figure is made of, add to no count of the figure.
        if (found.figure.listed or found.figure.code in DESK_FIGURES) and None in (*parts, None):
            continue
        if (
            tuple(sum(getattr(one, name) for one in parts) for name in ("numerator", "denominator", "left_out"))
            != whole
        ):
            return False
    return found.agrees


@pytest.mark.parametrize("code", [*sorted(fixed_figures()), *DESK_FIGURES])
def test_counts_and_rates_follow_from_their_lines(code: str, marts: duckdb.DuckDBPyConnection) -> None:
    mart = fixed_figures()[code].mart if code in fixed_figures() else "one_stop_evaluation"
    rows = marts.execute(f"SELECT DISTINCT {UNIT}, period_id FROM marts.{mart} ORDER BY ALL").fetchall()
    found = []
    for unit, period in rows[:: STEP if code != DESK_FIGURES[-1] else 2 * STEP]:
        # A mart of several indices has no row of one that nothing was there for.
        with contextlib.suppress(NotFound):
            found.append(explain(marts, unit, period, code))
    found.append(explain(marts, OFFICE, YEAR, code))
    assert [one for one in found if one.held_since is None and not _is_of_its_lines(one)] == []
    assert any(one.value is not None and one.recomputed.numerator > 0 for one in found)
    assert any(one.files for one in found)


def test_indices_follow_from_their_lines(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        f"SELECT DISTINCT node_code, {UNIT}, period_id, instrument_code FROM marts.sipas_index ORDER BY ALL"
    ).fetchall()
    found = [explain(marts, unit, period, node, instrument) for node, unit, period, instrument in rows[::17]]
    assert [one for one in found if one.held_since is None and not _is_of_its_lines(one)] == []
    assert len({one.figure.code for one in found}) > 5 and sum(len(one.units) > 1 for one in found) > 5


def test_indices_of_groups_follow_from_their_lines(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        f"SELECT node_code, {UNIT}, period_id, instrument_code, breakdown, breakdown_value FROM marts.sipas_index_breakdown"
        " ORDER BY ALL"
    ).fetchall()
    found = [
        explain(marts, unit, period, node, instrument, {column: value})
        for node, unit, period, instrument, column, value in rows[::61]
    ]
    assert [one for one in found if one.held_since is None and not _is_of_its_lines(one)] == []
    assert len({(*one.figure.group.items(),) for one in found}) > 3 and {one.figure.mart for one in found} == {
        "sipas_index_breakdown"
    }


@pytest.mark.parametrize(
    "code", ["case_in_time", "case_online", "case_pending", "complaint_in_time", "complaint_pending"]
)
def test_figures_of_fields_channels_and_classes_follow_from_their_lines(
    code: str, marts: duckdb.DuckDBPyConnection
) -> None:
    figure = fixed_figures()[code]
    rows = marts.execute(
        f"SELECT {UNIT}, period_id, {', '.join(figure.groups)} FROM marts.{figure.mart}"
        f" WHERE '*' NOT IN ({figure.groups[0]}) ORDER BY ALL"
    ).fetchall()
    found = []
    for unit, period, *values in rows[:: len(rows) // 12]:
        group = {column: value for column, value in zip(figure.groups, values, strict=True) if value != "*"}
        found.append(explain(marts, unit, period, code, None, group))
    assert [one for one in found if one.held_since is None and not _is_of_its_lines(one)] == []
    assert any(one.recomputed.numerator for one in found)


def test_groups_add_up_to_the_whole(marts: duckdb.DuckDBPyConnection) -> None:
    fields = marts.execute(
        "SELECT procedure_field FROM marts.case_settlement WHERE unit_code = ? AND period_id = ? AND procedure_field <> '*'",
        [OFFICE, YEAR],
    ).fetchall()
    parts = [explain(marts, OFFICE, YEAR, "case_pending", None, {"procedure_field": field}) for (field,) in fields]
    assert len(parts) > 1
    assert sum(part.counts.numerator for part in parts) == explain(marts, OFFICE, YEAR, "case_pending").counts.numerator


def test_means_of_units_follow_from_the_means_listed(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        f"SELECT {UNIT}, period_id, 'one_stop_' || index_code FROM marts.one_stop_index WHERE weighting = 'units' AND n_units > 1"
        " ORDER BY ALL"
    ).fetchall()
    found = [explain(marts, unit, period, code, None, {"weighting": "units"}) for unit, period, code in rows[::3]]
    assert len(found) > 10 and [one for one in found if one.held_since is None and not one.agrees] == []
    assert all(len(one.steps) >= one.counts.denominator and one.files for one in found)
    assert all(step.weight == 1 for one in found for step in one.steps)
    total = explain(marts, OFFICE, YEAR, DESK_FIGURES[-1], None, {"weighting": "units"})
    assert total.agrees and [step.ask.group for step in total.steps if step.ask] == [(("weighting", "units"),)] * 9


# The lines themselves, found in the landed rows


def _lines_of(found: Explanation) -> set[tuple[str, str | None, int]]:
    return {(file.path, sheet.sheet, line) for file in found.files for sheet in file.sheets for line in sheet.lines}


def _landed(marts: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> set[tuple[str, str | None, int]]:
    paths = dict(marts.execute("SELECT input_id, path FROM marts.data_quality").fetchall())
    return {(mask(paths[row["input_id"]]), row["sheet"], row["line"]) for row in rows}


def _in_year(marts: duckdb.DuckDBPyConnection) -> Callable[[Any], bool]:
    first, last = marts.execute(
        "SELECT starts_on, ends_on FROM marts.dim_reporting_period WHERE period_id = ?", [YEAR]
    ).fetchall()[0]
    return lambda day: first <= day <= last


def test_lines_of_cases_and_complaints_are_those_landed(sample: Sample, marts: duckdb.DuckDBPyConnection) -> None:
    is_in_year = _in_year(marts)
    cases = [
        row
        for row in current(sample, "case")
        if is_in_year(row["received_on"])
        and row["state"] not in EXCLUDED
        and unplaced_reason(row, DONE | WITHDRAWN, row["settled_on"]) is None
        and row["office_code"] == OFFICE
    ]
    reused = explain(marts, OFFICE, YEAR, "766-4.3")
    assert _lines_of(reused) == _landed(marts, cases)
    assert reused.counts.numerator == sum(row["data_reused"] == "yes" for row in cases)
    assert reused.counts.left_out == sum(row["data_reused"] is None for row in cases)
    complaints = [
        row for row in current(sample, "complaint") if is_in_year(row["received_on"]) and row["office_code"] == OFFICE
    ]
    content = explain(marts, OFFICE, YEAR, "766-5.3")
    assert _lines_of(content) == _landed(marts, complaints)
    assert content.counts.denominator + content.counts.left_out == len(complaints)


def test_lines_of_agencies_are_the_last_scores_landed(sample: Sample, marts: duckdb.DuckDBPyConnection) -> None:
    is_in_year = _in_year(marts)
    rows = current(sample, "agency_evaluation")
    numbers = {key: number for number, key in enumerate(sorted(row["record_key"] for row in rows))}
    last: dict[Any, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (row["evaluated_on"], numbers[row["record_key"]])):
        stated = row["verified_score"] or row["self_score"]
        if row["index_code"] == "5" and stated and is_in_year(row["evaluated_on"]) and row["office_code"] == OFFICE:
            last[placed_units(row)[0], quarter_of(sample, row["evaluated_on"])] = row
    found = explain(marts, OFFICE, YEAR, "one_stop_5")
    assert len(found.steps) == len(last) > 3 and all(step.ask is not None for step in found.steps)
    forms = {row[0] for row in marts.execute("SELECT DISTINCT input_id FROM marts.fct_case_evaluation").fetchall()}
    assert {row["input_id"] for row in last.values()}.isdisjoint(forms)
    paths = {path for path, _, _ in _landed(marts, list(last.values()))}
    assert {line for line in _lines_of(found) if line[0] in paths} == _landed(marts, list(last.values()))


def test_what_a_blank_was_filled_from_is_among_the_lines(marts: duckdb.DuckDBPyConnection) -> None:
    """Index 1 is worked out from the case where the form leaves it blank; a complaint about conduct overrules index 7."""
    for index, source, fact in (("1", "computed", "fct_case"), ("7", "complaint", "fct_complaint")):
        unit, period, path, sheet, line = marts.execute(
            f"""
            SELECT form.unit_code || '@' || CAST(form.unit_valid_from AS VARCHAR), period.period_id, quality.path, about.sheet,
                about.line
            FROM marts.fct_case_evaluation AS form
            INNER JOIN marts.{fact} AS about ON form.case_id = about.case_id
            INNER JOIN marts.data_quality AS quality ON about.input_id = quality.input_id
            INNER JOIN marts.dim_reporting_period AS period
                ON period.period_kind = 'quarter' AND form.evaluated_on BETWEEN period.starts_on AND period.ends_on
            WHERE form.index_{index}_source = '{source}' ORDER BY ALL LIMIT 1
            """
        ).fetchall()[0]
        assert (mask(path), sheet, line) in _lines_of(explain(marts, unit, period, f"one_stop_{index}"))


def test_no_number_of_a_record_is_told(
    sample: Sample, of_the_office: list[Explanation], of_surveys: list[Explanation]
) -> None:
    keys = {
        row["record_key"]
        for table in ("case", "complaint", "case_evaluation", "survey_response")
        for row in sample.rows(table)
    }
    assert len(keys) > 100
    for found in (*of_the_office, *of_surveys):
        told = asdict(replace(found, figure=replace(found.figure, records="", stated="", listed=None)))
        words = set(re.findall(r"[\w/.-]+", json.dumps(told, default=str, ensure_ascii=False)))
        assert words.isdisjoint(keys), found.figure.code
        assert not {"case_id", "complaint_id", "evaluation_id", "response_id"} & words


# Ranks


def test_ranks_follow_from_the_figures_listed(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        f"SELECT DISTINCT node_code, {UNIT}, edition_id, instrument_code FROM marts.sipas_ranking ORDER BY ALL"
    ).fetchall()
    of_rounds = marts.execute(
        f"SELECT node_code, {UNIT}, edition_id, instrument_code FROM marts.sipas_ranking"
        " WHERE basis = 'round' AND index_rank IS NOT NULL ORDER BY ALL LIMIT 2"
    ).fetchall()
    found: list[Ranking] = []
    for node, unit, period, instrument in [*rows[::5], *of_rounds]:
        rankings = explain_rank(marts, unit, period, node, instrument)
        stated = marts.execute(
            f"SELECT index_rank, n_ranked, rank_low_simultaneous FROM marts.sipas_ranking WHERE {UNIT} = ?"
            " AND edition_id = ? AND node_code = ? AND instrument_code = ?",
            [unit, period, node, instrument],
        ).fetchall()
        told = [(one.own.rank, one.n_ranked, one.own.sets and one.own.sets[2]) for one in rankings]
        assert sorted(map(str, told)) == sorted(map(str, stated))
        found += rankings
    assert [one for one in found if not one.agrees or one.recomputed != one.own.rank] == []
    assert any(one.own.rank is None for one in found) and any((one.own.rank or 0) > 1 for one in found)
    for is_round in (False, True):
        compared = next(one for one in found if one.n_ranked > 1 - is_round and one.period.is_round is is_round)
        for unit_ranked in compared.units:
            if unit_ranked.rank is not None:
                ask = unit_ranked.ask
                assert explain(marts, ask.unit, ask.period, ask.index).value == pytest.approx(
                    unit_ranked.value, abs=1e-6
                )


def test_ranks_by_the_total_follow_from_the_totals_listed(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        f"SELECT {UNIT}, period_id, weighting, rank, n_ranked FROM marts.one_stop_evaluation WHERE rank IS NOT NULL ORDER BY ALL"
    ).fetchall()
    assert len(rows) > 20
    for unit, period, weighting, rank, n_ranked in rows[::4]:
        found = {
            "units" if "unit counts" in one.group else "forms": one
            for one in explain_rank(marts, unit, period, "one_stop_total")
        }
        one = found[weighting]
        if one.own.rank == 1:
            ask = one.own.ask
            assert explain(marts, ask.unit, ask.period, ask.index, None, dict(ask.group)).value == one.own.value
        assert one.agrees and (one.recomputed, one.own.rank, one.n_ranked) == (rank, rank, n_ranked)


# Survey rounds, the territory of now, changes and drivers


def test_estimates_of_rounds_follow_from_their_lines_and_weights(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        f"SELECT round_code, {UNIT}, node_code, instrument_code, breakdown, breakdown_value FROM marts.sipas_round ORDER BY ALL"
    ).fetchall()
    found = [
        explain(marts, unit, code, node, instrument, {} if column == "*" else {column: value})
        for code, unit, node, instrument, column, value in rows[::37]
    ]
    assert [one for one in found if not _is_of_its_lines(one) or one.not_made_again] == []
    assert any(one.value != one.stated["index_pct"] for one in found if one.stated.get("estimate_pct"))
    # Strata, clusters and weights as the design has them; raked and post-stratified weights are made again.
    methods = {str(one.stated.get("method")).split("_taylor")[0] for one in found}
    assert {"raked", "post_stratified"} <= methods and any("3 stage(s)" in one.notes[0][1] for one in found)
    assert {one.figure.mart for one in found} == {"sipas_round"} and any(one.figure.group for one in found)


def test_lines_of_a_round_are_the_forms_drawn_in_it(sample: Sample, marts: duckdb.DuckDBPyConnection) -> None:
    first, last = marts.execute(
        "SELECT first_on, last_on FROM marts.dim_survey_round WHERE round_code = 'R1'"
    ).fetchall()[0]
    forms = [
        row
        for row in current(sample, "survey_response")
        if first <= row["responded_on"] <= last and row["instrument_code"] == "T1" and row["office_code"] == OFFICE
    ]
    drawn = [row for row in forms if row["weight"] and (row["stratum"] or row["psu"] or row["ssu"])]
    found = explain(marts, OFFICE, "r1", "ALL")
    assert _lines_of(found) == _landed(marts, drawn) and len(drawn) < len(forms)
    told = dict(found.notes)
    n_no_place = sum(row["stratum"] is None and row["psu"] is None and row["ssu"] is None for row in forms)
    assert f"{n_no_place} form(s) of these days without stratum or cluster" in told["left out of it"]
    assert f"{len(forms) - len(drawn) - n_no_place} form(s) of these days without a weight" in told["left out of it"]
    assert f"{sum(row['weight'] for row in drawn):.1f} in all of {len(drawn)} forms" in told["weights"]
    assert "2 strata" in told["design"] and "finite population correction in some strata" in told["design"]


def test_indices_of_now_follow_from_the_units_of_then(marts: duckdb.DuckDBPyConnection) -> None:
    found = []
    for mart, group, step in (("", "", 11), ("_breakdown", ", breakdown, breakdown_value", 97)):
        rows = marts.execute(
            f"SELECT {UNIT}, period_id, node_code, instrument_code{group} FROM marts.sipas_index_now{mart} ORDER BY ALL"
        ).fetchall()
        for unit, period, node, instrument, *pair in rows[::step]:
            found.append(explain_now(marts, unit, period, node, instrument, {pair[0]: pair[1]} if pair else {}))
    assert [one for one in found if one.held_since is None and not _is_of_its_lines(one)] == []
    assert any(one.counts.denominator != int(one.counts.denominator) for one in found)


def test_a_unit_of_now_is_told_with_the_shares_of_those_of_then(marts: duckdb.DuckDBPyConnection) -> None:
    found = explain_now(marts, "10465", YEAR, "ALL")
    told = [(step.ask and step.ask.unit, float(step.weight or 0)) for step in found.steps]
    assert told == [("10441", 0.5), ("10462", 1), ("10465@1900-01-01", 1), ("10465@2025-07-01", 1)]
    of_then = {
        step.ask.unit: explain(marts, step.ask.unit, step.ask.period, step.ask.index, step.ask.instrument)
        for step in found.steps
        if step.ask
    }
    assert [of_then[step.ask.unit].value for step in found.steps if step.ask] == [step.value for step in found.steps]
    for name in ("numerator", "denominator", "left_out"):
        shares = [
            float(step.weight or 0) * getattr(of_then[step.ask.unit].counts, name) for step in found.steps if step.ask
        ]
        assert sum(shares) == float(getattr(found.counts, name))
    with pytest.raises(NotFound, match=r"10441\) is not in force now; its records count in .*10465\), .*10470\)"):
        explain_now(marts, "10441", YEAR, "ALL")
    with pytest.raises(NotFound, match=r"not of the survey round R1"):
        explain_now(marts, "10465", "R1", "ALL")


def test_changes_follow_from_their_two_editions(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        f"SELECT DISTINCT {UNIT}, edition_id, node_code, instrument_code FROM marts.sipas_change ORDER BY ALL"
    ).fetchall()
    found = [one for row in rows[::5] for one in explain_change(marts, *row)]
    assert [one for one in found if one.held_since is None and not one.agrees] == []
    assert {one.stated["direction"] for one in found} >= {"rise", "none", "untested"}
    tested = [one for one in found if one.recomputed]
    assert {one.period.is_round for one in tested} == {True, False} and any(one.stated["n_tests"] > 1 for one in tested)
    for side in (tested[0].later, tested[0].earlier):
        ask = side.ask
        of_edition = explain(marts, ask.unit, ask.period, ask.index, ask.instrument)
        assert (of_edition.value, of_edition.counts.denominator) == (side.index_pct, side.n_answers)
    with pytest.raises(NotFound, match=r"has no change to R1: .* there are changes to R2, R3, R4, R5"):
        explain_change(marts, OFFICE, "R1", "ALL")


def test_drivers_follow_from_the_answers_of_their_forms(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        f"SELECT {UNIT}, period_id, predictor_code, instrument_code FROM marts.survey_driver ORDER BY ALL"
    ).fetchall()
    found = [explain_driver(marts, *row) for row in rows[::11]]
    assert [one for one in found if one.held_since is None and not _is_of_its_lines(one)] == []
    weighed = [one for one in found if one.value is not None]
    assert len(weighed) > 5 and any(one.stated["weight_missing_reason"] for one in found)
    assert all(sum(step.value or 0 for step in one.steps) == pytest.approx(100, abs=1e-4) for one in weighed)
    with pytest.raises(NotFound, match=r"no figure “ALL” .*survey_driver\)\. There are F1\.1, F1\.2"):
        explain_driver(marts, OFFICE, YEAR, "ALL")


# What does not follow is told

CHANGES: Mapping[str, tuple[str, Mapping[str, str] | None]] = {
    "UPDATE marts.fct_agency_score SET points = 2 - points WHERE source = 'computed'": ("one_stop_8", None),
    "UPDATE marts.fct_complaint SET closed_on = NULL, timeliness = NULL, due_on = DATE '2024-01-01'": ("one_stop_8", None),
    "UPDATE marts.dim_one_stop_threshold SET limit_value = 101 WHERE measure LIKE 'online%'": ("one_stop_9", None),
    "UPDATE marts.fct_case SET channel = 'direct'": ("one_stop_9", None),
    "UPDATE marts.fct_agency_score SET points = 0 WHERE index_code = '5'": ("one_stop_5", None),
    "DELETE FROM marts.fct_case_evaluation WHERE index_6 = 2": ("one_stop_6", None),
    "UPDATE marts.one_stop_index SET mean_points = mean_points + 0.01 WHERE index_code = '3'": ("one_stop_total", None),
    "UPDATE marts.dim_procedure SET online_level = 'information'": ("766-3.2", None),
    "UPDATE marts.fct_case SET result_electronic = 'no'": ("766-3.3", None),
    "UPDATE marts.fct_case SET paid_online = 'no'": ("766-3.6", None),
    "UPDATE marts.dim_procedure SET needs_result = 'no'": ("766-4.1", None),
    "UPDATE marts.fct_case SET components_digitised = NULL": ("766-4.2", None),
    "UPDATE marts.fct_complaint SET recomplained = 'yes'": ("766-5.3", None),
    "UPDATE marts.fct_complaint SET case_id = NULL": ("766-5.4", None),
    "UPDATE marts.fct_case SET procedure_field = '~'": ("case_pending", {"procedure_field": "~"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def changing(revision: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy that can be written to."""
    copy = tmp_path_factory.mktemp("changing") / "sipas.duckdb"
    shutil.copyfile(revision / "analyst" / "sipas.duckdb", copy)
    with duckdb.connect(str(copy)) as database:
        yield database


@pytest.mark.parametrize("change", CHANGES)
def test_a_figure_that_does_not_follow_any_more_is_told(change: str, changing: duckdb.DuckDBPyConnection) -> None:
    code, group = CHANGES[change]
    unit, period = OFFICE, YEAR
    if code == "one_stop_9":  # a unit that has more than the lowest level by its cases
        unit, period = changing.execute(
            f"SELECT {UNIT}, period_id FROM marts.fct_agency_score WHERE index_code = '9' AND source = 'computed'"
            " ORDER BY points DESC LIMIT 1"
        ).fetchall()[0]
    assert explain(changing, unit, period, code, None, group).agrees
    changing.begin()
    changing.execute(change)
    found = explain(changing, unit, period, code, None, group)
    changing.rollback()
    assert not found.agrees


@pytest.mark.parametrize(
    ("kind", "asked", "change"),
    [
        (explain, (OFFICE, "R2", "ALL"), "UPDATE marts.fct_survey_round_form SET weight = weight + response_id % 7"),
        (explain, (OFFICE, "R2", "ALL"), "UPDATE marts.fct_survey_round_form SET stratum = 'A'"),
        (explain, (OFFICE, "R1", "ALL"), "UPDATE marts.fct_survey_round_form SET standing = 'drawn', weight = 1"),
        (explain, ("282@2025-02-01", "R4", "ALL"), "UPDATE marts.survey_calibration SET n_people = 2 * n_people WHERE value_1 = 'female'"),
        (explain_now, ("10465", YEAR, "ALL"), "UPDATE marts.dim_unit_now SET share = 0.25 WHERE share = 0.5"),
        (explain_driver, (OFFICE, YEAR, "F1.1"), "UPDATE marts.fct_survey_answer SET level = '5' WHERE item_code = 'F2.1'"),
    ],
)  # fmt: skip
def test_what_rests_on_a_design_shares_or_answers_and_does_not_follow_is_told(
    kind: Callable[..., Explanation], asked: tuple[str, ...], change: str, changing: duckdb.DuckDBPyConnection
) -> None:
    assert kind(changing, *asked).agrees
    changing.begin()
    changing.execute(change)
    found = kind(changing, *asked)
    changing.rollback()
    assert not found.agrees


def test_weights_that_were_trimmed_are_not_made_again(changing: duckdb.DuckDBPyConnection) -> None:
    changing.begin()
    changing.execute("UPDATE marts.survey_calibration SET n_trimmed = 2")
    found = explain(changing, "282@2025-02-01", "R4", "ALL")
    changing.rollback()
    assert found.agrees and found.recomputed_value is None and "2 weights were trimmed" in (found.not_made_again or "")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE marts.sipas_index SET index_pct = index_pct + 1 WHERE period_id = '2025-02'",
        "UPDATE marts.sipas_index SET n_satisfied = n_satisfied + 1 WHERE period_id = '2025-01'",
        "UPDATE marts.sipas_index SET se_pct = se_pct + 1 WHERE period_id = '2025-01'",
        "UPDATE marts.sipas_change SET p_value = p_value / 2",
        "UPDATE marts.sipas_change SET p_adjusted = p_adjusted / 2",
    ],
)
def test_a_change_that_does_not_follow_any_more_is_told(change: str, changing: duckdb.DuckDBPyConnection) -> None:
    asked = (OFFICE, "2025-02", "F1")
    assert [one.agrees for one in explain_change(changing, *asked)] == [True]
    changing.begin()
    changing.execute(change)
    found = explain_change(changing, *asked)
    changing.rollback()
    assert [one.agrees for one in found] == [False]


def test_a_rank_that_does_not_follow_any_more_is_told(changing: duckdb.DuckDBPyConnection) -> None:
    node, unit, period, instrument = changing.execute(
        f"SELECT node_code, {UNIT}, edition_id, instrument_code FROM marts.sipas_ranking"
        " WHERE basis = 'period' AND index_rank = 1 AND n_ranked > 1 ORDER BY ALL LIMIT 1"
    ).fetchall()[0]
    for change in (
        "UPDATE marts.sipas_ranking SET index_rank = 2 WHERE index_rank = 1",
        "UPDATE marts.sipas_index SET estimate_pct = estimate_pct + 1, index_pct = index_pct + 1",
    ):
        assert all(one.agrees for one in explain_rank(changing, unit, period, node, instrument))
        changing.begin()
        changing.execute(change)
        found = explain_rank(changing, unit, period, node, instrument)
        changing.rollback()
        assert not any(one.agrees for one in found)


def test_what_has_no_line_is_a_table_that_decides_the_mart(
    of_the_office: list[Explanation], of_surveys: list[Explanation]
) -> None:
    assert sum(bool(one.figure.rests_on) for one in of_the_office) > 15
    for one in (*of_the_office, *of_surveys):
        for text in one.figure.rests_on:
            assert decides(text.split(":")[0], one.figure.mart), (one.figure.code, text)


def test_a_code_that_passed_to_another_unit_is_asked_with_its_first_day(marts: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(NotFound, match=r"10465@1900-01-01.*10465@2025-07-01"):
        explain(marts, "10465", "2025", "case_in_time")
