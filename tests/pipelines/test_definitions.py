"""The code location: lineage from source to revision, partitions, schedule and sensor."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from workspaces import make_workspace

from pipelines.definitions import JOB, build_defs
from pipelines.lock import is_locked
from pipelines.simulate import simulate


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("definitions") / "my_duc"
    simulate(folder, units=2, months=1)
    return folder


@pytest.fixture(scope="module")
def defs(workspace: Path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIPAS_WORKSPACE", str(workspace))
        yield build_defs()


@pytest.fixture(scope="module")
def graph(defs: dg.Definitions):
    return defs.resolve_asset_graph()


def key(path: str) -> dg.AssetKey:
    return dg.AssetKey(path.split("/"))


def ancestors(graph, start: dg.AssetKey) -> set[dg.AssetKey]:
    seen: set[dg.AssetKey] = set()
    waiting = [start]
    while waiting:
        for parent in graph.get(waiting.pop()).parent_keys:
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return seen


@pytest.mark.parametrize(
    ("mart", "source"),
    [
        ("marts/sipas_index", "source/khao_sat_xa"),
        ("marts/case_settlement", "source/mot_cua"),
        ("marts/complaint_handling", "source/cong_pakn"),
        ("marts/complaint_handling", "source/so_phan_anh"),
        ("published/revision", "source/mot_cua"),
    ],
)
def test_lineage_reaches_from_the_source_to_the_mart(graph, mart: str, source: str) -> None:
    assert key(source) in ancestors(graph, key(mart))


def test_estimates_stand_between_the_phases(graph) -> None:
    assert key("intermediate/int_survey_node_sums") in graph.get(key("estimates/est_sipas_index")).parent_keys
    assert key("estimates/est_sipas_index") in ancestors(graph, key("marts/sipas_index"))


def test_nothing_is_published_before_every_mart_is_audited(graph) -> None:
    marts = {node for node in graph.get_all_asset_keys() if node.path[0] == "marts"}
    assert len(marts) > 10
    assert marts <= ancestors(graph, key("published/revision"))


def test_landing_is_partitioned_by_reporting_month_and_dbt_is_not(graph) -> None:
    landed = graph.get(key("landing/case")).partitions_def
    assert landed is not None and "2023-06" in landed.get_partition_keys()
    assert graph.get(key("marts/case_settlement")).partitions_def is None


def test_gates_block_where_they_are_critical(graph) -> None:
    blocking = {
        check.name
        for check in graph.asset_check_keys
        if check.asset_key == key("landing/case") and graph.get(check).blocking
    }
    assert blocking == {"gate_expectations_ran", "gate_agreement", "gate_quarantine_share"}


def test_the_schedule_runs_the_month_that_has_just_ended(defs: dg.Definitions) -> None:
    schedule = defs.resolve_schedule_def("after_cut_off")
    assert schedule.cron_schedule == "0 5 15 * *"
    context = dg.build_schedule_context(
        scheduled_execution_time=dt.datetime(2023, 6, 15, 5, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")),
        repository_def=defs.get_repository_def(),
    )
    [request] = schedule.evaluate_tick(context).run_requests
    assert request.partition_key == "2023-06"


def test_the_job_runs_in_process(defs: dg.Definitions) -> None:
    assert defs.resolve_job_def(JOB).executor_def.name == "in_process"


@pytest.mark.parametrize("value", [None, "nowhere"])
def test_a_run_from_the_page_stops_where_an_outside_folder_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """Taken for an empty folder it would leave whole sources out of what is published."""
    office = make_workspace(tmp_path / "office", folders={"data": {"env": "SIPAS_TEST_DATA"}})
    monkeypatch.setenv("SIPAS_WORKSPACE", str(office.root))
    if value is None:
        monkeypatch.delenv("SIPAS_TEST_DATA", raising=False)
    else:
        monkeypatch.setenv("SIPAS_TEST_DATA", str(tmp_path / value))
    job = build_defs().resolve_job_def(JOB)
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, partition_key="2023-06", raise_on_error=False)
        logs = instance.all_logs(result.run_id)
    assert not result.success
    assert any("SIPAS_TEST_DATA" in str(entry) and "settings.folder" in str(entry) for entry in logs)
    assert not office.warehouse.exists() and not (office.state / "ledger.sqlite").exists()
    assert not is_locked(office)
