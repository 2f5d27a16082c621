"""What the cells of a column say of it, whatever its heading: dates and their form, numbers, numbers of people, how many differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}(:?\d{2})?)?)?")
_WRITTEN = re.compile(
    r"(?P<a>\d{1,2})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})"
    r"(?:[ T](?P<time>\d{1,2}:\d{2}(?P<seconds>:\d{2})?)(?P<half>\s*[APap][Mm])?)?"
)
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
# 01/01/1990 and 31/12/2050, counted from 1900.
_SERIALS = (32_874, 55_153)
_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)([.,]\d+)?")
_PHONE = re.compile(r"(\+?84|0)[\s.-]?\d{2,3}[\s.-]?\d{3}[\s.-]?\d{3,4}")
_IDENTITY = re.compile(r"\d{9}|\d{12}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
# Codes of procedures as the national database gives them, with an office's own ending: reference of the one-stop software.
_PROCEDURE = re.compile(r"[1-9]\.\d{6}(\.\d{3}\.\d{2}\.\d{2}\.H\d{2})?")
# Case numbers: unit, day, number of the day.
_CASE = re.compile(r"(\d{3}\.\d{2}\.\d{2}\.H\d{2}|H\d{2}(\.\d{2}){0,3})-\d{6}-(\d{4}|\d{6,7})")

LAST_MONTH = 12
# Values a person can look through.
FEW_VALUES = 40
LONG_TEXT = 40


@dataclass(frozen=True)
class DateForm:
    """How the dates of a column are written. `formats` are what a spec states; none where ISO, or where `is_open`.

    is_open: no day above 12 was met in the sample, or both orders were, so that day and month cannot be told apart.
    is_serial: they are Excel's numbers of days; which of its two calendars they count in, no cell says.
    """

    formats: tuple[str, ...] = ()
    is_open: bool = False
    has_time: bool = False
    is_serial: bool = False

    @property
    def has_short_years(self) -> bool:
        return any("%y" in form for form in self.formats)


@dataclass(frozen=True)
class Column:
    """One column of a sample."""

    heading: str
    cells: Sequence[str]
    rows: int

    @cached_property
    def counts(self) -> Counter[str]:
        return Counter(self.cells)

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return len(self.cells) == self.rows == len(self.counts) > 0

    @cached_property
    def dates(self) -> float:
        return self._share(lambda cell: bool(_ISO.fullmatch(cell) or _is_written_date(cell)))

    @cached_property
    def serials(self) -> float:
        """The share of cells that would be days of this century and the last as Excel counts them."""
        return self._share(lambda cell: bool(_SERIAL.fullmatch(cell)) and _SERIALS[0] <= float(cell) <= _SERIALS[1])

    @cached_property
    def numbers(self) -> float:
        return self._share(_NUMBER.fullmatch)

    @cached_property
    def procedures(self) -> float:
        return self._share(_PROCEDURE.fullmatch)

    @cached_property
    def case_numbers(self) -> float:
        return self._share(_CASE.fullmatch)

    @cached_property
    def mean_length(self) -> float:
        return fmean(map(len, self.cells)) if self.cells else 0.0

    @cached_property
    def personal_class(self) -> str | None:
        """What kind of personal data most of the cells look like."""
        for name, pattern in (("phone", _PHONE), ("email", _EMAIL)):
            if self._share(pattern.fullmatch) > 0.5:
                return name
        # Record numbers have as many digits; those of people have none of an order, so the heading must not deny it.
        if self._share(re.compile(r"0\d{11}").fullmatch) > 0.5:
            return "identity"
        if self.mean_length > LONG_TEXT and len(self.counts) > len(self.cells) / 2:
            return "free_text"
        return None

    def share_in(self, known: Iterable[str], key: Callable[[str], str]) -> float:
        """Return the share of the cells whose key is known."""
        wanted = set(known)
        return self._share(lambda cell: key(cell) in wanted)

    @cached_property
    def date_form(self) -> DateForm:
        """How the dates stand in the cells that hold one."""
        found = [match for cell in self.counts if (match := _WRITTEN.fullmatch(cell))]
        iso = [match for cell in self.counts if (match := _ISO.fullmatch(cell))]
        has_time = any(match["time"] for match in found) or any(match[1] for match in iso)
        if not found:
            return DateForm(has_time=has_time, is_serial=not iso and bool(self.serials))
        day_first = any(int(match["a"]) > LAST_MONTH for match in found)
        month_first = any(int(match["b"]) > LAST_MONTH for match in found)
        if day_first == month_first:
            return DateForm(is_open=True, has_time=has_time)
        shapes = Counter(_shape(match, day_first) for match in found)
        return DateForm(tuple(shape for shape, _ in shapes.most_common()), has_time=has_time)

    def _share(self, test: Callable[[str], object]) -> float:
        if not self.cells:
            return 0.0
        return sum(number for cell, number in self.counts.items() if test(cell)) / len(self.cells)


def looks_personal(value: str) -> bool:
    """Return whether a single cell is like a telephone number, an identity number or an address of e-mail."""
    return any(pattern.search(value) for pattern in (_PHONE, _EMAIL)) or bool(_IDENTITY.fullmatch(value))


def _is_written_date(cell: str) -> bool:
    match = _WRITTEN.fullmatch(cell)
    return match is not None and 1 <= min(int(match["a"]), int(match["b"])) <= LAST_MONTH


def _shape(match: re.Match[str], day_first: bool) -> str:
    sep = match["sep"]
    year = "%Y" if len(match["year"]) == 4 else "%y"
    day = f"%d{sep}%m{sep}{year}" if day_first else f"%m{sep}%d{sep}{year}"
    if not match["time"]:
        return day
    time = "%I:%M" if match["half"] else "%H:%M"
    time += ":%S" if match["seconds"] else ""
    return f"{day} {time}" + (" %p" if match["half"] else "")


def columns_of(cells: Mapping[str, Sequence[str | None]], rows: int) -> list[Column]:
    """Return the columns of a sample, in their order."""
    return [Column(heading, [cell for cell in listed if cell is not None], rows) for heading, listed in cells.items()]
