"""What a publication says about itself and the error it raises. Settings are read elsewhere and arrive here."""

from __future__ import annotations

from dataclasses import dataclass


class PublishError(Exception):
    """Nothing was published; the message names what, where and what to do."""


@dataclass(frozen=True)
class PublishContext:
    """Titles and disclosure settings of one publication.

    `minimum_n`: figures that rest on fewer records are hidden in the open files; 1 or less hides nothing.
    `languages`: languages of the site, the first being the one its entry names first; a subset of ("vi", "en").
    """

    title_vi: str
    title_en: str
    simulated: bool
    minimum_n: int
    languages: tuple[str, ...]
    version: str

    def title(self, language: str) -> str:
        return self.title_vi if language == "vi" else self.title_en
