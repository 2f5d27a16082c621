"""Delivery of marts into one schema of a PostgreSQL database, where every query sees one revision, whole.

Each mart is a partitioned table with a partition per revision in the schema ``<schema>_revisions``; its view in
``<schema>`` shows the rows of the revision that one row of ``pointer`` names. What is loaded is
committed before that row changes: for a moment after a commit a reader may know a row of it and not yet a partition. So a
statement sees the old revision or the new one, and so does a transaction at REPEATABLE READ. Views and their grants stay as
they are. Where columns have changed, the old table goes, and all is one transaction.

What is delivered is what was published: the open Parquet files with the words of their data package, or the analysts'
database with its comments.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from assets.delivery.options import PostgresDestination
from assets.delivery.outcome import DeliveryFailed, Sent
from assets.publish.marts import MART_SCHEMA, in_both_languages
from assets.publish.revision import MANIFEST_FILE
from assets.warehouse.engine import quoted, sql_type
from assets.warehouse.postgres_engine import BATCH_ROWS, HARMLESS_REASONS, for_libpq

CONNECT_SECONDS = 15
# How long a change of shape or the removal of an old revision may wait for readers; they wait behind it meanwhile.
LOCK_TIMEOUT = "5s"
_REVISION = "revision"
_ABOUT = "current_revision"
# The column that a mart's table has more than the mart.
_COLUMN = "_revision"
# How PostgreSQL spells types that the engine's SQL writes otherwise.
_SPELLED = {"timestamp": "timestamp without time zone", "double": "double precision"}


@dataclass(frozen=True)
class _Mart:
    """A mart as it is published: comments by column, that of the mart under the empty name. `digest`: of rows and types."""

    name: str
    schema: pa.Schema
    comments: Mapping[str, str]
    digest: str
    batches: Callable[[], Iterator[pa.RecordBatch]]

    @property
    def columns(self) -> list[tuple[str, str]]:
        return [(field.name, sql_type(field.type)) for field in self.schema]


def deliver_marts(url: str, options: PostgresDestination, folder: Path, dry_run: bool) -> Sent:
    """Make the revision of `folder` the current one in the database; the units are marts. Raises DeliveryFailed."""
    marts = _chosen(_open_marts(folder) if options.audience == "open" else _analyst_marts(folder), options)
    about = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    with _connected(url) as connection, connection, connection.cursor() as cursor:
        target = _Target(cursor, options.db_schema, str(about[_REVISION]))
        target.prepare(about)
        standing = target.standing()
        new = [mart for mart in marts if standing.get(mart.name) != mart.digest]
        is_current = not new and standing.keys() == {mart.name for mart in marts} and target.is_current()
        sent = Sent(len(new), len(marts) - len(new), 0, is_current)
        if dry_run or is_current:
            connection.rollback()
            return sent
        loaded = sum(target.load(mart) for mart in new)
        if not target.has_replaced:
            connection.commit()
            target.wait_briefly()
        target.forget_others([mart.name for mart in marts])
        target.point()
    with (
        contextlib.suppress(DeliveryFailed),  # somebody is reading there: the next delivery removes it
        _connected(url) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        _Target(cursor, options.db_schema, str(about[_REVISION])).drop_old(options.keep)
    return Sent(loaded, len(marts) - loaded, 0, is_current=False)


class _Target:
    """The two schemas in the database."""

    def __init__(self, cursor: Any, schema: str, revision: str) -> None:
        self._cursor = cursor
        self._schema = schema
        self._data = f"{schema}_revisions"
        self._revision = revision
        self.has_replaced = False  # whether a mart that readers may be shown has gone

    def wait_briefly(self) -> None:
        """Have the rest of the transaction wait for nobody for long."""
        self._cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")

    def prepare(self, about: Mapping[str, Any]) -> None:
        """Make what is not there yet, and note the revision."""
        self.wait_briefly()
        for schema in (self._schema, self._data):
            # IF NOT EXISTS alone asks for the right to make schemas even where this one is there.
            if self._value("SELECT to_regnamespace(%s)", schema) is None:
                self._cursor.execute(f"CREATE SCHEMA {quoted(schema)}")
        self._cursor.execute(f"""
            CREATE TABLE IF NOT EXISTS {self._at("pointer")}
                (only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one), revision text NOT NULL);
            CREATE TABLE IF NOT EXISTS {self._at("about")}
                (revision text PRIMARY KEY, version text, simulated boolean, minimum_n bigint, delivered_at timestamptz);
            CREATE TABLE IF NOT EXISTS {self._at("delivered")}
                (revision text, mart text, digest text NOT NULL, PRIMARY KEY (revision, mart));
        """)
        if self._value("SELECT to_regclass(%s)", f"{self._schema}.{_ABOUT}") is None:
            self._cursor.execute(f"""
                CREATE VIEW {quoted(self._schema)}.{_ABOUT} AS
                SELECT about.* FROM {self._at("about")} AS about JOIN {self._at("pointer")} USING (revision)
            """)
        self._cursor.execute(
            f"INSERT INTO {self._at('about')} VALUES (%s, %s, %s, %s, now()) ON CONFLICT (revision) DO UPDATE"
            " SET version = excluded.version, simulated = excluded.simulated, minimum_n = excluded.minimum_n,"
            " delivered_at = excluded.delivered_at",
            [self._revision, about["version"], about["simulated"], about["minimum_n"]],
        )

    def standing(self) -> dict[str, str]:
        """Digest of each mart of the revision that is there and has its view."""
        self._cursor.execute(
            f"SELECT mart, digest FROM {self._at('delivered')} JOIN pg_views ON viewname = mart AND schemaname = %s"
            " WHERE revision = %s",
            [self._schema, self._revision],
        )
        return dict(self._cursor.fetchall())

    def is_current(self) -> bool:
        return bool(self._value(f"SELECT revision FROM {self._at('pointer')}") == self._revision)

    def load(self, mart: _Mart) -> bool:
        """Bring the mart's rows and words; return whether its rows had to be sent."""
        grants = self._fit(mart)
        names = ", ".join(quoted(name) for name, _ in mart.columns)
        partition = self._at(_partition(mart.name, self._revision))
        if self._value("SELECT to_regclass(%s)", partition) is None:
            self._cursor.execute(f"CREATE TABLE {partition} (LIKE {self._at(mart.name)})")
            is_attached = False
        else:
            self._cursor.execute(f"DELETE FROM {partition}")
            is_attached = True
        same = self._value(
            f"SELECT revision FROM {self._at('delivered')} WHERE mart = %s AND digest = %s AND revision <> %s LIMIT 1",
            mart.name, mart.digest, self._revision,
        )  # fmt: skip
        if same is not None:
            self._cursor.execute(
                f"INSERT INTO {partition} ({names}, {_COLUMN}) SELECT {names}, %s FROM {self._at(mart.name)}"
                f" WHERE {_COLUMN} = %s",
                [self._revision, same],
            )
        else:
            self._cursor.execute(
                f"ALTER TABLE {partition} ALTER COLUMN {_COLUMN} SET DEFAULT {_literal(self._revision)}"
            )
            for batch in mart.batches():
                buffer = io.BytesIO()
                pa_csv.write_csv(batch, buffer, pa_csv.WriteOptions(include_header=False))
                buffer.seek(0)
                self._cursor.copy_expert(f"COPY {partition} ({names}) FROM STDIN (FORMAT csv)", buffer)
        self._cursor.execute(f"ANALYZE {partition}")
        if not is_attached:  # attaching does not keep readers out, as making a partition in its place would
            self._cursor.execute(
                f"ALTER TABLE {self._at(mart.name)} ATTACH PARTITION {partition} FOR VALUES IN ({_literal(self._revision)})"
            )
        self._show(mart, names, grants)
        self._cursor.execute(
            f"INSERT INTO {self._at('delivered')} VALUES (%s, %s, %s)"
            " ON CONFLICT (revision, mart) DO UPDATE SET digest = excluded.digest",
            [self._revision, mart.name, mart.digest],
        )
        return same is None

    def forget_others(self, marts: Sequence[str]) -> None:
        """Take away the views of marts that are no longer delivered."""
        self._cursor.execute(f"SELECT DISTINCT mart FROM {self._at('delivered')} WHERE mart <> ALL(%s)", [list(marts)])
        for (name,) in self._cursor.fetchall():
            self._cursor.execute(f"DROP VIEW IF EXISTS {quoted(self._schema)}.{quoted(name)}")

    def point(self) -> None:
        """Make the revision the current one."""
        self._cursor.execute(
            f"INSERT INTO {self._at('pointer')} (revision) VALUES (%s)"
            " ON CONFLICT (only_one) DO UPDATE SET revision = excluded.revision",
            [self._revision],
        )

    def drop_old(self, keep: int) -> None:
        """Remove the revisions delivered before the latest `keep`."""
        self.wait_briefly()
        self._cursor.execute(f"SELECT revision FROM {self._at('about')} ORDER BY delivered_at DESC OFFSET %s", [keep])
        for (revision,) in self._cursor.fetchall():
            self._cursor.execute(f"SELECT mart FROM {self._at('delivered')} WHERE revision = %s", [revision])
            for (mart,) in self._cursor.fetchall():
                self._cursor.execute(f"DROP TABLE IF EXISTS {self._at(_partition(mart, revision))}")
            for table in ("delivered", "about"):
                self._cursor.execute(f"DELETE FROM {self._at(table)} WHERE revision = %s", [revision])

    def _fit(self, mart: _Mart) -> list[tuple[str, str]]:
        """Make the mart's table, anew where its columns have changed; return the grants that its view had then."""
        table = self._at(mart.name)
        self._cursor.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [table],
        )
        present = self._cursor.fetchall()
        wanted = ", ".join(f"{quoted(name)} {kind}" for name, kind in mart.columns)
        if present and [name for name, _ in present] == [*(name for name, _ in mart.columns), _COLUMN]:
            kinds = [_SPELLED.get(kind, kind) for _, kind in mart.columns]
            if [kind for _, kind in present[:-1]] == kinds:
                return []
        grants: list[tuple[str, str]] = []
        if present:
            view = f"{quoted(self._schema)}.{quoted(mart.name)}"
            self._cursor.execute(
                "SELECT CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END, privilege_type"
                " FROM pg_class, aclexplode(relacl) WHERE oid = to_regclass(%s) AND grantee <> relowner",
                [view],
            )
            grants = self._cursor.fetchall()
            self.has_replaced = True
            self._cursor.execute(f"DROP VIEW IF EXISTS {view}")
            self._cursor.execute(f"DROP TABLE {table}")
            self._cursor.execute(f"DELETE FROM {self._at('delivered')} WHERE mart = %s", [mart.name])
        self._cursor.execute(f"CREATE TABLE {table} ({wanted}, {_COLUMN} text NOT NULL) PARTITION BY LIST ({_COLUMN})")
        return grants

    def _show(self, mart: _Mart, names: str, grants: Sequence[tuple[str, str]]) -> None:
        view = f"{quoted(self._schema)}.{quoted(mart.name)}"
        if self._value("SELECT to_regclass(%s)", view) is None:
            self._cursor.execute(f"""
                CREATE VIEW {view} AS SELECT {names} FROM {self._at(mart.name)}
                WHERE {_COLUMN} = (SELECT revision FROM {self._at("pointer")})
            """)
        said = [f"COMMENT ON VIEW {view} IS {_literal(mart.comments[''])}"]
        said += [
            f"COMMENT ON COLUMN {view}.{quoted(name)} IS {_literal(mart.comments[name])}" for name, _ in mart.columns
        ]
        said += [f"GRANT {privilege} ON {view} TO {grantee}" for grantee, privilege in grants]
        self._cursor.execute("; ".join(said))

    def _at(self, table: str) -> str:
        return f"{quoted(self._data)}.{quoted(table)}"

    def _value(self, sql: str, *values: object) -> Any:
        self._cursor.execute(sql, values or None)
        row = self._cursor.fetchone()
        return row[0] if row else None


