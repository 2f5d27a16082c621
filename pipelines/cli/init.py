"""`sipas init`: a new workspace with commented settings, an example spec and a key of its own. Reading them stands elsewhere."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path
from string import Template

import typer

from assets.office import SHIPPED_REFERENCE
from assets.text.fold import without_marks
from assets.workspace import Workspace
from pipelines.settings import make_key

TEMPLATE = Path(__file__).parent / "template"
# Relative to the home folder: outside the workspace, which people copy, send and put under version control.
KEY_FOLDER = Path(".config/sipas-warehouse")


def make_workspace(folder: Path, root: str) -> list[str]:
    """Make an empty workspace for the unit `root`; return lines that say what was made and what comes next.

    Raises typer.BadParameter when the folder holds something already or the unit's code cannot be one.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise typer.BadParameter(
            f"{folder} is not an empty folder; name a new one (thư mục không trống; chọn tên khác)"
        )
    if not re.fullmatch(r"[A-Za-z0-9_]+", root):
        raise typer.BadParameter(f"the unit's code “{root}” has other signs than letters and digits; Mỹ Đức is 282")
    workspace = Workspace(folder.resolve())
    for place in (workspace.sources, workspace.reference, workspace.inbox):
        place.mkdir(parents=True)
    name = _short_name(workspace.root.name)
    key = KEY_FOLDER / f"{name}.key"
    is_kept = (Path.home() / key).exists()
    make_key(Path.home() / key)
    unit = _unit_name(root)
    words = {
        "name": json.dumps(name),
        "root": json.dumps(root),
        "title_vi": json.dumps(unit or workspace.root.name, ensure_ascii=False),
        "title_en": json.dumps(unit or workspace.root.name, ensure_ascii=False),
        "key_file": json.dumps(f"~/{key.as_posix()}"),
    }
    for template, target in (
        ("sipas.yml", workspace.settings_file),
        ("gitignore", workspace.root / ".gitignore"),
        ("example.yml.txt", workspace.sources / "example.yml.txt"),
    ):
        text = (TEMPLATE / template).read_text(encoding="utf-8")
        target.write_text(Template(text).substitute(words), encoding="utf-8")
    hint = "" if unit else f"; {root} is not in the shipped list of units: describe it in reference/admin_unit.csv"
    return [
        f"Workspace made in {folder}",
        f"  settings    {folder / 'sipas.yml'} (unit {root}{' ' + unit if unit else ''}{hint})",
        f"  example     {folder / 'sources' / 'example.yml.txt'} (every key of a source spec, explained)",
        f"  secret key  ~/{key.as_posix()} ({'was there and is kept' if is_kept else 'new'}; keep a copy in a safe place)",
        "Next: put files into inbox/, describe them in sources/<name>.yml, then",
        f"  sipas sources check --workspace {shlex.quote(str(folder))}",
        f"  sipas run --workspace {shlex.quote(str(folder))}",
    ]


def _short_name(folder: str) -> str:
    """Return the folder's name in plain letters: “Mỹ Đức 2023” gives my_duc_2023."""
    return re.sub(r"[^a-z0-9]+", "_", without_marks(folder)).strip("_") or "office"


def _unit_name(code: str) -> str | None:
    """Return the latest name of a unit in the shipped list, or None."""
    with (SHIPPED_REFERENCE / "admin_unit.csv").open(encoding="utf-8-sig", newline="") as file:
        names = [(row["valid_from"], row["name"]) for row in csv.DictReader(file) if row["code"] == code]
    return max(names)[1] if names else None
