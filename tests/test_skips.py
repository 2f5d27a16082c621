"""No test is skipped but for absent public data, MariaDB or Chromium: what tests say, and what scripts/refuse_skips.py lets pass."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from public_data import needs_public_data

TESTS = Path(__file__).resolve().parent
REFUSE = TESTS.parent / "scripts" / "refuse_skips.py"
REASON = str(needs_public_data.kwargs["reason"])
# `pytest.skip(…)`, marks `skip`, `skipif` and `xfail`, `importorskip`: each could keep a test from running here.
SKIPS = re.compile(r"\b(pytest\.(skip|xfail)|importorskip|skip_module|mark\.(skip|skipif|xfail))\b")


def test_tests_are_skipped_for_what_is_not_here_only() -> None:
    """Public data, and the MariaDB server and Chromium that CI installs: there a skip for their sake is refused like any other."""
    found = {path.name for path in TESTS.rglob("*.py") if SKIPS.search(path.read_text(encoding="utf-8"))}
    assert found - {Path(__file__).name} == {"public_data.py", "mariadb_server.py", "chromium.py"}


@pytest.mark.parametrize(
    ("reason", "data_here", "code"), [(REASON, False, 0), (REASON, True, 1), ("no network", False, 1), (None, True, 0)]
)
def test_a_skip_that_could_have_run_is_refused(
    reason: str | None, data_here: bool, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    skipped = "" if reason is None else f"<skipped message={quoteattr(reason)}/>"
    report = tmp_path / "tests.xml"
    report.write_text(f'<testsuite><testcase classname="a" name="b">{skipped}</testcase></testsuite>', encoding="utf-8")
    main = runpy.run_path(str(REFUSE))["main"]
    main.__globals__["DATA"] = tmp_path if data_here else tmp_path / "none"
    assert main(str(report)) == code
    assert ("a::b" in capsys.readouterr().out) == bool(code)
