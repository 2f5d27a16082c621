"""Names are compared by what stays of them, and mean what an office means by them."""

from __future__ import annotations

import unicodedata
from datetime import date

import pyarrow as pa
import pytest

from assets.reference.units import name_key, short_name, unit_names
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


def test_a_circle_of_parents_ends() -> None:
    units = table("admin_unit", ("a", START, None, "district", "A", "b"), ("b", START, None, "commune", "B", "a"))
    assert {row["unit_code"] for row in unit_names(units, table("unit_alias"), ["a"]).to_pylist()} == {"a", "b"}
