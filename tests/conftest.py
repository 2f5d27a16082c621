"""What all tests share: packages under test before the folders that bear their names, and how workers share the tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).resolve().parent
# tests/assets, tests/pipelines and tests/quality would otherwise be found as the packages of those names.
sys.path.insert(0, str(TESTS.parent))

# One worker builds what this folder needs once for all its modules; other modules make what they need themselves.
WHOLE_FOLDERS = ("browser", "dbt_project", "golden")
# These copy an office that one of them publishes first.
OF_ONE_OFFICE = ("test_faults.py", "test_kill.py", "test_period_locks.py", "test_promises.py")
# What takes longest begins first, so that no worker is left with it at the end.
LONG_FOLDERS = ("end_to_end", "dbt_project")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Keep each module, or folder with a warehouse of its own, in one worker; each kill of the soak stands alone."""

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            module = Path(nodeid.partition("::")[0])
            if module.name == "soak_kills.py":
                return nodeid
            if module.name in OF_ONE_OFFICE:
                return "office"
            folder = module.parts[1]
            return folder if folder in WHOLE_FOLDERS else str(module)

    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under pytest-xdist: the longest first."""
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    folder = item.path.relative_to(TESTS).parts[0]
    return LONG_FOLDERS.index(folder) if folder in LONG_FOLDERS else len(LONG_FOLDERS)
