"""Which character set a text is in, by its content: the one reading in which its words are Vietnamese syllables.

Where two readings hold, or too little text stands there to tell, nothing is chosen: the caller refuses and asks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assets.text.charsets import convert
from assets.text.syllable import is_syllable

# Share of the distinct marked words that must be syllables for a reading to hold, and below which it does not.
HOLDS, FAILS = 0.85, 0.5
# Distinct marked words below which text already in Unicode is not converted without being told.
FEWEST = 5
# More distinct words do not change the verdict.
MOST_WORDS = 20_000

# VPS gives VISCII's bytes to other letters, and both readings can hold: where VPS's holds, nothing is found.
_READ = ("tcvn3", "vni", "viscii", "vps")
_LETTERS = "A-Za-z\u0080-\u009f\u00a1-\u024f\u0300-\u0323\u02c6\u02dc\u1e00-\u1eff\u20ac\u2122"
_MARKED = re.compile(f"[{_LETTERS}‚„†‡‰‹›]*[^\\x00-\\x7f\u00a0“”‘’–—…•][{_LETTERS}‚„†‡‰‹›]*")
# Six capitals of VISCII are control bytes.
_MARKED_BYTES = re.compile(rb"[\x02\x05\x06\x14\x19\x1eA-Za-z]*[\x80-\xff][\x02\x05\x06\x14\x19\x1eA-Za-z\x80-\xff]*")
# A word of signs says nothing: a dash of Windows is a letter of VISCII.
_TELLING_BYTES = re.compile(rb"[A-Za-z]|[\xc0-\xff]{2}")
_TELLING = re.compile(r"[A-Za-z]|[\u00c0-\u00ff]{2}")
_EDGES = "“”‘’–—…•«»°º€™\u00a0\u00ad"


@dataclass(frozen=True)
class Detection:
    """The encoding found; None when it cannot be told. `candidates` are the readings that hold as well, or may hold."""

    encoding: str | None
    candidates: tuple[str, ...] = ()
    # Too few different words to convert text that could be something else.
    few: bool = False


def detect_encoding(data: bytes) -> Detection:
    """Tell the encoding of a whole text that is not UTF-8 or UTF-16: tcvn3, vni, viscii, cp1258 or cp1252.

    cp1252 is what is left when no Vietnamese reading holds. Two readings that give the same text are one.
    """
    return detect_words(marked_words(data))


def marked_words(data: bytes) -> set[bytes]:
    """Return the distinct words of a block of 8-bit text that hold a byte above ASCII and a letter of ASCII."""
    return {word for word in _MARKED_BYTES.findall(data) if _TELLING_BYTES.search(word)}


def detect_words(words: Iterable[bytes]) -> Detection:
    """As `detect_encoding`, of the distinct words that hold a byte above ASCII."""
    words = list(words)
    if not words:
        return Detection("cp1252")
    readings = {name: [_decoded(word, name) for word in words] for name in ("cp1258", *_READ)}
    plain = [_decoded(word, "cp1252") for word in words]
    shares = {name: _share(texts) for name, texts in readings.items()}
    best = max(shares, key=lambda name: shares[name])
    # Latin text of other languages, in which what marks there are may by chance make syllables of some words.
    if shares[best] < FAILS:
        return Detection("cp1252")
    near = [name for name, share in shares.items() if share >= FAILS and share > shares[best] - 0.2]
    texts = {tuple(readings[name]) for name in near}
    as_is = _share(plain) if None not in plain else 0.0
    if as_is >= FAILS and as_is > shares[best] - 0.2:
        near.append("cp1252")
        texts.add(tuple(plain))
    if shares[best] >= HOLDS and len(texts) == 1 and best != "vps":
        return Detection("cp1252" if near[-1] == "cp1252" else best)
    return Detection(None, tuple(near) if len(near) > 1 else (best, "cp1252"))


def detect_charset(texts: Iterable[str]) -> Detection:
    """Tell whether Unicode texts show the bytes of an old character set as Latin letters ("Céng hßa"), and of which.

    The encoding is "unicode" when they are what they seem: Vietnamese in Unicode, or no Vietnamese in any reading.
    """
    words: set[str] = set()
    for text in texts:
        if not text.isascii():
            words.update(
                word
                for found in _MARKED.findall(text)
                if not (word := found.strip(_EDGES)).isascii() and _TELLING.search(word)
            )
        if len(words) >= MOST_WORDS:
            break
    shares = {name: _share([convert(word, name) for word in words]) for name in _READ}
    best = max(shares, key=lambda name: shares[name])
    as_is = _share([*words])
    if not words or shares[best] < FAILS or as_is >= shares[best]:
        # "Céng" is a syllable too: words that stand alone may be either.
        also = [name for name, share in shares.items() if words and share >= HOLDS and share == as_is]
        return Detection("unicode", tuple(also))
    near = [name for name, share in shares.items() if share >= FAILS and share > shares[best] - 0.2]
    if len(near) > 1 and len({tuple(convert(word, name) for word in words) for name in near}) == 1:
        near = near[:1]
    sure = shares[best] >= HOLDS and as_is < FAILS and len(near) == 1 and best != "vps"
    if sure and len(words) >= FEWEST:
        return Detection(best)
    return Detection(None, tuple(near) if len(near) > 1 else (best, "unicode"), len(words) < FEWEST)


def _decoded(word: bytes, encoding: str) -> str | None:
    try:
        text = word.decode(encoding)
    except UnicodeDecodeError:
        return None
    return unicodedata.normalize("NFC", text).strip(_EDGES)


def _share(words: Sequence[str | None]) -> float:
    """The share of words that are syllables; a word whose reading failed is none."""
    return sum(word is not None and is_syllable(word) for word in words) / len(words) if words else 0.0
