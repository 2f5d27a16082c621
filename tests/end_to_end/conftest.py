"""A tiny office published once and once more; tests copy it and change nothing in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sipas_process import Sipas
from tiny_office import MONTHS, july, june
from workspaces import make_workspace

from assets.workspace import Workspace


@pytest.fixture(scope="session")
def sipas() -> Sipas:
    """The command, each call in a process of its own."""
    return Sipas()


@pytest.fixture(scope="session")
def published(sipas: Sipas, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The office with June published."""
    workspace = make_workspace(tmp_path_factory.mktemp("published") / "office", months=MONTHS)
    june(workspace)
    done = sipas.run(workspace)
    assert done.code == 0, done.output
    return workspace


@pytest.fixture(scope="session")
def two_steps(sipas: Sipas, published: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """June published first, then July added and published."""
    folder = tmp_path_factory.mktemp("two_steps") / "office"
    workspace = Workspace(Path(shutil.copytree(published.root, folder, symlinks=True)))
    july(workspace)
    done = sipas.run(workspace)
    assert done.code == 0, done.output
    return workspace


@pytest.fixture
def copy_of(tmp_path: Path) -> Iterator[Callable[[Workspace, str], Workspace]]:
    """Copies a workspace under a name."""

    def copy(workspace: Workspace, name: str) -> Workspace:
        return Workspace(Path(shutil.copytree(workspace.root, tmp_path / name, symlinks=True)))

    yield copy
    shutil.rmtree(tmp_path, ignore_errors=True)
