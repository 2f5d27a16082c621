"""Runs the dbt project inside this process, one phase at a time, and reports each node as data. No SQL stands here."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from assets.warehouse.engine import EngineKind, Warehouse
from quality.personal import redact

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
PROJECT_FOLDERS = ("models", "macros", "seeds", "tests")

Phase = Literal["phase_1", "phase_2"]

# dbt keeps variables of this prefix out of its logs and artefacts.
PASSWORD_VARIABLE = "DBT_ENV_SECRET_SIPAS_PASSWORD"

# What a profile must say for parsing, which reaches no database.
PLACEHOLDER_PROFILES: dict[EngineKind, dict[str, Any]] = {
    "duckdb": {"type": "duckdb", "path": "sipas.duckdb", "schema": "main", "threads": 1},
    "postgres": {
        "type": "postgres",
        "host": "localhost",
        "port": 5432,
        "user": "sipas",
        "password": "",
        "dbname": "sipas",
        "schema": "public",
        "threads": 1,
    },
}

QUIET = (
    "--quiet",
    "--no-use-colors",
    "--no-send-anonymous-usage-stats",
    "--no-version-check",
    "--no-write-json",
    "--no-partial-parse",
    "--log-level=none",
    "--log-level-file=none",
)


@dataclass(frozen=True)
class NodeResult:
    """One model, seed or test of a build. `failures` counts the rows a test found; `message` is empty on success."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    seconds: float
    failures: int
    message: str

    @property
    def is_good(self) -> bool:
        """Whether the build may go on: built, passed, or a warning that says why it is only one."""
        return self.status in ("success", "pass", "warn")


def build(warehouse: Warehouse, phase: Phase, on_node: Callable[[NodeResult], None] | None = None) -> list[NodeResult]:
    """Build and test the models of a phase, in dependency order; what depends on a failed node is skipped.

    Returns one result per node; `on_node` also receives each as it ends. A project or connection that dbt cannot
    use at all gives a single result with status ``error``. Afterwards no connection of dbt is open.
    """
    arguments = ["build", "--select", f"tag:{phase}", "--exclude-resource-type", "unit_test"]
    # A test runs in the phase that completes its parents: the first leaves out what the second has yet to build.
    reach = "buildable" if phase == "phase_1" else "eager"
    return _invoke(warehouse, [*arguments, "--indirect-selection", reach], on_node)


def unit_test(warehouse: Warehouse) -> list[NodeResult]:
    """Run dbt's unit tests; their models' parents must have been built before."""
    return _invoke(warehouse, ["test", "--select", "test_type:unit"], None)


@cache
def manifest(kind: EngineKind) -> dict[str, Any]:
    """Return dbt's manifest of the project for an engine (nodes, columns with their meta, lineage); no database needed."""
    path = _parsed(PLACEHOLDER_PROFILES[kind]).with_suffix(".json")
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _invoke(
    warehouse: Warehouse, arguments: list[str], on_node: Callable[[NodeResult], None] | None
) -> list[NodeResult]:
    # dbt takes seconds to import: only the runs that need it pay.
    from dbt.cli.main import dbtRunner

    # DuckDB lets one set of settings hold a file at a time, and a second reader in the process would see old data.
    warehouse.close()
    profile = warehouse.profile()
    try:
        runner = dbtRunner(manifest=_read_manifest(_parsed(profile)), callbacks=[_reporter(on_node)] if on_node else [])
        with _profiles_folder(profile) as folder:
            outcome = runner.invoke([*arguments, *_places(folder, warehouse.folder), *QUIET])
    except _ParseError as error:
        return [_broken(str(error))]
    finally:
        _release_connections()
    if outcome.exception is not None:
        return [_broken(str(outcome.exception))]
    return [_node_result(result) for result in getattr(outcome.result, "results", [])]


class _ParseError(Exception):
    """The project cannot be parsed; the text is dbt's."""


def _broken(message: str) -> NodeResult:
    return NodeResult("project.sipas", "sipas", "project", "error", 0.0, 0, redact(message.strip()))


def _node_result(result: Any) -> NodeResult:
    node = result.node
    status = str(result.status)
    good = status in ("success", "pass")
    return NodeResult(
        unique_id=node.unique_id,
        name=node.name,
        resource_type=str(node.resource_type),
        status=status,
        seconds=round(float(result.execution_time), 3),
        failures=int(result.failures or 0),
        message="" if good else redact(str(result.message or "").strip()),
    )


