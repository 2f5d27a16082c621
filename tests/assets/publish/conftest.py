"""Fixtures of the publishing tests: a small warehouse, its manifest, a context and an empty workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from publish_warehouse import Warehouse, build_warehouse, make_manifest

from assets.publish.context import PublishContext
from assets.workspace import Workspace


@pytest.fixture
def manifest() -> dict[str, Any]:
    return make_manifest()


@pytest.fixture
def context() -> PublishContext:
    return PublishContext(
        title_vi="Chỉ số hài lòng huyện Mỹ Đức",
        title_en="Satisfaction in Mỹ Đức district",
        simulated=True,
        minimum_n=10,
        languages=("vi", "en"),
        version="0.1.0",
    )


@pytest.fixture
def make_warehouse(tmp_path: Path) -> Callable[..., Warehouse]:
    def make(name: str = "warehouse", units: int = 4, months: int = 3, fact_rows: int = 60) -> Warehouse:
        return build_warehouse(tmp_path / f"{name}.duckdb", units, months, fact_rows)

    return make


@pytest.fixture
def warehouse(make_warehouse: Callable[..., Warehouse]) -> Warehouse:
    return make_warehouse()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "workspace"
    root.mkdir()
    return Workspace(root)
