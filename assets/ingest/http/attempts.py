"""Asking again: exponential backoff with full jitter, or the time that the server asks for. What failed stands in fault.py."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import TypeVar

import tenacity

from assets.ingest.http.fault import HttpFault
from assets.ingest.http.options import Limits

Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)


def persistently(ask: Callable[[], Result], limits: Limits) -> Result:
    """Return what `ask` returns; after a passing fault, wait and ask again. Raises the last HttpFault."""
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(HttpFault),
        stop=lambda state: _is_enough(state, limits),
        wait=lambda state: _seconds(state, limits),
        before_sleep=_note,
        reraise=True,
    )
    return retrying(ask)


def _fault(state: tenacity.RetryCallState) -> HttpFault:
    assert state.outcome is not None
    fault = state.outcome.exception()
    assert isinstance(fault, HttpFault)
    return fault


def _is_enough(state: tenacity.RetryCallState, limits: Limits) -> bool:
    fault = _fault(state)
    tries = limits.tries if fault.tries is None else min(fault.tries, limits.tries)
    # A server that wants a longer rest than a run may wait is left in peace: the next run goes on from here.
    return state.attempt_number >= tries or (fault.wait or 0.0) > limits.longest_wait_seconds


def _seconds(state: tenacity.RetryCallState, limits: Limits) -> float:
    """Full jitter: anything between nothing and the bound, which doubles each time; many clients never come at once."""
    asked = _fault(state).wait
    if asked is not None:
        return asked + random.uniform(0, limits.first_wait_seconds)
    bound = limits.first_wait_seconds * 2.0 ** (state.attempt_number - 1)
    return random.uniform(0, min(bound, limits.longest_wait_seconds))


def _note(state: tenacity.RetryCallState) -> None:
    _LOG.info("%s; asked again in %.1f s", _fault(state).rule, state.upcoming_sleep)
