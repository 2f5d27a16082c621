"""How dates are written in text, as SQL: stated formats, ISO, serial numbers of Excel and years of two digits.

Nothing is tried that the spec does not state, ISO apart: 3/4/23 is a date only under a format that says which number is the
day, and then of a year that the stated window gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Two ways of Excel to count days; what a cell holds when it is not formatted as a date. 1904 was the way of Excel for Mac.
EXCEL_FORMATS = ("excel_1900", "excel_1904")
_SERIAL = r"'\d{1,5}(\.\d+)?'"
_DAY_MS = 86_400_000


def is_short_year(form: str) -> bool:
    """Whether a format writes the year with two digits."""
    return "%y" in form.replace("%%", "").replace("%-y", "%y")


@dataclass(frozen=True)
class DateText:
    """The SQL about dates in text that is in one of `formats`; years of two digits begin with `years_from`."""

    formats: tuple[str, ...]
    years_from: int | None = None

    @property
    def _short(self) -> list[str]:
        return [form for form in self.formats if form not in EXCEL_FORMATS and is_short_year(form)]

    @property
    def _long(self) -> list[str]:
        return [form for form in self.formats if form not in EXCEL_FORMATS and not is_short_year(form)]

    @property
    def _excel(self) -> str | None:
        return next((form for form in self.formats if form in EXCEL_FORMATS), None)

    def ways(self, given: str) -> list[str]:
        """The SQL of a timestamp by each stated way, NULL where the text is not written so; two-digit years stand first.

        The engine would take 23 for the year 23 where four digits are stated.
        """
        ways = []
        if self._excel is not None:
            ways.append(self._serial(given, self._excel))
        if self._short:
            ways.append(self._in_window(_parsed(given, self._short)))
        if self._long:
            ways.append(_parsed(given, self._long))
        return ways

    def _serial(self, given: str, system: str) -> str:
        number = f"try_cast({given} AS DOUBLE)"
        moment = f"to_milliseconds(CAST(round({number} * {_DAY_MS}) AS BIGINT))"
        if system == "excel_1904":
            dated = f"TIMESTAMP '1904-01-01' + {moment}"
        else:
            # Excel counts 29 February 1900, a day that never was, as number 60: the days before it are one behind.
            dated = (
                f"CASE WHEN {number} >= 61 THEN TIMESTAMP '1899-12-30' + {moment} "
                f"WHEN {number} >= 1 AND {number} < 60 THEN TIMESTAMP '1899-12-31' + {moment} END"
            )
        return f"CASE WHEN regexp_full_match({given}, {_SERIAL}) THEN {dated} END"

    def _in_window(self, parsed: str) -> str:
        """A moment moved by centuries into the window; 29 February 00 is no day of 1900."""
        first = self.years_from
        assert first is not None
        year = f"{first} + (CAST(year({parsed}) AS BIGINT) % 100 - {first % 100} + 100) % 100"
        moved = f"{parsed} + to_years(CAST({year} - year({parsed}) AS INTEGER))"
        return f"CASE WHEN day({moved}) = day({parsed}) THEN {moved} END"

    def changes(self, given: str) -> dict[str, str]:
        """The SQL of what was done to a text that was read as a date, by kind: `serial`, `short_year`, `stated`."""
        is_serial = f"regexp_full_match({given}, {_SERIAL})" if self._excel is not None else "FALSE"
        is_short = f"{_parsed(given, self._short)} IS NOT NULL" if self._short else "FALSE"
        # An ISO date has a hyphen after its year.
        is_iso = f"substr({given}, 5, 1) = '-'"
        found = {}
        if self._excel is not None:
            found["serial"] = is_serial
        if self._short:
            found["short_year"] = f"NOT {is_serial} AND {is_short}"
        if self._short or self._long:
            found["stated"] = f"NOT {is_iso} AND NOT {is_serial}"
        return found


def _parsed(given: str, formats: Sequence[str]) -> str:
    listed = ", ".join("'" + form.replace("'", "''") + "'" for form in formats)
    return f"try_strptime({given}, [{listed}])"
