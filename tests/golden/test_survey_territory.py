"""Figures of units that changed: as reported they add up upwards, as now they lose nobody.

Over the split communes of the country and through the mergers of Mỹ Đức, with the shipped table of changes. Which share of
a unit goes where is tested with the table itself.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from golden_landing import AUGUST_2025, EVE_OF_2025, MARCH_2025, MY_DUC, TERRITORY_INSTRUMENT

from assets.warehouse.engine import Warehouse

COUNTS = ("n_forms", "n_forms_answered", "n_answers", "n_satisfied", "n_dont_know", "n_missing")
JULY = date(2025, 7, 1)
# Of 471 with several successors one left all its people to one of them.
SPLIT_COMMUNES = 470
# What the 22 units of Mỹ Đức, 20 from 2025 on, became in July.
FOUR = {"10441", "10459", "10465", "10489"}


def month(day: date) -> str:
    return f"{day:%Y-%m}" if day.day <= 14 else f"{day.year + day.month // 12}-{day.month % 12 + 1:02d}"


def overall(golden: Warehouse, mart: str, period: str) -> list[dict[str, Any]]:
    """The rows of the overall index with the level and the parent of their units."""
    rows: list[dict[str, Any]] = golden.query(
        f"SELECT sipas.*, unit.unit_level, unit.unit_valid_to, unit.parent_code FROM marts.{mart} AS sipas "
        "JOIN marts.dim_admin_unit AS unit USING (unit_code, unit_valid_from) "
        f"WHERE instrument_code = '{TERRITORY_INSTRUMENT}' AND node_code = 'overall' AND period_id = '{period}'"
    ).to_pylist()
    return rows


def totals(rows: list[dict[str, Any]], by: str | None = None) -> dict[Any, dict[str, Decimal]]:
    found: dict[Any, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(COUNTS, Decimal(0)))
    for row in rows:
        for name in COUNTS:
            found[row[by] if by else None][name] += Decimal(row[name])
    return dict(found)


@pytest.mark.parametrize("period", [month(EVE_OF_2025), month(MARCH_2025), "2025"])
def test_as_reported_communes_add_up_to_districts_and_districts_to_provinces(golden: Warehouse, period: str) -> None:
    """Before the reform nothing else stands under a province."""
    rows = [row for row in overall(golden, "sipas_index", period) if row["unit_valid_from"] < JULY]
    of = {level: [row for row in rows if row["unit_level"] == level] for level in ("commune", "district", "province")}
    assert totals(of["commune"], "parent_code") == totals(of["district"], "unit_code")
    if period != "2025":
        assert totals(of["district"], "parent_code") == totals(of["province"], "unit_code")


def test_as_now_the_split_communes_are_all_there(golden: Warehouse) -> None:
    period = month(EVE_OF_2025)
    reported, now = overall(golden, "sipas_index", period), overall(golden, "sipas_index_now", period)
    communes = [row for row in now if row["unit_level"] == "commune"]
    assert {row["unit_valid_to"] for row in communes} == {None}
    everybody = totals([row for row in reported if row["unit_level"] == "commune"])
    assert totals(communes) == everybody
    assert everybody[None]["n_forms"] >= SPLIT_COMMUNES
    provinces = [row for row in now if row["unit_level"] == "province"]
    assert totals(communes, "parent_code") == totals(provinces, "unit_code")
    assert totals(provinces) == everybody
    in_shares = sum(row["n_forms_allocated"] for row in communes)
    assert in_shares == SPLIT_COMMUNES, "each split commune has one form, and all of it was allocated"


@pytest.mark.parametrize(("day", "units"), [(EVE_OF_2025, 22), (MARCH_2025, 20), (AUGUST_2025, 4)])
def test_my_duc_of_22_units_then_20_then_4_keeps_its_forms(golden: Warehouse, day: date, units: int) -> None:
    period = month(day)
    reported = [row for row in overall(golden, "sipas_index", period) if _of_my_duc(row, day)]
    assert len(reported) == units
    assert {row["n_forms"] for row in reported} == {1}
    now = {
        row["unit_code"]: row
        for row in overall(golden, "sipas_index_now", period)
        if row["unit_valid_from"] == JULY and row["unit_code"] in FOUR
    }
    assert set(now) == FOUR
    assert sum(Decimal(row["n_forms"]) for row in now.values()) == sum(row["n_forms"] for row in reported)
    assert {row["n_forms_allocated"] for row in now.values()} == {0}, "no unit of Mỹ Đức divided its people"


def _of_my_duc(row: dict[str, Any], day: date) -> bool:
    if day < JULY:
        return row["unit_level"] == "commune" and row["parent_code"] == MY_DUC
    return row["unit_valid_from"] == JULY and row["unit_code"] in FOUR
