"""Open tables: hidden cells, CSV that is safe to open, order, and the data package that describes them."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from publish_warehouse import Warehouse

from assets.disclosure.plan import Plan
from assets.disclosure.rules import DisclosureRules
from assets.publish.context import PublishContext, PublishError
from assets.publish.datapackage import write_datapackage
from assets.publish.disclosure import HIDDEN_COLUMN, disclose, figure_columns
from assets.publish.marts import Column, Mart, MartReader, marts_of
from assets.publish.tables import OpenTable, csv_batch, write_open_mart


def _mart(**hide: bool | None) -> Mart:
    names = ("unit", "n", "n_late", "pct", "note")
    columns = tuple(Column(name, name, name, "", None, hide.get(name)) for name in names)
    return Mart("m", "open", "m", "m", "", ("n",), None, ("unit",), columns)


def _hidden(mart: Mart, rows: list[tuple[Any, ...]], minimum_n: int = 10) -> list[tuple[Any, ...]]:
    kinds = [pa.string(), pa.int64(), pa.int64(), pa.float64(), pa.string()]
    arrays = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
    batch = disclose(
        pa.RecordBatch.from_arrays(arrays, names=mart.column_names), mart, Plan(DisclosureRules(minimum_n))
    )
    return [tuple(row.values()) for row in batch.to_pylist()]


def test_small_rows_lose_every_figure_and_say_so() -> None:
    rows = [("a", 10, 2, 80.0, "x"), ("b", 9, 2, 77.8, "x"), ("c", 1, 0, 100.0, "x")]
    assert _hidden(_mart(), rows) == [
        ("a", 10, 2, 80.0, "x", False),
        ("b", None, None, None, "x", True),
        ("c", None, None, None, "x", True),
    ]


def test_nothing_happened_is_shown_but_a_zero_n_beside_small_counts_is_not() -> None:
    rows = [("nothing", 0, 0, None, "x"), ("zero n", 0, 3, None, "x"), ("no n", None, 3, None, "x")]
    assert _hidden(_mart(), rows) == [
        ("nothing", 0, 0, None, "x", False),
        ("zero n", None, None, None, "x", True),
        ("no n", None, None, None, "x", True),
    ]


def test_marks_of_the_model_rule_and_a_minimum_of_one_hides_nothing() -> None:
    assert _hidden(_mart(n_late=False, note=True), [("b", 9, 2, 77.8, "x")]) == [("b", None, 2, None, None, True)]
    shown_n = _mart(n=False)
    assert _hidden(shown_n, [("b", 9, 2, 77.8, "x")]) == [("b", 9, None, None, "x", True)]
    assert _hidden(shown_n, [("b", 9, 0, 0.0, "x")]) == [("b", 9, None, None, "x", True)], (
        "0 % of few is a share of few"
    )
    assert _hidden(shown_n, [("b", 0, 0, None, "x")]) == [("b", 0, 0, None, "x", False)]
    assert _hidden(_mart(), [("b", 9, 2, 77.8, "x")], minimum_n=1) == [("b", 9, 2, 77.8, "x", False)]
    schema = pa.schema(
        [("unit", pa.string()), ("n", pa.int64()), ("n_late", pa.int64()), ("pct", pa.float64()), ("note", pa.string())]
    )
    assert figure_columns(_mart(), schema) == {"n", "n_late", "pct"}


def test_every_n_of_a_mart_counts() -> None:
    mart = replace(_mart(), n_columns=("n", "n_late"))
    rows = [("a", 50, 9, 82.0, "x"), ("b", 50, 0, 100.0, "x"), ("c", 0, 50, 100.0, "x"), ("d", 0, 0, 5.0, "x")]
    assert [row[-1] for row in _hidden(mart, rows)] == [True, False, False, True]


def test_a_file_of_one_unit_or_month_does_not_tell_how_many_records_it_has() -> None:
    names = ("input_id", "unit_code", "period_id", "rows_read")
    columns = tuple(Column(name, name, name, "", None, name == "rows_read") for name in names)
    mart = Mart("data_quality", "open", "m", "m", "", ("rows_read",), None, ("input_id",), columns)
    rows = [("whole", None, None, 500), ("few", None, None, 3), ("unit", "10441", None, 40), ("month", None, "2023-01", 40),
            ("empty", "10441", "2023-01", 0)]  # fmt: skip
    arrays = [pa.array(column) for column in zip(*rows, strict=True)]
    batch = pa.RecordBatch.from_arrays(
        [a.cast(pa.string()) if i < 3 else a for i, a in enumerate(arrays)], names=list(names)
    )
    shown = disclose(batch, mart, Plan(DisclosureRules(10)))
    assert shown.column("rows_read").to_pylist() == [500, None, None, None, 0]
    assert shown.column("hidden").to_pylist() == [False, True, True, True, False]
    assert not any(disclose(batch, mart, Plan(DisclosureRules(0))).column("hidden").to_pylist())


def test_a_column_for_analysts_does_not_stand_in_the_open_form() -> None:
    columns = tuple(replace(column, is_open=column.name != "n_late") for column in _mart().columns)
    assert _hidden(replace(_mart(), columns=columns), [("a", 10, 2, 80.0, "x")]) == [("a", 10, 80.0, "x", False)]


def test_the_model_may_name_several_n(manifest: dict[str, Any]) -> None:
    manifest["nodes"]["model.sipas.case_settlement"]["config"]["meta"]["n_column"] = ["n_received", "n_settled"]
    marts = {mart.name: mart for mart in marts_of(manifest)}
    assert marts["case_settlement"].n_columns == ("n_received", "n_settled")


def _write(warehouse: Warehouse, manifest: dict[str, Any], folder: Path) -> dict[str, OpenTable]:
    folder.mkdir(parents=True)
    reader = MartReader(warehouse.query)
    marts = [mart for mart in marts_of(manifest) if mart.audience == "open"]
    return {mart.name: write_open_mart(mart, reader, folder, Plan(DisclosureRules(10))) for mart in marts}


def test_files_hold_the_marts_in_order_with_small_cells_hidden(
    tmp_path: Path, warehouse: Warehouse, manifest: dict[str, Any]
) -> None:
    tables = _write(warehouse, manifest, tmp_path / "marts")
    assert "fct_case" not in tables
    rows = pq.read_table(tables["sipas_index"].parquet).to_pylist()
    keys = [(r["unit_code"], r["unit_valid_from"], r["period_id"], r["instrument_code"], r["node_code"]) for r in rows]
    assert keys == sorted(keys) and len(set(keys)) == len(keys)
    original = {
        tuple(row[name] for name in ("unit_code", "period_id", "node_code")): row
        for row in warehouse.rows("select * from marts.sipas_index")
    }
    for row in rows:
        source = original[(row["unit_code"], row["period_id"], row["node_code"])]
        small = source["n_answers"] < 10 and source["n_forms"] > 0
        assert row["hidden"] is small
        figures = [
            row[name] for name in ("n_forms", "n_answers", "n_satisfied", "n_dont_know", "n_missing", "index_pct")
        ]
        if small:
            assert figures == [None] * 6
        else:
            assert row["n_satisfied"] == source["n_satisfied"]
            assert row["index_pct"] == (None if source["index_pct"] is None else round(source["index_pct"], 6))
    assert any(row["hidden"] for row in rows) and not all(row["hidden"] for row in rows)
    lines = list(csv.reader(tables["sipas_index"].csv.read_text(encoding="utf-8-sig").splitlines()))
    assert lines[0] == tables["sipas_index"].schema.names and lines[0][-1] == "hidden"
    assert [line[0:3:2] for line in lines[1:]] == [[row["unit_code"], row["period_id"]] for row in rows]
    place = lines[0].index("index_pct")
    assert [line[place] for line in lines[1:]] == [
        ""
        if r["index_pct"] is None
        else f"{r['index_pct']:g}"
        if r["index_pct"] == int(r["index_pct"])
        else repr(r["index_pct"])
        for r in rows
    ]


def test_csv_is_utf8_with_a_mark_crlf_and_no_formula(
    tmp_path: Path, warehouse: Warehouse, manifest: dict[str, Any]
) -> None:
    nasty = [
        "=1+1",
        "+84 912",
        "-cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\tx",
        "\rx",
        " =1",
        "＝1",
        "-5",
        "+3,25",
        'a "b", c',
        "Đại Nghĩa",
        "",
    ]
    for i, text in enumerate(nasty):
        values = f"'i{i:02d}', 's', '{text.replace(chr(39), chr(39) * 2)}'"
        warehouse.execute(f"insert into marts.data_quality (input_id, source, path) values ({values})")
    warehouse.execute("insert into marts.data_quality (input_id, rows_read) values ('z', -5)")
    table = _write(warehouse, manifest, tmp_path / "marts")["data_quality"]
    content = table.csv.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfinput_id,source,path,")
    assert content.count(b"\r\n") == table.rows + 1
    with table.csv.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = [row["path"] for row in rows if row["source"] == "s"]
    assert shown == ["'=1+1", "'+84 912", "'-cmd|' /C calc'!A0", "'@SUM(A1)", "'\tx", "'\rx", "' =1", "'＝1", "-5", "+3,25",
                     'a "b", c', "Đại Nghĩa", ""]  # fmt: skip
    assert next(row["rows_read"] for row in rows if row["input_id"] == "z") == "-5"
    stored = pq.read_table(table.parquet).to_pylist()
    assert [row["path"] for row in stored if row["source"] == "s"] == nasty, "Parquet keeps the text as it is"


def test_csv_numbers_and_times() -> None:
    batch = pa.RecordBatch.from_pydict(
        {"t": pa.array([1_687_330_860_000_000, None], pa.timestamp("us")), "x": pa.array([-5.25, None])}
    )
    assert csv_batch(batch).to_pylist() == [{"t": "2023-06-21T07:01:00Z", "x": -5.25}, {"t": None, "x": None}]


def test_canonical_form_settles_types_and_doubles(manifest: dict[str, Any]) -> None:
    mart = replace(_mart(), n_columns=())
    answer = pa.table(
        {
            "unit": pa.array(["a", "b", "c"], pa.large_string()),
            "n": pa.array([1, 2, 3], pa.int32()),
            "n_late": pa.array([4, 5, 6], pa.decimal128(38, 0)),
            "pct": pa.array([-1e-9, float("nan"), 1 / 3], pa.float64()),
            "note": pa.array(["x", "x", None]).dictionary_encode(),
        }
    )
    (batch,) = MartReader(lambda sql: answer).batches(mart)
    assert batch.schema.types == [pa.string(), pa.int64(), pa.int64(), pa.float64(), pa.string()]
    assert [str(value) for value in batch.column("pct").to_pylist()] == ["0.0", "None", "0.333333"]


def test_a_model_that_names_an_unknown_n_column_is_refused(manifest: dict[str, Any]) -> None:
    manifest["nodes"]["model.sipas.sipas_index"]["config"]["meta"]["n_column"] = "n_anwsers"
    with pytest.raises(PublishError, match="n_anwsers, which is not a column"):
        marts_of(manifest)


def test_a_model_without_audience_is_not_open_and_old_meta_is_read(manifest: dict[str, Any]) -> None:
    node = manifest["nodes"]["model.sipas.sipas_index"]
    node["meta"] = node.pop("config")["meta"]
    del manifest["nodes"]["model.sipas.case_settlement"]["config"]["meta"]["audience"]
    marts = {mart.name: mart for mart in marts_of(manifest)}
    assert (marts["sipas_index"].audience, marts["sipas_index"].n_columns) == ("open", ("n_answers",))
    assert marts["case_settlement"].audience == "analyst"
    assert "stg_case" not in marts


def test_datapackage_describes_the_files(
    tmp_path: Path, make_warehouse: Callable[..., Warehouse], manifest: dict[str, Any], context: PublishContext
) -> None:
    tables = _write(make_warehouse(), manifest, tmp_path / "marts")
    workbook, descriptor = tmp_path / "marts.xlsx", tmp_path / "datapackage.json"
    workbook.write_bytes(b"book")
    write_datapackage(list(tables.values()), workbook, context, "r1", descriptor)
    package = json.loads(descriptor.read_text(encoding="utf-8"))
    assert package["simulated"] is True and package["version"] == "r1" and package["license_statement"] == "not stated"
    assert "licenses" not in package
    files = [package["workbook"], *package["resources"]]
    files += [file for resource in package["resources"] for file in resource["alternatives"]]
    assert len(files) == 2 * len(tables) + 1
    for resource in files:
        content = (tmp_path / resource["path"]).read_bytes()
        assert resource["bytes"] == len(content)
        assert resource["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()
    resources = {resource["name"]: resource for resource in package["resources"]}
    assert all(resource["type"] == "table" and "profile" not in resource for resource in package["resources"])
    for name, table in tables.items():
        fields = resources[name]["schema"]["fields"]
        header = table.csv.read_text(encoding="utf-8-sig").splitlines()[0].split(",")
        assert [field["name"] for field in fields] == header
    schema = resources["sipas_index"]["schema"]
    assert schema["primaryKey"] == ["unit_code", "unit_valid_from", "period_id", "instrument_code", "node_code"]
    types = {field["name"]: field["type"] for field in schema["fields"]}
    assert types["n_forms"] == "integer" and types["index_pct"] == "number" and types["hidden"] == "boolean"
    assert types["unit_valid_from"] == "date" and types["method"] == "string"
    first, last = schema["fields"][0], schema["fields"][-1]
    assert first["title"] == "Cột unit_code" and first["title_en"] == "Column unit_code"
    assert first["description"] == "What unit_code is" and first["description_vi"] == "Nghĩa của unit_code"
    assert last["description_vi"] == HIDDEN_COLUMN.description_vi
    assert resources["sipas_index"]["description_vi"] == "Mỗi dòng là một khóa của sipas_index."
