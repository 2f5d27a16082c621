"""A fault told to a person: what is wrong, where, which rule, what to do. How faults are found stands elsewhere."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from quality.contract import Bilingual
from quality.personal import mask


@dataclass(frozen=True)
class Problem:
    """One fault. `value` may be personal data: it is shown to the operator on request and never logged."""

    rule: str
    message: Bilingual
    file: str | None = None
    sheet: str | None = None
    line: int | None = None
    column: str | None = None
    value: str | None = None

    def where(self, language: str = "en") -> str:
        """Return the place in words: file, sheet, line and column, as far as known."""
        names = {"en": ("sheet", "line", "column"), "vi": ("trang tính", "dòng", "cột")}[language]
        parts = [self.file] if self.file else []
        for name, part in zip(names, (self.sheet, self.line, self.column), strict=True):
            if part not in (None, ""):
                parts.append(f"{name} {part}")
        return ", ".join(parts)

    def render(self, language: str = "en") -> str:
        """Return one line: place, rule and message; personal data in it (a file's name, a heading) is masked."""
        place = self.where(language)
        text = self.message.vi if language == "vi" else self.message.en
        return mask(f"{place}: {text} [{self.rule}]" if place else f"{text} [{self.rule}]")


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known name most like `name`, or None when nothing is that much alike (0 to 1, as difflib counts)."""
    candidates = list(known)
    folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=likeness)
    return folded[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> Bilingual:
    """Return the hint that names the nearest known name, or two empty texts."""
    guess = nearest(name, known)
    if guess is None:
        return Bilingual(vi="", en="")
    return Bilingual(vi=f" Có phải là “{guess}”?", en=f" Did you mean “{guess}”?")
