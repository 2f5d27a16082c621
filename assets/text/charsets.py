"""The 8-bit Vietnamese character sets before Unicode, as codecs of bytes and as conversion of text that shows their bytes as Latin letters.

The tables are viparse's. Which set a text is in is decided in detect.py, or stated by whoever knows.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from viparse.normalize.encodings import get_charmap

# VPS gives VISCII's bytes to other letters: it is read where it is stated and never found.
CHARSETS: Final = ("tcvn3", "vni", "viscii", "vps")

# Letters of VNI-Windows that the table of viparse leaves out because no document it was made from holds them.
_ALSO: Mapping[str, Mapping[str, str]] = {"vni": {"aú": "ẳ", "AÚ": "Ẳ", "î": "ỵ", "Î": "Ỵ"}}

# In these a byte without a letter of its own is Windows punctuation; in the others it is Latin-1.
_ON_WINDOWS = frozenset({"tcvn3", "vni"})
_UNDEFINED = "\ufffe"


@cache
def _pairs(charset: str) -> dict[str, str]:
    charmap = get_charmap(charset)
    assert charmap is not None
    return {old: unicodedata.normalize("NFC", new) for old, new in (*charmap.pairs, *_ALSO.get(charset, {}).items())}


@cache
def _decoding_table(charset: str) -> str:
    """One character per byte. A byte of TCVN3 that would be an accented letter of Windows and is none of TCVN3 is undefined."""
    pairs = {old: new for old, new in _pairs(charset).items() if len(old) == 1}
    table = []
    for byte in range(256):
        on_windows = charset in _ON_WINDOWS and 0x80 <= byte < 0xA0
        shown = bytes([byte]).decode("cp1252", "replace") if on_windows else chr(byte)
        if shown == "\ufffd" or (charset == "tcvn3" and byte >= 0x80 and shown.isalpha() and chr(byte) not in pairs):
            shown = _UNDEFINED
        table.append(pairs.get(chr(byte), shown))
    return "".join(table)


@cache
def _sequences() -> tuple[re.Pattern[str], dict[str, str]]:
    """VNI writes most letters as a vowel and a mark: the pattern of all of them, the longest first, and what they are."""
    pairs = _pairs("vni")
    longest_first = sorted(pairs, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), pairs


def _decode(charset: str, data: bytes, errors: str) -> str:
    # The stubs know only mappings; a table as text is what Python's own codecs give.
    table: Any = _vni_bytes() if charset == "vni" else _decoding_table(charset)
    shown: str = codecs.charmap_decode(data, errors, table)[0]
    if charset != "vni":
        return shown
    pattern, letters = _sequences()
    return pattern.sub(lambda found: letters[found.group()], shown)


@cache
def _vni_bytes() -> str:
    return "".join(
        bytes([byte]).decode("cp1252", "replace").replace("\ufffd", _UNDEFINED) if 0x80 <= byte < 0xA0 else chr(byte)
        for byte in range(256)
    )


# A mark may stand in the next block.
_VNI_OPEN = frozenset(b"aeiouyAEIOUY\xf4\xd4\xf6\xd6")


def _codec(charset: str) -> codecs.CodecInfo:
    def decode(data: Any, errors: str = "strict", /) -> tuple[str, int]:
        return _decode(charset, bytes(data), errors), len(data)

    def encode(text: str, errors: str = "strict", /) -> tuple[bytes, int]:
        raise NotImplementedError(f"{charset} is only read")

    class Decoder(codecs.BufferedIncrementalDecoder):
        def _buffer_decode(self, input: Any, errors: str, final: bool) -> tuple[str, int]:
            data = bytes(input)
            held = bool(charset == "vni" and not final and data and data[-1] in _VNI_OPEN)
            used = len(data) - held
            return _decode(charset, data[:used], errors), used

    return codecs.CodecInfo(encode, decode, incrementaldecoder=Decoder, name=charset)


def _find(name: str) -> codecs.CodecInfo | None:
    return _codec(name) if name in CHARSETS else None


# With these, `open(…, encoding="tcvn3")` and every reader of text work as with Python's own codecs.
codecs.register(_find)


@cache
def _bytes_shown() -> dict[int, int | str]:
    """Characters above Latin-1 as which Windows shows a byte."""
    return {
        ord(shown): chr(byte)
        for byte in range(0x80, 0xA0)
        if (shown := bytes([byte]).decode("cp1252", "replace")) != "\ufffd"
    }


def convert(text: str, charset: str) -> str | None:
    """Return the Unicode text of a text that shows the bytes of `charset` as Latin letters ("Céng hßa" → "Cộng hòa").

    That is how a workbook holds cells in a font such as ``.VnTime``. None when a character of the text is no byte or no
    letter of the set: the text is not in it.
    """
    if text.isascii() and (charset not in ("viscii", "vps") or text.isprintable()):
        return text
    try:
        return _decode(charset, text.translate(_bytes_shown()).encode("latin-1"), "strict")
    except UnicodeError:
        return None
