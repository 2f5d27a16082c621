"""`sipas sources infer`: a draft spec from a file that no spec describes yet, with the questions left for a person.

Nothing is taken in. How a table is read and matched stands in assets/ingest/inference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import sqlalchemy as sa
import typer
from sqlalchemy.exc import SQLAlchemyError

from assets.ingest.inference.draft import Draft, Place, write_draft
from assets.ingest.inference.matching import Instrument, Known, Reading, read_table
from assets.ingest.inference.paths import path_pattern
from assets.ingest.inference.sample import DATABASE_SUFFIXES, samples
from assets.ingest.readers.table import InputRefused, require_file
from assets.office import Office
from assets.workspace import Workspace
from pipelines.cli.progress import console, show_problems
from pipelines.cli.tables import say
from pipelines.resources import open_office
from pipelines.settings import Settings, load_settings
from quality.contract import Bilingual
from quality.problem import Problem, did_you_mean
from quality.vocabulary import load_vocabulary, word_key

# Files beside the one given, whose names are looked at.
_NEIGHBOURS = 50


def infer_source(workspace: Workspace, place: str, table: str | None, dataset: str | None, output: str | None) -> None:
    """Write a draft spec for a file, or for a table of a database, to the terminal or to sources/<output>.yml.

    `place` is a file, or the name of an environment variable that holds a database's URL. Raises SettingsError for
    settings that cannot be used, typer.BadParameter for what cannot be read and for a spec that is there already.
    """
    settings = load_settings(workspace)
    target = _target(workspace, output)
    office = open_office(workspace, settings, lambda line: None)
    try:
        draft, reading = _draft(office, settings, place, table, dataset)
    except InputRefused as refused:
        text = Bilingual(vi=refused.message_vi, en=refused.message_en)
        show_problems([Problem(refused.rule, text, file=place, sheet=refused.sheet, line=refused.line)])
        raise typer.Exit(2) from None
    finally:
        office.close()
    if target is None:
        console.print(draft.text, end="", markup=False, highlight=False)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(draft.text, encoding="utf-8")
    mapped = len(reading.matches) + len(reading.items) + (reading.unit is not None)
    say(
        f"sources/{target.name}: {reading.dataset}, {mapped} of {len(reading.columns)} column(s) mapped, "
        f"{len(reading.personal)} about people left out, {len(draft.questions)} question(s)"
    )
    for number, question in enumerate(draft.questions, start=1):
        for language in settings.languages:
            say(f"  ? {number} {getattr(question, language)}")
    say(f"Next: answer them in the file, then  sipas sources check {target.stem}")


def _target(workspace: Workspace, output: str | None) -> Path | None:
    if output is None:
        return None
    name = output.removesuffix(".yml").removeprefix("sources/")
    if not re.fullmatch(r"\w[\w-]*", name):
        raise typer.BadParameter(f"“{output}” is no name of a spec; write letters, digits and _ (tên không hợp lệ)")
    target = workspace.sources / f"{name}.yml"
    if target.exists():
        raise typer.BadParameter(
            f"sources/{name}.yml is there already and is not overwritten; choose another name (tệp đã có, không ghi đè)"
        )
    return target


def _draft(
    office: Office, settings: Settings, place: str, table: str | None, dataset: str | None
) -> tuple[Draft, Reading]:
    vocabulary = load_vocabulary()
    if dataset is not None and dataset not in vocabulary.datasets:
        hint = did_you_mean(dataset, vocabulary.datasets)
        raise typer.BadParameter(f"there is no record dataset {dataset}.{hint.en}")
    root = office.roots[0]

    def is_unit(name: str) -> bool:
        return any(office.unit_meanings(each, [name])[name] for each in office.roots)

    known = Known(
        office.contracts,
        vocabulary,
        is_unit,
        frozenset(office.reference["procedure"]["code"].to_pylist()),
        _instruments(office),
    )
    groups: tuple[str, ...] = ()
    if (url := os.environ.get(place)) is not None and "://" in url:
        name = _table(url, table)
        found = samples(url, table=name)
        location = {"url_env": place, "table": name}
        about = name
    else:
        file = Path(place)
        require_file(file)
        if file.suffix.lower() in DATABASE_SUFFIXES:
            url = f"sqlite:///{file}"
            name = _table(url, table)
            found = samples(url, table=name)
            shown = _relative(office, file) or f"inbox/{file.name}"
            location = {"url": f"sqlite:///{{workspace}}/{shown}", "table": name}
            about = name
        else:
            found = samples(file)
            shown = _relative(office, file) or f"inbox/{file.name}"
            pattern = path_pattern(shown, lambda piece: _names_sender(office, file, piece))
            location, groups = {"path": pattern.path}, pattern.groups
            about = f"{file.parent.name} {file.stem}"
    reading = read_table(found, known, about, dataset)
    if reading.unit is not None and len(office.roots) > 1:
        root = _root_of(office, reading)
    name = _authority(location.get("table") or location["path"])
    source = Place(
        location,
        groups,
        root if len(office.roots) > 1 else None,
        name or reading.dataset,
        settings.time_zone,
    )
    return write_draft(reading, office.contracts[reading.dataset], vocabulary, source, settings.languages), reading


def _authority(place: str) -> str:
    """A name for who numbers the records: that of the table, the file or the folder, without what changes in it."""
    for part in reversed(re.sub(r"\{\w+\}|\.\w+$", " ", place).split("/")):
        name = re.sub(r"\W+", "_", word_key(part))
        if name:
            return "" if name == "inbox" else name
    return ""


def _names_sender(office: Office, file: Path, piece: str) -> bool:
    """Whether a part of a file's name is a unit, as the files beside it bear the names of others.

    The office's own name may stand in the name of a file that only it has.
    """

    def units(text: str) -> set[str]:
        found = (office.resolve_units(root, [text])[text] for root in office.roots)
        return {code for code in found if code is not None}

    mine = units(piece)
    if not mine or not mine <= set(office.roots):
        return bool(mine)
    others = sorted(file.parent.glob(f"*{file.suffix}"))[:_NEIGHBOURS]
    return any(units(part) - set(office.roots) for other in others for part in other.stem.split("_"))


def _table(url: str, table: str | None) -> str:
    """The table to read: the one named, or the only one there is."""
    if table is not None:
        return table
    try:
        tables = sorted(sa.inspect(sa.create_engine(url, poolclass=sa.NullPool)).get_table_names())
    except SQLAlchemyError:
        tables = []
    if len(tables) == 1:
        return tables[0]
    listed = ", ".join(tables) or "none was found"
    raise typer.BadParameter(f"name a table with --table (chọn bảng bằng --table): {listed}")


def _relative(office: Office, file: Path) -> str | None:
    """The file's path as a spec says it: from the workspace, or from a folder of sipas.yml."""
    whole = file.resolve()
    if whole.is_relative_to(office.workspace.root):
        return whole.relative_to(office.workspace.root).as_posix()
    for name, folder in office.folders.items():
        if isinstance(folder, Path) and whole.is_relative_to(folder.resolve()):
            return f"{{{name}}}/{whole.relative_to(folder.resolve()).as_posix()}"
    return None


def _root_of(office: Office, reading: Reading) -> str:
    """The root within which most units of the column are known."""
    assert reading.unit is not None
    names = reading.unit.column.counts
    known = {
        root: sum(names[name] for name, meanings in office.unit_meanings(root, names).items() if meanings)
        for root in office.roots
    }
    return max(known, key=lambda root: known[root])


def _instruments(office: Office) -> list[Instrument]:
    """Every instrument with its items and the words of their levels, the workspace's own among them."""
    words: dict[str, dict[str, str]] = {}
    for row in office.reference["answer_level"].to_pylist():
        for word in (row["label_vi"], row["label_en"], row["level"]):
            words.setdefault(row["scale_code"], {})[word] = row["level"]
    items: dict[str, dict[str, str]] = {}
    levels: dict[str, dict[str, dict[str, str]]] = {}
    for row in office.reference["instrument_item"].to_pylist():
        if row["node_level"] == "item" and row["scale_code"] in words:
            items.setdefault(row["instrument_code"], {})[row["node_code"]] = row["label_vi"]
            levels.setdefault(row["instrument_code"], {})[row["node_code"]] = words[row["scale_code"]]
    return [Instrument(code, listed, levels[code]) for code, listed in items.items()]
