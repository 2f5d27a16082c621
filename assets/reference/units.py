"""Names of administrative units: the key that makes two spellings equal, and what each name means to an office, and when.

Which unit a record belongs to is decided where records are read; which name a code has on a day, in the warehouse.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from assets.text.fold import fold, without_marks

_FIELDS: list[pa.Field[Any]] = [
    pa.field("office_code", pa.string(), nullable=False),
    pa.field("name_key", pa.string(), nullable=False),
    pa.field("unit_code", pa.string(), nullable=False),
    pa.field("valid_from", pa.date32(), nullable=False),
    pa.field("valid_to", pa.date32(), nullable=False),
    pa.field("candidates", pa.int64(), nullable=False),
]
UNIT_NAME_SCHEMA = pa.schema(_FIELDS)

# Words that say what kind of unit a name is; the longer stand before the shorter they contain.
_UNIT_KINDS = ("thành phố", "thị xã", "thị trấn", "đặc khu", "tỉnh", "quận", "huyện", "phường", "xã")


# People's committee: a ledger names the office where the list names its unit.
_COMMITTEE = re.compile("^(ubnd|ủy ban nhân dân|uy ban nhan dan) (?=.)")

# How offices shorten the word for the kind of unit, before a name or a number.
_KIND_OF_SHORT = {
    "tt": "thị trấn",
    "tx": "thị xã",
    "tp": "thành phố",
    "p": "phường",
    "x": "xã",
    "q": "quận",
    "h": "huyện",
    "t": "tỉnh",
}
_SHORT_KIND = re.compile(r"^(t\.?t|t\.?x|t\.?p|p|x|q|h|t)(?:\.\s*|\s+)(?=\S)|^(p|q)(?=\d)")
# "Phường 01" and "Phường 1" are one; a number alone is a code and stays as it is.
_PADDED = re.compile(r"(?<=\D )0+(?=\d+$)")


def name_key(text: str) -> str:
    """Return the name as it is compared: folded, without "UBND", the word for its kind written out, numbers without zeros before."""
    key = _COMMITTEE.sub("", fold(text))
    key = _SHORT_KIND.sub(lambda found: f"{_KIND_OF_SHORT[(found[1] or found[2]).replace('.', '')]} ", key)
    return _PADDED.sub("", key)


def name_keys(text: str) -> tuple[str, ...]:
    """Return the keys under which a name is looked up, the surer first.

    A name typed without any mark is also looked up among names whose marks are taken away; one with some marks is not, for
    a wrong mark may make it the name of another unit.
    """
    key = name_key(text)
    bare = without_marks(key)
    return (key,) if bare == key or not text.isascii() else (key, bare)


def names_meant(names: Iterable[str], text: str) -> frozenset[str]:
    """Return the names that someone means who types `text`: that name; where none is, those that are it without the word for
    their kind, or without marks."""
    listed = list(names)
    exact = set(name_keys(text))
    if found := [name for name in listed if name_key(name) in exact]:
        return frozenset(found)
    loose = {*exact, without_marks(name_key(text))}
    return frozenset(name for name in listed if loose & _loose_keys(name))


def _loose_keys(name: str) -> set[str]:
    short = short_name(name)
    keys = {name_key(name), *([name_key(short)] if short else [])}
    return keys | {without_marks(key) for key in keys}


def has_kind(name: str) -> bool:
    """Return whether the name begins with a word, or its short form, for a kind of unit."""
    return any(name_key(name).startswith((f"{kind} ", f"{without_marks(kind)} ")) for kind in _UNIT_KINDS)


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


@dataclass(frozen=True)
class UnitMeaning:
    """A unit that a name can mean, and the days on which it is called so."""

    unit_code: str
    valid_from: date
    valid_to: date


def by_day(meanings: Sequence[UnitMeaning]) -> list[UnitMeaning]:
    """Return the spans of days on which a name means one unit, in their order, those of one unit apart.

    A name of only one unit means it on any day: sources go on with an old name. Days on which it means several are in no span.
    """
    if len({meaning.unit_code for meaning in meanings}) <= 1:
        return [UnitMeaning(meanings[0].unit_code, date.min, date.max)] if meanings else []
    starts = {meaning.valid_from for meaning in meanings}
    starts |= {meaning.valid_to + timedelta(days=1) for meaning in meanings if meaning.valid_to < date.max}
    ordered = sorted(starts)
    spans = []
    for first, after in zip(ordered, [*ordered[1:], None], strict=True):
        last = after - timedelta(days=1) if after is not None else date.max
        codes = {each.unit_code for each in meanings if each.valid_from <= first and last <= each.valid_to}
        if len(codes) == 1:
            spans.append(UnitMeaning(codes.pop(), first, last))
    return spans


def unit_on(meanings: Sequence[UnitMeaning], day: date | None) -> str | None:
    """Return the unit that a name means on a day, or on any when the day is not known; None when it means none or several."""
    for span in by_day(meanings):
        is_any_day = (span.valid_from, span.valid_to) == (date.min, date.max)
        if is_any_day or (day is not None and span.valid_from <= day <= span.valid_to):
            return span.unit_code
    return None


def unit_names(admin_unit: pa.Table, unit_alias: pa.Table, roots: Sequence[str]) -> pa.Table:
    """Return what each name means within the subtree of each root.

    One row per root (`office_code`), `name_key`, unit code it can mean, and span of days on which the unit is called so
    (aliases and codes: always); `candidates` is the number of codes that share the key. Per key an alias outweighs a code,
    a code a full name, a full name a short one, and both names with marks those without, so that "Mỹ Đức" stays ambiguous
    only among units that are called so in the same way. Columns as in the contracts `admin_unit` and `unit_alias`.
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
        {
            "office_code": root,
            "name_key": key,
            "unit_code": found.unit_code,
            "valid_from": found.valid_from,
            "valid_to": found.valid_to,
            "candidates": len({each.unit_code for each in meanings}),
        }
        for root in sorted(set(roots))
        for key, meanings in sorted(
            _meanings(_subtree([unit for unit in units if unit.code == root], children), aliases[root]).items()
        )
        for found in sorted(meanings, key=lambda each: (each.unit_code, each.valid_from))
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


def _meanings(units: set[_Unit], aliases: Iterable[tuple[str, str]]) -> dict[str, set[UnitMeaning]]:
    """The units each key can mean, from the strongest kind of name that gives the key."""
    full = [(name_key(unit.name), unit) for unit in units]
    short = [(name_key(name), unit) for unit in units if (name := short_name(unit.name)) is not None]
    ways: list[Iterable[tuple[str, UnitMeaning]]] = [
        [(name_key(name), UnitMeaning(code, date.min, date.max)) for name, code in aliases],
        [(name_key(unit.code), UnitMeaning(unit.code, date.min, date.max)) for unit in units],
        [(key, _called(unit)) for key, unit in full],
        [(key, _called(unit)) for key, unit in short],
        [(without_marks(key), _called(unit)) for key, unit in full],
        [(without_marks(key), _called(unit)) for key, unit in short],
    ]
    meanings: dict[str, set[UnitMeaning]] = {}
    for way in ways:
        found: defaultdict[str, set[UnitMeaning]] = defaultdict(set)
        for key, meaning in way:
            found[key].add(meaning)
        meanings = {**found, **meanings}
    return meanings


def _called(unit: _Unit) -> UnitMeaning:
    return UnitMeaning(unit.code, unit.valid_from, unit.valid_to)
