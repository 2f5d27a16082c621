"""Which version of the software runs: the package's, and a fingerprint of the sources that decide results."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("assets", "quality", "dbt_project")
KINDS = {".py", ".sql", ".yml", ".csv", ".j2", ".html"}
# What dbt writes beside the project when someone runs it by hand.
MADE = {"target", "logs", "dbt_packages"}


@cache
def software_version() -> str:
    """Return the version, as ``0.1.0+1a2b3c4d``: a changed source changes it, so that a revision is never mistaken."""
    digest = hashlib.sha256()
    for folder in SOURCES:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in KINDS and file.is_file() and not MADE.intersection(file.relative_to(ROOT).parts):
                digest.update(file.relative_to(ROOT).as_posix().encode())
                digest.update(file.read_bytes())
    return f"{version('sipas-warehouse')}+{digest.hexdigest()[:8]}"
