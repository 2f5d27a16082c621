"""Vietnamese letters, and text written into the old character sets: what the tests read back."""

from __future__ import annotations

import unicodedata

from viparse.normalize.encodings import get_charmap

TONES = ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
# à á ả ã ạ ă ằ … ỵ đ: the 67 small letters beyond ASCII, in the order of the alphabet and the tones.
LETTERS = (
    "".join(
        letter
        for vowel in "aăâeêioôơuưy"
        for tone in TONES
        if not (letter := unicodedata.normalize("NFC", vowel + tone)).isascii()
    )
    + "đ"
)
CAPITALS = LETTERS.upper()


def in_charset(text: str, charset: str) -> bytes:
    """The bytes of a text; a capital that TCVN3 does not have is written as its small letter."""
    charmap = get_charmap(charset)
    assert charmap is not None
    old_of: dict[str, str] = {"ẳ": "aú", "Ẳ": "AÚ"} if charset == "vni" else {}
    for old, new in charmap.pairs:
        old_of.setdefault(unicodedata.normalize("NFC", new), old)

    def old(character: str) -> str:
        if charset == "tcvn3" and character in CAPITALS and character not in old_of:
            character = character.lower()
        return old_of.get(character, character)

    return "".join(map(old, text)).encode("latin-1")


def as_cp1258(text: str) -> bytes:
    """Windows' own Vietnamese code page: a letter, then its tone where the page has no letter with it."""
    parts = []
    for character in text:
        decomposed = unicodedata.normalize("NFD", character)
        tone = "".join(mark for mark in decomposed if mark in TONES[1:])
        base = unicodedata.normalize("NFC", "".join(mark for mark in decomposed if mark not in TONES[1:]))
        try:
            parts.append(character.encode("cp1258"))
        except UnicodeEncodeError:
            parts.append((base + tone).encode("cp1258"))
    return b"".join(parts)
