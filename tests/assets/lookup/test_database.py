"""The analysts' database opened for queries: what reads is answered, everything else is refused and changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from planted_revision import plant_revision

from assets.lookup.database import QueryRefused, answer, open_locked
from assets.publish.context import PublishError
from assets.workspace import Workspace

SECONDS = 30.0


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant_revision(Workspace(tmp_path_factory.mktemp("planted")), "rev1")


@pytest.fixture
def marts(planted: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_locked(planted) as database:
        yield database


def _rows(marts: duckdb.DuckDBPyConnection, query: str, seconds: float = SECONDS) -> list[tuple[object, ...]]:
    with answer(marts, query, seconds) as reader:
        table = reader.read_all()
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT count(*) FROM sipas_index", [(6,)]),
        ("FROM marts.dim_admin_unit SELECT count(*)", [(7,)]),
        ("WITH a AS (SELECT 1 AS x) SELECT * FROM a;", [(1,)]),
        ("VALUES (1), (2)", [(1,), (2,)]),
        ("-- ;\nSELECT ';' AS x", [(";",)]),
        ("SELECT line FROM fct_case WHERE case_id = 3", [(4,)]),
    ],
)
def test_statements_that_read_are_answered(
    query: str, rows: list[tuple[object, ...]], marts: duckdb.DuckDBPyConnection
) -> None:
    assert _rows(marts, query) == rows


@pytest.mark.parametrize("query", ["DESCRIBE sipas_index", "SHOW TABLES", "SUMMARIZE fct_case", "EXPLAIN SELECT 1"])
def test_a_reader_may_look_around(query: str, marts: duckdb.DuckDBPyConnection) -> None:
    assert _rows(marts, query)


HOSTILE = """
ATTACH '{out}' AS x
ATTACH ':memory:' AS m
ATTACH 'http://localhost:9/x.db' AS y
DETACH sipas
INSTALL httpfs
LOAD httpfs
LOAD '{out}'
UPDATE EXTENSIONS
COPY marts.sipas_index TO '{out}'
COPY (SELECT 1) TO '{out}' (FORMAT parquet)
COPY marts.sipas_index FROM '{secret}'
EXPORT DATABASE '{out}'
IMPORT DATABASE '{out}'
CREATE TABLE x AS SELECT 1
CREATE TABLE marts.x AS SELECT 1
CREATE TEMP TABLE x AS SELECT 1
CREATE TEMP MACRO f(a) AS a
CREATE VIEW marts.v AS SELECT 1
CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')
CREATE PERSISTENT SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')
INSERT INTO marts.sipas_index SELECT * FROM marts.sipas_index
WITH x AS (INSERT INTO marts.fct_survey_answer VALUES (1, 'a', 'b', 'c', 1) RETURNING *) SELECT * FROM x
UPDATE marts.sipas_index SET n_forms = 1
DELETE FROM marts.sipas_index
MERGE INTO marts.dim_admin_unit USING (SELECT 1) ON FALSE WHEN NOT MATCHED THEN INSERT DEFAULT VALUES
DROP TABLE marts.sipas_index
TRUNCATE marts.sipas_index
ALTER TABLE marts.sipas_index RENAME TO y
COMMENT ON TABLE marts.sipas_index IS 'x'
CHECKPOINT
VACUUM
BEGIN
SELECT * FROM read_csv('{secret}')
SELECT * FROM read_csv_auto('{secret}')
SELECT * FROM read_text('{secret}')
SELECT * FROM read_blob('{secret}')
SELECT * FROM read_json('{secret}')
SELECT * FROM read_ndjson_objects('{secret}')
SELECT * FROM read_parquet('{secret}')
SELECT * FROM parquet_metadata('{secret}')
SELECT * FROM read_duckdb('{secret}')
SELECT * FROM sniff_csv('{secret}')
SELECT * FROM glob('{folder}/*')
SELECT * FROM '{secret}'
SELECT * FROM '{secret}.csv'
SELECT * FROM 'http://localhost:9/x.csv'
SELECT * FROM sqlite_scan('{secret}', 'x')
SELECT * FROM duckdb_secrets()
SELECT * FROM query('SELECT 1')
SELECT * FROM query_table('marts.sipas_index')
SELECT * FROM python_arrow_scan(1, 2, 3)
SELECT * FROM "arrow_scan"(1, 2, 3)
SELECT write_log('x')
SELECT getenv('HOME')
SELECT * FROM HOSTILE
SELECT * FROM marts
SET enable_external_access = true
SET lock_configuration = false
SET memory_limit = '100GB'
RESET memory_limit
SET threads = 64
SET temp_directory = '{out}'
SET profiling_output = '{out}'
SET log_query_path = '{out}'
SET VARIABLE a = 1
PRAGMA enable_profiling = 'json'
PRAGMA database_list
CALL enable_logging(storage = 'file', storage_path = '{out}')
CALL force_checkpoint()
USE memory
PREPARE p AS SELECT 1
EXECUTE p
SELECT 1; DROP TABLE marts.sipas_index
SELECT ?
SELECT $name
SELECT
;
"""


@pytest.mark.parametrize("statement", HOSTILE.strip().splitlines())
def test_what_does_more_than_read_is_refused_and_changes_nothing(
    statement: str, planted: Path, tmp_path: Path, marts: duckdb.DuckDBPyConnection
) -> None:
    (tmp_path / "secret").write_text("a,b\n1,2\n", encoding="utf-8")
    before = hashlib.sha256((planted / "analyst" / "sipas.duckdb").read_bytes()).hexdigest()
    query = statement.format(out=tmp_path / "out", secret=tmp_path / "secret", folder=tmp_path)
    with pytest.raises(QueryRefused) as refused:
        _rows(marts, query)
    assert str(refused.value).strip() and "Traceback" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert hashlib.sha256((planted / "analyst" / "sipas.duckdb").read_bytes()).hexdigest() == before
    assert {path.name for path in (planted / "analyst").iterdir()} == {"sipas.duckdb"}
    # The connection still answers, and still only reads.
    assert _rows(marts, "SELECT count(*) FROM sipas_index") == [(6,)]


def test_a_refusal_says_why_in_both_languages(tmp_path: Path, marts: duckdb.DuckDBPyConnection) -> None:
    for query, told in [
        ("DROP TABLE sipas_index;", "“DROP TABLE sipas_index” is not run here: a revision is only read"),
        ("-- get it\n/* now */ INSTALL  httpfs", "“INSTALL httpfs” is not run here"),
        (
            "CREATE TABLE " + "long_name" * 9 + " (a INT)",
            "“CREATE TABLE long_namelong_namelong_name…” is not run here",
        ),
        (f"FROM read_csv('{tmp_path}/x')", "no files, no network"),
        ("SELECT 1; SELECT 2", "Give one statement, not 2 (mỗi lần một câu lệnh)"),
        ("SELECT n_form FROM sipas_index", "n_forms"),
    ]:
        with pytest.raises(QueryRefused) as refused:
            _rows(marts, query)
        assert told in str(refused.value)


def test_a_query_that_takes_too_long_is_stopped(marts: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryRefused, match=r"took longer than 0\.2 seconds"):
        _rows(
            marts, "SELECT count(*) FROM range(10000000000) AS a (i), range(1000) AS b (j) WHERE (i * j) % 7 = 3", 0.2
        )
    assert _rows(marts, "SELECT 1 AS x") == [(1,)]


def test_a_query_that_wants_too_much_memory_is_refused(marts: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryRefused, match="more memory"):
        _rows(marts, "SELECT list(i) FROM range(1000000000) AS t (i)")


def test_a_result_left_unread_stands_in_the_way_of_nothing(marts: duckdb.DuckDBPyConnection) -> None:
    with answer(marts, "SELECT * FROM range(100000000)", SECONDS) as reader:
        assert reader.read_next_batch().num_rows > 0
    assert _rows(marts, "SELECT 1 AS x") == [(1,)]


def test_a_folder_without_a_database_is_told(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=r"holds no analyst/sipas\.duckdb"), open_locked(tmp_path):
        pass
