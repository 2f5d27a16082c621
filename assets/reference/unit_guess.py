"""Which unit a name that is not known most likely means: a hint for a person, never used to place a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

import pyarrow as pa

from assets.reference.units import has_kind, name_key, short_name, unit_names
from quality.problem import nearest

# What a wrong tone leaves of a short name; names of other communes share as much as 0.7.
_NAMES_ALIKE = 0.75
# Two neighbouring digits of a five-digit code in the wrong order give 0.8.
_NUMBERS_ALIKE = 0.8


def likeliest(value: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the name meant, most likely. Numbers are often alike by chance: one must have all but one or two digits in place."""
    guess = nearest(value, known, likeness)
    if guess is None or any(letter.isalpha() for letter in value):
        return guess
    is_close = len(guess) == len(value) and SequenceMatcher(None, value, guess).ratio() >= _NUMBERS_ALIKE
    return guess if is_close else None


class UnitGuess:
    """Hints for the names that sources of one office use."""

    def __init__(self, reference: Mapping[str, pa.Table], root: str) -> None:
        self._labels: dict[str, str] = {}
        for row in reference["admin_unit"].to_pylist():
            self._labels[row["code"]] = row["name"]
        self._meanings: dict[str, set[str]] = {}
        for row in unit_names(reference["admin_unit"], reference["unit_alias"], [root]).to_pylist():
            # The word for the kind of unit is left out: it makes any two communes alike.
            name = short_name(row["name_key"]) or row["name_key"]
            self._meanings.setdefault(name, set()).add(row["unit_code"])

    def nearest(self, value: str) -> str | None:
        """Return the unit most likely meant, as code and name; or the codes between which the value cannot choose."""
        key = name_key(value)
        guess = likeliest(short_name(key) or key, self._meanings, _NAMES_ALIKE)
        if guess is None:
            return None
        codes = self._meanings[guess]
        labels = ", ".join(f"{code} {self._labels.get(code, '')}".strip() for code in sorted(codes))
        return f"one of {labels} (ambiguous)" if len(codes) > 1 else labels

    def may_be_shown(self, value: str) -> bool:
        """Return whether a value is so like the name of a unit that it is not anything else, such as a person's name."""
        return has_kind(value) or self.nearest(value) is not None
