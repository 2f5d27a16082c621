"""UTF-8 encoded twice is taken back, and nothing that is right already is touched."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import ftfy.bad_codecs  # noqa: F401 (the code pages as Windows has them, with bytes that stand for nothing)
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vietnamese import CAPITALS, LETTERS

import assets.reference
from assets.text.mend import plain_digits, undo_double_utf8

with (Path(assets.reference.__file__).parent / "shipped" / "admin_unit.csv").open(encoding="utf-8") as file:
    UNIT_NAMES = sorted({row["name"] for row in csv.DictReader(file)})
# Those with a letter of another language are not repaired from cp1258: they are no syllables.
SHOWN_BY = ("latin-1", "sloppy-windows-1252", "sloppy-windows-1258")


@pytest.mark.parametrize("code_page", SHOWN_BY)
def test_every_name_of_a_unit_comes_back_or_stays(code_page: str) -> None:
    back = kept = 0
    for name in UNIT_NAMES[::23]:
        assert undo_double_utf8(name) == name
        twice = name.encode().decode(code_page)
        found = undo_double_utf8(twice)
        assert found in (name, twice)
        back += found == name
        kept += found != name
    assert kept < 0.03 * back


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*LETTERS, *CAPITALS, *"abcdeghiklmnopqrstuvxy ABC ,.;-“”–’«»°²\u00a0019"]), max_size=40)
)
def test_text_that_was_encoded_once_stays(characters: list[str]) -> None:
    text = "".join(characters)
    assert undo_double_utf8(text) == text


@pytest.mark.parametrize(
    "text",
    ["L'été à la campagne", "Groß", "Köln", "één", "Céng hßa x· héi", "XÃ “ĐỒNG TÂM”", "Ă “", "Nghĩa Ă", "à°", "Ã…"],
)
def test_other_texts_stay(text: str) -> None:
    assert undo_double_utf8(text) == text


def test_what_is_lost_is_not_made_up() -> None:
    half = "Nguyễn Văn Hùng".encode().decode("latin-1")[:-4] + "\ufffd"
    assert undo_double_utf8(half) == half


def test_digits() -> None:
    every = "".join(chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) == "Nd")
    assert set(plain_digits(every)) == set("0123456789") and len(every) > 600
    assert plain_digits("２０２３ m² ½ Ⅳ") == "2023 m² ½ Ⅳ"
