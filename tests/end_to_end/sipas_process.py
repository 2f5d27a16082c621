"""Runs the `sipas` command in processes of their own, forked from one that has imported what the command imports."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
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


@dataclass(frozen=True)
class Trouble:
    """What happens to a process: killed at a checkpoint or after seconds, no file larger than so many bytes.

    With `obeys_permissions` root may write only what the permissions say, as anybody else.
    """

    kill_at: str | None = None
    kill_after: float = LONGEST_RUN_SECONDS
    file_bytes: int | None = None
    obeys_permissions: bool = False


class Sipas:
    """The command line, each call in a process of its own."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)

    def __call__(self, *arguments: str, trouble: Trouble = Trouble()) -> Finished:
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "output"
            output.touch()
            process = self._context.Process(target=_command, args=(list(arguments), trouble, output))
            process.start()
            process.join(trouble.kill_after)
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
        file_bytes: int | None = None,
        obeys_permissions: bool = False,
    ) -> Finished:
        trouble = Trouble(kill_at, kill_after, file_bytes, obeys_permissions)
        return self("run", "--workspace", str(workspace.root), *arguments, trouble=trouble)


def obey_permissions() -> None:
    """Give up the right of root to pass over permissions (capabilities 1 and 2 of Linux); others have none to give up."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    held = (ctypes.c_uint32 * 6)()
    if libc.capget(header, held) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    for place in range(3):
        held[place] &= ~0b110
    if libc.capset(header, held) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _command(arguments: list[str], trouble: Trouble, output: Path) -> None:
    os.environ.pop(KILL_VARIABLE, None)
    if trouble.kill_at is not None:
        os.environ[KILL_VARIABLE] = trouble.kill_at
    descriptor = os.open(output, os.O_WRONLY)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    if trouble.file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (trouble.file_bytes, trouble.file_bytes))
    if trouble.obeys_permissions:
        obey_permissions()
    sys.argv = ["sipas", *arguments]

    from pipelines.cli.main import main

    main()
