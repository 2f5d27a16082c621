"""What the assets are given at run time: the office, the warehouse engine, the run's log and the name of the revision."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from assets.landing.corrections_file import FILE
from assets.landing.land import sweep
from assets.landing.versions import version_problems
from assets.office import Office
from assets.periods.figures import sweep_figures
from assets.publish.context import PublishContext
from assets.publish.revision_id import MadeOf
from assets.warehouse.duckdb_engine import DuckDBWarehouse
from assets.warehouse.engine import Warehouse
from assets.warehouse.postgres_engine import NoConnection, PostgresWarehouse, server_version
from assets.workspace import Workspace
from pipelines.lock import run_lock
from pipelines.settings import Settings, SettingsError, folder_paths, read_keys, unset_folders
from pipelines.version import software_version
from quality.contract import Bilingual
from quality.problem import Problem


def open_office(workspace: Workspace, settings: Settings, tell: Callable[[str], None]) -> Office:
    """Return the office of a workspace. Raises SettingsError when its key is missing or not the one it began with."""
    office = Office(
        workspace=workspace,
        roots=settings.roots,
        cut_off_day=settings.cut_off_day,
        working_days=settings.submission.working_days,
        thresholds=settings.gate,
        keys=read_keys(settings, workspace),
        folders=folder_paths(settings),
        today=dt.datetime.now(ZoneInfo(settings.time_zone)).date(),
        tell=tell,
        estimates=settings.estimates,
    )
    # Under another key every record would get another hash, and corrections would count as new records.
    if not office.ledger.is_bound_to(office.keys.key_id):
        earlier = office.keys.rank(office.ledger.key_mark())
        office.close()
        if earlier is not None:
            text = Bilingual(
                vi="Khoá bí mật đã có thêm dòng mới; chạy “sipas key rotate” để đổi khoá cho dữ liệu đã nạp",
                en="The secret key has a new line; run “sipas key rotate”, which brings what was taken in under it",
            )
            raise SettingsError([Problem("settings.key", text, file="sipas.yml", column="key")])
        text = Bilingual(
            vi="Khoá bí mật không phải khoá mà không gian làm việc này đã dùng; đặt lại khoá cũ",
            en="This is not the secret key that the workspace began with; put the old key back",
        )
        raise SettingsError([Problem("settings.key", text, file="sipas.yml", column="key")])
    return office


@contextmanager
def office_at_work(workspace: Workspace, settings: Settings, tell: Callable[[str], None]) -> Iterator[Office]:
    """Open the office for a run: nobody else writes meanwhile, and what a killed run left half done is swept away.

    Raises SettingsError, as `open_office`, for an outside folder that is not there and for landed files of a version of their
    contract that cannot be read, and WorkspaceBusy.
    """
    if missing := unset_folders(settings):
        raise SettingsError(missing)
    with run_lock(workspace):
        office = open_office(workspace, settings, tell)
        try:
            sweep(workspace, office.ledger)
            sweep_figures(workspace, office.ledger)
            if unread := version_problems(office.ledger.parts(), office.contracts):
                raise SettingsError(unread)
            yield office
        finally:
            office.close()


def open_warehouse(workspace: Workspace, settings: Settings) -> Warehouse:
    """Return the engine the settings name. Raises SettingsError when its URL is missing or leads nowhere."""
    workspace.warehouse.mkdir(parents=True, exist_ok=True)
    engine = settings.engine
    if engine.kind == "duckdb":
        return DuckDBWarehouse(workspace.warehouse / "sipas.duckdb")
    url = os.environ.get(str(engine.url_env))
    if not url:
        text = Bilingual(
            vi=f"Biến môi trường {engine.url_env} chưa được đặt",
            en=f"Set the environment variable {engine.url_env} to the PostgreSQL URL",
        )
        raise SettingsError([Problem("settings.engine", text, file="sipas.yml", column="engine.url_env")])
    try:
        server_version(url)
    except NoConnection as error:
        text = Bilingual(
            vi=f"Không kết nối được PostgreSQL theo địa chỉ trong biến môi trường {engine.url_env}",
            en=f"PostgreSQL cannot be reached by the URL in {engine.url_env}: {error}; see `sipas doctor`",
        )
        problem = Problem("settings.engine", text, file="sipas.yml", column="engine.url_env")
        raise SettingsError([problem]) from None
    return PostgresWarehouse(url, workspace.warehouse)


def publication(settings: Settings) -> PublishContext:
    """Return what a publication of this workspace says about itself."""
    return PublishContext(
        title_vi=settings.title.vi,
        title_en=settings.title.en,
        simulated=settings.simulated,
        minimum_n=settings.disclosure.minimum_n,
        languages=settings.languages,
        version=software_version(),
    )


def made_of(office: Office, settings: Settings, carried: str | None = None) -> MadeOf:
    """Return what a revision of the workspace's present inputs, settings and software is made of, and so its name; `carried`
    is what the revision before makes it hide."""
    stated = office.workspace.root / FILE
    return MadeOf(
        records=office.ledger.active(),
        rules=office.ledger.rule_counts(),
        specs=office.specs.usable,
        reference=office.reference_hash,
        reference_digests=office.reference_digests,
        corrections=stated.read_text(encoding="utf-8", errors="replace") if stated.is_file() else "",
        decisions=office.ledger.period_changes(),
        # Whom to tell of trouble and where to deliver changes no figure.
        settings=settings.model_dump(mode="json", exclude={"alerts", "destinations"}),
        version=software_version(),
        carried=carried,
    )
