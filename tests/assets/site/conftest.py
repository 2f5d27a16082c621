"""The sample site, written once for the tests that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from site_samples import write_sample


@pytest.fixture(scope="package")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`open/` of the sample: marts and site."""
    folder = tmp_path_factory.mktemp("sample") / "open"
    write_sample(folder)
    return folder
