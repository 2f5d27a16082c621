"""SIGKILL at every named point of a run: readers see one revision whole, and the next run repairs nothing by hand."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from killed_runs import Contents, Reader, Reference, contents, copied, ledger, reading, uninterrupted, whole
from sipas_process import Finished, Sipas, Trouble
from tiny_office import june
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


@dataclass(frozen=True)
class Attempt:
    """A run killed at one point, what it left published and in the ledger, the run after it, and who read meanwhile."""

    workspace: Workspace
    killed: Finished
    seen: str
    seen_whole: bool
    recorded: int
    again: Finished
    reader: Reader


@pytest.fixture(scope="module")
def reference(sipas: Sipas, published: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """The run that nothing interrupts."""
    return uninterrupted(sipas, published, tmp_path_factory.mktemp("reference") / "office")


@pytest.fixture(scope="module")
def attempts(
    request: pytest.FixtureRequest, sipas: Sipas, published: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Attempt]]]:
    """The selected points, killed and run again two at a time: a run leaves a second core idle most of its time."""

    def attempt(point: str, folder: Path) -> Attempt:
        workspace = copied(published, folder)
        with reading(workspace, POINTS.index(point)) as reader:
            killed = sipas.run(workspace, kill_at=point)
            seen = open_current(workspace)
            connection = sqlite3.connect(workspace.state / "ledger.sqlite")
            [recorded] = connection.execute("SELECT count(*) FROM input").fetchone()
            connection.close()
            again = sipas.run(workspace)
        return Attempt(workspace, killed, seen.name, whole(seen), recorded, again, reader)

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
    # What commands of their own pass is killed where they are tested.
    of_commands = {name for name in named if name.startswith(("forget.", "retention.", "rotation."))}
    tested = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests" / "assets" / "privacy").glob("*.py"))
    assert [name for name in sorted(of_commands) if f'"{name}"' not in tested] == []
    in_a_run = named - of_commands - {"dbt.{phase}"} | {"dbt.phase_1", "dbt.phase_2"}
    assert in_a_run == {*POINTS, RETURNED}


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
    killed = sipas("quarantine", "return", "-w", str(workspace.root), trouble=Trouble(kill_at=RETURNED))
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
    assert attempt.reader.faults == [] and attempt.reader.looks > 10
    assert attempt.reader.revisions == [before, reference.revision], "the old revision, then the new one, and no other"
    assert sorted(path.name for path in folder.parent.iterdir()) == sorted([str(before), reference.revision])
