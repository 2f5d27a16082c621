"""`sipas forms`: official forms of the warehouse as it is, on demand, into a folder. A run publishes them by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import typer

from assets.forms.figures import Query
from assets.forms.kinds import form_kinds
from assets.forms.open_marts import open_marts
from assets.forms.render.faces import office_face
from assets.forms.scope import Calendar, Territory, read_calendar
from assets.forms.subject import Period
from assets.forms.write import AUDIENCES, fill_forms, write_files
from assets.publish.revision import PublishError, open_current
from assets.reference.units import names_meant
from assets.warehouse.engine import Warehouse
from assets.workspace import Workspace
from pipelines.cli.tables import say
from pipelines.lock import run_lock
from pipelines.resources import open_warehouse
from pipelines.settings import Settings, load_settings
from quality.problem import did_you_mean


def write_on_demand(
    workspace: Workspace, unit: str | None, period: str | None, language: Literal["vi", "en"] | None, out: Path
) -> None:
    """Write the forms of a unit (all where None) and period (as a run would, where None) into the folder.

    Raises SettingsError for settings that cannot be used, typer.BadParameter for a unit, period or folder that cannot be,
    and WorkspaceBusy while a run works.
    """
    settings = load_settings(workspace)
    if out.resolve().is_relative_to(workspace.published.resolve()):
        raise typer.BadParameter("--out lies in published/, which runs alone write; name another folder")
    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is a file; name a folder (đây là tệp, hãy nêu một thư mục)")
    try:
        revision = open_current(workspace)
    except PublishError as error:
        raise typer.BadParameter(f"{error} (chưa có số liệu: chạy sipas run)") from None
    with run_lock(workspace):
        warehouse = open_warehouse(workspace, settings)
        try:
            _write(warehouse, open_marts(revision), settings, unit, period, language, out)
        finally:
            warehouse.close()


def _write(
    warehouse: Warehouse,
    disclosed: Query,
    settings: Settings,
    unit: str | None,
    period: str | None,
    language: Literal["vi", "en"] | None,
    out: Path,
) -> None:
    options = settings.forms
    calendar = read_calendar(warehouse.query)
    periods = calendar.last_months(max(options.months, 1)) if period is None else [_period(calendar, period)]
    codes = None if unit is None else [_unit(Territory(warehouse.query), unit)]
    languages = options.languages if language is None else (language,)
    kinds = form_kinds(options)
    filled = fill_forms(warehouse.query, periods, languages, settings.simulated, kinds, codes, disclosed)
    written = write_files(filled, dict.fromkeys(AUDIENCES, out), options.formats, office_face(), {})
    if not written.drawn:
        say("There is no form of this unit and period. (Không có biểu mẫu cho đơn vị và kỳ này.)", "yellow")
        return
    say(f"{written.drawn} file(s) written to {out}")
    say("Forms for the office are not suppressed: keep them in the office. (Biểu mẫu nội bộ, không công khai.)")


def _period(calendar: Calendar, wanted: str) -> Period:
    known = {period.period_id: period for period in calendar.periods}
    if wanted not in known:
        span = f" There are: {', '.join(known)}" if len(known) <= 60 else ""
        raise typer.BadParameter(
            f"there is no data of the period {wanted} (không có số liệu của kỳ này).{did_you_mean(wanted, known).en}{span}"
        )
    return known[wanted]


def _unit(territory: Territory, wanted: str) -> str:
    """The code of a unit that is named by its code, or by its name with or without the word for its kind."""
    if wanted in territory.codes:
        return wanted
    names = {key: name for key, name in territory.names.items() if key.code in territory.codes}
    meant = names_meant(names.values(), wanted)
    named = {key.code for key, name in names.items() if name in meant}
    if len(named) == 1:
        return named.pop()
    hint = did_you_mean(wanted, [*territory.codes, *names.values()])
    raise typer.BadParameter(f"“{wanted}” is no unit of this office; give its code (không có đơn vị này).{hint.en}")
