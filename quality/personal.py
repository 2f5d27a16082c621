"""Personal data in text: phone numbers, ID numbers, e-mail addresses and Vietnamese names, found, masked and normalised.

What a found value means for a row, a file or a message is decided by those who ask. The limits of the detector are stated
and measured in docs/guides/protect-personal-data.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import phonenumbers
import yaml

REGION = "VN"
WORDS = Path(__file__).with_name("personal_words.yml")

Kind = Literal["phone", "id_number", "email", "name"]
# What a value is masked with in a message.
MASK = {"phone": "‹phone›", "id_number": "‹ID number›", "email": "‹e-mail›", "name": "‹name›"}

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
# A run of digits that does not go on a number with a dot, a dash or a stroke: record numbers and dates do.
_BEFORE = r"(?<!\d)(?<!\d[.\-/])"
_PHONE = re.compile(_BEFORE + r"(?:\((?=\+?\d{2,4}\)))?(?:\+?84|0)(?:[ .\-()]{0,2}\d){8,10}(?!\d)")
_ID = re.compile(_BEFORE + r"\d(?:[ .]?\d){8}(?:(?:[ .]?\d){3})?(?!\d|[.\-/]\d)")
_DATE = re.compile(r"\d{1,2}[.\-/ ]\d{1,2}[.\-/ ]\d{4}")
_QUOTED = re.compile(r"(['\"“‘])((?:(?!\1)[^\n”’])*)(?:\1|[”’])")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,60}")
_WORD = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\+?\(?\d(?:[ .\-()]{0,2}\d){7,}")
# How far before a 9-digit number a word may stand that makes it an identity card's.
_ID_CONTEXT = 30
# Further syllables of a name; most names have two.
_MOST_SYLLABLES = 4
_LONGEST_SYLLABLE = 7
# RE2: text that holds none of these holds nothing that is found here. It keeps nearly all cells from a closer look.
POSSIBLE = r"@|\d(?:[ .\-()]{0,2}\d){7}|\p{Lu}\pL*\s+\p{Lu}"


@dataclass(frozen=True)
class Found:
    """One piece of personal data in a text: where it stands and, of a number or an address, its normal form."""

    kind: Kind
    start: int
    end: int
    normal: str | None = None


@cache
def _words() -> dict[str, frozenset[str]]:
    loaded = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return {name: frozenset(unicodedata.normalize("NFC", word) for word in words) for name, words in loaded.items()}


def find(text: str) -> list[Found]:
    """Return what of `text` (in NFC) is personal data, in order and without overlaps."""
    found: list[Found] = []
    for kind in (_emails, _id_numbers, _phones, _names):
        for one in kind(text):
            if all(one.end <= other.start or one.start >= other.end for other in found):
                found.append(one)
    return sorted(found, key=lambda one: one.start)


def holds_personal_data(text: str) -> bool:
    """Return whether anything personal is found in a text of any Unicode form."""
    return bool(find(unicodedata.normalize("NFC", text)))


def mask(text: str, names: bool = True) -> str:
    """Return the text in NFC with what is found replaced by the name of its kind; a text without any comes back as it is."""
    normal = unicodedata.normalize("NFC", text)
    found = [one for one in find(normal) if names or one.kind != "name"]
    if not found:
        return text
    pieces, at = [], 0
    for one in found:
        pieces += [normal[at : one.start], MASK[one.kind]]
        at = one.end
    return "".join([*pieces, normal[at:]])


def redact(text: str) -> str:
    """Return an engine's message without the values it quotes: names of columns and the like stay, all else is masked.

    For what nobody foresaw: a conversion that fails says which cell it failed on.
    """
    return mask(_QUOTED.sub(lambda quoted: quoted.group() if _PLAIN.fullmatch(quoted.group(2)) else "‹value›", text))


# Normal forms: two ways to write one number give one token. shape.py has the same in SQL; a test compares them.


def normal_phone(text: str) -> str | None:
    """Return a phone number as 0 and the national number, or None where the text is none.

    Of several numbers in one cell the first counts. A zero that a spreadsheet dropped is put back.
    """
    digits = re.sub(r"[^0-9]", "", re.split(r"[,;/|]", text, maxsplit=1)[0])
    if digits.startswith("0084"):
        digits = "0" + digits[4:]
    elif digits.startswith("84") and len(digits) in (11, 12):
        digits = "0" + digits[2:]
    elif len(digits) == 9 and not digits.startswith("0"):
        digits = "0" + digits
    return digits if digits.startswith("0") and len(digits) in (10, 11) else None


def normal_id_number(text: str) -> str | None:
    """Return an ID number of 9 or 12 digits, or None; leading zeros that a spreadsheet dropped of 12 are put back."""
    digits = re.sub(r"[^0-9]", "", re.split(r"[,;/|]", text, maxsplit=1)[0])
    if len(digits) in (10, 11):
        digits = digits.rjust(12, "0")
    return digits if len(digits) in (9, 12) else None


def normal_email(text: str) -> str | None:
    """Return an address in lower case, or None where the text has no @."""
    address = re.sub("[ \\t\\r\\n\u00a0]", "", re.split(r"[,;/|]", text, maxsplit=1)[0]).lower()
    return address if "@" in address else None


def identifiers(text: str) -> Iterator[tuple[Kind, str]]:
    """Yield every reading of the text's numbers and addresses as an identifier, plausible or not: kind and normal form.

    For comparison with tokens, where a wrong reading meets nothing; `find` is for what is shown.
    """
    for match in _EMAIL.finditer(text):
        yield "email", match.group().lower()
    for match in _DIGITS.finditer(text):
        # Two numbers with a blank between them are one run of digits: each of its pieces is read as well.
        for piece in dict.fromkeys([match.group(), *match.group().split()]):
            if (phone := normal_phone(piece)) is not None:
                yield "phone", phone
            if (number := normal_id_number(piece)) is not None:
                yield "id_number", number


def _emails(text: str) -> Iterator[Found]:
    for match in _EMAIL.finditer(text) if "@" in text else ():
        yield Found("email", *match.span(), match.group().lower())


def _phones(text: str) -> Iterator[Found]:
    for match in _PHONE.finditer(text):
        if _DATE.match(match.group()):
            continue
        normal = normal_phone(match.group())
        if normal is None:
            continue
        # The library knows the prefixes that are given out.
        if phonenumbers.is_valid_number(phonenumbers.parse(normal, REGION)):
            yield Found("phone", *match.span(), normal)


def _id_numbers(text: str) -> Iterator[Found]:
    for match in _ID.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if len(digits) == 12:
            plausible = digits[:3] in _words()["id_provinces"]
        else:
            before = text[max(0, match.start() - _ID_CONTEXT) : match.start()].lower()
            plausible = any(word in before for word in _words()["id_words"])
        if plausible:
            yield Found("id_number", *match.span(), digits)


def _names(text: str) -> Iterator[Found]:
    """Yield names: a family name and capitalised syllables, two at least, or one behind a title; not behind a place's kind."""
    if not any(letter.isupper() for letter in text):
        return
    words = list(_WORD.finditer(text))
    lower = [word.group().lower() for word in words]
    known = _words()
    index = 0
    while index < len(words):
        word = words[index].group()
        surname = lower[index] in known["surnames"] or lower[index] in known["plain_surnames"]
        last = _name_end(text, words, index) if surname and word[0].isupper() else index
        needed = 1 if _ends_with(lower[:index], known["titles"]) else 2
        if last - index >= needed and f"{lower[index]} {lower[index + 1]}" not in known["not_names"]:
            if not _ends_with(lower[:index], known["places"]):
                yield Found("name", words[index].start(), words[last].end())
            index = last
        index += 1


def _name_end(text: str, words: Sequence[re.Match[str]], first: int) -> int:
    """Return the index of the last word of the name that begins at `first`."""
    shouted = words[first].group().isupper() and len(words[first].group()) > 1
    last = first
    for index in range(first + 1, min(first + 1 + _MOST_SYLLABLES, len(words))):
        word = words[index].group()
        gap = text[words[index - 1].end() : words[index].start()]
        if gap.strip(" \u00a0") or not gap or not word[0].isupper() or len(word) > _LONGEST_SYLLABLE:
            break
        if shouted != (word.isupper() and len(word) > 1):
            break
        last = index
    return last


def _ends_with(before: Sequence[str], phrases: frozenset[str]) -> bool:
    return any(" ".join(before[-length:]) in phrases for length in (1, 2, 3) if before)
