"""Text that lost its form on the way and can be given it back for certain: UTF-8 encoded twice, digits of other scripts."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import ftfy
import ftfy.bad_codecs

from assets.text.syllable import is_syllable

# A character as which Windows or Latin-1 shows the first byte of a UTF-8 sequence, and one as which they show the next.
_NEXT = "\u0080-\u00bf" + "".join(bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xA0))
_TWICE = re.compile(f"[\u00c2-\u00f4\u0102][{_NEXT}]")
# Windows in Vietnamese shows the first byte of à, á, ê and their like as Ă.
_TWICE_IN_VIETNAM = re.compile(f"\u0102[{_NEXT}]")
_WORD = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=50_000)
def undo_double_utf8(text: str) -> str:
    """Return the text that was encoded in UTF-8 twice ("Ná»™i vá»¥" → "Nội vụ"), or the text as it is.

    It is repaired only where the whole text, taken back to bytes, is UTF-8, and ftfy finds that it makes better sense: a
    part that could be repaired by guessing at lost bytes is left alone. What Windows in Vietnamese (cp1258) makes of it,
    which ftfy does not know ("HĂ¹ng" → "Hùng"), is repaired where all its words are then syllables.
    """
    if _TWICE.search(text) is None:
        return text
    if _TWICE_IN_VIETNAM.search(text):
        return _undo_in_vietnam(text)
    fixed, plan = ftfy.fix_encoding_and_explain(text)
    sure = plan and all(step.action in ("encode", "decode") for step in plan)
    return fixed if sure else text


def _undo_in_vietnam(text: str) -> str:
    try:
        fixed = text.encode("sloppy-windows-1258").decode("utf-8")
    except UnicodeError:
        return text
    return fixed if all(is_syllable(word) for word in _WORD.findall(fixed) if not word.isascii()) else text


def plain_digits(text: str) -> str:
    """Return the text with every decimal digit as 0-9: full-width, Arabic-Indic and the like; superscripts are none."""
    return "".join(
        str(unicodedata.decimal(character)) if not character.isascii() and character.isdecimal() else character
        for character in text
    )
