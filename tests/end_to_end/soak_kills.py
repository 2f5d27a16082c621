"""`make soak`: kills at random moments, 100 of them, while somebody reads. CI kills at the named points, in test_kill.py.

The next run after each kill must end with the same bytes as a run that was never killed.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from killed_runs import Reference, contents, copied, ledger, reading, reference_of, whole
from sipas_process import Sipas

from assets.publish.revision import current_revision, open_current
from assets.workspace import Workspace

KILLS = int(os.environ.get("SOAK_KILLS", "100"))
SEED = int(os.environ.get("SOAK_SEED", "1"))


@pytest.fixture(scope="module")
def measured(sipas: Sipas, published: Workspace, tmp_path_factory: pytest.TempPathFactory) -> tuple[Reference, float]:
    """The run that nothing interrupts, and how many seconds it takes."""
    workspace = copied(published, tmp_path_factory.mktemp("reference") / "office")
    begun = time.monotonic()
    done = sipas.run(workspace)
    seconds = time.monotonic() - begun
    assert done.code == 0, done.output
    return reference_of(workspace), seconds


@pytest.mark.parametrize("number", range(KILLS))
def test_kill_at_a_random_moment(
    number: int, sipas: Sipas, published: Workspace, measured: tuple[Reference, float], tmp_path: Path
) -> None:
    reference, seconds = measured
    workspace = copied(published, tmp_path / "office")
    moment = random.Random(f"{SEED} {number}").uniform(0, seconds)
    with reading(workspace, number) as reader:
        killed = sipas.run(workspace, kill_after=moment)
        # Later than the run's own end, the kill finds nothing to kill.
        assert killed.code in (-signal.SIGKILL, 0), killed.output
        assert whole(open_current(workspace))
        again = sipas.run(workspace)
    assert again.code == 0, f"killed after {moment:.2f} s: {again.output}"
    folder = open_current(workspace)
    assert folder.name == reference.revision and whole(folder)
    assert contents(folder) == reference.contents, f"killed after {moment:.2f} s"
    assert ledger(workspace) == reference.ledger
    assert reader.faults == [] and reader.revisions == [current_revision(published), reference.revision]
    shutil.rmtree(workspace.root)
