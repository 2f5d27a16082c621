"""SIGKILL at every named point of a run: readers see one revision whole, and the next run repairs nothing by hand."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from sipas_process import Finished, Sipas
from tiny_office import july, june
from workspaces import make_workspace, take

from assets.publish.revision import current_revision, open_current
from assets.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
POINTS = (
    "run.started",
    "ingest.read",
    "ingest.settled",
    "gate.judged",
    "landing.renamed",
    "ledger.committed",
    "dbt.phase_1",
    "estimates.written",
    "dbt.phase_2",
    "publish.staged",
    "publish.renamed",
    "publish.pointed",
)
# Where refused rows go back, which a command does by itself.
RETURNED = "returns.written"
# At these the batch, or the whole revision, is in place already.
COMMITTED = POINTS[POINTS.index("ledger.committed") :]

Contents = dict[str, object]


@dataclass(frozen=True)
class Reference:
    """What an uninterrupted run makes of the same inputs."""

    revision: str
    contents: Contents
    ledger: Contents


@dataclass(frozen=True)
class Attempt:
    """A run killed at one point, what a reader then saw, how many inputs the ledger had, and the run after it."""

    workspace: Workspace
    killed: Finished
    seen: str
    seen_whole: bool
    recorded: int
    again: Finished


def whole(folder: Path) -> bool:
    """Whether a revision holds exactly the files that its manifest lists, byte for byte."""
    listed = json.loads((folder / "revision.json").read_text(encoding="utf-8"))["files"]
    sums = {file["path"]: file["sha256"] for file in listed}
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "revision.json"
    }
    return sums == found


def contents(folder: Path) -> Contents:
    """Every published file by path: its hash, or for a DuckDB file its rows; the manifest without that file's hash."""
    found: Contents = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".duckdb":
            found[name] = tables(path)
        elif name == "revision.json":
            manifest = json.loads(path.read_text(encoding="utf-8"))
            manifest["files"] = [file for file in manifest["files"] if not file["path"].endswith(".duckdb")]
            found[name] = manifest
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(path), read_only=True) as database:
        names = database.execute("SELECT table_schema || '.' || table_name FROM information_schema.tables").fetchall()
        return {name: database.execute(f"SELECT * FROM {name}").fetchall() for (name,) in sorted(names)}


def ledger(workspace: Workspace) -> Contents:
    """Every row of the ledger, and the files of the private zone it names."""
    connection = sqlite3.connect(workspace.state / "ledger.sqlite")
    try:
        rows: Contents = {
            name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}")))
            for name in ("input", "input_rule", "part")
        }
        named = {path for (path,) in connection.execute("SELECT path FROM part")}
    finally:
        connection.close()
    for folder in (workspace.landing, workspace.quarantine):
        for file in folder.glob("*/*.parquet"):
            if not file.parent.name.startswith("."):
                named.discard(file.relative_to(workspace.root).as_posix())
    assert named == set(), "the ledger names files that are not there"
    return rows


def copied(published: Workspace, folder: Path) -> Workspace:
    """The office with June published, July in its inbox."""
    workspace = Workspace(Path(shutil.copytree(published.root, folder, symlinks=True)))
    july(workspace)
    return workspace


@pytest.fixture(scope="module")
def reference(sipas: Sipas, published: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """The run that nothing interrupts."""
    workspace = copied(published, tmp_path_factory.mktemp("reference") / "office")
    done = sipas.run(workspace)
    assert done.code == 0, done.output
    folder = open_current(workspace)
    assert whole(folder) and folder.name != current_revision(published)
    return Reference(folder.name, contents(folder), ledger(workspace))


@pytest.fixture(scope="module")
def attempts(
    request: pytest.FixtureRequest, sipas: Sipas, published: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Attempt]]]:
    """The selected points, killed and run again two at a time: a run leaves a second core idle most of its time."""

    def attempt(point: str, folder: Path) -> Attempt:
        workspace = copied(published, folder)
        killed = sipas.run(workspace, kill_at=point)
        seen = open_current(workspace)
        connection = sqlite3.connect(workspace.state / "ledger.sqlite")
        [recorded] = connection.execute("SELECT count(*) FROM input").fetchone()
        connection.close()
        return Attempt(workspace, killed, seen.name, whole(seen), recorded, sipas.run(workspace))

    selected = {getattr(item, "callspec", None) and item.callspec.params.get("point") for item in request.session.items}
    with ThreadPoolExecutor(2) as pool:
        yield {
            point: pool.submit(attempt, point, tmp_path_factory.mktemp(point) / "office")
            for point in POINTS
            if point in selected
        }


def test_every_checkpoint_of_the_code_is_killed_here() -> None:
    named = {
        name
        for folder in ("assets", "pipelines")
        for file in (ROOT / folder).rglob("*.py")
        for name in re.findall(r'checkpoint\(f?"([a-z_.{}]+)"\)', file.read_text(encoding="utf-8"))
    }
    assert named - {"dbt.{phase}"} | {"dbt.phase_1", "dbt.phase_2"} == {*POINTS, RETURNED}


def test_a_return_that_was_killed_is_written_again_and_once(sipas: Sipas, tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "office")
    june(workspace)
    for dataset in ("case", "survey_response", "complaint"):
        take(workspace, dataset)
    Workspace(Path(shutil.copytree(workspace.root, tmp_path / "reference")))

    def returned(root: Path) -> tuple[dict[str, bytes], Contents]:
        files = {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted((root / "returns").rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }
        with closing(sqlite3.connect(root / "state" / "ledger.sqlite")) as connection:
            names = ("return_file", "return_row")
            return files, {name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}"))) for name in names}

    done = sipas("quarantine", "return", "-w", str(tmp_path / "reference"))
    assert done.code == 0 and "2 file(s) written" in done.output, done.output
    killed = sipas("quarantine", "return", "-w", str(workspace.root), kill_at=RETURNED)
    assert killed.code == -signal.SIGKILL, killed.output
    files, rows = returned(workspace.root)
    assert files and rows == {"return_file": [], "return_row": []}, "what is not recorded did not go back"
    assert sipas("quarantine", "return", "-w", str(workspace.root)).code == 0
    assert returned(workspace.root) == returned(tmp_path / "reference")
    again = sipas("quarantine", "return", "-w", str(workspace.root))
    assert "Nothing is to go back" in again.output


@pytest.mark.parametrize("point", POINTS)
def test_kill_and_run_again(
    point: str, published: Workspace, reference: Reference, attempts: dict[str, Future[Attempt]]
) -> None:
    attempt = attempts[point].result()
    before = current_revision(published)
    assert attempt.killed.code == -signal.SIGKILL, attempt.killed.output
    assert attempt.seen == (reference.revision if point == "publish.pointed" else before)
    assert attempt.seen_whole
    assert (attempt.recorded > 3) == (point in COMMITTED), "a batch counts from its ledger row on, and not before"

    assert attempt.again.code == 0, attempt.again.output
    assert ("Nothing new" in attempt.again.output) == (point == "publish.pointed")
    folder = open_current(attempt.workspace)
    assert folder.name == reference.revision
    assert whole(folder) and contents(folder) == reference.contents
    assert ledger(attempt.workspace) == reference.ledger
    assert sorted(path.name for path in folder.parent.iterdir()) == sorted([str(before), reference.revision])
