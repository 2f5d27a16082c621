"""Means and shares of the ratings that people give per case file, for the forms of Circular 01/2018/TT-VPCP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assets.forms.figures import Row
from assets.forms.fill.wording import counted, either
from assets.forms.model import HeadCell, Language
from assets.text.wording import percent_text

RATED_PER_CASE = ("1", "2", "3", "4", "6", "7")
INDICES = ("1", "2", "3", "4", "5", "6", "7", "8", "9")
LEVEL_NAMES = {
    "dissatisfied": ("Không hài lòng", "Dissatisfied"),
    "satisfied": ("Hài lòng", "Satisfied"),
    "very_satisfied": ("Rất hài lòng", "Very satisfied"),
}
LEVELS = tuple(LEVEL_NAMES)
CIRCULAR = (
    "Thông tư số 01/2018/TT-VPCP ngày 23/11/2018, Điều 13",
    "Circular 01/2018/TT-VPCP of 23 Nov 2018, article 13",
)


@dataclass(frozen=True)
class Ratings:
    """Levels of index 11 among the forms that answer it, and how many forms there are in all."""

    n_forms: int
    counts: dict[str, int]

    @property
    def n_answered(self) -> int:
        return sum(self.counts.values())

    def share(self, *levels: str) -> float | None:
        """100 x forms of these levels / forms that answer; None when none does."""
        return 100 * sum(self.counts[level] for level in levels) / self.n_answered if self.n_answered else None

    def note(self, language: Language) -> str:
        """The satisfied share with its numerator, denominator and what it leaves out."""
        satisfied = self.counts["satisfied"] + self.counts["very_satisfied"]
        share = self.share("satisfied", "very_satisfied")
        left_out = self.n_forms - self.n_answered
        if share is None:
            return counted(
                language,
                "Không có phiếu nào trả lời câu đánh giá tổng thể ({0} phiếu để trống).",
                "No form answers the overall judgement ({0} left it blank).",
                left_out,
            )
        return counted(
            language,
            "Hài lòng và rất hài lòng: {0}/{1} phiếu có trả lời câu đánh giá tổng thể ({2}); không tính {3} phiếu để trống.",
            "Satisfied and very satisfied: {0} of the {1} {1:form|forms} with an overall judgement ({2}); {3} left blank "
            "{3:is|are} not counted.",
            satisfied,
            self.n_answered,
            percent_text(share, language),
            left_out,
        )


def level_heads(language: Language) -> tuple[HeadCell, ...]:
    """The heads of the columns of LEVELS, under their common one."""
    return tuple(HeadCell(either(language, *names)) for names in LEVEL_NAMES.values())


def ratings_of(forms: Sequence[Row]) -> Ratings:
    return Ratings(len(forms), {level: sum(form["overall"] == level for form in forms) for level in LEVELS})


def mean_points(forms: Sequence[Row], index: str) -> float | None:
    """Mean points of an index over the forms that score it, rounded half up to two decimals as in `one_stop_index`."""
    return _mean([form[f"index_{index}"] for form in forms])


def mean_of_units(forms: Sequence[Row], index: str) -> float | None:
    """The plain mean of the units' own means; forms without a unit are no unit's."""
    by_unit: dict[tuple[str, object], list[Row]] = {}
    for form in forms:
        if not form["own_unit_code"].endswith("~"):
            by_unit.setdefault((form["own_unit_code"], form["own_unit_valid_from"]), []).append(form)
    return _mean([mean_points(own, index) for own in by_unit.values()])


def _mean(points: Sequence[float | None]) -> float | None:
    # Points have at most two decimals: as whole hundredths their mean is exact, and rounds as the marts round.
    hundredths = [round(value * 100) for value in points if value is not None]
    return (2 * sum(hundredths) + len(hundredths)) // (2 * len(hundredths)) / 100 if hundredths else None
