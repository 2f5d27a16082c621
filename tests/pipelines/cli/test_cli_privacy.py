"""`sipas forget`, `retention` and `key rotate`: what is asked, printed and refused. What they do to files has its own tests."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
import yaml
from cli_office import SPEC, Sipas, good_rows, ingest, write_ledger
from typer.testing import CliRunner

from assets.workspace import Workspace
from pipelines.cli.main import app
from pipelines.settings import SettingsError, load_settings, read_keys

PHONE = "0981000001"


@pytest.fixture
def known(workspace: Workspace) -> Workspace:
    """The ledger of complaints with a person's number in the column of the contents, which is mapped as theirs."""
    spec = SPEC.replace('ignore: ["Nội dung"]', "").rstrip() + '\n      person_phone: "Nội dung"\n'
    (workspace.sources / "so_phan_anh.yml").write_text(spec, encoding="utf-8")
    write_ledger(workspace, [*good_rows(11), f"PA-0050,Xã An Mỹ,Điện thoại,Đang xử lý,02/05/2023,,{PHONE}"])
    ingest(workspace)
    return workspace


def found_by(workspace: Workspace, text: str) -> str:
    """What `sipas forget --find` prints for a number given on standard input."""
    result = CliRunner().invoke(app, ["forget", "--find", "-w", str(workspace.root)], input=f"{text}\n")
    assert result.exit_code == 0, result.output
    assert PHONE not in result.output
    return result.output


def test_a_person_is_found_and_forgotten_by_token(known: Workspace, sipas: Sipas) -> None:
    [line] = [line for line in found_by(known, "+84 981 000 001").splitlines() if " phone " in line]
    token = re.findall(r"[0-9a-f]{32}", line)[0]
    assert re.split(r"\s{2,}", line.strip())[2:] == ["1", "1", "1", "0", "0"]
    dry = sipas("forget", token, "--dry-run", "-w", known.root)
    assert "would be taken out: 1 record(s); rows: 1 in inbox, 1 landed" in dry.output
    done = sipas("forget", token, "-w", known.root)
    assert done.exit_code == 0 and "taken out: 1 record(s)" in done.output
    assert not any(PHONE in file.read_text("utf-8") for file in known.inbox.rglob("*.csv"))
    assert re.split(r"\s{2,}", found_by(known, PHONE).splitlines()[-3].strip())[2:] == ["0"] * 5


@pytest.mark.parametrize("given", [[], ["--find", "0" * 32], [PHONE], ["không"]])
def test_a_number_is_no_argument(known: Workspace, sipas: Sipas, given: list[str]) -> None:
    result = sipas("forget", *given, "-w", known.root)
    assert result.exit_code == 2 and PHONE not in result.output


def test_what_is_no_number_is_told(known: Workspace) -> None:
    result = CliRunner().invoke(app, ["forget", "--find", "-w", str(known.root)], input="xin chào\n")
    assert result.exit_code == 2 and "no phone number" in result.output


def test_retention_needs_its_setting_and_counts_first(known: Workspace, sipas: Sipas) -> None:
    assert sipas("retention", "-w", known.root).exit_code == 2
    settings = known.settings_file.read_text(encoding="utf-8")
    known.settings_file.write_text(settings.replace("retention: {}", "retention: {complaint: 12}"), encoding="utf-8")
    dry = sipas("retention", "--dry-run", "-w", known.root)
    assert dry.exit_code == 0 and re.search(r"complaint\s+\d{4}-\d{2}-\d{2}\s+0\s+12\s+0", dry.output), dry.output
    assert sipas("retention", "-w", known.root).exit_code == 0
    again = sipas("retention", "--dry-run", "-w", known.root)
    assert re.search(r"complaint\s+\d{4}-\d{2}-\d{2}\s+0\s+0\s+0", again.output)
    known.settings_file.write_text(settings.replace("retention: {}", "retention: {complain: 12}"), encoding="utf-8")
    with pytest.raises(SettingsError, match="complaint"):
        load_settings(known)


def test_a_rotated_key_file_has_a_line_more_and_is_its_owners_alone(known: Workspace, home: Path, sipas: Sipas) -> None:
    key = home / ".config" / "sipas-warehouse" / "my_duc.key"
    before = key.read_text(encoding="ascii")
    done = sipas("key", "rotate", "-w", known.root)
    assert done.exit_code == 0 and "2 secret(s) now; 1 file(s)" in done.output
    assert key.read_text(encoding="ascii").startswith(before) and len(key.read_text(encoding="ascii").split()) == 2
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and [path.name for path in key.parent.iterdir()] == [key.name]
    assert not any(secret in done.output for secret in key.read_text(encoding="ascii").split())
    ingest(known)
    # The old key alone is another key now, and a line that no rotation has followed is told.
    key.write_text(before, encoding="ascii")
    with pytest.raises(SettingsError, match="put the old key back"):
        ingest(known)


def test_a_new_line_waits_for_the_command(
    known: Workspace, home: Path, sipas: Sipas, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = (home / ".config" / "sipas-warehouse" / "my_duc.key").read_text(encoding="ascii").strip()
    settings = yaml.safe_load(known.settings_file.read_text(encoding="utf-8")) | {"key": {"env": "SIPAS_TEST_KEY"}}
    known.settings_file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    monkeypatch.setenv("SIPAS_TEST_KEY", old)
    refused = sipas("key", "rotate", "-w", known.root)
    assert refused.exit_code == 2 and "has no new secret" in refused.output
    monkeypatch.setenv("SIPAS_TEST_KEY", f"{old}\nanother secret of the office")
    with pytest.raises(SettingsError, match="sipas key rotate"):
        ingest(known)
    assert sipas("key", "rotate", "-w", known.root).exit_code == 0
    ingest(known)
    monkeypatch.setenv("SIPAS_TEST_KEY", "quite another secret of the office")
    assert sipas("key", "rotate", "-w", known.root).exit_code == 2


def test_a_key_inside_the_workspace_is_refused(workspace: Workspace) -> None:
    (workspace.root / "office.key").write_text("a secret that would be copied along\n", encoding="ascii")
    settings = yaml.safe_load(workspace.settings_file.read_text(encoding="utf-8")) | {"key": {"file": "office.key"}}
    workspace.settings_file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    with pytest.raises(SettingsError, match="lies in the workspace") as caught:
        read_keys(load_settings(workspace), workspace)
    assert [problem.rule for problem in caught.value.problems] == ["settings.key_inside"]
