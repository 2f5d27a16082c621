"""Forms drawn into files by two processes. What they draw and where to is decided in write.py, which this does not import:
a process that draws has no need of what fills forms.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from assets.forms.model import Form, Format
from assets.forms.render.faces import Face
from assets.forms.render.formats import Renderer

_PROCESSES = 2
# Fewer forms are drawn sooner here than by processes that have to start first.
_FEW = 60
# Forms that wait to be drawn: enough that no process waits, few enough that they need no memory to speak of.
_WAITING = 16


class FormFailed(Exception):
    """A form cannot be drawn; the message names it."""


@dataclass(frozen=True)
class Job:
    """A form and the files to make of it, in folders that are there."""

    form: Form
    files: tuple[tuple[Format, Path], ...]


def draw(jobs: Iterator[Job], face: Face) -> Iterator[tuple[Path, str]]:
    """Draw the forms and yield each file with its SHA-256, in any order. Raises FormFailed."""
    first = list(islice(jobs, _FEW))
    # A process that is a daemon, as some schedulers start them, may have no children.
    if len(first) < _FEW or multiprocessing.current_process().daemon:
        renderer = Renderer(face)
        for job in chain(first, jobs):
            yield from _draw(renderer, job)
        return
    # Spawned, for a fork would take along the threads and the locks of the database engine.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(_PROCESSES, context, _start_process, (face,)) as pool:
        pending: set[Future[list[tuple[Path, str]]]] = set()
        try:
            for job in chain(first, jobs):
                pending.add(pool.submit(_draw_here, job))
                if len(pending) >= _WAITING:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield from future.result()
            for future in pending:
                yield from future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _draw(renderer: Renderer, job: Job) -> list[tuple[Path, str]]:
    drawn = []
    for kind, path in job.files:
        try:
            content = renderer.render(job.form, kind)
        except Exception as error:
            where = f"{job.form.code} of unit {job.form.unit_code}, {job.form.period_id}"
            raise FormFailed(f"The form {where}, cannot be drawn as {kind}: {error}") from error
        path.write_bytes(content)
        drawn.append((path, hashlib.sha256(content).hexdigest()))
    return drawn


_renderer: Renderer


def _start_process(face: Face) -> None:
    global _renderer
    _renderer = Renderer(face)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed leaves nobody behind who would go on to write into its folder."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        with contextlib.suppress(Exception):
            parent.join()
        os._exit(1)


def _draw_here(job: Job) -> list[tuple[Path, str]]:
    return _draw(_renderer, job)
