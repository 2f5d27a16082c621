"""Plans of whole publications: what they hide, keep hidden, and leave alone."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from simulated_office import (
    ALWAYS_SHOWN,
    GRAINS,
    MARTS,
    ROOT,
    Records,
    make_records,
    plan_of,
    publish,
    with_late_arrivals,
    write_open,
)

from assets.disclosure.plan import Plan
from assets.disclosure.rows import OPENING, SEPARATOR
from assets.disclosure.rules import DisclosureRules

RULES = DisclosureRules()


@pytest.fixture(scope="module")
def records() -> Records:
    return make_records(seed=5, communes=9)


@pytest.fixture(scope="module")
def first(records: Records, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    folder = tmp_path_factory.mktemp("first")
    return folder, publish(records, folder, RULES)


def _rows(folder: Path, table: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(folder / "open" / "marts" / f"{table}.parquet").to_pylist()
    return rows


def test_every_small_row_is_hidden_or_left_out_and_every_row_of_zeros_shown(first: tuple[Path, Plan]) -> None:
    for table in MARTS:
        for row in _rows(first[0], table):
            shown = ALWAYS_SHOWN.get(table, ())
            counts = {name: value for name, value in row.items() if name.startswith("n_") and name not in shown}
            if row["hidden"]:
                assert set(counts.values()) <= {None} and all(row[name] is not None for name in shown)
        if table == "one_stop_evaluation":
            assert all(row["hidden"] or row["n_forms"] >= 10 for row in _rows(first[0], table))  # type: ignore[operator]
    totals = [row for row in _rows(first[0], "complaint_handling") if row["channel"] == row["class"] == "*"]
    zeros = [row for row in totals if row["n_received"] == 0 and row["n_opening"] == 0 and row["n_closed"] == 0]
    assert all(not row["hidden"] for row in zeros)


def test_a_breakdown_is_shown_whole_or_left_out_whole(first: tuple[Path, Plan]) -> None:
    rows = [row for row in _rows(first[0], "case_settlement") if not row["hidden"]]
    totals = {(row["unit_code"], row["period_id"]): row["n_received"] for row in rows if row["procedure_field"] == "*"}
    parts: Counter[tuple[object, object]] = Counter()
    for row in rows:
        if row["procedure_field"] != "*":
            parts[row["unit_code"], row["period_id"]] += row["n_received"]  # type: ignore[assignment, operator]
            assert row["n_received"] >= 10 or row["n_received"] == 0  # type: ignore[operator]
    assert parts and all(totals[key] == received for key, received in parts.items())
    assert not [row for row in _rows(first[0], "complaint_handling") if "*" not in (row["channel"], row["class"])]


def test_linked_tables_hide_the_same_units_and_periods(first: tuple[Path, Plan]) -> None:
    def hidden(table: str) -> set[tuple[object, object]]:
        return {(r["unit_code"], r["period_id"]) for r in _rows(first[0], table) if r["hidden"]}

    cases = {key for key in hidden("case_settlement")}
    assert cases == hidden("case_supplement_basis")
    items = [row for row in _rows(first[0], "service_quality_766") if row["item_code"] in ("2.2", "3.3")]
    assert cases <= {(row["unit_code"], row["period_id"]) for row in items if row["hidden"]}
    assert hidden("sipas_index") <= hidden("survey_question")


def test_years_and_the_district_mostly_stay(first: tuple[Path, Plan]) -> None:
    names = [name.split(SEPARATOR) for name in first[1].hidden]
    totals = [(unit, period) for subject, _, unit, _, period in names if subject in ("case", "period", "evaluation")]
    assert totals and ROOT not in {unit for unit, _ in totals}
    assert sum(period == "2023" for _, period in totals) <= 2


@pytest.mark.parametrize("minimum_n", [0, 1])
def test_a_minimum_of_one_hides_nothing(minimum_n: int, first: tuple[Path, Plan], tmp_path: Path) -> None:
    database = first[0] / "analyst" / "sipas.duckdb"
    plan = plan_of(database, DisclosureRules(minimum_n), first[0])
    assert plan == Plan(DisclosureRules(minimum_n))
    tables = write_open(database, tmp_path, plan)
    assert {name: table.rows for name, table in tables.items()} != {}
    for name, table in tables.items():
        read = pq.read_table(table.parquet)
        assert not any(read["hidden"].to_pylist()) and read.num_rows == table.rows, name
    assert any(
        "*" not in (r["channel"], r["class"]) for r in pq.read_table(tables["complaint_handling"].parquet).to_pylist()
    )


def test_the_same_figures_again_give_the_same_plan(first: tuple[Path, Plan]) -> None:
    folder, plan = first
    database = folder / "analyst" / "sipas.duckdb"
    assert plan_of(database, RULES) == plan and plan.carried is None
    again = plan_of(database, RULES, previous=folder)
    assert again.hidden == plan.hidden and again.carried is None


def test_what_was_hidden_stays_hidden_while_it_is_the_same(
    first: tuple[Path, Plan], records: Records, tmp_path: Path
) -> None:
    """Late records make some small rows large: the row's old count is not given away by its partners."""
    later = with_late_arrivals(records, seed=6)
    after = publish(later, tmp_path / "second", RULES, previous=first[0])
    alone = plan_of(tmp_path / "second" / "analyst" / "sipas.duckdb", RULES)
    assert after.hidden != alone.hidden and after.carried is not None and alone.carried is None
    again = plan_of(tmp_path / "second" / "analyst" / "sipas.duckdb", RULES, previous=first[0])
    assert again == after
    standing = plan_of(tmp_path / "second" / "analyst" / "sipas.duckdb", RULES, previous=tmp_path / "second")
    assert standing.hidden == after.hidden and standing.carried == after.carried


