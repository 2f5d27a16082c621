"""Names are compared by what stays of them, and mean what an office means by them."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.reference.unit_guess import UnitGuess
from assets.reference.units import UnitMeaning, by_day, name_key, name_keys, short_name, unit_names, unit_on
from quality.contract import landing_schema, load_contracts

SPELLINGS = {
    "xã an mỹ": [
        "Xã An Mỹ",
        "  XÃ   AN MỸ ",
        unicodedata.normalize("NFD", "Xã An Mỹ"),
        "xã\u00a0an\tmỹ",
        "Xã An\u3000Mỹ",
    ],
    "tỉnh hòa bình": ["Tỉnh Hoà Bình", "Tỉnh Hòa Bình", unicodedata.normalize("NFD", "TỈNH HOÀ BÌNH")],
    "thủy nguyên": ["Thuỷ Nguyên", "Thủy Nguyên", "THUỶ NGUYÊN"],
    "lai uyên": ["Lai Uyên", "LAI UYÊN"],
    "quý khóe họa": ["Quý Khoé Hoạ", "Qúy Khóe Họa"],
    "đắk lắk": ["Đắk Lắk", "\u00d0ắk Lắk"],
    "xã tuy lai": ["UBND xã Tuy Lai", "UBND Xã Tuy Lai", "Ủy ban nhân dân xã Tuy Lai", "Uỷ ban nhân dân  xã Tuy Lai"],
    "ubnd": ["UBND", "UBND "],
    "ea h'leo": ["Ea H’Leo", "EA H'LEO"],
}


@pytest.mark.parametrize(("key", "spelling"), [(key, text) for key, texts in SPELLINGS.items() for text in texts])
def test_spellings_share_a_key(key: str, spelling: str) -> None:
    expected = name_key(key)
    assert name_key(spelling) == expected


def test_distinct_names_keep_distinct_keys() -> None:
    assert len({name_key(name) for name in ("Hoa", "Hoà", "Hoá", "Hòan", "Mua", "Mùa", "Thuy", "Thúy", "Mỹ Đức")}) == 9


SHORT_FORMS = {
    "thị trấn đại nghĩa": ["TT Đại Nghĩa", "TT. Đại Nghĩa", "T.T. Đại Nghĩa", "tt.Đại Nghĩa", "UBND TT. Đại Nghĩa"],
    "xã an mỹ": ["X. An Mỹ", "x.An Mỹ", "X An Mỹ", "UBND X. An Mỹ"],
    "phường 1": ["P.1", "P1", "P. 01", "Phường 01", "phường 1", "p 1", "UBND P.01"],
    "quận 10": ["Q.10", "Q10", "Q. 10"],
    "huyện mỹ đức": ["H. Mỹ Đức", "UBND H.Mỹ Đức"],
    "thị xã sơn tây": ["TX. Sơn Tây", "TX Sơn Tây"],
    "thành phố hà nội": ["TP. Hà Nội", "Tp.Hà Nội", "TP Hà Nội", "T.P. Hà Nội"],
    "tỉnh hòa bình": ["T. Hoà Bình"],
    "ward 9": ["Ward 09", "WARD 9"],
}


@pytest.mark.parametrize(("key", "spelling"), [(key, text) for key, texts in SHORT_FORMS.items() for text in texts])
def test_short_forms_of_the_kind_are_written_out(key: str, spelling: str) -> None:
    assert name_key(spelling) == name_key(key) == key


def test_what_is_no_short_form_stays() -> None:
    for name in (
        "Phú An",
        "Tân Phú",
        "Thanh Xuân",
        "Hương Sơn",
        "Quang Trung",
        "Xuy Xá",
        "TTHC",
        "01",
        "10462",
        "Ea Tu",
    ):
        assert name_key(name) == name.lower()


def test_short_names() -> None:
    assert short_name("Thị trấn Đại Nghĩa") == "Đại Nghĩa"
    assert short_name("Thành phố Hà Nội") == "Hà Nội"
    assert short_name("Phường 1") is None
    assert short_name("Ward 1") is None
    assert short_name("Xã") is None


START = date(1900, 1, 1)
END = date(2025, 6, 30)
NEW = date(2025, 7, 1)


def table(dataset: str, *rows: tuple[object, ...]) -> pa.Table:
    schema = landing_schema(load_contracts()[dataset])
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)


UNITS = table(
    "admin_unit",
    ("01", START, None, "province", "Thành phố Hà Nội", None),
    ("282", START, END, "district", "Huyện Mỹ Đức", "01"),
    ("10462", START, END, "commune", "Xã An Mỹ", "282"),
    ("10465", START, END, "commune", "Xã Hồng Sơn", "282"),
    ("10465", NEW, None, "commune", "Xã Hồng Sơn", "01"),
    ("10441", START, END, "commune", "Thị trấn Đại Nghĩa", "282"),
    ("10441", NEW, None, "commune", "Xã Mỹ Đức", "01"),
    ("00619", START, END, "commune", "Phường Đại Nghĩa", "282"),
)


def resolve(names: pa.Table, office: str, given: list[str]) -> dict[str, str | None]:
    meaning = {(row["office_code"], row["name_key"]): row for row in names.to_pylist()}
    found = {name: meaning.get((office, name_key(name))) for name in given}
    return {name: row["unit_code"] if row and row["candidates"] == 1 else None for name, row in found.items()}


def test_a_district_knows_its_own_units_at_any_time_and_no_others() -> None:
    names = unit_names(UNITS, table("unit_alias", ("282", "TT Đại Nghĩa", "10441")), ["282"])
    given = ["10462", "Xã An Mỹ", "an mỹ", "Hồng Sơn", "TT ĐẠI NGHĨA", "Mỹ Đức", "Xã Mỹ Đức", "Đại Nghĩa", "Lạc Xã"]
    assert resolve(names, "282", given) == {
        "10462": "10462",
        "Xã An Mỹ": "10462",
        "an mỹ": "10462",
        "Hồng Sơn": "10465",
        "TT ĐẠI NGHĨA": "10441",
        "Mỹ Đức": "282",
        "Xã Mỹ Đức": None,  # stands under the province, after the district
        "Đại Nghĩa": None,  # two units are called so
        "Lạc Xã": None,
    }
    assert resolve(names, "01", ["10462"]) == {"10462": None}


def test_candidates_count_the_codes_that_share_a_name() -> None:
    names = unit_names(UNITS, table("unit_alias"), ["282", "01"]).to_pylist()
    found = {(row["office_code"], row["unit_code"]): row["candidates"] for row in names if row["name_key"] == "mỹ đức"}
    assert found == {("282", "282"): 1, ("01", "282"): 2, ("01", "10441"): 2}


def test_a_full_name_outweighs_a_short_one_and_an_alias_both() -> None:
    units = table(
        "admin_unit",
        ("9", START, None, "district", "Huyện Lớn", None),
        ("91", START, None, "commune", "Lớn", "9"),
        ("1", START, None, "commune", "Xã Một", "9"),
    )
    names = unit_names(units, table("unit_alias"), ["9"])
    assert resolve(names, "9", ["Lớn", "1"]) == {"Lớn": "91", "1": "1"}
    alias = table("unit_alias", ("9", "1", "91"))
    assert resolve(unit_names(units, alias, ["9"]), "9", ["1"]) == {"1": "91"}


def test_names_without_marks_where_they_stay_unique() -> None:
    units = table(
        "admin_unit",
        ("9", START, None, "district", "Huyện Lớn", None),
        ("91", START, None, "commune", "Xã Tân An", "9"),
        ("92", START, None, "commune", "Xã Tấn An", "9"),
        ("93", START, None, "commune", "Thị trấn Hồng Sơn", "9"),
    )
    names = unit_names(units, table("unit_alias"), ["9"]).to_pylist()
    meanings: dict[str, set[str]] = {}
    for row in names:
        meanings.setdefault(row["name_key"], set()).add(row["unit_code"])

    def found(name: str) -> set[str]:
        return next((meanings[key] for key in name_keys(name) if key in meanings), set())

    assert found("hong son") == found("TT. Hong Son") == found("UBND thi tran Hong Son") == {"93"}
    assert found("Xa Tan An") == found("tan an") == {"91", "92"}
    assert found("Xã Tân An") == {"91"}
    # A wrong mark may make it the name of another unit.
    assert found("Hồng Son") == set()


DAYS = [date(2024, 12, 28) + timedelta(days=day) for day in range(12)]
MEANINGS = st.lists(
    st.builds(
        lambda code, ends: UnitMeaning(code, min(ends), max(ends)),
        st.sampled_from("abc"),
        st.tuples(st.sampled_from(DAYS), st.sampled_from([*DAYS, date.max])),
    ),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(meanings=MEANINGS)
def test_a_name_means_on_each_day_the_one_unit_that_bears_it(meanings: list[UnitMeaning]) -> None:
    """Against a look at every day: one unit on the day, or the only unit at any time."""
    codes = {meaning.unit_code for meaning in meanings}
    spans = by_day(meanings)
    for day in [date(2020, 1, 1), *DAYS, date(2030, 1, 1)]:
        on_day = {each.unit_code for each in meanings if each.valid_from <= day <= each.valid_to}
        expected = codes.copy().pop() if len(codes) == 1 else on_day.pop() if len(on_day) == 1 else None
        assert unit_on(meanings, day) == expected
        assert len([span for span in spans if span.valid_from <= day <= span.valid_to]) <= 1
    assert unit_on(meanings, None) == (codes.pop() if len(codes) == 1 else None)


def test_a_hint_tells_codes_from_numbers_and_people_from_units() -> None:
    guess = UnitGuess({"admin_unit": UNITS, "unit_alias": table("unit_alias")}, "282")
    assert guess.nearest("Xã An Mỳ") == "10462 Xã An Mỹ" and guess.nearest("1046") is None
    assert guess.nearest("Đại Ngĩa") == "one of 00619 Phường Đại Nghĩa, 10441 Xã Mỹ Đức (ambiguous)"
    assert guess.may_be_shown("X. Không Có") and guess.may_be_shown("an mi")
    for other in ("Zừ Văn Bịa Đặt", "0000123456", "bia.dat@example.vn", "11111"):
        assert not guess.may_be_shown(other)


def test_a_circle_of_parents_ends() -> None:
    units = table("admin_unit", ("a", START, None, "district", "A", "b"), ("b", START, None, "commune", "B", "a"))
    assert {row["unit_code"] for row in unit_names(units, table("unit_alias"), ["a"]).to_pylist()} == {"a", "b"}
