"""`sipas doctor` finds what would stop a run, says what to do, and shows no secret."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cli_office import Sipas, change_settings, lines_with
from survey_server import TOKEN, Plan, SurveyServer

from assets.workspace import Workspace
from pipelines.cli import doctor
from pipelines.lock import run_lock


def test_a_sound_workspace(workspace: Workspace, sipas: Sipas) -> None:
    result = sipas("doctor", "-w", workspace.root)
    assert result.exit_code == 0, result.output
    names = [line.split()[1] for line in result.output.splitlines()]
    assert names == ["versions", "settings", "key", "engine", "disk", "folders", "lock", "ledger", "sources", "dbt"]
    assert all(line.startswith("ok ") for line in result.output.splitlines())
    [versions] = lines_with(result.output, "versions")
    assert all(
        f"{name} " in versions for name in ("python", "sipas", "dagster", "dbt-core", "duckdb", "great_expectations")
    )


def test_settings_are_explained_and_nothing_is_made(home: Path, tmp_path: Path, sipas: Sipas) -> None:
    result = sipas("doctor", "-w", tmp_path / "none")
    assert result.exit_code == 2
    assert "sipas init" in lines_with(result.output, "problem  settings")[0]
    assert not (tmp_path / "none").exists()


def test_every_fault_of_the_settings_has_a_line(workspace: Workspace, sipas: Sipas) -> None:
    change_settings(workspace, "disclosure:", "disclosur:")
    change_settings(workspace, "cut_off_day: 14", "cut_off_day: 40")
    result = sipas("doctor", "-w", workspace.root)
    assert result.exit_code == 2
    assert len(lines_with(result.output, "problem  settings")) == 2
    assert "Did you mean “disclosure”?" in result.output


def test_key_missing_or_open_to_others(workspace: Workspace, home: Path, sipas: Sipas) -> None:
    key = home / ".config" / "sipas-warehouse" / "my_duc.key"
    key.chmod(0o644)
    result = sipas("doctor", "-w", workspace.root)
    assert result.exit_code == 2
    assert "chmod 600 ~/.config/sipas-warehouse/my_duc.key" in lines_with(result.output, "problem  key")[0]
    assert key.read_text(encoding="ascii").strip() not in result.output
    key.unlink()
    result = sipas("doctor", "-w", workspace.root)
    assert "missing or shorter" in lines_with(result.output, "problem  key")[0]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://office:s3cret-word@127.0.0.1:1/sipas",
        "postgresql://office:s3cret-word@x@127.0.0.1:port/sipas",
        "s3cret-word",
    ],
)
def test_postgres_out_of_reach(url: str, workspace: Workspace, sipas: Sipas, monkeypatch: pytest.MonkeyPatch) -> None:
    change_settings(workspace, "engine: {kind: duckdb}", "engine: {kind: postgres, url_env: SIPAS_POSTGRES_URL}")
    result = sipas("doctor", "-w", workspace.root)
    assert "set the variable SIPAS_POSTGRES_URL" in lines_with(result.output, "problem  engine")[0]
    monkeypatch.setenv("SIPAS_POSTGRES_URL", url)
    result = sipas("doctor", "-w", workspace.root)
    assert result.exit_code == 2
    assert "the URL in $SIPAS_POSTGRES_URL is right" in lines_with(result.output, "problem  engine")[0]
    assert "s3cret" not in result.output


def test_a_run_at_work_is_no_fault(workspace: Workspace, sipas: Sipas) -> None:
    with run_lock(workspace):
        result = sipas("doctor", "-w", workspace.root)
    assert result.exit_code == 0
    assert "a run is at work here" in lines_with(result.output, "lock")[0]


def test_a_full_disk(workspace: Workspace, sipas: Sipas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 5_000_000})())
    result = sipas("doctor", "-w", workspace.root)
    assert result.exit_code == 2
    assert "0.0 GB free, a run may need 1.0 GB: make room" in lines_with(result.output, "problem  disk")[0]


def test_folders_that_are_none(workspace: Workspace, sipas: Sipas) -> None:
    workspace.published.write_text("", encoding="utf-8")
    result = sipas("doctor", "-w", workspace.root)
    assert result.exit_code == 2
    assert "published/: not a writable folder" in lines_with(result.output, "problem  folders")[0]


def test_a_damaged_ledger(workspace: Workspace, sipas: Sipas) -> None:
    workspace.state.mkdir(exist_ok=True)
    (workspace.state / "ledger.sqlite").write_bytes(b"not a database" * 100)
    result = sipas("doctor", "-w", workspace.root)
    assert result.exit_code == 2
    assert "backup" in lines_with(result.output, "problem  ledger")[0]


def test_folders_databases_and_specs_of_sources(workspace: Workspace, sipas: Sipas, tmp_path: Path) -> None:
    change_settings(workspace, "# folders: {data: {env: SIPAS_DATA}}", "folders: {data: {env: SIPAS_DATA}} #")
    spec = workspace.sources / "so_phan_anh.yml"
    text = spec.read_text(encoding="utf-8")
    location = '{path: "inbox/so_{period}.csv"}'
    changed = text.replace(location, "{url_env: PORTAL_URL, table: t}").replace("kind: csv", "kind: database")
    (workspace.sources / "cong.yml").write_text(changed, encoding="utf-8")
    with closing(sqlite3.connect(workspace.root / "mot_cua.sqlite")) as database:
        database.execute("CREATE TABLE t (so TEXT)")
    for name in ("mot_cua", "mat_roi"):
        there = changed.replace("{url_env: PORTAL_URL", f'{{url: "sqlite:///{{workspace}}/{name}.sqlite"')
        (workspace.sources / f"{name}.yml").write_text(there, encoding="utf-8")
    (workspace.sources / "sai.yml").write_text(text.replace("row:", "rows:"), encoding="utf-8")
    result = sipas("doctor", "-w", workspace.root)
    assert result.exit_code == 2
    faults = lines_with(result.output, "problem  sources")
    words = ("SIPAS_DATA", "PORTAL_URL", "sources/sai.yml", "database of mat_roi")
    assert [any(word in fault for fault in faults) for word in words] == [True] * 4
    assert lines_with(result.output, "ok       sources    database of mot_cua answers")
    assert not (workspace.root / "mat_roi.sqlite").exists()


def test_survey_servers_are_knocked_at(workspace: Workspace, sipas: Sipas, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether something answers, without a login; a missing secret is told."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    spec = workspace.sources / "so_phan_anh.yml"
    text = spec.read_text(encoding="utf-8").replace("kind: csv", "kind: jsonl")

    def found() -> str:
        return " ".join(sipas("doctor", "-w", workspace.root).output.split())

    with SurveyServer(Plan([])) as server:
        place = f"{{http: {{service: kobo, url: '{server.url}', asset: a1, auth: {{token: {{env: SURVEY_TOKEN}}}}}}}}"
        spec.write_text(text.replace('{path: "inbox/so_{period}.csv"}', place), encoding="utf-8")
        assert "problem sources server of so_phan_anh: set the environment variable SURVEY_TOKEN" in found()
        assert server.asked == []
        monkeypatch.setenv("SURVEY_TOKEN", TOKEN)
        assert "ok sources server of so_phan_anh answers" in found()
        assert [asked.headers.get("Authorization") for asked in server.asked] == [None]
    assert "problem sources server of so_phan_anh: the server cannot be reached" in found()


def test_destinations_are_looked_at_without_sending_anything(
    workspace: Workspace, sipas: Sipas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders, variables and names of servers; what stands in a variable is shown nowhere."""
    (tmp_path / "o_mang").mkdir()
    (tmp_path / "tep").write_text("")
    change_settings(
        workspace,
        "destinations: []",
        f"""destinations:
- {{name: o-mang, kind: folder, path: {tmp_path / "o_mang"}}}
- {{name: mat-o, kind: folder, path: {tmp_path / "tep"}}}
- {{name: cong, kind: s3, url_env: PORTAL_URL, access_key_env: PORTAL_KEY, secret_key_env: PORTAL_SECRET}}
- {{name: so, kind: sftp, host: may.invalid, user: u, path: /nhan, password_env: SO_PASSWORD}}
- {{name: kho, kind: postgres, url_env: REPORT_URL}}""",
    )

    def looked() -> tuple[str, str]:
        output = sipas("doctor", "-w", workspace.root).output
        return output, " ".join(" ".join(lines_with(output, "deliver ")).split())

    told = looked()[1]
    assert "ok deliver o-mang (folder) can be delivered to; nothing was sent" in told
    assert "problem deliver mat-o (folder): no such folder" in told
    for variable in ("PORTAL_URL", "PORTAL_KEY", "PORTAL_SECRET", "SO_PASSWORD", "REPORT_URL"):
        assert f"the variable {variable} is not set" in told
    assert "problem deliver so (sftp): host_key is not stated" in told
    assert "problem deliver so (sftp): the name of the server is not found" in told

    secrets = {
        "PORTAL_URL": "s3://kho/thu-muc?endpoint_override=may-bi-mat.invalid:9000",
        "PORTAL_KEY": "khoa-bi-mat",
        "PORTAL_SECRET": "khoa-bi-mat",
        "SO_PASSWORD": "mat-khau-bi-mat",
        "REPORT_URL": "postgresql://u:mat-khau-bi-mat@may-bi-mat.invalid/db",
    }
    for variable, secret in secrets.items():
        monkeypatch.setenv(variable, secret)
    output, told = looked()
    assert "is not set" not in told and "bi-mat" not in output
    for place in ("cong (s3)", "so (sftp)", "kho (postgres)"):
        assert f"problem deliver {place}: the name of the server is not found" in told

    monkeypatch.setenv("PORTAL_URL", "s3://kho/thu-muc?endpoint_override=http://127.0.0.1:9000")
    monkeypatch.setenv("REPORT_URL", "postgresql://u:bi-mat@127.0.0.1,localhost/db")
    may_be = os.access
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path / "o_mang" and may_be(path, mode))
    output, told = looked()
    assert "problem deliver o-mang (folder): the folder cannot be written to" in told
    assert "ok deliver cong (s3)" in told and "ok deliver kho (postgres)" in told
    monkeypatch.setenv("REPORT_URL", "postgresql://u:bi-mat@[/db bi-mat")
    output, told = looked()
    assert "problem deliver kho (postgres): the variable holds no URL that can be read" in told
    assert "bi-mat" not in output


def test_a_project_that_does_not_parse(workspace: Workspace, sipas: Sipas, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(kind: str) -> None:
        raise RuntimeError("Compilation Error\n in model x")

    monkeypatch.setattr("assets.warehouse.dbt.manifest", broken)
    result = sipas("doctor", "-w", workspace.root)
    assert result.exit_code == 2
    assert "Compilation Error: install" in lines_with(result.output, "problem  dbt")[0]
