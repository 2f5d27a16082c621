"""Fail when a test was skipped that could have run here. Only tests of absent public data may be skipped."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def main(report: str) -> int:
    """Return 1 and name the tests when the JUnit report holds a skip without a good reason."""
    refused = []
    for case in ElementTree.parse(report).iter("testcase"):
        for skip in case.iter("skipped"):
            reason = skip.get("message") or ""
            if DATA.is_dir() or "shared/data" not in reason:
                refused.append(f"{case.get('classname')}::{case.get('name')}: {reason}")
    for line in refused:
        print(f"skipped, though it can run here: {line}")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