def _open_marts(folder: Path) -> list[_Mart]:
    """The open marts, by their data package."""
    package = folder / "open" / "datapackage.json"
    sums = {file["path"]: file["sha256"] for file in json.loads((folder / MANIFEST_FILE).read_text("utf-8"))["files"]}
    marts = []
    for resource in json.loads(package.read_text("utf-8"))["resources"]:
        name = resource["name"]
        [place] = [file["path"] for file in resource["alternatives"] if file["format"] == "parquet"]
        comments = {field["name"]: _comment(field) for field in resource["schema"]["fields"]}
        with pq.ParquetFile(folder / "open" / place) as file:
            schema = file.schema_arrow
        batches = partial(_file_batches, folder / "open" / place)
        marts.append(_mart(name, schema, comments | {"": _comment(resource)}, sums[f"open/{place}"], batches))
    return marts


def _analyst_marts(folder: Path) -> list[_Mart]:
    """All marts, by the analysts' database; its words are its comments."""
    path = folder / "analyst" / "sipas.duckdb"
    sums = {file["path"]: file["sha256"] for file in json.loads((folder / MANIFEST_FILE).read_text("utf-8"))["files"]}
    with duckdb.connect(str(path), read_only=True) as database:
        tables = database.execute(
            "SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = ? ORDER BY table_name", [MART_SCHEMA]
        ).fetchall()
        marts = []
        for name, comment in tables:
            said = database.execute(
                "SELECT column_name, comment FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?",
                [MART_SCHEMA, name],
            ).fetchall()
            schema = database.sql(f"SELECT * FROM {MART_SCHEMA}.{quoted(name)} LIMIT 0").to_arrow_table().schema
            comments = {column: text or column for column, text in said} | {"": comment or name}
            batches = partial(_database_batches, path, name)
            marts.append(_mart(name, schema, comments, sums["analyst/sipas.duckdb"], batches))
    return marts


