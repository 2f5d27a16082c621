"""The path pattern that a file's name suggests: which parts of it name a unit, a reporting month or the day it was sent."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

_MONTH = re.compile(r"(?<!\d)(20\d{2})-(0[1-9]|1[0-2])(?!\d)")
_DAY = re.compile(r"(?<!\d)(20\d{6})(?!\d)")
# A folder of sipas.yml that the path begins with.
_FOLDER = re.compile(r"\{[a-z_][a-z0-9_]*\}/")
_PIECES = re.compile(r"([/_]|\.(?=[^./]*$)|(?<=\})-|-(?=\{))")


@dataclass(frozen=True)
class PathPattern:
    """A location's path, and the named groups in it."""

    path: str
    groups: tuple[str, ...]


def path_pattern(path: str, is_unit: Callable[[str], bool]) -> PathPattern:
    """Return the pattern for a path such as ``inbox/khao_sat/2023-03/10465_20230315.xlsx``.

    Each group stands once: of two months or two units in a path the last is taken.
    """
    folder = _FOLDER.match(path)
    prefix = folder[0] if folder is not None else ""
    pattern = path.removeprefix(prefix).replace("{", "?").replace("}", "?")
    groups: list[str] = []
    for name, form in (("period", _MONTH), ("sent", _DAY)):
        found = [match for match in form.finditer(pattern) if name == "period" or _is_day(match[0])]
        if found:
            pattern = f"{pattern[: found[-1].start()]}{{{name}}}{pattern[found[-1].end() :]}"
            groups.append(name)
    pieces = _PIECES.split(pattern)
    for place in reversed(range(0, len(pieces), 2)):
        if pieces[place] and "{" not in pieces[place] and is_unit(pieces[place]):
            pieces[place] = "{unit}"
            groups.insert(0, "unit")
            break
    return PathPattern(prefix + "".join(pieces), tuple(groups))


def _is_day(text: str) -> bool:
    try:
        dt.datetime.strptime(text, "%Y%m%d")
    except ValueError:
        return False
    return True
