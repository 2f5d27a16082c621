"""Forms drawn into files by two processes. What they draw and where to is decided in write.py, which this does not import:
a process that draws has no need of what fills forms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from assets.forms.model import Form, Format
from assets.forms.render.faces import Face
from assets.forms.render.formats import Renderer
from assets.workers import can_have_workers, worker_pool

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
    if len(first) < _FEW or not can_have_workers():
        renderer = Renderer(face)
        for job in chain(first, jobs):
            yield from _draw(renderer, job)
        return
    with worker_pool(_begin, face) as pool:
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


def _begin(face: Face) -> None:
    global _renderer
    _renderer = Renderer(face)


def _draw_here(job: Job) -> list[tuple[Path, str]]:
    return _draw(_renderer, job)
