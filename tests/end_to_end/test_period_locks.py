"""June is locked and published, then data for June arrive: no published figure of June changes but where they are accepted."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from sipas_process import Sipas
from tiny_office import july
from workspaces import case_row, put_cases

from assets.ledger import Ledger
from assets.lookup.database import open_locked
from assets.lookup.explain import explain
from assets.periods.figures import held_tables, lock_columns
from assets.periods.state import period_states
from assets.publish.changes import compare_revisions
from assets.publish.revision import open_current
from assets.workspace import Workspace

JUNE, UNIT, OTHER, DISTRICT = "2023-06", "10462", "10465", "282"
Row = dict[str, Any]
Marts = dict[str, list[Row]]


def marts(workspace: Workspace) -> Marts:
    with duckdb.connect(str(open_current(workspace) / "analyst" / "sipas.duckdb"), read_only=True) as database:
        names = database.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'marts'").fetchall()
        return {name: database.sql(f'SELECT * FROM marts."{name}"').to_arrow_table().to_pylist() for (name,) in names}


def of_june(found: Marts) -> dict[str, list[str]]:
    """Mart and unit → its rows of June, in every mart that a lock holds."""
    figures: dict[str, list[str]] = {}
    for mart, rows in found.items():
        keys = lock_columns(mart, rows[0]) if rows else None
        for row in rows if keys is not None else []:
            assert keys is not None
            if row[keys[1]] == JUNE and row.get("basis") != "round":
                figures.setdefault(f"{mart} {row[keys[0]]}", []).append(repr(row))
    return {name: sorted(rows) for name, rows in figures.items()}


@pytest.fixture(scope="module")
def before(published: Workspace) -> Marts:
    return marts(published)


@pytest.fixture(scope="module")
def locked(sipas: Sipas, published: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """June locked in the whole district; then July, late cases of June, one of them accepted, and a correction."""
    folder = tmp_path_factory.mktemp("locked") / "office"
    workspace = Workspace(Path(shutil.copytree(published.root, folder, symlinks=True)))

    def decide(action: str, unit: str, *more: str) -> str:
        place = ("--unit", unit, "--period", JUNE, "--by", "Văn phòng", "--workspace", str(workspace.root))
        done = sipas("period", action, *place, *more)
        assert done.code == 0, done.output
        return done.output

    for action in ("submit", "approve", "lock"):
        decide(action, DISTRICT, "--with-below")
    july(workspace)
    still_open = {"Trạng thái": "Đang xử lý", "Ngày xong": "", "Ngày hẹn": "30/06/2023", "Ngày nhận": "05/06/2023"}
    late = [case_row(200, **still_open), case_row(201, **still_open, **{"Đơn vị": "Xã Hồng Sơn"})]
    put_cases(workspace, "inbox/ho_so/c.csv", late)
    correction = {"dataset": "case", "authority": "mot_cua", "record": "HS-0004", "field": "channel", "old": "direct"}
    entry = correction | {"new": "online", "reason": "Gõ nhầm", "date": "2023-07-01"}
    text = yaml.safe_dump({"corrections": [entry]}, allow_unicode=True)
    (workspace.reference / "corrections.yml").write_text(text.replace("'2023-07-01'", "2023-07-01"), encoding="utf-8")
    decide("accept", OTHER, "--reason", "Nộp muộn")
    done = sipas.run(workspace)
    assert done.code == 0, done.output
    return workspace


@pytest.fixture(scope="module")
def after(locked: Workspace) -> Marts:
    return marts(locked)


def test_every_figure_of_a_locked_month_is_as_it_was_published(before: Marts, after: Marts) -> None:
    then, now = of_june(before), of_june(after)
    accepted = {name for name in {*then, *now} if name.endswith(f" {OTHER}")}
    assert {name: rows for name, rows in now.items() if name not in accepted} == {
        name: rows for name, rows in then.items() if name not in accepted
    }
    held = {name.split()[0] for name in then}
    assert {"case_settlement", "complaint_handling", "sipas_index", "service_quality_766", "sipas_ranking"} <= held


def test_months_that_are_open_see_what_arrived_and_restate_their_opening_stock(after: Marts) -> None:
    rows = {
        (row["unit_code"], row["period_id"]): row for row in after["case_settlement"] if row["procedure_field"] == "*"
    }
    # Of the late unit: one case is new and pending, and one was said to have been settled in June and was in July.
    june, july_row = rows[(UNIT, JUNE)], rows[(UNIT, "2023-07")]
    assert (june["n_pending"], july_row["n_restated"], july_row["n_opening"]) == (0, 2, 2)
    assert july_row["n_settled"] >= 1 and june["n_restated"] == 0
    # In the district the case that was accepted below waits as well.
    assert rows[(DISTRICT, "2023-07")]["n_restated"] == 3
    for unit in (UNIT, OTHER, DISTRICT):
        closing, opening = rows.get((unit, JUNE)), rows[(unit, "2023-07")]
        assert (closing["n_pending"] if closing else 0) + opening["n_restated"] == opening["n_opening"]


def test_what_was_accepted_is_published_and_marked_as_revised(before: Marts, after: Marts) -> None:
    def june(found: Marts) -> list[Row]:
        keys = (OTHER, JUNE, "*")
        return [
            row
            for row in found["case_settlement"]
            if (row["unit_code"], row["period_id"], row["procedure_field"]) == keys
        ]

    assert june(before) == []
    [row] = june(after)
    assert (row["n_received"], row["n_pending"], row["n_restated"]) == (1, 1, 0)
    states = {row["unit_code"]: row for row in after["period_status"]}
    assert (states[OTHER]["n_revised"], states[UNIT]["n_revised"]) == (1, 0)
    assert {state["status"] for state in states.values()} == {"locked"}
    assert states[OTHER]["accepted_at"] is not None


def test_what_waits_is_listed_by_input(after: Marts, sipas: Sipas, locked: Workspace) -> None:
    paths = {row["input_id"]: row["path"] for row in after["data_quality"]}
    waiting = {
        (row["unit_code"], row["dataset"], paths[row["input_id"]]): (row["n_new"], row["n_changed"], row["n_gone"])
        for row in after["period_pending"]
    }
    forms = "inbox/phieu/2023-06/10462_20230618.csv"
    # The file sent again has two forms more and answers otherwise in the others.
    answered = waiting.pop((UNIT, "survey_response", forms))
    assert answered == waiting.pop((DISTRICT, "survey_response", forms)) == (2, 14, 0)
    assert waiting == {
        (UNIT, "case", "inbox/ho_so/b.csv"): (4, 1, 0),
        (UNIT, "case", "inbox/ho_so/c.csv"): (1, 0, 0),
        (UNIT, "case", "reference/corrections.yml"): (0, 1, 0),
        (DISTRICT, "case", "inbox/ho_so/b.csv"): (4, 1, 0),
        (DISTRICT, "case", "inbox/ho_so/c.csv"): (2, 0, 0),
        (DISTRICT, "case", "reference/corrections.yml"): (0, 1, 0),
    }
    shown = sipas("period", "pending", "--unit", UNIT, "--workspace", str(locked.root))
    assert shown.code == 0 and "inbox/ho_so/c.csv" in shown.output and DISTRICT not in shown.output


def test_accepted_figures_are_held_as_they_were_published_and_a_second_run_has_nothing_new(
    after: Marts, sipas: Sipas, locked: Workspace
) -> None:
    with closing(Ledger.of_folder(locked.state)) as ledger:
        states = period_states(ledger.period_changes())
        held = held_tables(locked, ledger, states.values())
    assert states[(OTHER, JUNE)].held is not None and states[(OTHER, JUNE)].waiting is None
    figures = [row for row in held["locked_case_settlement"].to_pylist() if row["unit_code"] == OTHER]
    published = [row for row in after["case_settlement"] if (row["unit_code"], row["period_id"]) == (OTHER, JUNE)]
    assert sorted(map(repr, figures)) == sorted(map(repr, published)) and figures
    again = sipas.run(locked)
    assert again.code == 0 and "Nothing new" in again.output


def test_the_correction_is_an_input_of_its_own(after: Marts) -> None:
    [row] = [row for row in after["data_quality"] if row["source"] == "reference/corrections"]
    assert (row["path"], row["rows_read"], row["rows_accepted"]) == ("reference/corrections.yml", 1, 1)
    [superseded] = [row for row in after["data_quality"] if row["path"] == "inbox/ho_so/a.csv"]
    # One by the newer state of a case, one by the correction.
    assert superseded["rows_superseded"] == 2


def test_a_held_figure_is_traced_with_what_waits_and_an_open_one_to_its_lines(
    published: Workspace, locked: Workspace
) -> None:
    with open_locked(open_current(locked)) as database:
        held, accepted = (explain(database, unit, JUNE, "case_pending") for unit in (UNIT, OTHER))
        later = explain(database, DISTRICT, "2023-07", "case_in_time")
    # The case that came late is known now, and waits with what else came for June.
    assert (held.held_since, held.agrees) == (open_current(published).name, False)
    assert (held.counts.numerator, held.recomputed.numerator) == (0, 2) and held.waiting >= 2
    assert accepted.agrees and [file.path for file in accepted.files] == ["inbox/ho_so/c.csv"]
    assert later.held_since is None and later.agrees and later.counts.denominator > 0


def test_what_changed_since_the_lock_is_told_with_its_reasons(published: Workspace, locked: Workspace) -> None:
    changed = compare_revisions(open_current(published), open_current(locked)).to_pylist()
    told: dict[tuple[str, str, str], set[str]] = {}
    for row in changed:
        told.setdefault((row["mart"], row["unit_code"], row["period_id"]), set()).update(row["reason"].split(";"))
    assert ("case_settlement", UNIT, JUNE) not in told and ("sipas_index", UNIT, JUNE) not in told
    assert told["case_settlement", OTHER, JUNE] == {"new_file", "period_decision"}
    assert told["case_settlement", DISTRICT, "2023-07"] == {"new_file"}
    assert told["sipas_index", UNIT, "2023-07"] == {"new_file"}
    assert [row for row in changed if row["reason"] == "unknown"] == []