def _mart(
    name: str,
    schema: pa.Schema,
    comments: Mapping[str, str],
    content: str,
    batches: Callable[[], Iterator[pa.RecordBatch]],
) -> _Mart:
    text = json.dumps([content, [str(field.type) for field in schema], dict(comments)], ensure_ascii=False)
    return _Mart(name, schema, comments, hashlib.sha256(text.encode()).hexdigest(), batches)


def _comment(words: Mapping[str, str]) -> str:
    """As in the analysts' database."""
    return in_both_languages(
        words["title"], words.get("description_vi", ""), words["title_en"], words.get("description", "")
    )


def _chosen(marts: list[_Mart], options: PostgresDestination) -> list[_Mart]:
    known = {mart.name: mart for mart in marts}
    if unknown := sorted(set(options.marts) - known.keys()):
        raise DeliveryFailed(
            f"bản công bố không có bảng {unknown[0]} cho {options.audience}",
            f"the revision has no mart {unknown[0]} for {options.audience}",
        )
    return [known[name] for name in options.marts] if options.marts else marts


def _file_batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(BATCH_ROWS)


def _database_batches(path: Path, mart: str) -> Iterator[pa.RecordBatch]:
    with duckdb.connect(str(path), read_only=True, config={"memory_limit": "512MB", "threads": 1}) as database:
        rows: pa.RecordBatchReader = database.sql(f"SELECT * FROM {MART_SCHEMA}.{quoted(mart)}").to_arrow_reader(
            BATCH_ROWS
        )
        yield from rows


