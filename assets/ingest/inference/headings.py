"""How alike a heading is to the words a vocabulary has for a field. What the cells say of it stands in evidence.py."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

from quality.vocabulary import load_vocabulary, word_key

EXACT = 1.0
# The same letters, cut into words otherwise.
_SAME_LETTERS = 0.98
# The last part of a heading over several rows stands for the whole.
_LAST_PART = 0.97
# A heading that holds all words of a synonym, or only some of them, by the share of letters they have in common.
_HOLDS, _HOLDS_SPAN = 0.45, 0.5
_LACKS, _LACKS_SPAN = 0.3, 0.45
# Letters that two names must share to be a misspelling of one another.
_MISSPELT = 0.84


def likeness(heading: str, words: Iterable[str]) -> float:
    """Return how alike the heading is to the nearest of the words, 0 to 1."""
    parts = heading.split(" / ")
    forms = [(_words(heading), EXACT)]
    if len(parts) > 1:
        forms.append((_words(parts[-1]), _LAST_PART))
    if "." in heading:
        # Fields of nested records carry the names of those around them.
        forms.append((_words(heading.rpartition(".")[2]), _LAST_PART))
    wanted = [_words(word) for word in words]
    return max((_alike(form, word) * worth for form, worth in forms for word in wanted), default=0.0)


@lru_cache(maxsize=50_000)
def _words(text: str) -> tuple[str, ...]:
    """The folded words of a text, with its short forms written out."""
    short = _short_forms()
    return tuple(piece for word in word_key(text).split() for piece in short.get(word, (word,)))


@lru_cache(maxsize=1)
def _short_forms() -> dict[str, tuple[str, ...]]:
    listed = load_vocabulary().abbreviations.items()
    return {word_key(short).replace(" ", ""): tuple(word_key(long).split()) for short, long in listed}


@lru_cache(maxsize=200_000)
def _alike(heading: tuple[str, ...], word: tuple[str, ...]) -> float:
    if not heading or not word:
        return 0.0
    if heading == word:
        return EXACT
    ours, theirs = "".join(heading), "".join(word)
    if ours == theirs:
        return _SAME_LETTERS
    if set(word) < set(heading):
        return _HOLDS + _HOLDS_SPAN * len(theirs) / len(ours)
    if set(heading) < set(word):
        return _LACKS + _LACKS_SPAN * len(ours) / len(theirs)
    if _digits(heading) == _digits(word) and abs(len(ours) - len(theirs)) <= 3 and min(len(ours), len(theirs)) > 4:
        ratio = SequenceMatcher(None, ours, theirs).ratio()
        return ratio * _LAST_PART if ratio >= _MISSPELT else 0.0
    return 0.0


def _digits(words: tuple[str, ...]) -> list[str]:
    """The numbers of a heading: of "Chỉ số 1" and "Chỉ số 10" neither is a misspelling of the other."""
    return [word for word in words if word.isdigit()]
