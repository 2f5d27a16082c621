"""What became of each unit: the published mergers of Mỹ Đức, and shares that lose nobody."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import assets.reference
from assets.reference.tables import reference_tables
from assets.reference.territory import units_now
from quality.contract import landing_schema, load_contracts

SHIPPED = Path(assets.reference.__file__ or "").parent / "shipped"
LONG_AGO, JANUARY, JULY = date(1900, 1, 1), date(2025, 1, 1), date(2025, 7, 1)
Key = tuple[str, date]

# Domain reference, section 7: the communes of Mỹ Đức and what they became on 01/07/2025.
MERGERS = {
    "10441": ("10441", "10504", "10480", "10501", "10477"),
    "10465": ("10474", "10462", "10498", "10468", "10471", "10465"),
    "10459": ("10456", "10459", "10453", "10447", "10450"),
    "10489": ("10495", "10492", "10483", "10486", "10489"),
}


@pytest.fixture(scope="module")
def shipped() -> dict[str, pa.Table]:
    tables, problems = reference_tables(SHIPPED, SHIPPED / "none", {}, load_contracts())
    assert problems == []
    return tables


def shares(admin_unit: pa.Table, changes: pa.Table, *roots: str) -> dict[Key, dict[Key, Decimal]]:
    """Unit → unit of now, those above included → share."""
    found: dict[Key, dict[Key, Decimal]] = defaultdict(dict)
    for row in units_now(admin_unit, changes, roots).to_pylist():
        found[row["unit_code"], row["unit_valid_from"]][row["now_code"], row["now_valid_from"]] = row["share"]
    return found


@pytest.fixture(scope="module")
def hanoi(shipped: dict[str, pa.Table]) -> dict[Key, dict[Key, Decimal]]:
    return shares(shipped["admin_unit"], shipped["admin_unit_change"], "01")


@pytest.mark.parametrize("new", MERGERS)
def test_my_duc_of_22_units_becomes_four(hanoi: dict[Key, dict[Key, Decimal]], new: str) -> None:
    for old in MERGERS[new]:
        assert hanoi[old, LONG_AGO] == {(new, JULY): 1, ("01", LONG_AGO): 1}, old


def test_the_communes_of_january_2025_follow_too(hanoi: dict[Key, dict[Key, Decimal]]) -> None:
    assert set(hanoi["10459", JANUARY]) == {("10459", JULY), ("01", LONG_AGO)}
    assert set(hanoi["10483", JANUARY]) == {("10489", JULY), ("01", LONG_AGO)}


def test_the_reused_code_of_now_is_another_unit(hanoi: dict[Key, dict[Key, Decimal]]) -> None:
    assert hanoi["10465", JULY] == {("10465", JULY): 1, ("01", LONG_AGO): 1}
    assert ("10465", LONG_AGO) not in hanoi["10462", LONG_AGO]


def test_a_district_that_is_gone_stands_under_its_province(hanoi: dict[Key, dict[Key, Decimal]]) -> None:
    assert hanoi["282", LONG_AGO] == {("01", LONG_AGO): 1}


def test_nobody_is_lost_and_nobody_counted_twice(shipped: dict[str, pa.Table]) -> None:
    """Over every unit of the country, the 470 whose people divided among them: the shares in one level add up to exactly 1."""
    rows = shipped["admin_unit"].to_pylist()
    level = {(row["code"], row["valid_from"]): row["level"] for row in rows}
    ended = {(row["code"], row["valid_from"]) for row in rows if row["valid_to"] is not None}
    provinces = sorted({row["code"] for row in rows if row["level"] == "province"})
    found = shares(shipped["admin_unit"], shipped["admin_unit_change"], *provinces)
    assert set(found) == set(level)
    split = 0
    for old, now in found.items():
        by_level: dict[str, Decimal] = defaultdict(Decimal)
        for unit, share in now.items():
            by_level[level[unit]] += share
        assert set(by_level.values()) == {1}, old
        assert not ended.intersection(unit for unit in now if level[unit] != "province"), old
        split += sum(level[unit] == "commune" for unit in now) > 1
    assert split == 470


def tables(units: list[tuple[Any, ...]], changes: list[tuple[Any, ...]]) -> tuple[pa.Table, pa.Table]:
    made = []
    for dataset, rows in (("admin_unit", units), ("admin_unit_change", changes)):
        schema = landing_schema(load_contracts()[dataset])
        made.append(pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema))
    return made[0], made[1]


UNITS = [
    ("P", LONG_AGO, None, "province", "P", None),
    ("A", LONG_AGO, date(2024, 12, 31), "commune", "A", "P"),
    *((code, JANUARY, None, "commune", code, "P") for code in "XYZ"),
]


@pytest.mark.parametrize(
    ("extents", "expected"),
    [
        ({"X": "part", "Y": "part", "Z": "part"}, {"X": "0.333333", "Y": "0.333333", "Z": "0.333334"}),
        ({"X": "part", "Y": "population"}, {"Y": "1"}),
        ({"X": "part"}, {"X": "1"}),
        ({}, {}),
    ],
    ids=["three parts", "a part of the area with all the people", "one known part", "no successor"],
)
def test_a_split_unit(extents: dict[str, str], expected: dict[str, str]) -> None:
    changes = [("A", code, JANUARY, extent) for code, extent in extents.items()]
    found = shares(*tables(UNITS, changes), "P")["A", LONG_AGO]
    communes = {(code, JANUARY): Decimal(share) for code, share in expected.items()}
    assert found == {**communes, ("P", LONG_AGO): Decimal(1)}


def test_only_the_unit_itself_where_no_root_stands_above_it() -> None:
    changes = [("A", "X", JANUARY, "whole")]
    assert shares(*tables(UNITS, changes), "A")["A", LONG_AGO] == {("X", JANUARY): 1}
