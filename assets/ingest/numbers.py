"""How numbers are written in text, as SQL: what stands for the decimal point and what between thousands.

A source states its decimal mark; the comma is the default, as Vietnam writes numbers. The statement decides only what can
be read in two ways: one mark before exactly three digits, 1.234 or 1,234. Everything else has one reading, whatever is
stated: 1.234,56 and 1,234.56, 1.234.567, 12.5, 0.125. A number that a workbook, a database or JSON holds as a number
never looks like that (readers/cells.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DecimalMark = Literal[",", "."]

_WHOLE = r"[+-]?\d+"
# As numbers are written without a word of Vietnamese or English in them: a point, or powers of ten.
_PLAIN = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
_COMMA = r"[+-]?\d+,\d+"
# The blank, the no-break blank and the two thin ones.
_BLANKS = r" \x{00A0}\x{2009}\x{202F}"
# What stands before the first mark between thousands, and thousands with blanks between them.
_HEAD = r"[+-]?[1-9]\d{0,2}"
_APART = rf"([{_BLANKS}]\d{{3}})+"


def _quoted(pattern: str) -> str:
    return "'" + pattern.replace("'", "''") + "'"


@dataclass(frozen=True)
class NumberText:
    """The SQL about numbers in text where `mark` is the stated decimal mark."""

    mark: DecimalMark

    @property
    def _other(self) -> str:
        return "." if self.mark == "," else ","

    @property
    def _grouped(self) -> str:
        """Thousands apart, as the statement has it: 1.234.567,5 or 1 234 567,5 where the comma is stated."""
        return rf"{_HEAD}((\{self._other}\d{{3}})+|{_APART})(\{self.mark}\d+)?"

    @property
    def _swapped(self) -> str:
        """Thousands apart the other way, where nothing else can be meant: 1,234.5 and 1,234,567 beside a stated comma."""
        return rf"{_HEAD}(((\{self.mark}\d{{3}})+|{_APART})\{self._other}\d+|(\{self.mark}\d{{3}}){{2,}})"

    def plain(self, given: str) -> str:
        """The text with a point and without marks between thousands; NULL where the given text is no number."""
        grouped = f"regexp_replace({given}, {_quoted(f'[{self._other}{_BLANKS}]')}, '', 'g')"
        swapped = f"regexp_replace({given}, {_quoted(f'[{self.mark}{_BLANKS}]')}, '', 'g')"
        return (
            f"CASE WHEN regexp_full_match({given}, {_quoted(_WHOLE)}) THEN {given} "
            f"WHEN regexp_full_match({given}, {_quoted(self._grouped)}) THEN replace({grouped}, '{self.mark}', '.') "
            f"WHEN regexp_full_match({given}, {_quoted(self._swapped)}) "
            f"THEN replace({swapped}, '{self._other}', '.') "
            f"WHEN regexp_full_match({given}, {_quoted(_COMMA)}) THEN replace({given}, ',', '.') "
            f"WHEN regexp_full_match({given}, {_quoted(_PLAIN)}) THEN {given} END"
        )

    def has_decimal_comma(self, given: str) -> str:
        """Whether the decimal mark of a number is a comma: the only one, with no point after it."""
        # Where the point is stated, 1,234 is a thousand.
        grouped = "" if self.mark == "," else f" AND NOT regexp_full_match({given}, {_quoted(self._grouped)})"
        return f"contains({given}, ',') AND regexp_full_match({given}, '[^,]*,[^,.]*'){grouped}"

    def has_thousands(self, given: str) -> str:
        """Whether marks or blanks stand between a number's thousands."""
        return f"length({given}) > 4 AND regexp_full_match({given}, {_quoted(f'{self._grouped}|{self._swapped}')})"
