"""What all tests share: packages under test before the folders that bear their names, and how workers share the tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
# tests/assets, tests/pipelines and tests/quality would otherwise be found as the packages of those names.
sys.path.insert(0, str(TESTS.parent))

# One worker builds the warehouses of this folder once for all its modules; other modules make what they need themselves.
WHOLE_FOLDERS = ("dbt_project",)
# What takes longest begins first, so that no worker is left with it at the end.
LONG_FOLDERS = ("end_to_end", "dbt_project")


# pytest-xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under pytest-xdist: keep each module, or folder with a warehouse of its own, in one worker, the longest first."""
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        place = item.path.relative_to(TESTS)
        folder = place.parts[0]
        item.add_marker(pytest.mark.xdist_group(folder if folder in WHOLE_FOLDERS else place.as_posix()))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    folder = item.path.relative_to(TESTS).parts[0]
    return LONG_FOLDERS.index(folder) if folder in LONG_FOLDERS else len(LONG_FOLDERS)
