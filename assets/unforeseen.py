"""Errors that nobody foresaw, told without the values they hold: Dagster keeps the messages of failed steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from quality.personal import redact


class Unforeseen(Exception):
    """Stands for an error of another kind; the place where that was raised is its traceback."""


def without_values(error: BaseException) -> Unforeseen:
    """Return what stands for the error: its kind and the first line of its message, what it quotes taken out."""
    said = str(error).strip().splitlines()
    told = Unforeseen(f"{type(error).__name__}: {redact(said[0])}" if said else type(error).__name__)
    return told.with_traceback(error.__traceback__)


@contextmanager
def values_kept_out() -> Iterator[None]:
    """Let no error pass whose message may hold a cell; what the assets themselves say of a failure passes."""
    try:
        yield
    except (dg.Failure, Unforeseen):
        raise
    except Exception as error:
        raise without_values(error) from None
