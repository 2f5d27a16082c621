"""The old character sets, letter by letter against the bytes of the standards, and whole sentences there and back."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vietnamese import CAPITALS, LETTERS, as_cp1258, in_charset

import assets.reference
from assets.text import CHARSETS, Detection, convert, detect_charset, detect_encoding

# TCVN 5712:1993 (VN3, the set of the .Vn fonts) and VISCII 1.1 (RFC 1456), in the order of LETTERS.
TCVN3 = (
    "b5b8b6b7b9a8bbbebcbdc6a9c7cac8c9cbccd0cecfd1aad2d5d3d4d6d7ddd8dcde"
    "dfe3e1e2e4abe5e8e6e7e9aceaedebeceeeff3f1f2f4adf5f8f6f7f9fafdfbfcfeae"
)
VISCII_SMALL = (
    "e0e1e4e3d5e5a2a1c6c7a3e2a5a4a6e7a7e8e9eba8a9eaabaaacadaeecedefeeb8"
    "f2f3f6f5f7f4b0afb1b2b5bdb6beb7defef9fafcfbf8dfd7d1d8e6f1cffdd6dbdcf0"
)
VISCII_CAPITALS = (
    "c0c1c4c380c58281020583c28584860687c8c9cb8889ca8b8a8c8d8ecccd9bce98"
    "d2d399a09ad4908f919293b4969597b394d9da9c9d9ebfbbbabcffb99fdd14191ed0"
)


def test_there_are_134_letters() -> None:
    assert len(set(LETTERS + CAPITALS)) == 134


@pytest.mark.parametrize(
    ("charset", "data", "letters"),
    [
        ("tcvn3", TCVN3, LETTERS),
        ("tcvn3", "a1a2a3a4a5a6a7", "ĂÂÊÔƠƯĐ"),
        ("viscii", VISCII_SMALL, LETTERS),
        ("viscii", VISCII_CAPITALS, CAPITALS),
    ],
)
def test_bytes_of_the_standards(charset: str, data: str, letters: str) -> None:
    assert bytes.fromhex(data).decode(charset) == letters


def test_vni_is_a_vowel_and_a_mark() -> None:
    """The marks of VNI-Windows: one sign for each tone, one for each tone on a circumflex or a breve."""
    tones = dict(zip("øùûõï", "\u0300\u0301\u0309\u0303\u0323", strict=True))
    circumflex = dict(zip("âàáåãä", ("\u0302", *(f"\u0302{tone}" for tone in tones.values())), strict=True))
    breve = dict(zip("êèéúüë", ("\u0306", *(f"\u0306{tone}" for tone in tones.values())), strict=True))
    written = {vowel + mark: vowel + tone for vowel in "aeouy" for mark, tone in tones.items()}
    written |= {vowel + mark: vowel + signs for vowel in "aeo" for mark, signs in circumflex.items()}
    written |= {"a" + mark: "a" + signs for mark, signs in breve.items()}
    written |= {
        horned + mark: letter + tone for horned, letter in (("ô", "ơ"), ("ö", "ư")) for mark, tone in tones.items()
    }
    written |= {"ô": "ơ", "ö": "ư", "ñ": "đ", "ì": "ì", "í": "í", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}
    del written["yï"]
    unicode = {old: unicodedata.normalize("NFC", new) for old, new in written.items()}
    assert set(unicode.values()) == set(LETTERS)
    for old, new in unicode.items():
        assert old.encode("latin-1").decode("vni") == new
        assert old.upper().encode("latin-1").decode("vni") == new.upper()


def test_vps_where_it_differs_from_viscii() -> None:
    # VPS 0xC0-0xC4 and its capitals in control bytes, from the chart of the Vietnamese Unicode project.
    assert bytes.fromhex("c0c3c4c5c6c7e5dc8c").decode("vps") == "ầấẩẫậđạưệ"
    assert bytes.fromhex("02121006").decode("vps") == "ẠỘỊỆ"


@settings(deadline=None)
@given(
    st.sampled_from(CHARSETS),
    st.lists(st.sampled_from([*LETTERS, *CAPITALS, *"aeioubcdghknt AEIOUD,.;/-019\n"]), max_size=60),
)
def test_text_there_and_back(charset: str, characters: list[str]) -> None:
    text = "".join(characters)
    data = in_charset(text, charset)
    if charset == "tcvn3":
        # Its capitals with a tone have no bytes: the fonts ending in H draw them over the small letters.
        text = "".join(c.lower() if c in CAPITALS and c not in "ĂÂÊÔƠƯĐ" else c for c in text)
    assert data.decode(charset) == text
    assert convert(data.decode("latin-1"), charset) == text
    # However the bytes are cut into blocks.
    decoder = codecs.getincrementaldecoder(charset)()
    assert "".join(decoder.decode(data[i : i + 1], final=i + 1 == len(data)) for i in range(len(data))) == text
    assert io.TextIOWrapper(io.BufferedReader(io.BytesIO(data)), encoding=charset, newline="").read() == text


def test_windows_shows_bytes_of_viscii_and_vps_as_other_signs() -> None:
    text = "Ộ Ỷ Ế ủ"
    for charset in ("viscii", "vps"):
        shown = "".join(
            bytes([byte]).decode("cp1252", "replace").replace("\ufffd", chr(byte)) for byte in in_charset(text, charset)
        )
        assert convert(shown, charset) == text


def test_text_that_is_not_in_the_set_is_not_converted() -> None:
    assert convert("Mỹ Đức", "tcvn3") is None
    assert convert("À", "tcvn3") is None
    with pytest.raises(UnicodeDecodeError):
        b"\xc0".decode("tcvn3")
    assert convert("plain", "viscii") == "plain"


with (Path(assets.reference.__file__).parent / "shipped" / "admin_unit.csv").open(encoding="utf-8") as file:
    UNIT_NAMES = sorted({row["name"] for row in csv.DictReader(file)})
SENTENCES = [
    "Cộng hòa xã hội chủ nghĩa Việt Nam, Độc lập - Tự do - Hạnh phúc",
    "Giấy chứng nhận quyền sử dụng đất; đăng ký kết hôn; chứng thực bản sao từ bản chính",
    "Nguyễn Văn Hùng;Xã Hợp Tiến;Đã trả kết quả đúng hạn;Rất hài lòng về thái độ phục vụ",
]


@pytest.mark.parametrize("text", SENTENCES)
def test_content_tells_the_encoding(text: str) -> None:
    assert detect_encoding(as_cp1258(text)).encoding == "cp1258"
    for charset in ("tcvn3", "vni", "viscii"):
        data = in_charset(text, charset)
        assert detect_encoding(data).encoding == charset
        assert detect_charset(data.decode("latin-1").split(";")).encoding == charset
    # VPS shares its bytes with VISCII: it is never found, and never taken for another set.
    vps = in_charset(text, "vps")
    assert detect_encoding(vps).encoding is None
    assert detect_charset([vps.decode("latin-1")]).encoding in (None, "unicode")


@pytest.mark.parametrize("text", SENTENCES)
def test_vietnamese_in_unicode_is_what_it_seems(text: str) -> None:
    assert detect_charset(text.split(";")).encoding == "unicode"
    assert detect_charset(unicodedata.normalize("NFD", text).split(";")).encoding == "unicode"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(UNIT_NAMES), min_size=8, max_size=30, unique=True))
def test_names_of_units_are_told_or_refused_but_never_misread(names: list[str]) -> None:
    text = "\n".join(names)
    assert detect_charset(names).encoding == "unicode"
    for encoding in (*CHARSETS, "cp1258"):
        data = as_cp1258(text) if encoding == "cp1258" else in_charset(text, encoding)
        found = detect_encoding(data).encoding
        assert found is None or data.decode(found) == data.decode(encoding)
        assert found is not None or encoding in ("viscii", "vps")
        if encoding != "cp1258":
            assert detect_charset([data.decode("latin-1")]).encoding in (None, encoding)


def test_every_letter_in_every_set() -> None:
    for charset in ("vni", "viscii", "vps"):
        assert [in_charset(letter, charset).decode(charset) for letter in LETTERS + CAPITALS] == [*LETTERS, *CAPITALS]
    assert [in_charset(letter, "tcvn3").decode("tcvn3") for letter in LETTERS] == [*LETTERS]
    composed = [unicodedata.normalize("NFC", as_cp1258(letter).decode("cp1258")) for letter in LETTERS + CAPITALS]
    assert composed == [*LETTERS, *CAPITALS]


def test_too_little_text_is_not_decided() -> None:
    # Cộng hòa in TCVN3, cưng hưa in VISCII.
    assert detect_charset(["Céng hßa"]) == Detection(None, ("tcvn3", "viscii"), few=True)
    assert detect_encoding(b"n\xe9").encoding is None


@pytest.mark.parametrize(
    "text",
    [
        "L'été à la campagne, créer, forêt, Noël, où, garçon, thé, façade, préfecture, café",
        "Groß, Straße, Müller, für, über, Köln, weiß, Fußball, schön",
        "Peña, niño, año, São, João, não, Sørensen, på, få, två, för",
        "één, ideeën, coördinatie, reünie, café, privé",
        "“quoted” – 5 € • don’t … naïve",
    ],
)
def test_other_languages_stay(text: str) -> None:
    assert detect_charset([text]).encoding == "unicode"
    assert detect_encoding(text.encode("cp1252")).encoding == "cp1252"
