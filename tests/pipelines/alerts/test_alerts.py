"""Trouble is told once to everybody, by real servers on loopback, and again to whoever was not reached."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml
from servers import Hook, Mailbox, mail_server, webhook
from typer.testing import CliRunner
from workspaces import case_row, case_spec, make_workspace, put_cases, take, write_spec

from assets.ledger import InputRecord
from assets.workspace import Workspace
from pipelines.alerts.conditions import failed_checks, high_quarantine, missing_submissions, stale_sources
from pipelines.alerts.sensors import alert_sensors
from pipelines.cli.main import app
from pipelines.settings import SettingsError, load_settings

TODAY = dt.date(2024, 1, 20)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as mailbox:
        yield mailbox


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    with webhook() as hook:
        monkeypatch.setenv("SIPAS_TEST_HOOK", hook.url)
        yield hook


@pytest.fixture
def workspace(tmp_path: Path, mailbox: Mailbox, hook: Hook) -> Workspace:
    """A workspace in which more than a tenth of 20 rows are refused; both targets are told."""
    email = {"host": "127.0.0.1", "port": mailbox.port, "security": "none", "sender": "sipas@a.example"}
    email["to"] = ["one@a.example", "two@a.example"]
    workspace = make_workspace(tmp_path, alerts={"email": email, "webhooks": [{"url_env": "SIPAS_TEST_HOOK"}]})
    write_spec(workspace, "desk", case_spec())
    rows = [case_row(number) for number in range(1, 18)]
    rows += [case_row(number, **{"Ngày nhận": "29/02/2023"}) for number in range(18, 21)]
    put_cases(workspace, "inbox/ho_so/2023-06.csv", rows)
    take(workspace)
    return workspace


class Sensor:
    """One of the sensors with its cursor, as the daemon keeps it."""

    def __init__(self, workspace: Workspace, name: str, instance: dg.DagsterInstance) -> None:
        self.instance, self.cursor = instance, None
        sensors = alert_sensors(workspace, load_settings(workspace), "month")
        [self.sensor] = [sensor for sensor in sensors if sensor.name == f"alert_{name}"]

    def tick(self) -> str:
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor) as context:
            said = self.sensor.evaluate_tick(context).skip_message
            self.cursor = context.cursor
        return str(said)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_everybody_is_told_once(workspace: Workspace, mailbox: Mailbox, hook: Hook, instance: Any) -> None:
    sensor = Sensor(workspace, "high_quarantine", instance)
    assert sensor.tick() == "2 new alert(s) sent; 0 target(s) not reached."
    [message], [body] = mailbox.messages, hook.bodies
    assert mailbox.receivers == [["one@a.example", "two@a.example"]]
    text = message.get_content()
    assert "Source desk: 3 of 20 rows" in text and "Nguồn desk: 3/20 dòng" in text
    assert text.index("Nguồn") < text.index("Source")
    [alert] = body["alerts"]
    assert (alert["kind"], alert["en"] in body["text"]) == ("high_quarantine", True)
    assert sensor.tick() == "0 new alert(s) sent; 0 target(s) not reached."
    assert (len(mailbox.messages), len(hook.bodies)) == (1, 1)


@pytest.mark.parametrize("status", [500, 302, 404])
def test_who_was_not_reached_is_told_at_the_next_look_and_nobody_twice(
    workspace: Workspace, mailbox: Mailbox, hook: Hook, instance: Any, status: int
) -> None:
    hook.status = status
    sensor = Sensor(workspace, "high_quarantine", instance)
    assert sensor.tick() == "1 new alert(s) sent; 1 target(s) not reached."
    hook.status = 200
    assert sensor.tick() == "1 new alert(s) sent; 0 target(s) not reached."
    assert (len(mailbox.messages), len(hook.bodies)) == (1, 1)


def test_a_mail_server_that_refuses_or_offers_no_encryption_has_not_been_told(
    workspace: Workspace, mailbox: Mailbox, hook: Hook, instance: Any
) -> None:
    mailbox.refuses = True
    assert Sensor(workspace, "high_quarantine", instance).tick().endswith("1 target(s) not reached.")
    mailbox.refuses = False
    settings = yaml.safe_load(workspace.settings_file.read_text(encoding="utf-8"))
    settings["alerts"]["email"]["security"] = "starttls"
    workspace.settings_file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    assert Sensor(workspace, "high_quarantine", instance).tick().endswith("1 target(s) not reached.")
    assert mailbox.messages == [] and len(hook.bodies) == 2


def test_a_password_never_goes_in_clear(tmp_path: Path) -> None:
    email = {
        "host": "h",
        "security": "none",
        "user": "u",
        "password_env": "P",
        "sender": "a@b.example",
        "to": ["a@b.example"],
    }
    workspace = make_workspace(tmp_path, alerts={"email": email})
    with pytest.raises(SettingsError, match="not sent over a connection in clear"):
        load_settings(workspace)


def test_what_ends_and_comes_back_is_told_again(workspace: Workspace, hook: Hook, instance: Any) -> None:
    sensor = Sensor(workspace, "high_quarantine", instance)
    sensor.tick()
    put_cases(workspace, "inbox/ho_so/2023-06.csv", [case_row(number) for number in range(1, 21)])
    take(workspace)
    sensor.tick()
    assert len(hook.bodies) == 1 and json.loads(sensor.cursor) == {"email": [], "webhook SIPAS_TEST_HOOK": []}
    rows = [case_row(number, **{"Ngày nhận": "32/01/2023"} if number > 20 else {}) for number in range(1, 31)]
    put_cases(workspace, "inbox/ho_so/2023-06.csv", rows)
    take(workspace)
    sensor.tick()
    assert len(hook.bodies) == 2


def record(source: str, seq: int, **changes: Any) -> InputRecord:
    base = InputRecord(
        input_id=f"{source}-{seq}", source=source, office_code="282", path=f"inbox/{seq}", content_sha=str(seq), reading_hash="r",
        reference_hash="f", delivery_kind="upsert", scope_id=None, delivery_seq=seq, unit_code=None, period_id=None,
        sent_on=dt.date(2023, 12, 1), datasets="case", status="landed", rows_read=100, rows_accepted=90, rows_quarantined=10,
        rows_duplicate=0, rows_skipped=0, reason=None, batch_id="b1",
    )  # fmt: skip
    return dataclasses.replace(base, **changes)


def test_a_share_is_of_the_last_batch_of_a_source_with_files_refused_whole() -> None:
    records = [
        record("old", 1, rows_quarantined=90, rows_accepted=10),
        record("old", 2, batch_id="b2"),
        record("whole", 3, status="refused", rows_accepted=0, rows_quarantined=0),
        record("whole", 4, rows_quarantined=0, rows_accepted=100),
        record("few", 5, rows_read=19, rows_quarantined=19, rows_accepted=0),
        record("edge", 6),
    ]
    assert [alert.key.split(":")[1] for alert in high_quarantine(records, 0.1, 20)] == ["whole"]
    [alert] = high_quarantine(records, 0.1, 20)
    assert "100 of 200 rows" in alert.message.en


def test_a_source_is_stale_after_so_many_days_and_not_on_the_day() -> None:
    records = [record("desk", 1), record("desk", 2, sent_on=dt.date(2023, 12, 6)), record("gone", 3)]
    sources = ["desk", "never"]
    assert [*stale_sources(records, sources, TODAY, 45)] == []
    [alert] = stale_sources(records, sources, TODAY + dt.timedelta(days=1), 45)
    assert "desk" in alert.message.en and "2023-12-06" in alert.message.vi


def test_what_is_owed_past_its_deadline_is_missing(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    assert [*missing_submissions(workspace, TODAY)] == []
    folder = workspace.published / "revisions" / "r1"
    (folder / "analyst").mkdir(parents=True)
    (folder / "revision.json").write_text("{}", encoding="utf-8")
    (workspace.published / "current.json").write_text('{"revision": "r1"}', encoding="utf-8")
    with duckdb.connect(str(folder / "analyst" / "sipas.duckdb")) as marts:
        marts.execute(
            """
            CREATE SCHEMA marts;
            CREATE TABLE marts.submission_status AS SELECT * FROM (VALUES
                ('10441', 'case', '2023-12', 'missing', DATE '2023-12-18'),
                ('10465', 'case', '2023-12', 'missing', DATE '2023-12-18'),
                ('10462', 'case', '2023-12', 'empty', DATE '2023-12-18'),
                ('10441', 'case', '2024-01', 'missing', DATE '2024-01-20'),
                ('10441', 'complaint', '2023-12', 'late', DATE '2023-12-18')
            ) AS owed (unit_code, dataset, period_id, submission_state, due_on)
            """
        )
    [alert] = missing_submissions(workspace, TODAY)
    assert "2 unit(s)" in alert.message.en and alert.message.en.endswith("10441, 10465")
    assert "2024-01" not in alert.message.en
    assert len([*missing_submissions(workspace, TODAY + dt.timedelta(days=1))]) == 2


def test_failed_checks_of_ended_runs_and_failed_runs(instance: dg.DagsterInstance) -> None:
    @dg.asset(
        check_specs=[dg.AssetCheckSpec(name, asset="landing") for name in ("good", "warned", "bad")],
    )
    def landing():  # type: ignore[no-untyped-def]
        found = {"good": (True, "ERROR"), "warned": (False, "WARN"), "bad": (False, "ERROR")}
        checks = [
            dg.AssetCheckResult(check_name=name, passed=passed, severity=dg.AssetCheckSeverity(severity))
            for name, (passed, severity) in found.items()
        ]
        return dg.MaterializeResult(check_results=checks)

    @dg.asset(deps=[landing])
    def broken() -> None:
        raise ValueError("a cell: Nguyễn Văn Giả")

    defs = dg.Definitions(assets=[landing, broken], jobs=[dg.define_asset_job("month")])
    defs.resolve_job_def("month").execute_in_process(instance=instance, raise_on_error=False)
    alerts = list(failed_checks(instance, "month"))
    assert sorted(alert.message.en.split(" (run")[0] for alert in alerts)[:2] == [
        "Check landing: bad failed",
        "Check landing: warned warns",
    ]
    assert len(alerts) == 3 and any(alert.key.startswith("run:") for alert in alerts)
    assert not any("Nguyễn" in alert.message.vi + alert.message.en for alert in alerts)
    assert list(failed_checks(instance, "another")) == []


def test_the_command_lists_and_sends_a_test(workspace: Workspace, mailbox: Mailbox, hook: Hook) -> None:
    call = CliRunner()
    listed = call.invoke(app, ["alerts", "--workspace", str(workspace.root)])
    assert listed.exit_code == 0 and "3 of 20 rows" in listed.output
    sent = call.invoke(app, ["alerts", "--workspace", str(workspace.root), "--test"])
    assert sent.exit_code == 0 and len(mailbox.messages) == len(hook.bodies) == 1
    hook.status = 503
    failed = call.invoke(app, ["alerts", "--workspace", str(workspace.root), "--test"])
    assert failed.exit_code == 2 and "HTTP status 503" in failed.output and "t0ken" not in failed.output


def test_nobody_to_tell(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    workspace = make_workspace(tmp_path)
    assert Sensor(workspace, "stale_sources", instance).tick().startswith("Nobody to tell")
    assert CliRunner().invoke(app, ["alerts", "--workspace", str(workspace.root), "--test"]).exit_code == 2
