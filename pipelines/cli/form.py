"""`sipas template`: a blank Excel form for a unit and dataset, which a run reads back from inbox/templates without a spec."""

from __future__ import annotations

import re
from pathlib import Path

import typer

from assets.ingest.spec import TEMPLATES
from assets.ingest.templates.filled import columns_of
from assets.ingest.templates.marker import marker_of
from assets.ingest.templates.spec import answers_of, file_name
from assets.ingest.templates.workbook import Heads, write_template
from assets.office import Office
from assets.workspace import Workspace
from pipelines.cli.tables import say
from pipelines.resources import open_office
from pipelines.settings import load_settings
from quality.contract import Bilingual
from quality.problem import did_you_mean
from quality.vocabulary import load_vocabulary


def make_template(
    workspace: Workspace,
    unit: str,
    dataset: str,
    period: str | None,
    instrument: str | None,
    authority: str,
    output: Path | None,
) -> None:
    """Write the blank form. Raises SettingsError for settings that cannot be used, typer.BadParameter for a unit, dataset,
    instrument or authority that cannot be, and for a file that is there already."""
    office = open_office(workspace, load_settings(workspace), lambda line: None)
    try:
        target = _write(office, unit, dataset, period, instrument, authority, output)
    finally:
        office.close()
    say(f"Written: {target}")
    say(
        f"Filled in, it goes into {TEMPLATES}/ of the workspace, under any name. (Điền xong, đặt tệp vào {TEMPLATES}/.)"
    )


def _write(
    office: Office,
    unit: str,
    dataset: str,
    period: str | None,
    instrument: str | None,
    authority: str,
    output: Path | None,
) -> Path:
    known = load_vocabulary().datasets
    if dataset not in known:
        raise typer.BadParameter(
            f"there is no record dataset {dataset}.{did_you_mean(dataset, known).en} There are: {', '.join(known)}"
        )
    if not re.fullmatch(r"[A-Za-z0-9_]+", authority):
        raise typer.BadParameter(f"write the authority in letters, digits and _, not “{authority}”")
    contract = office.contracts[dataset]
    answers = answers_of(dataset, office.contracts)
    if instrument is not None and answers is None:
        raise typer.BadParameter(f"--instrument goes with survey_response, not with {dataset}")
    columns = columns_of(dataset, instrument or "", office.contracts, office.reference)
    if isinstance(columns, Bilingual):
        raise typer.BadParameter(f"--instrument: {columns.en} ({columns.vi})")
    code = next((found for root in office.roots if (found := office.resolve_units(root, [unit])[unit])), None)
    if code is None:
        raise typer.BadParameter(
            f"“{unit}” is no unit of this office, or its name is ambiguous; give its code (không có đơn vị này)"
        )
    marker = marker_of(contract, answers, code, period, instrument, authority)
    target = output or Path(file_name(marker))
    if target.exists():
        raise typer.BadParameter(f"{target} is there already and is not overwritten (tệp đã có, không ghi đè)")
    procedures = {row["code"]: row["name"] for row in office.reference["procedure"].to_pylist()}
    write_template(target, marker, columns, Heads(contract.title.vi, _unit_label(office, code)), procedures, contract)
    return target


def _unit_label(office: Office, code: str) -> str:
    """The unit's code and its names, the newest first."""
    rows = [row for row in office.reference["admin_unit"].to_pylist() if row["code"] == code]
    names = dict.fromkeys(row["name"] for row in sorted(rows, key=lambda row: row["valid_from"], reverse=True))
    return f"{code} {' / '.join(names)}"
