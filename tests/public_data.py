"""Where the public data are that some tests read beside the project, and the one reason to skip such a test without them."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
# With the folder there, a file that is missing in it fails its test. scripts/refuse_skips.py lets no other reason pass.
needs_public_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public data of ../shared/data are not here")
