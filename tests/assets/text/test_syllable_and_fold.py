"""Syllables of real names and sentences, and the two ways of placing a tone in every syllable there can be."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from vietnamese import TONES

import assets.reference
from assets.text import fold, is_syllable, spellings, without_marks


def test_names_of_units_are_syllables() -> None:
    """All but those of the Highlands' languages, such as Krông: under one in a hundred of the names' marked words."""
    with (Path(assets.reference.__file__).parent / "shipped" / "admin_unit.csv").open(encoding="utf-8") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    words = Counter(word for name in names for word in name.split() if word.isalpha() and not word.isascii())
    assert len(words) > 1000
    strange = {word: n for word, n in words.items() if not is_syllable(word)}
    assert sum(strange.values()) < words.total() / 100


SYLLABLES = "Nguyễn nghiêng khuỷu quýt giếng giữ gìn quốc ngoằn ngoèo Đắk thuở khuya yếu quỳnh xoong"
OTHERS = "forêt Noël thé2 créer giòị hàch tạpp José wà zá Groß mọt̉ toàc"


@pytest.mark.parametrize("word", SYLLABLES.split())
def test_syllables(word: str) -> None:
    assert is_syllable(word)
    assert is_syllable(unicodedata.normalize("NFD", word.upper()))


@pytest.mark.parametrize("word", OTHERS.split())
def test_no_syllables(word: str) -> None:
    assert not is_syllable(word)


def test_one_form_for_both_places_of_a_tone() -> None:
    """Every open syllable in oa, oe, uy: the tone on the first vowel and on the second are one, and no others are."""
    onsets = [
        "",
        *["b", "c", "ch", "d", "đ", "h", "k", "kh", "l", "m", "n", "ng", "nh", "ph", "s", "t", "th", "tr", "v", "x"],
    ]
    seen: dict[str, set[str]] = {}
    for onset in onsets:
        for first, second in ("oa", "oe", "uy"):
            for tone in TONES:
                both = {
                    unicodedata.normalize("NFC", onset + first + tone + second),
                    unicodedata.normalize("NFC", onset + first + second + tone),
                }
                folded = {fold(text.upper()) for text in both}
                assert len(folded) == 1
                assert set(spellings(max(both))) == both
                assert folded.isdisjoint(seen)
                seen |= {folded.pop(): both}


def test_folding() -> None:
    assert fold("  UỶ BAN\u00a0 Toàn ") == fold("ủy ban tòan")
    assert fold("hoa") != fold("hoà")
    assert without_marks("Đồng Tâm") == "dong tam"
    assert without_marks("TOÀN ") == "toan"
    assert spellings("Đúng  hạn") == ("đúng hạn",)
    assert set(spellings("Uỷ Hoà")) == {"uỷ hoà", "ủy hoà", "uỷ hòa", "ủy hòa"}
