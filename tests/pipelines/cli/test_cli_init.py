"""A new workspace is ready to run, keeps its key outside, and its example spec is right and complete."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from cli_office import SPEC, Sipas, good_rows, ingest, words, write_ledger
from pydantic import BaseModel

from assets.ingest.readers.options import CsvOptions, JsonOptions, SkipRule, WorkbookOptions
from assets.ingest.spec import ColumnMap, Delivery, Feed, Location, SourceSpec, UnitFrom, read_spec
from assets.ledger import Ledger
from assets.workspace import Workspace
from pipelines.resources import open_office
from pipelines.settings import Settings, load_settings, read_keys
from quality.contract import Strict, load_contracts


def test_workspace_is_ready_to_run(home: Path, tmp_path: Path, sipas: Sipas) -> None:
    result = sipas("init", tmp_path / "Mỹ Đức 2023", "--root", "282")
    assert result.exit_code == 0, result.output
    workspace = Workspace(tmp_path / "Mỹ Đức 2023")
    settings = load_settings(workspace)
    assert (settings.name, settings.roots, settings.title.vi) == ("my_duc_2023", ("282",), "Huyện Mỹ Đức")
    assert not settings.simulated
    assert {path.name for path in workspace.root.iterdir()} == {
        "sipas.yml",
        ".gitignore",
        "sources",
        "reference",
        "inbox",
    }
    (workspace.sources / "so_phan_anh.yml").write_text(SPEC, encoding="utf-8")
    write_ledger(workspace, good_rows(12))
    assert sipas("doctor", "-w", workspace.root).exit_code == 0
    checked = sipas("sources", "check", "-w", workspace.root)
    assert checked.exit_code == 0, checked.output
    ingest(workspace)
    [record] = Ledger.of_folder(workspace.state).active()
    assert (record.status, record.rows_accepted) == ("landed", 12)


def test_a_run_without_any_spec_is_told_where_to_put_one(workspace: Workspace) -> None:
    [spec] = workspace.sources.glob("*.yml")
    spec.unlink()
    office = open_office(workspace, load_settings(workspace), lambda line: None)
    assert office.news(lambda month: True) == []
    [problem] = office.problems
    assert problem.rule == "spec.none"
    for language in ("vi", "en"):
        assert "sources/example.yml.txt" in problem.render(language)
    office.close()


def test_key_is_secret_and_outside(home: Path, tmp_path: Path, sipas: Sipas) -> None:
    result = sipas("init", tmp_path / "office", "--root", "282")
    key = home / ".config" / "sipas-warehouse" / "office.key"
    assert key.stat().st_mode & 0o777 == 0o600
    secret = key.read_text(encoding="ascii").strip()
    assert len(secret) == 64
    workspace = Workspace(tmp_path / "office")
    assert read_keys(load_settings(workspace), workspace).secrets == (secret.encode(),)
    assert secret not in result.output
    assert not any(secret in path.read_text(encoding="utf-8") for path in workspace.root.rglob("*") if path.is_file())


def test_a_key_that_is_there_is_kept(home: Path, tmp_path: Path, sipas: Sipas) -> None:
    sipas("init", tmp_path / "office", "--root", "282")
    key = home / ".config" / "sipas-warehouse" / "office.key"
    before = key.read_bytes()
    shutil.rmtree(tmp_path / "office")
    assert "kept" in sipas("init", tmp_path / "office", "--root", "282").output
    assert key.read_bytes() == before


def test_a_folder_that_holds_something_is_refused(home: Path, tmp_path: Path, sipas: Sipas) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thư.txt").write_text("của tôi", encoding="utf-8")
    result = sipas("init", tmp_path / "full", "--root", "282")
    assert result.exit_code == 2
    assert "not an empty folder" in words(result.output)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thư.txt"]
    assert not (home / ".config").exists()


def test_the_unit_has_to_be_named(home: Path, tmp_path: Path, sipas: Sipas) -> None:
    result = sipas("init", tmp_path / "office")
    assert result.exit_code == 2
    assert "give --root" in words(result.output) and "admin_unit.csv" in words(result.output)
    assert [path.name for path in tmp_path.iterdir()] == ["home"] and not list(home.iterdir())


def test_a_unit_outside_the_shipped_list_is_told(home: Path, tmp_path: Path, sipas: Sipas) -> None:
    assert "reference/admin_unit.csv" in sipas("init", tmp_path / "a", "--root", "kcmo").output
    assert sipas("init", tmp_path / "b", "--root", "28 2\n").exit_code == 2


def test_settings_name_every_key(workspace: Workspace) -> None:
    text = workspace.settings_file.read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if not re.search(rf"^(# )?{name}:", text, re.MULTILINE)] == []
    written = yaml.safe_load(text)
    # An engine or a key of the other kind takes a key that only a comment can show.
    comments = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    sections = {name: section for name, section in load_settings(workspace) if isinstance(section, Strict)}
    assert {"engine", "key", "gate", "estimates"} <= sections.keys()
    for name, section in sections.items():
        absent = type(section).model_fields.keys() - written[name].keys()
        assert [key for key in absent if not re.search(rf"[{{ ]{key}: ", comments)] == []


def test_settings_as_written_are_the_defaults(workspace: Workspace) -> None:
    settings = load_settings(workspace)
    required = {name: getattr(settings, name) for name, field in Settings.model_fields.items() if field.is_required()}
    assert settings == Settings.model_validate(required)


def test_example_spec_is_valid_and_has_every_key(workspace: Workspace) -> None:
    text = (workspace.sources / "example.yml.txt").read_text(encoding="utf-8")
    copy = workspace.sources / "phieu.yml"
    copy.write_text(text, encoding="utf-8")
    spec, problems = read_spec(copy, load_contracts(), ("282",))
    assert problems == []
    assert spec is not None
    assert spec.datasets == ("survey_response", "survey_answer")
    models: list[type[BaseModel]] = [SourceSpec, Location, Delivery, UnitFrom, Feed, ColumnMap]
    models += [CsvOptions, WorkbookOptions, JsonOptions, SkipRule]
    keys = {name for model in models for name in model.model_fields} - {"name", "digest"}
    assert sorted(key for key in keys if not re.search(rf"\b{key}:", text)) == []


@pytest.mark.parametrize("name", ["a: b # c", "[đỏ]", '\'"quoted"'])
def test_strange_folder_names_give_valid_settings(name: str, home: Path, tmp_path: Path, sipas: Sipas) -> None:
    assert sipas("init", tmp_path / name, "--root", "kcmo").exit_code == 0
    assert load_settings(Workspace(tmp_path / name)).title.vi == name