def _reporter(on_node: Callable[[NodeResult], None]) -> Callable[[Any], None]:
    """Return a dbt event callback that turns the end of a node into a NodeResult."""

    def report(event: Any) -> None:
        if event.info.name != "NodeFinished":
            return
        node, result = event.data.node_info, event.data.run_result
        good = result.status in ("success", "pass")
        on_node(
            NodeResult(
                unique_id=node.unique_id,
                name=node.node_name,
                resource_type=node.resource_type,
                status=result.status,
                seconds=round(result.execution_time, 3),
                failures=result.num_failures,
                message="" if good else redact(result.message.strip()),
            )
        )

    return report


def _places(profiles: Path, folder: Path) -> list[str]:
    """Return the arguments that keep everything dbt writes out of the project."""
    return [
        f"--project-dir={PROJECT}",
        f"--profiles-dir={profiles}",
        f"--target-path={folder / 'dbt'}",
        f"--log-path={folder / 'dbt'}",
    ]


@contextmanager
def _profiles_folder(profile: dict[str, Any]) -> Iterator[Path]:
    """Write profiles.yml for one run; a password goes through the environment, never to disk."""
    written = dict(profile)
    before = os.environ.get(PASSWORD_VARIABLE)
    if "password" in written:
        os.environ[PASSWORD_VARIABLE] = written["password"]
        written["password"] = f"{{{{ env_var('{PASSWORD_VARIABLE}') }}}}"
    content = {"sipas": {"target": "run", "outputs": {"run": written}}}
    try:
        with tempfile.TemporaryDirectory(prefix="sipas-dbt-") as folder:
            (Path(folder) / "profiles.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
            yield Path(folder)
    finally:
        if before is None:
            os.environ.pop(PASSWORD_VARIABLE, None)
        else:
            os.environ[PASSWORD_VARIABLE] = before


def _parsed(profile: dict[str, Any]) -> Path:
    """Return the cached manifest for the project as it stands; parse where there is none yet."""
    target = _cache_folder() / f"{_fingerprint(profile)}.msgpack"
    if target.exists() and target.with_suffix(".json").exists():
        return target
    from dbt.cli.main import dbtRunner
    from dbt.parser.manifest import extended_mashumaro_encoder

    with tempfile.TemporaryDirectory(prefix="sipas-dbt-") as scratch, _profiles_folder(profile) as folder:
        outcome = dbtRunner().invoke(["parse", *_places(folder, Path(scratch)), *QUIET])
        _release_connections()
    if not outcome.success:
        raise _ParseError(str(outcome.exception))
    parsed: Any = outcome.result
    _write_aside(target.with_suffix(".json"), json.dumps(parsed.writable_manifest().to_dict(omit_none=False)).encode())
    _write_aside(target, parsed.to_msgpack(extended_mashumaro_encoder))
    return target


def _read_manifest(path: Path) -> Any:
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    return Manifest.from_msgpack(path.read_bytes(), decoder=extended_mashumuro_decoder)


def _write_aside(path: Path, content: bytes) -> None:
    """Write a file that other processes see whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    os.replace(file.name, path)


def _fingerprint(profile: dict[str, Any]) -> str:
    """Return a hash over the project's files, dbt's version and what of the profile is rendered into a manifest."""
    from dbt.version import __version__

    database = Path(profile["path"]).stem if profile["type"] == "duckdb" else profile["dbname"]
    digest = hashlib.sha256(json.dumps([str(__version__), str(PROJECT), profile["type"], database]).encode())
    files = [PROJECT / "dbt_project.yml"]
    for folder in PROJECT_FOLDERS:
        files.extend(sorted(path for path in (PROJECT / folder).rglob("*") if path.is_file()))
    for path in files:
        digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:24]


def _cache_folder() -> Path:
    """Return the user's cache folder (XDG Base Directory), or a temporary one where there is no home."""
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = Path(base) if base else Path.home() / ".cache"
    except RuntimeError:
        folder = Path(tempfile.gettempdir())
    return folder / "sipas-warehouse" / "dbt"


def _release_connections() -> None:
    """Close what dbt's adapters still hold, so that the file can be opened with other settings and shows the new data."""
    from dbt.adapters.factory import reset_adapters

    reset_adapters()  # type: ignore[no-untyped-call]
    try:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    except ImportError:
        return
    environment = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
        DuckDBConnectionManager._ENV = None
