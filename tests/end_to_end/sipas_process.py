"""Runs the `sipas` command in processes of their own, forked from one that has imported what the command imports."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from assets.checkpoint import KILL_VARIABLE
from assets.workspace import Workspace

# Importing these takes most of a short run.
PRELOAD = ["pipelines.cli.main", "pipelines.run", "pipelines.definitions", "dagster_dbt", "dbt.cli.main"]
PRELOAD += ["dbt.adapters.duckdb", "great_expectations", "pipelines.cli.quarantine", "pipelines.cli.status"]
LONGEST_RUN_SECONDS = 300


@dataclass(frozen=True)
class Finished:
    """How a process ended: its exit code, negative for a signal, and all it printed."""

    code: int | None
    output: str


class Sipas:
    """The command line; `kill_at` names the checkpoint at which the process kills itself, `kill_after` counts seconds."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)

    def __call__(
        self, *arguments: str, kill_at: str | None = None, kill_after: float = LONGEST_RUN_SECONDS
    ) -> Finished:
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "output"
            process = self._context.Process(target=_command, args=(list(arguments), kill_at, output))
            process.start()
            process.join(kill_after)
            if process.is_alive():
                process.kill()
                process.join()
            return Finished(process.exitcode, output.read_text(encoding="utf-8", errors="replace"))

    def run(
        self,
        workspace: Workspace,
        *arguments: str,
        kill_at: str | None = None,
        kill_after: float = LONGEST_RUN_SECONDS,
    ) -> Finished:
        return self("run", "--workspace", str(workspace.root), *arguments, kill_at=kill_at, kill_after=kill_after)


def _command(arguments: list[str], kill_at: str | None, output: Path) -> None:
    os.environ.pop(KILL_VARIABLE, None)
    if kill_at is not None:
        os.environ[KILL_VARIABLE] = kill_at
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.argv = ["sipas", *arguments]

    from pipelines.cli.main import main

    main()