def _partition(mart: str, revision: str) -> str:
    """Name of the table of a mart's rows in one revision; PostgreSQL cuts names after 63 bytes."""
    name = f"{mart}@{revision}"
    return name if len(name) <= 63 else f"{mart[:46]}@{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    """A connection; what fails on it is told without the values and the URL that the driver's words may hold."""
    try:
        with closing(psycopg2.connect(for_libpq(url), connect_timeout=CONNECT_SECONDS)) as connection:
            connection.set_client_encoding("UTF8")
            yield connection
    except psycopg2.errors.InsufficientPrivilege:
        raise DeliveryFailed(
            "tài khoản PostgreSQL không đủ quyền: cần sở hữu hai lược đồ, hoặc có quyền CREATE trong cơ sở dữ liệu",
            "the PostgreSQL account lacks rights: it must own the two schemas, or have CREATE on the database",
        ) from None
    except psycopg2.errors.DependentObjectsStillExist:
        raise DeliveryFailed(
            "một bảng đổi cột mà khung nhìn khác đang dùng bảng đó; xoá khung nhìn ấy, chuyển lại, rồi tạo lại",
            "a mart has other columns now and other views rest on it; drop them, deliver, and make them again",
        ) from None
    except (psycopg2.Error, ValueError) as error:
        reason = HARMLESS_REASONS.search(str(error))
        what = reason.group(0) if reason else type(error).__name__
        raise DeliveryFailed(
            f"PostgreSQL không làm được ({what})", f"PostgreSQL cannot do it ({what})", passing=reason is None
        ) from None
