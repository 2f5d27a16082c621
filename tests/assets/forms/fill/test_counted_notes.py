"""Notes that count things: the English word goes with the number, and the numbers are written as in each language."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from assets.forms.fill import case_evaluation, complaints, settlement
from assets.forms.fill.case_ratings import Ratings
from assets.forms.fill.wording import counted

Notes = Callable[[int], Sequence[str]]


def _total(n: int) -> Any:
    return defaultdict(lambda: n)


# Every note that a form may have, when each of its counts is n.
NOTES: dict[str, Notes] = {
    "settlement": lambda n: settlement.notes_of(_total(n), "en", False),
    "settlement, undated in time": lambda n: settlement.notes_of(_total(n), "en", True),
    "complaints": lambda n: complaints.notes_of(_total(n), "en"),
    "evaluation": lambda n: case_evaluation.gaps_of([{"civil_servant_points": None, "record_id": None}] * n, "en"),
    "ratings": lambda n: [Ratings(2 * n, {"satisfied": n, "very_satisfied": 0, "dissatisfied": 0}).note("en")],
}


@pytest.mark.parametrize("form", NOTES)
def test_one_thing_is_told_in_the_singular(form: str) -> None:
    one, several = " ".join(NOTES[form](1)), " ".join(NOTES[form](1_200))
    plural = r"(?:\w+ )?(?:cases|complaints|forms)\b"
    assert not re.search(rf"\b1 (?:{plural}|are|were|have|wait|left blank are)", one), one
    assert re.search(rf"1,200 {plural}|1,200 left blank are", several), several
    assert one != several


def test_numbers_are_written_as_in_the_language() -> None:
    assert counted("vi", "{0} hồ sơ, {1}", "{0} {0:case|cases}, {1}", 1_200, "x") == "1.200 hồ sơ, x"
    assert counted("en", "", "{0} {0:case|cases}, {1} {1:case|cases}", 1_200, 1) == "1,200 cases, 1 case"
