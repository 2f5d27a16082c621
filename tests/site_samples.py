"""A small site's open marts: a city, two districts, six communes, 14 months, with what is hard to show.

Three months with another instrument before a method break; hidden rows; a name of great length and one that looks like
markup; a code that meant two units.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from assets.publish.context import PublishContext
from assets.publish.tables import OpenTable
from assets.site.write import write_site
from benchmarks.site_marts import CITY, INSTRUMENT, open_tables, site_marts

Row = dict[str, Any]

EARLIER = "A2021"  # the instrument before the break
BREAK = date(2022, 3, 15)  # first day of the fourth reporting month
HIDDEN = "00102"
LONG = "00103"
MARKUP = "00201"
REUSED = "00202"
REUSED_FROM = date(2023, 1, 1)
LONG_NAME = "Thị trấn Nông trường Việt Lâm mang một cái tên rất dài để thử cách ngắt dòng của trang"
MARKUP_NAME = "<script>alert(\"x\")</script> & Xã 'Mẫu'"
# What a hidden row may hold nowhere on a page: no open file has it, and it would be seen anywhere.
SECRET = {"n_satisfied": 7771, "n_answers": 7772, "n_forms_answered": 7773, "index_pct": 33.33, "ci_low_pct": 31.11,
          "ci_high_pct": 35.55, "n_in_time": 7774, "n_with_due_date": 7775, "n_settled": 7776, "in_time_pct": 33.44}  # fmt: skip

CONTEXT = PublishContext(
    title_vi="Chỉ số hài lòng thành phố Mẫu",
    title_en="Satisfaction in the sample city",
    simulated=True,
    minimum_n=10,
    languages=("vi", "en"),
    version="0.1.0",
)


def changed(table: pa.Table, change: Callable[[Row], Row]) -> pa.Table:
    return pa.Table.from_pylist([change(row) for row in table.to_pylist()], schema=table.schema)


def sample_marts() -> dict[str, pa.Table]:
    tables = site_marts(districts=2, communes=3, months=14)
    old = {"2022-01", "2022-02", "2022-03"}

    def earlier(row: Row) -> Row:
        period = row.get("period_id", row.get("edition_id"))
        return row | {"instrument_code": EARLIER} if period in old else row

    for mart in ("sipas_index", "sipas_ranking"):
        tables[mart] = changed(tables[mart], earlier)
    nodes = tables["dim_instrument_item"].to_pylist()
    before = {
        "instrument_code": EARLIER,
        "instrument_name_vi": "Phiếu cũ",
        "instrument_name_en": "Earlier form",
        "method_family": "F1",
    }
    tables["dim_instrument_item"] = pa.Table.from_pylist(
        [*nodes, *(node | before for node in nodes)], schema=tables["dim_instrument_item"].schema
    )
    tables["dim_method_break"] = changed(tables["dim_method_break"], lambda row: row | {"broken_on": BREAK})

    def hidden(row: Row) -> Row:
        if row["unit_code"] != HIDDEN:
            return row
        return row | {name: value for name, value in SECRET.items() if name in row} | {"hidden": True}

    for mart in ("sipas_index", "case_settlement"):
        tables[mart] = changed(tables[mart], hidden)
    names = {LONG: LONG_NAME, MARKUP: MARKUP_NAME}
    units = [
        row | {"unit_name": names.get(row["unit_code"], row["unit_name"])}
        for row in tables["dim_admin_unit"].to_pylist()
    ]
    for row in units:
        if row["unit_code"] == REUSED:
            row["unit_valid_to"] = date(2022, 12, 31)
            later = row | {"unit_valid_from": REUSED_FROM, "unit_valid_to": None, "unit_name": "Xã Mẫu Mới"}
    tables["dim_admin_unit"] = pa.Table.from_pylist([*units, later], schema=tables["dim_admin_unit"].schema)

    def later_unit(row: Row) -> Row:
        is_later = row["unit_code"] == REUSED and row["period_id"] >= "2023"
        return row | {"unit_valid_from": REUSED_FROM} if is_later else row

    tables["sipas_index"] = changed(tables["sipas_index"], later_unit)
    return tables


def write_sample(
    folder: Path, tables: dict[str, pa.Table] | None = None, revision: str = "r1", context: PublishContext = CONTEXT
) -> list[OpenTable]:
    """Write `open/marts` and `open/site` of the sample, or of other tables, into `folder`."""
    marts = open_tables(sample_marts() if tables is None else tables, folder / "marts")
    for name in ("marts.xlsx", "datapackage.json"):
        (folder / name).write_text("{}", encoding="utf-8")
    write_site(marts, context, revision, folder / "site")
    return marts


__all__ = ["BREAK", "CITY", "CONTEXT", "EARLIER", "HIDDEN", "INSTRUMENT", "LONG", "LONG_NAME", "MARKUP", "MARKUP_NAME", "REUSED",
           "REUSED_FROM", "changed", "sample_marts", "write_sample"]  # fmt: skip
