"""How figures, dates and names are written and put in order in Vietnamese and in English."""

from __future__ import annotations

import unicodedata
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

# The start of units that the lists have had from their beginning: no day on which anything began, so it is not told.
FIRST_DAY = date(1900, 1, 1)
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Vietnamese writes 1.234,5 where English writes 1,234.5.
_TO_VIETNAMESE = str.maketrans(",.", ".,")
_ALPHABET = {letter: place for place, letter in enumerate(" 0123456789aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")}
_TONES = {"\u0300", "\u0309", "\u0303", "\u0301", "\u0323"}


def count_text(value: int, language: str) -> str:
    text = f"{value:,d}"
    return text.translate(_TO_VIETNAMESE) if language == "vi" else text


def rounded(value: float, decimals: int) -> Decimal:
    """The number with so many decimals. A half is rounded away from zero, as in Excel."""
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def decimal_text(value: float, language: str, decimals: int) -> str:
    """A number with so many decimals, rounded: 1234.5 as "1.234,50" or "1,234.50"."""
    text = f"{rounded(value, decimals):,f}"
    return text.translate(_TO_VIETNAMESE) if language == "vi" else text


def percent_text(value: float, language: str, decimals: int = 2) -> str:
    """A percentage given as 46.66: "46,66%" or "46.66%"."""
    return f"{decimal_text(value, language, decimals)}%"


def date_text(value: date, language: str) -> str:
    """dd/mm/yyyy in Vietnamese, 14 Jun 2023 in English."""
    if language == "vi":
        return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"
    return f"{value.day} {_MONTHS_EN[value.month - 1]} {value.year:04d}"


def name_key(text: str) -> tuple[list[int], str]:
    """Sort key of the Vietnamese alphabet (đ after d, ơ after ô); tones decide only between names otherwise alike."""
    toneless = "".join(mark for mark in unicodedata.normalize("NFD", text.lower()) if mark not in _TONES)
    letters = unicodedata.normalize("NFC", toneless)
    return [_ALPHABET.get(letter, len(_ALPHABET) + ord(letter)) for letter in letters], text


def month_text(period_id: str) -> str:
    """2023-06 as 06/2023, short enough for a column head in both languages."""
    year, _, month = period_id.partition("-")
    return f"{month}/{year}"
