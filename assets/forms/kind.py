"""What a kind of form is: which units and periods have one, who may read it, and how it is filled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from assets.forms.figures import Figures
from assets.forms.model import Form, Language
from assets.forms.subject import Subject


@dataclass(frozen=True)
class FormKind:
    """One kind of form. `fill` builds it for a unit and period, or returns None where the unit owes none of this kind.

    `levels` are the unit levels and `period_kinds` the kinds of period that have one. An "open" form holds no personal
    data and no figure that disclosure control hides; an "office" form is for the authority that owns the data. One that
    `lists_cases` has a line for each case with its number, and is taken out of revisions when such a case is forgotten.
    """

    code: str
    audience: Literal["office", "open"]
    levels: frozenset[str]
    period_kinds: frozenset[str]
    fill: Callable[[Subject, Figures, Language], Form | None]
    lists_cases: bool = False
