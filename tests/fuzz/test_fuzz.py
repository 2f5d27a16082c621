"""Mutated files of every kind: each is accounted for row by row, or refused with a reason; no traceback, no hang.

500 in CI, 20,000 by `make fuzz`. The number of a file is its seed: FUZZ_FIRST and FUZZ_FILES run a part again.
"""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pyarrow.parquet as pq
import pytest
from mutations import mutate
from samples import SAMPLES
from workspaces import make_workspace, open_office, write_spec

from assets.ingest.batch import stage
from assets.ingest.history import NONE_REMOVED
from assets.ingest.outcome import StagedBatch
from assets.workspace import Workspace
from quality.gate import GateThresholds

FILES = int(os.environ.get("FUZZ_FILES", "500"))
FIRST = int(os.environ.get("FUZZ_FIRST", "0"))
BATCH = 100
# A batch takes seconds; this is a hang.
LONGEST_SECONDS = 300


@contextmanager
def no_hang(what: str) -> Iterator[None]:
    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"{what} took longer than {LONGEST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(LONGEST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def write_files(workspace: Workspace, first: int, number: int) -> dict[str, list[str]]:
    """Write mutated files, each sample in turn, and return their paths by dataset."""
    paths: dict[str, list[str]] = {}
    for seed in range(first, first + number):
        sample = SAMPLES[seed % len(SAMPLES)]
        chance = random.Random(seed)
        path = f"inbox/{sample.name}/{seed:06d}{sample.suffix}"
        file = workspace.root / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(mutate(sample.content, chance, sample.is_text, sample.is_archive))
        paths.setdefault(sample.dataset, []).append(path)
    return paths


def rows_by_input(file: Path | None, column: str | None = None) -> Counter[str]:
    """Rows of a staged file by input, or the sum of a column."""
    counts: Counter[str] = Counter()
    if file is not None:
        for row in pq.read_table(file, columns=["input_id", *([column] if column else [])]).to_pylist():
            counts[row["input_id"]] += row[column] if column else 1
    return counts


def check(batch: StagedBatch, dataset: str) -> list[str]:
    """Return what does not add up, one line per input."""
    landed = rows_by_input(batch.landed.get(dataset), "source_rows")
    held = rows_by_input(batch.quarantined)
    faults = []
    for outcome in batch.outcomes:
        name, path = outcome.item.input_id, outcome.item.path
        if outcome.refusal is not None:
            if not (outcome.refusal.message.vi and outcome.refusal.message.en and outcome.refusal.rule):
                faults.append(f"{path}: refused without a reason")
            if landed[name] or held[name]:
                faults.append(f"{path}: refused, and rows of it stand")
            continue
        counted = outcome.rows_accepted + outcome.rows_quarantined + outcome.rows_duplicate
        if outcome.rows_read != counted:
            faults.append(f"{path}: {outcome.rows_read} read, {counted} accounted for")
        if (landed[name], held[name]) != (outcome.rows_accepted, outcome.rows_quarantined):
            faults.append(f"{path}: files hold {landed[name]} and {held[name]} rows, counted {outcome}")
    return faults


@pytest.mark.parametrize("first", range(FIRST, FIRST + FILES, BATCH))
def test_every_file_is_accounted_for(first: int, tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    for sample in SAMPLES:
        write_spec(workspace, sample.name, sample.spec)
    paths = write_files(workspace, first, min(BATCH, FIRST + FILES - first))
    office = open_office(workspace, quarantine_share=1.0)
    assert office.problems == []
    for dataset, written in paths.items():
        with no_hang(f"files {first} to {first + BATCH - 1}"):
            plan = office.plan_of(dataset, lambda month: True)
            batch = stage(
                dataset,
                plan.to_read,
                1,
                [],
                frozenset(),
                NONE_REMOVED,
                GateThresholds().quarantine_share,
                office.ingest_context(),
                print,
            )
        assert check(batch, dataset) == []
        told = {problem.file for problem in office.problems}
        seen = {item.path for item in plan.to_read} | {item.path for item, _ in plan.copies} | told
        lost = [path for path in written if not any(str(name).startswith(path) for name in seen)]
        assert lost == [], "these files are neither read nor refused"
    office.close()


def test_what_is_not_mutated_is_accepted(tmp_path: Path) -> None:
    """Else the mutations would prove nothing: every sample is read whole, but for rows broken on purpose."""
    workspace = make_workspace(tmp_path)
    for sample in SAMPLES:
        write_spec(workspace, sample.name, sample.spec)
        (workspace.inbox / sample.name).mkdir()
        (workspace.inbox / sample.name / f"sound{sample.suffix}").write_bytes(sample.content)
    office = open_office(workspace)
    for dataset in sorted({sample.dataset for sample in SAMPLES}):
        plan = office.plan_of(dataset, lambda month: True)
        batch = stage(dataset, plan.to_read, 1, [], frozenset(), NONE_REMOVED, 0.5, office.ingest_context(), print)
        accepted = {outcome.item.spec.name: outcome.rows_accepted for outcome in batch.outcomes}
        assert accepted == {sample.name: sample.rows for sample in SAMPLES if sample.dataset == dataset}
    office.close()
