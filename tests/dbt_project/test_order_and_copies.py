"""Neither the order of landed rows, nor a second delivery of the same records, nor records gone from their source change a
figure."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from builds import build_all
from landing_sample import Sample
from test_two_engines import MARTS, same_cell, sorted_rows

from assets.warehouse.duckdb_engine import DuckDBWarehouse
from assets.warehouse.engine import Warehouse

# One row per file, or the file a record came with: a file more is a row more there.
OF_FILES = {"data_quality", "data_quality_rule", "submission_status"}
LINEAGE = {"input_id", "line", "sheet"}


# Deliveries of which the newest records come once more as one delivery: dataset and number of each; a snapshot alone.
DELIVERED_AGAIN = (
    ("case", (1, 2)),
    ("case_step", (20, 21)),
    ("complaint", (5,)),
    ("complaint", (7,)),
    ("survey_response", (10,)),
    ("survey_response", (23,)),
    ("activity", (22,)),
    ("case_evaluation", (30, 31)),
    ("agency_evaluation", (32,)),
)


@pytest.fixture(scope="module")
def shaken(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The sample with every table in another order and the newest records of each dataset delivered once more.

    Before the second delivery of the cases, their source had removed them all; another source says so after it. There are
    cases and forms, too, that were landed and are gone.
    """
    chance = random.Random(7)
    tables = dict(sample.tables)
    for dataset, numbers in DELIVERED_AGAIN:
        newest: dict[str, dict[str, Any]] = {}
        for row in sorted(sample.rows(dataset), key=lambda row: row["delivery_seq"]):
            if row["delivery_seq"] in numbers:
                newest[row["record_key"]] = row
        copy = {"input_id": f"in-copy-{numbers[0]}", "delivery_seq": 100 + numbers[0]}
        rows = [row | copy for row in newest.values()]
        tables[dataset] = _with(tables[dataset], rows)
        if dataset == "survey_response":
            answers = [row | copy for row in sample.rows("survey_answer") if row["delivery_seq"] in numbers]
            tables["survey_answer"] = _with(tables["survey_answer"], answers)
        delivery = next(row for row in sample.rows("input") if row["delivery_seq"] == numbers[0])
        counts = {"rows_read": len(rows), "rows_accepted": len(rows), "rows_quarantined": 0, "rows_skipped": 0}
        tables["input"] = _with(tables["input"], [delivery | copy | counts | {"rows_duplicate": 0}])
        if dataset == "case":
            _remove(tables, delivery | {"input_id": "in-before", "delivery_seq": 100}, list(newest))
            _remove(tables, delivery | {"input_id": "in-other", "delivery_seq": 102, "source": "another"}, list(newest))
    _land_and_remove(tables)
    for name, table in tables.items():
        order = list(range(table.num_rows))
        chance.shuffle(order)
        tables[name] = table.take(pa.array(order, pa.int64()))
    warehouse = DuckDBWarehouse(tmp_path_factory.mktemp("shaken") / "sipas.duckdb")
    build_all(warehouse, Sample(tables, sample.schemas))
    yield warehouse
    warehouse.close()


def _remove(tables: dict[str, pa.Table], delivery: dict[str, Any], keys: list[str]) -> None:
    """Add a delivery without rows that found the records gone."""
    counts = dict.fromkeys(("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_skipped"), 0)
    tables["input"] = _with(tables["input"], [delivery | counts])
    gone = [{"input_id": delivery["input_id"], "record_key": key} for key in keys]
    tables["removed_record"] = _with(tables["removed_record"], gone)


def _land_and_remove(tables: dict[str, pa.Table]) -> None:
    """Add copies of some cases and forms under keys of their own, and a delivery after them that found all of them gone."""
    rows = {name: tables[name].slice(0, 12).to_pylist() for name in ("case", "survey_response")}
    answered = {row["record_key"] for row in rows["survey_response"]}
    rows["survey_answer"] = [row for row in tables["survey_answer"].to_pylist() if row["record_key"] in answered]
    [template] = tables["input"].slice(0, 1).to_pylist()
    landed = template | {"input_id": "in-gone", "source": "gone", "delivery_seq": 150, "delivery_kind": "upsert"}
    number = len(rows["case"]) + len(rows["survey_response"])
    counts = {
        "rows_read": number,
        "rows_accepted": number,
        "rows_quarantined": 0,
        "rows_duplicate": 0,
        "rows_skipped": 0,
    }
    tables["input"] = _with(tables["input"], [landed | counts])
    for name, copied in rows.items():
        copy: dict[str, Any] = {"input_id": "in-gone", "delivery_seq": 150}
        if name != "survey_answer":
            copy["source"] = "gone"
        more = [row | copy | {"record_key": f"gone-{row['record_key']}"} for row in copied]
        if name != "survey_answer":
            more = [row | {"line": line, "sheet": name, "source_rows": 1} for line, row in enumerate(more, 1)]
        tables[name] = _with(tables[name], more)
    keys = [
        f"gone-{key}"
        for name in ("case", "survey_response")
        for key in sorted({row["record_key"] for row in rows[name]})
    ]
    _remove(tables, landed | {"input_id": "in-removed", "delivery_seq": 151}, keys)


def _with(table: pa.Table, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.concat_tables([table, pa.Table.from_pylist(rows, schema=table.schema)])


@pytest.mark.parametrize("mart", [mart for mart in MARTS if mart not in OF_FILES])
def test_order_and_copies_change_nothing(mart: str, duckdb_built: Warehouse, shaken: Warehouse) -> None:
    one, other = (warehouse.query(f"SELECT * FROM marts.{mart}") for warehouse in (duckdb_built, shaken))
    kept = [name for name in one.schema.names if name not in LINEAGE]
    assert one.num_rows == other.num_rows > 0
    for left, right in zip(sorted_rows(one.select(kept)), sorted_rows(other.select(kept)), strict=True):
        assert all(map(same_cell, left, right)), (left, right)


@pytest.mark.parametrize(
    ("model", "number"),
    [("case", 1), ("complaint", 5), ("complaint", 7), ("survey_response", 10), ("survey_response", 23)],
)
def test_the_copies_are_what_the_models_read(shaken: Warehouse, model: str, number: int) -> None:
    """Without this the comparison would say nothing of copies."""
    found = shaken.query(f"SELECT DISTINCT input_id FROM intermediate.int_{model}").column("input_id").to_pylist()
    assert f"in-copy-{number}" in found and f"in-{number}" not in found


def test_what_is_gone_is_counted_and_stays_on_record(shaken: Warehouse) -> None:
    counted = shaken.query(
        "SELECT input_id, rows_accepted, rows_superseded, records_removed FROM marts.data_quality "
        "WHERE input_id IN ('in-gone', 'in-removed')"
    ).to_pylist()
    [gone, removed] = sorted(counted, key=lambda row: str(row["input_id"]))
    assert gone["rows_accepted"] == 0 and gone["rows_superseded"] == 24 and gone["records_removed"] == 0
    [[keys]] = (
        shaken.query(
            "SELECT (SELECT count(DISTINCT record_key) FROM landing.case WHERE source = 'gone') "
            "+ (SELECT count(DISTINCT record_key) FROM landing.survey_response WHERE source = 'gone') AS n"
        )
        .to_pydict()
        .values()
    )
    assert removed["records_removed"] == keys > 12
