"""SIGKILL at every named point of a run: readers see one revision whole, and no run after it repairs anything by hand.

Each run of a series takes up what the killed one before it left, and is killed further on; the last one must end as a run
that nothing interrupted. `make soak` kills at random moments, each in an office of its own.
"""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from killed_runs import Contents, Reader, Reference, contents, copied, ledger, reading, reference_of, whole
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
# Every other point, so that the runs of a series are killed further and further on.
SERIES = (POINTS[::2], POINTS[1::2])
# Where refused rows go back, which a command does by itself.
RETURNED = "returns.written"
# At these the batch, or the whole revision, is in place already.
COMMITTED = POINTS[POINTS.index("ledger.committed") :]


@dataclass(frozen=True)
class Kill:
    """A run killed at one point, and what it left: the revision that readers see, and the number of inputs in the ledger."""

    run: Finished
    seen: str
    seen_whole: bool
    recorded: int


@dataclass(frozen=True)
class Series:
    """An office whose runs were killed at some points in turn, the run that was not, and who read all the while."""

    workspace: Workspace
    kills: dict[str, Kill]
    last: Finished
    reader: Reader


@pytest.fixture(scope="module")
def reference(sipas: Sipas, published: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """What the run that nothing interrupts ends with."""
    workspace = copied(published, tmp_path_factory.mktemp("reference") / "office")
    done = sipas.run(workspace)
    assert done.code == 0, done.output
    return reference_of(workspace)


@pytest.fixture(scope="module")
def series(
    request: pytest.FixtureRequest, sipas: Sipas, published: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> Series:
    """The office after the runs that a series of points killed and the one that none did."""
    points: tuple[str, ...] = request.param
    workspace = copied(published, tmp_path_factory.mktemp("killed") / "office")
    kills = {}
    with reading(workspace, len(points)) as reader:
        for point in points:
            killed = sipas.run(workspace, kill_at=point)
            seen = open_current(workspace)
            with closing(sqlite3.connect(workspace.state / "ledger.sqlite")) as connection:
                [recorded] = connection.execute("SELECT count(*) FROM input").fetchone()
            kills[point] = Kill(killed, seen.name, whole(seen), recorded)
        last = sipas.run(workspace)
    return Series(workspace, kills, last, reader)


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


@pytest.mark.parametrize("series", SERIES, indirect=True, ids=" ".join)
class TestKilledAndRunAgain:
    def test_readers_see_the_old_revision_until_the_pointer_moves(
        self, published: Workspace, reference: Reference, series: Series
    ) -> None:
        for point, kill in series.kills.items():
            assert kill.run.code == -signal.SIGKILL, kill.run.output
            expected = reference.revision if point == "publish.pointed" else current_revision(published)
            assert (point, kill.seen, kill.seen_whole) == (point, expected, True)
        assert series.reader.faults == [] and series.reader.looks > 10
        assert series.reader.revisions == [current_revision(published), reference.revision], "the old one, then the new"

    def test_a_batch_counts_from_its_ledger_row_on_and_not_before(self, series: Series) -> None:
        found = {point: kill.recorded > 3 for point, kill in series.kills.items()}
        assert found == {point: point in COMMITTED for point in series.kills}

    def test_the_last_run_ends_as_one_that_nothing_interrupted(
        self, published: Workspace, reference: Reference, series: Series
    ) -> None:
        assert series.last.code == 0, series.last.output
        assert ("Nothing new" in series.last.output) == ("publish.pointed" in series.kills)
        folder = open_current(series.workspace)
        assert folder.name == reference.revision
        assert whole(folder) and contents(folder) == reference.contents
        assert ledger(series.workspace) == reference.ledger
        revisions = sorted(path.name for path in folder.parent.iterdir())
        assert revisions == sorted([str(current_revision(published)), reference.revision])
