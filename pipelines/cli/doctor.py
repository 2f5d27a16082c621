"""`sipas doctor`: one line per thing a run depends on, and what to do where it is not right. Nothing is changed or mended."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from sqlalchemy.exc import SQLAlchemyError

from assets.ingest import extract
from assets.ingest.http.collect import reach
from assets.ingest.http.options import HttpOptions
from assets.ingest.object_store import ObjectFolder, StoreFailed
from assets.ingest.spec import load_specs
from assets.ledger import Ledger, LedgerTooNew
from assets.warehouse.postgres_engine import NoConnection, server_version
from assets.workspace import Workspace
from pipelines.cli.tables import say
from pipelines.lock import is_locked
from pipelines.settings import Settings, SettingsError, key_file, load_settings, read_keys
from pipelines.version import software_version
from quality.contract import Bilingual, load_contracts

PACKAGES = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "great_expectations")
_GIGABYTE = 1_000_000_000
# Landing, warehouse and a revision each hold about what came in, and a new revision stands beside the old one for a while.
_TIMES_THE_INPUT = 4


@dataclass(frozen=True)
class _Finding:
    """One line: what was looked at, what was found, and what to do when that is a problem."""

    name: str
    found: str
    mend: Bilingual | None = None


def examine(workspace: Workspace) -> bool:
    """Print one line per finding; return whether nothing needs mending."""
    good = True
    for finding in _findings(workspace):
        if finding.mend is None:
            say(f"ok       {finding.name:10} {finding.found}")
            continue
        good = False
        found = f"{finding.found}: " if finding.found else ""
        say(f"problem  {finding.name:10} {found}{finding.mend.en} ({finding.mend.vi})", "yellow")
    return good


def _findings(workspace: Workspace) -> Iterator[_Finding]:
    yield from _versions()
    try:
        settings = load_settings(workspace)
    except SettingsError as error:
        for problem in error.problems:
            yield _Finding("settings", problem.where(), problem.message)
        return
    yield _Finding("settings", f"{workspace.settings_file} ({settings.name}, units {', '.join(settings.roots)})")
    yield _key(settings, workspace)
    yield _engine(settings, workspace)
    yield _disk(workspace)
    yield from _folders(workspace)
    yield _lock(workspace)
    yield _ledger(workspace)
    yield from _sources(settings, workspace)
    yield from _destinations(settings, workspace)
    yield _dbt(settings)


def _versions() -> Iterator[_Finding]:
    found = [f"python {sys.version.split()[0]}", f"sipas {software_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            text = Bilingual(vi="chưa cài; chạy “make run” hoặc cài lại", en="not installed; install the package again")
            yield _Finding("versions", package, text)
    yield _Finding("versions", ", ".join(found))


def _key(settings: Settings, workspace: Workspace) -> _Finding:
    try:
        read_keys(settings, workspace)
    except (SettingsError, OSError) as error:
        if isinstance(error, SettingsError):
            return _Finding("key", "", error.problems[0].message)
        text = Bilingual(
            vi="không đọc được tệp khoá; sửa quyền đọc", en="the key file cannot be read; mend its permissions"
        )
        return _Finding("key", str(settings.key.file), text)
    if settings.key.env is not None:
        return _Finding("key", f"in ${settings.key.env}")
    if stat.S_IMODE(key_file(settings, workspace).stat().st_mode) & 0o077:
        text = Bilingual(
            vi=f"người khác đọc được; chạy: chmod 600 {settings.key.file}",
            en=f"others can read it; run: chmod 600 {settings.key.file}",
        )
        return _Finding("key", "", text)
    return _Finding("key", f"{settings.key.file}, readable by its owner only")


def _engine(settings: Settings, workspace: Workspace) -> _Finding:
    if settings.engine.kind == "duckdb":
        return _duckdb(workspace)
    variable = str(settings.engine.url_env)
    url = os.environ.get(variable)
    if not url:
        text = Bilingual(
            vi=f"đặt biến môi trường {variable} là địa chỉ PostgreSQL",
            en=f"set the variable {variable} to the database's URL",
        )
        return _Finding("engine", "PostgreSQL", text)
    try:
        number = server_version(url)
    except NoConnection as error:
        text = Bilingual(
            vi=f"kiểm tra máy chủ PostgreSQL và địa chỉ trong ${variable}",
            en=f"check that the server runs and the URL in ${variable} is right",
        )
        return _Finding("engine", f"PostgreSQL: {error}", text)
    return _Finding("engine", f"PostgreSQL {number // 10_000}.{number % 10_000}, URL in ${variable}")


def _duckdb(workspace: Workspace) -> _Finding:
    """DuckDB must be able to make, lock and read a file where the warehouse stands."""
    try:
        with (
            TemporaryDirectory(dir=workspace.warehouse if workspace.warehouse.is_dir() else None) as folder,
            duckdb.connect(str(Path(folder) / "probe.duckdb")) as connection,
        ):
            connection.execute("CREATE TABLE probe AS SELECT 1").fetchall()
    except (duckdb.Error, OSError) as error:
        text = Bilingual(
            vi="không tạo được kho DuckDB; kiểm tra ổ đĩa và quyền ghi thư mục warehouse",
            en="no warehouse can be made; check the disk and the permissions of warehouse/",
        )
        return _Finding("engine", f"DuckDB: {str(error).splitlines()[0]}", text)
    return _Finding("engine", "DuckDB opens, writes and closes a file")


def _disk(workspace: Workspace) -> _Finding:
    held = sum(
        path.stat().st_size
        for folder in (workspace.inbox, workspace.landing)
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    )
    need = _GIGABYTE + _TIMES_THE_INPUT * held
    free = shutil.disk_usage(workspace.root).free
    found = f"{free / _GIGABYTE:,.1f} GB free, a run may need {need / _GIGABYTE:,.1f} GB"
    if free < need:
        return _Finding("disk", found, Bilingual(vi="giải phóng ổ đĩa", en="make room on this disk"))
    return _Finding("disk", f"{found} (1 GB and {_TIMES_THE_INPUT} times inbox/ and landing/)")


def _folders(workspace: Workspace) -> Iterator[_Finding]:
    good = True
    for folder in (workspace.sources, workspace.reference, workspace.inbox):
        if folder.exists() and not (folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)):
            good = False
            text = Bilingual(
                vi="không phải thư mục đọc được; sửa quyền", en="not a readable folder; mend its permissions"
            )
            yield _Finding("folders", f"{folder.name}/", text)
    for folder in (workspace.landing, workspace.quarantine, workspace.state, workspace.warehouse, workspace.published):
        place = folder if folder.exists() else workspace.root
        if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
            good = False
            text = Bilingual(vi="không ghi được vào đây; sửa quyền", en="not a writable folder; mend its permissions")
            yield _Finding("folders", f"{folder.name}/", text)
    if good:
        yield _Finding("folders", "inputs readable, the run's folders writable")


def _lock(workspace: Workspace) -> _Finding:
    try:
        held = is_locked(workspace)
    except OSError:
        text = Bilingual(
            vi="không tạo được khoá trong state/; sửa quyền ghi", en="no lock can be made in state/; mend it"
        )
        return _Finding("lock", "", text)
    return _Finding("lock", "held: a run is at work here; another one has to wait for its end" if held else "free")


def _ledger(workspace: Workspace) -> _Finding:
    if not (workspace.state / "ledger.sqlite").exists():
        return _Finding("ledger", "empty: nothing was taken in yet")
    try:
        with closing(Ledger.of_folder(workspace.state)) as ledger:
            return _Finding("ledger", f"{len(ledger.active()):,} input(s) taken in")
    except LedgerTooNew as error:
        return _Finding("ledger", "state/ledger.sqlite", error.message)
    except (SQLAlchemyError, OSError):
        text = Bilingual(
            vi="không đọc được; khôi phục tệp này từ bản sao lưu", en="cannot be read; bring it back from a backup"
        )
        return _Finding("ledger", "state/ledger.sqlite", text)


def _sources(settings: Settings, workspace: Workspace) -> Iterator[_Finding]:
    for name, folder in settings.folders.items():
        value = os.environ.get(folder.env)
        if value is not None and "://" in value:
            yield _object_store(name, ObjectFolder(value))
        elif value is None or not Path(value).is_dir():
            text = Bilingual(
                vi=f"đặt biến môi trường {folder.env} là một thư mục có thật",
                en=f"set the variable {folder.env} to a folder that exists",
            )
            yield _Finding("sources", f"folder {{{name}}}", text)
        else:
            yield _Finding("sources", f"folder {{{name}}} is {value}")
    specs = load_specs(workspace.sources, load_contracts(), settings.roots)
    for spec in specs.usable:
        if spec.location.is_database:
            problem = extract.reach(spec, workspace)
            found = f"database of {spec.name}"
            yield (
                _Finding("sources", f"{found} answers")
                if problem is None
                else _Finding("sources", found, problem.message)
            )
        if spec.location.http is not None:
            yield _server(spec.name, spec.location.http, workspace)
    if specs.problems:
        files = ", ".join(sorted({problem.file or "" for problem in specs.problems}))
        text = Bilingual(vi="xem “sipas sources check”", en="see `sipas sources check`")
        yield _Finding("sources", f"{len(specs.problems)} problem(s) in {files}", text)
    elif not specs.usable:
        text = Bilingual(vi="chưa có khai báo nguồn", en="no spec yet")
        yield _Finding("sources", f"{text.en} ({text.vi}); copy sources/example.yml.txt to sources/<name>.yml")
    else:
        yield _Finding("sources", f"{len(specs.usable)} spec(s) valid")


def _server(source: str, options: HttpOptions, workspace: Workspace) -> _Finding:
    """Whether the address and the secrets are there and something answers; who may see what, `sipas sources check` shows."""
    fault = reach(options, workspace)
    if fault is None:
        return _Finding("sources", f"server of {source} answers")
    return _Finding("sources", f"server of {source}", fault)


def _object_store(name: str, folder: ObjectFolder) -> _Finding:
    try:
        return _Finding("sources", f"folder {{{name}}}: the object store answers, {folder.count():,} object(s)")
    except StoreFailed as failure:
        return _Finding("sources", f"folder {{{name}}}", failure.message)


def _destinations(settings: Settings, workspace: Workspace) -> Iterator[_Finding]:
    if settings.destinations:
        from assets.delivery.readiness import obstacles
    for destination in settings.destinations:
        name = f"{destination.name} ({destination.kind})"
        found = list(obstacles(destination, workspace))
        for obstacle in found:
            yield _Finding("deliver", name, obstacle)
        if not found:
            yield _Finding("deliver", f"{name} can be delivered to; nothing was sent")


def _dbt(settings: Settings) -> _Finding:
    from assets.warehouse.dbt import manifest

    try:
        nodes = manifest(settings.engine.kind)["nodes"]
    except Exception as error:  # dbt raises many kinds; each means that the project as installed is not whole
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        text = Bilingual(vi="cài lại sipas-warehouse", en="install sipas-warehouse again")
        return _Finding("dbt", said, text)
    models = sum(node["resource_type"] == "model" for node in nodes.values())
    return _Finding("dbt", f"the project parses ({models} models)")
