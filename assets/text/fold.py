"""The form in which two Vietnamese texts are compared. What is stored keeps its own spelling."""

from __future__ import annotations

import itertools
import re
import unicodedata

# Blanks, and two signs of no width that Python does not count as such.
_BLANKS = re.compile("[\t\n\x0b\f\r \u00a0\u2000-\u200b\u202f\u3000\ufeff]+")

# The two ways of placing the tone over oa, oe and uy, marks in the same order.
_LATE = ["oà", "oá", "oả", "oã", "oạ", "oè", "oé", "oẻ", "oẽ", "oẹ", "uỳ", "uý", "uỷ", "uỹ", "uỵ"]
_EARLY = ["òa", "óa", "ỏa", "õa", "ọa", "òe", "óe", "ỏe", "õe", "ọe", "ùy", "úy", "ủy", "ũy", "ụy"]
_EARLY_OF = dict(zip(_LATE, _EARLY, strict=True))
_LATE_OF = dict(zip(_EARLY, _LATE, strict=True))
_PLACED_LATE = re.compile("|".join(_LATE))
_PLACED = re.compile("|".join(_LATE + _EARLY))
# Eth stands for đ in some keyboards' output.
_SAME = str.maketrans({"ð": "đ", "’": "'"})


def fold(text: str) -> str:
    """Return the text as it is compared: NFC, lower case, one blank between words, the tone of oa, oe and uy on the first vowel.

    The tone moves wherever those letters stand, so that "toàn" also equals "tòan", as some keyboards write it.
    """
    folded = _BLANKS.sub(" ", unicodedata.normalize("NFC", text).lower()).strip(" ").translate(_SAME)
    return _PLACED_LATE.sub(lambda found: _EARLY_OF[found.group()], folded)


def spellings(text: str, most: int = 64) -> tuple[str, ...]:
    """Return the lower-case spellings of a text that `fold` makes equal by the place of tones, itself first, at most `most`."""
    lower = " ".join(unicodedata.normalize("NFC", text).lower().split())
    parts: list[tuple[str, ...]] = []
    end = 0
    for found in _PLACED.finditer(lower):
        here = found.group()
        parts += [(lower[end : found.start()],), (here, _EARLY_OF.get(here) or _LATE_OF[here])]
        end = found.end()
    ways = itertools.product(*parts, (lower[end:],))
    return tuple("".join(way) for way in itertools.islice(ways, most))


def without_marks(text: str) -> str:
    """Return the folded text without any mark, as typed on a bare keyboard: "Đồng Tâm" is "dong tam"."""
    decomposed = unicodedata.normalize("NFD", fold(text).replace("đ", "d"))
    return "".join(character for character in decomposed if not unicodedata.combining(character))
