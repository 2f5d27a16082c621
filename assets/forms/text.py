"""How a value of a form is written, for the three renderers alike. Sentences and names are written where forms are filled."""

from __future__ import annotations

import re
from datetime import date

from assets.forms.model import Kind, Language, Line, Mark, Value
from assets.text.wording import count_text, date_text, decimal_text, percent_text

DASH = "–"
_MARKS: dict[Mark, dict[Language, str]] = {
    Mark.HIDDEN: {"vi": "ẩn", "en": "hidden"},
    Mark.NOT_APPLICABLE: {"vi": "×", "en": "×"},
}
# Characters that no XML document may hold (XML 1.0, section 2.2). A lone surrogate cannot be encoded at all.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DECIMALS: dict[Kind, int] = {"points_1": 1, "points_2": 2}


def clean(text: str) -> str:
    """The text without characters that break a document; a tab and a line break stay."""
    return _UNWRITABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def value_text(value: Value, kind: Kind, language: Language) -> str:
    """A value as people read it: decimal comma and thousands dot in Vietnamese, dd/mm/yyyy, a dash for None."""
    if value is None:
        return DASH
    if isinstance(value, Mark):
        return _MARKS[value][language]
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, date):
        # dd/mm/yyyy in English too: a column of dates is narrow, and the forms are Vietnamese ones.
        return date_text(value, "vi")
    if kind == "percent":
        return percent_text(value, language)
    if kind in _DECIMALS:
        return decimal_text(value, language, _DECIMALS[kind])
    return count_text(value, language) if isinstance(value, int) else decimal_text(value, language, 0)


def line_texts(line: Line, kinds: tuple[Kind, ...], language: Language) -> list[str]:
    """The values of a line as they are read.

    Before the name of a total, and in a section line wherever there is no value, nothing stands instead of a dash.
    """
    texts = [value_text(value, kind, language) for value, kind in zip(line.values, kinds, strict=True)]
    if line.role == "body":
        return texts
    named = next((place for place, value in enumerate(line.values) if value is not None), len(texts))
    return [
        "" if value is None and (line.role == "section" or place < named) else text
        for place, (value, text) in enumerate(zip(line.values, texts, strict=True))
    ]


def heading_place(line: Line) -> int | None:
    """The column from which a section line's heading runs to the end, where nothing else stands in the line, else None."""
    filled = [place for place, value in enumerate(line.values) if value not in (None, "")]
    return filled[-1] if line.role == "section" and filled in ([0], [1], [0, 1]) else None
