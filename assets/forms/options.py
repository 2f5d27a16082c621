"""Which official forms a run writes, as settings."""

from __future__ import annotations

from pydantic import Field

from assets.forms.model import Format, Language
from quality.contract import Strict


class FormOptions(Strict):
    """Forms of the last so many reporting months that have ended (0: none are written), in which formats and languages.

    `undated_in_time`: form II.06 counts cases without a due date in its columns 9 and 12. `minimum_n`: the report on
    satisfaction states no figure that rests on fewer forms.
    """

    months: int = Field(default=1, ge=0)
    formats: tuple[Format, ...] = ("xlsx", "docx", "pdf")
    languages: tuple[Language, ...] = ("vi",)
    undated_in_time: bool = True
    minimum_n: int = Field(default=10, ge=1)
