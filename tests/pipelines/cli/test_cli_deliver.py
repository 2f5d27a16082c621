"""`sipas deliver` and delivery by a run's job: a place that fails is told, and fails nothing that was published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from cli_office import Sipas, change_settings
from workspaces import make_workspace

from assets.delivery.asset import DELIVERY, delivery_assets
from assets.run_log import RunLog
from assets.workspace import Workspace
from pipelines.alerts.conditions import failed_checks
from pipelines.cli.progress import show_summary
from pipelines.lock import run_lock
from pipelines.resources import made_of, open_office
from pipelines.run import Ending, RunReport, _deliver_again
from pipelines.settings import SettingsError, load_settings


def publish(workspace: Workspace, revision: str) -> None:
    """A revision of one file, and the pointer to it."""
    folder = workspace.published / "revisions" / revision
    (folder / "open").mkdir(parents=True)
    (folder / "open" / "a.csv").write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    manifest = {"revision": revision, "files": [{"path": "open/a.csv", "bytes": 0, "sha256": empty}]}
    (folder / "revision.json").write_text(json.dumps(manifest))
    (workspace.published / "current.json").write_text(
        json.dumps({"revision": revision, "path": f"revisions/{revision}"})
    )


def pointed(folder: Path) -> str:
    return str(json.loads((folder / "current.json").read_text())["revision"])


@pytest.fixture
def places(workspace: Workspace, tmp_path: Path) -> Path:
    """Two destinations, of which one folder is there."""
    (tmp_path / "o_mang").mkdir()
    text = workspace.settings_file.read_text(encoding="utf-8").replace("destinations: []\n", "")
    text += f"destinations:\n- {{name: o-mang, kind: folder, path: {tmp_path / 'o_mang'}}}\n"
    text += f"- {{name: o-khac, kind: folder, path: {tmp_path / 'o_khac'}}}\n"
    workspace.settings_file.write_text(text, encoding="utf-8")
    return tmp_path / "o_mang"


def test_what_can_be_delivered_is_and_the_rest_is_told(sipas: Sipas, workspace: Workspace, places: Path) -> None:
    assert sipas("deliver", "-w", workspace.root).exit_code == 2, "nothing is published yet"
    publish(workspace, "r1")
    tried = sipas("deliver", "-w", workspace.root, "--dry-run", "--to", "o-mang")
    assert tried.exit_code == 0 and "Would be delivered: o-mang: r1, 1 sent" in tried.output
    assert list(places.iterdir()) == []
    done = sipas("deliver", "-w", workspace.root)
    assert done.exit_code == 1
    assert "Delivered: o-mang: r1" in done.output and "o-khac: not delivered" in done.output
    assert pointed(places) == "r1" and (places / "current" / "open" / "a.csv").is_file()
    publish(workspace, "r2")
    (places.parent / "o_khac").mkdir()
    assert sipas("deliver", "-w", workspace.root).exit_code == 0
    assert pointed(places) == pointed(places.parent / "o_khac") == "r2"
    assert sipas("deliver", "-w", workspace.root, "--revision", "r1").exit_code == 0
    assert pointed(places) == "r1"
    for wrong in (["--to", "o-mag"], ["--revision", "r9"], ["--revision", "../revisions/r1"]):
        assert sipas("deliver", "-w", workspace.root, *wrong).exit_code == 2


def test_no_destination_and_a_busy_workspace(sipas: Sipas, workspace: Workspace, places: Path) -> None:
    from pipelines.lock import WorkspaceBusy

    publish(workspace, "r1")
    with run_lock(workspace), pytest.raises(WorkspaceBusy):
        sipas("deliver", "-w", workspace.root)
    change_settings(workspace, "destinations:\n", "destinations: []\n#")
    change_settings(workspace, "- {name: o-khac", "# {")
    assert sipas("deliver", "-w", workspace.root).exit_code == 2


def test_the_job_delivers_and_a_place_that_fails_only_warns(workspace: Workspace, places: Path) -> None:
    publish(workspace, "r1")
    settings = load_settings(workspace)
    log = RunLog(lambda stage: None)

    class Office:
        def __init__(self) -> None:
            self.workspace = workspace

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            delivery_assets(settings.destinations),
            instance=instance,
            resources={
                "office": dg.ResourceDefinition.hardcoded_resource(Office()),
                "run_log": dg.ResourceDefinition.hardcoded_resource(log),
            },
        )
        assert result.success
        checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
        assert {name: check.passed for name, check in checks.items()} == {
            "delivered_o_mang": True,
            "delivered_o_khac": False,
        }
        assert checks["delivered_o_khac"].severity == dg.AssetCheckSeverity.WARN
        told = [alert.message.en for alert in failed_checks(instance, result.dagster_run.job_name)]
        assert [text for text in told if "delivered_o_khac" in text]
    assert [outcome.failure is None for outcome in log.deliveries] == [True, False]
    assert pointed(places) == "r1"
    assert delivery_assets(()) == [] and DELIVERY.path == ["published", "delivery"]


def test_a_run_without_news_tries_again_what_was_not_delivered(
    workspace: Workspace, places: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(workspace, "r1")
    folder = workspace.published / "revisions" / "r1"
    log = RunLog(lambda stage: None)
    log.deliveries += _deliver_again(workspace, load_settings(workspace), folder)
    show_summary(RunReport(Ending.NOTHING_NEW, log, [], "r1", folder))
    shown = capsys.readouterr().out
    assert "Nothing new" in shown and "Delivered: o-mang: r1" in shown and "! o-khac: not delivered" in shown
    assert "chưa chuyển được" in shown
    assert pointed(places) == "r1"


def test_places_do_not_name_the_revision_and_names_are_their_own(tmp_path: Path, monkeypatch: Any) -> None:
    plain = make_workspace(tmp_path / "a")
    place = {"name": "o-mang", "kind": "folder", "path": "x"}
    named = make_workspace(tmp_path / "b", destinations=[place])
    names = set()
    for workspace in (plain, named):
        settings = load_settings(workspace)
        office = open_office(workspace, settings, lambda line: None)
        names.add(made_of(office, settings).revision)
        office.close()
    assert len(names) == 1
    with pytest.raises(SettingsError, match="two destinations are named"):
        load_settings(make_workspace(tmp_path / "c", destinations=[place, place]))
    with pytest.raises(SettingsError, match="folder, s3, sftp, postgres"):
        load_settings(make_workspace(tmp_path / "d", destinations=[{**place, "kind": "ftp"}]))