def test_month_by_month_an_unfinished_period_does_not_tell_its_last_month(records: Records, tmp_path: Path) -> None:
    """The year to date less the year to date of the revision before is the month between."""
    publish(records, tmp_path / "4", RULES, months=4)
    plan = publish(records, tmp_path / "5", RULES, previous=tmp_path / "4", months=5)
    assert plan.short == 0

    def hidden(month: str, period: str) -> dict[object, object]:
        rows = _rows(tmp_path / month, "complaint_handling")
        return {
            r["unit_code"]: r["hidden"] for r in rows if r["period_id"] == period and r["channel"] == r["class"] == "*"
        }

    before, now = hidden("4", "2023"), hidden("5", "2023")
    small = {unit for unit, is_hidden in hidden("5", "2023-05").items() if is_hidden}
    assert small and not [unit for unit in small if not before[unit] and not now[unit]]


def test_months_from_before_the_office_began_are_left_out(first: tuple[Path, Plan], tmp_path: Path) -> None:
    """What was received then is the stock that January opens with, which January's row states."""
    database = tmp_path / "sipas.duckdb"
    shutil.copy(first[0] / "analyst" / "sipas.duckdb", database)
    received = {"case_settlement": ("'*'",), "complaint_handling": ("'*'", "'*'")}
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "insert into marts.dim_reporting_period values ('2022-12', 'month', 2022, '2022-12', '2022-12')"
        )
        for table, labels in received.items():
            flows = [c for c in connection.table(f"marts.{table}").columns if c.startswith("n_") and c != "n_pending"]
            connection.execute(
                f"insert into marts.{table} by name select unit_code, date '1900-01-01' as unit_valid_from, '2022-12' as period_id,"
                f" {', '.join(f'{label} as {name}' for label, name in zip(labels, GRAINS[table][0], strict=True))},"
                f" {', '.join(f'0 as {flow}' for flow in flows if flow != 'n_received')},"
                f" case when unit_code = '{ROOT}' then 45 else 5 end as n_received, n_received as n_pending"
                " from marts.dim_admin_unit"
            )
        connection.execute(
            "insert into marts.service_quality_766 by name select unit_code, unit_valid_from, period_id, '3.3' as item_code,"
            " n_received as n_denominator, 0 as numerator, 0 as n_left_out from marts.case_settlement where period_id = '2022-12'"
        )
    plan = plan_of(database, RULES)
    assert plan.short == 0
    assert {name for name in plan.hidden if OPENING not in name} == first[1].hidden
    left_out = {tuple(name.split(SEPARATOR)[i] for i in (0, 4)) for name in plan.hidden if OPENING in name}
    assert left_out == {(subject + OPENING, "2022-12") for subject in ("case", "complaint", "quality")}
    for name, table in write_open(database, tmp_path / "open", plan).items():
        shown = pq.read_table(table.parquet).to_pylist()
        assert shown == _rows(first[0], name), name


def test_what_looser_rules_showed_is_known(records: Records, tmp_path: Path) -> None:
    """Partners are looked for among what the earlier revision hid, row by row."""
    publish(records, tmp_path / "old", DisclosureRules(possible_values=1))
    plan = publish(records, tmp_path / "new", RULES, previous=tmp_path / "old")
    assert plan.short > 0, "nothing can take back what was shown"


def test_discontent_is_not_told_where_the_levels_of_forms_are_not(first: tuple[Path, Plan], tmp_path: Path) -> None:
    """Cases met with discontent less the late ones, which are told, are those whose form is dissatisfied."""
    database = tmp_path / "sipas.duckdb"
    shutil.copy(first[0] / "analyst" / "sipas.duckdb", database)
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "insert into marts.service_quality_766 by name select * replace ('5.4' as item_code)"
            " from marts.service_quality_766 where item_code = '2.2'"
        )
    tables = write_open(database, tmp_path / "open", plan_of(database, RULES))
    levels = {
        (row["unit_code"], row["period_id"]): row["n_dissatisfied"] is not None
        for row in pq.read_table(tables["one_stop_evaluation"].parquet).to_pylist()
        if row["n_forms"] != 0
    }
    items = pq.read_table(tables["service_quality_766"].parquet).to_pylist()
    told = {(r["unit_code"], r["period_id"]) for r in items if r["item_code"] == "5.4" and r["numerator"] is not None}
    assert not [key for key, is_told in levels.items() if not is_told and key in told]
    assert (ROOT, "2023") in told
    blank = [unit for (unit, period), is_told in levels.items() if period == "2023-Q2" and not is_told]
    assert blank and not [u for u in blank for p in ("2023-04", "2023-05", "2023-H1", "2023-9M") if (u, p) in told]
