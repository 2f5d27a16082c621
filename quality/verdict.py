"""What a gate and the audit say of a batch or of the marts. How they come to it stands in gate.py and audit.py."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GateCheck:
    """One verdict; critical: failing it closes the gate, otherwise it is a warning."""

    name: str
    passed: bool
    critical: bool
    observed: str | float | None
    expected: str
    message_vi: str
    message_en: str


@dataclass(frozen=True)
class GateResult:
    """Verdict on one batch, or on the marts; html is its Data Docs page, the same bytes for the same input."""

    dataset: str
    passed: bool
    checks: tuple[GateCheck, ...]
    html: bytes
