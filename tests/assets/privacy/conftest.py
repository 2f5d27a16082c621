"""What tests of privacy share: the tables of an office are read once, and the gate, which takes most of a second, is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from workspaces import make_workspace, open_office

import assets.landing.take_in as take_in_module
from assets.office import Office
from quality.verdict import GateResult


@pytest.fixture(scope="session")
def known_tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an office without tables of its own knows."""
    office = open_office(make_workspace(tmp_path_factory.mktemp("reference") / "office"))
    found = {name: getattr(office, name) for name in ("reference", "reference_hash", "_meanings")}
    office.close()
    return found


@pytest.fixture(scope="module", autouse=True)
def _quick(known_tables: dict[str, Any]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        for name, value in known_tables.items():
            patched.setattr(Office, name, value)
        patched.setattr(take_in_module, "_judge", lambda *arguments: GateResult("any", True, (), b""))
        yield
