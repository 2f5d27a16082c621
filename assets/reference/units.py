"""Names of administrative units: the key that makes two spellings equal, and what each name means to an office.

Which unit a record belongs to is decided where records are read; validity on a day is decided in the warehouse.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from assets.text.fold import fold

_FIELDS: list[pa.Field[Any]] = [
    pa.field("office_code", pa.string(), nullable=False),
    pa.field("name_key", pa.string(), nullable=False),
    pa.field("unit_code", pa.string(), nullable=False),
    pa.field("candidates", pa.int64(), nullable=False),
]
UNIT_NAME_SCHEMA = pa.schema(_FIELDS)

# Words that say what kind of unit a name is; the longer stand before the shorter they contain.
_UNIT_KINDS = ("thành phố", "thị xã", "thị trấn", "đặc khu", "tỉnh", "quận", "huyện", "phường", "xã")


# People's committee: a ledger names the office where the list names its unit.
_COMMITTEE = re.compile("^(ubnd|ủy ban nhân dân) (?=.)")


def name_key(text: str) -> str:
    """Return the name as it is compared: folded, without "UBND"."""
    return _COMMITTEE.sub("", fold(text))


def short_name(name: str) -> str | None:
    """Return the name without the word for its kind; None when there is no such word or only a number is left."""
    words = unicodedata.normalize("NFC", name).split()
    folded = " ".join(words).lower()
    for kind in _UNIT_KINDS:
        if folded.startswith(f"{kind} "):
            short = " ".join(words[len(kind.split()) :])
            # "Phường 1" must not be found by "1": numbers are codes.
            return None if short.isdigit() else short
    return None


@dataclass(frozen=True)
class _Unit:
    code: str
    valid_from: date
    valid_to: date
    name: str
    parent_code: str | None


def unit_names(admin_unit: pa.Table, unit_alias: pa.Table, roots: Sequence[str]) -> pa.Table:
    """Return what each name means within the subtree of each root, at any time.

    One row per root (`office_code`), `name_key` and unit code it can mean; `candidates` is the number of codes that
    share the key: a name is resolved only where it is 1. Per key an alias outweighs a code, a code a full name, and a
    full name a short one, so that "Mỹ Đức" stays ambiguous only among units that are called so in the same way.
    Columns as in the contracts `admin_unit` and `unit_alias`.
    """
    units = [
        _Unit(row["code"], row["valid_from"], row["valid_to"] or date.max, row["name"], row["parent_code"])
        for row in admin_unit.to_pylist()
    ]
    children: defaultdict[str, list[_Unit]] = defaultdict(list)
    for unit in units:
        if unit.parent_code is not None:
            children[unit.parent_code].append(unit)
    aliases: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in unit_alias.to_pylist():
        aliases[row["office_code"]].append((row["name"], row["unit_code"]))

    rows = [
        {"office_code": root, "name_key": key, "unit_code": code, "candidates": len(codes)}
        for root in sorted(set(roots))
        for key, codes in sorted(
            _meanings(_subtree([unit for unit in units if unit.code == root], children), aliases[root]).items()
        )
        for code in sorted(codes)
    ]
    return pa.Table.from_pylist(rows, schema=UNIT_NAME_SCHEMA)


def _subtree(top: Iterable[_Unit], children: dict[str, list[_Unit]]) -> set[_Unit]:
    """The given rows and all rows below them whose validity meets that of the row above."""
    found: set[_Unit] = set()
    waiting = list(top)
    while waiting:
        unit = waiting.pop()
        if unit in found:
            continue
        found.add(unit)
        waiting += [
            child
            for child in children.get(unit.code, [])
            if child.valid_from <= unit.valid_to and unit.valid_from <= child.valid_to
        ]
    return found


def _meanings(units: set[_Unit], aliases: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """The codes each key can mean, from the strongest kind of name that gives the key."""
    named = [(short, unit.code) for unit in units if (short := short_name(unit.name)) is not None]
    ways: list[Iterable[tuple[str, str]]] = [
        aliases,
        [(unit.code, unit.code) for unit in units],
        [(unit.name, unit.code) for unit in units],
        named,
    ]
    meanings: dict[str, set[str]] = {}
    for way in ways:
        found: defaultdict[str, set[str]] = defaultdict(set)
        for name, code in way:
            found[name_key(name)].add(code)
        meanings = {**found, **meanings}
    return meanings
