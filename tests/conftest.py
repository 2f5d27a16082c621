"""What all tests share: the packages under test come before the folders of tests that bear their names."""

from __future__ import annotations

import sys
from pathlib import Path

# tests/assets, tests/pipelines and tests/quality would otherwise be found as the packages of those names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
