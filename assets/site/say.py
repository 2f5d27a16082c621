"""Figures, periods and changes in the words of one language. Plain numbers and dates are worded in assets/text/wording.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assets.site.source import Row, is_hidden
from assets.site.words import WORDS
from assets.text.wording import count_text, date_text, month_text, percent_text


@dataclass(frozen=True)
class Say:
    """One language. A figure that is hidden says so; one that there is nothing to calculate from is a dash."""

    language: str
    periods: Mapping[str, Row]

    @property
    def w(self) -> Mapping[str, str]:
        return WORDS[self.language]

    def label(self, row: Row, column: str = "label") -> str:
        """The text of a column that stands in both languages; the Vietnamese where there is no English one."""
        return str(row.get(f"{column}_{self.language}") or row.get(f"{column}_vi") or "")

    def period(self, period: str | None) -> str:
        row = self.periods.get(period or "")
        return str(row[f"label_{self.language}"]) if row else str(period or self.w["none"])

    def short_period(self, period: str) -> str:
        """A month as 06/2023, a year as it is."""
        return month_text(period) if len(period) == 7 and period[5:].isdigit() else self.period(period)

    def day(self, value: Any) -> str:
        return self.w["none"] if value is None else date_text(value, self.language)

    def count(self, value: Any, row: Row | None = None) -> str:
        """A count; parts of forms that a split unit shares out keep two decimals."""
        if row is not None and is_hidden(row):
            return self.w["hidden"]
        if value is None:
            return self.w["none"]
        if isinstance(value, Decimal) and value != value.to_integral_value():
            return percent_text(float(value), self.language).removesuffix("%")
        return count_text(int(value), self.language)

    def told(self, value: Any, row: Row) -> str:
        """A count that hidden rows keep: what an office did late is told of every row."""
        return self.count(value, row if value is None else None)

    def percent(self, value: float | None, row: Row | None = None, decimals: int = 2) -> str:
        if row is not None and is_hidden(row):
            return self.w["hidden"]
        return self.w["none"] if value is None else percent_text(value, self.language, decimals)

    def points(self, value: float | None, row: Row | None = None, decimals: int = 2) -> str:
        """A difference of percentages, with its sign."""
        if row is not None and is_hidden(row):
            return self.w["hidden"]
        if value is None:
            return self.w["none"]
        text = percent_text(abs(value), self.language, decimals).removesuffix("%")
        return text if float(f"{value:.{decimals}f}") == 0 else ("+" if value > 0 else "−") + text

    def interval(self, row: Row, low: str = "ci_low_pct", high: str = "ci_high_pct") -> str:
        if is_hidden(row):
            return self.w["hidden"]
        if row.get(low) is None or row.get(high) is None:
            return self.w["none"]
        return f"{self.percent(row[low], None, 1)} – {self.percent(row[high], None, 1)}"

    def sum(self, rows: Row, columns: Sequence[str]) -> str:
        return self.count(sum(rows.get(column) or 0 for column in columns), rows)

    def change(self, change: Row | None) -> str:
        """The change against the period before, with what the test says of it."""
        if change is None:
            return self.w["none"]
        if is_hidden(change):
            return self.w["hidden"]
        if change.get("comparable") == "no":
            return self.w["method_break"]
        if change.get("change_pct") is None:
            return self.w["none"]
        sign = {"rise": "▲ ", "fall": "▼ "}.get(str(change.get("direction")), "")
        return sign + self.points(change["change_pct"])

    def change_sentence(self, change: Row | None) -> tuple[str, str] | None:
        """A sentence on the change and the class that colours it; None where there is nothing to say."""
        if change is None or is_hidden(change):
            return None
        before = self.period(change["previous_edition_id"])
        if change.get("comparable") == "no":
            return self.w["change_break"].format(before=before), "none"
        if change.get("change_pct") is None:
            return None
        direction = str(change.get("direction"))
        word = self.w.get(f"change_{direction}", self.w["change_untested"])
        points = self.points(change["change_pct"])
        if direction not in ("rise", "fall"):
            return word.format(points=points, before=before), "none"
        return word.format(points=points.lstrip("+−"), before=before), direction
