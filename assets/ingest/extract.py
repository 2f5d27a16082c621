"""Databases as inputs: the rows are first copied aside as text, so that they have an identity and are read once."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from assets.ingest.engine import connect
from assets.ingest.history import History
from assets.ingest.increment import Increment, hashed, key_headings
from assets.ingest.readers.database import Database, WatermarkKind, WatermarkValue, open_database
from assets.ingest.readers.table import FAULT, LINE, OWN_COLUMNS, RAW, InputRefused, RawTable
from assets.ingest.spec import SourceSpec
from assets.ingest.watermark import WatermarkMismatch, below, bound, latest
from assets.workspace import Workspace
from quality.contract import Bilingual
from quality.problem import Problem


@dataclass(frozen=True)
class Progress:
    """How far a source was read, to be kept when the rows are landed.

    `low` is the watermark from which on rows were read (None: all rows), `high` the largest one met so far, both as text of
    the column's kind. `known_rows` stands alone when `is_whole`, else it adds to those before. `rows_unchanged` rows were
    read and left out, for they are known. `removed` lists the keys of `records_removed` records that are gone.
    """

    column: str
    kind: WatermarkKind
    low: str | None
    high: str | None
    known_rows: Path
    is_whole: bool
    rows_unchanged: int
    removed: Path | None
    records_removed: int


@dataclass(frozen=True)
class Extract:
    """A database's rows as text in a Parquet file; `content_sha` depends on the rows, not on their order.

    Without `is_new` there is nothing to take in. `notes` are told in any case.
    """

    label: str
    file: Path
    content_sha: str
    is_new: bool = True
    notes: tuple[Problem, ...] = ()
    progress: Progress | None = None


def extract(
    spec: SourceSpec, workspace: Workspace, history: History, trial_rows: int | None = None
) -> Extract | Problem:
    """Copy what a database source brings into the workspace's private zone; a fault comes back as a problem.

    That is the whole table or query, or with a watermark the rows that are new or changed since `history`. In a trial no
    more than the first `trial_rows` are fetched.
    """
    folder = workspace.landing / ".extract"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _open(spec, workspace) as database:
            if trial_rows is not None:
                return _read_first(database, spec, folder, history, trial_rows)
            read = _read_whole if spec.location.watermark is None else _read_changed
            return read(database, spec, folder, history)
    except InputRefused as refusal:
        return _problem(spec, refusal)


def reach(spec: SourceSpec, workspace: Workspace) -> Problem | None:
    """Knock at the database of a source and read nothing; return why it cannot be read from, or None."""
    try:
        with _open(spec, workspace):
            return None
    except InputRefused as refusal:
        return _problem(spec, refusal)


def _open(spec: SourceSpec, workspace: Workspace) -> AbstractContextManager[Database]:
    """The database of a source. Raises InputRefused, also within the context."""
    location = spec.location
    url = os.environ.get(location.url_env) if location.url_env else location.url
    if url is None:
        raise InputRefused(
            "database.url",
            f"Biến môi trường {location.url_env} chưa được đặt là địa chỉ cơ sở dữ liệu",
            f"Set the environment variable {location.url_env} to the URL of the database",
        )
    url = url.replace("{workspace}", workspace.root.resolve().as_posix())
    return open_database(url, table=location.table, query=location.query, time_zone=spec.time_zone)


def _problem(spec: SourceSpec, refusal: InputRefused) -> Problem:
    text = Bilingual(vi=refusal.message_vi, en=refusal.message_en)
    return Problem(refusal.rule, text, file=f"sources/{spec.name}.yml", column=refusal.column)


def _read_whole(database: Database, spec: SourceSpec, folder: Path, history: History) -> Extract:
    file = folder / f"{spec.name}.parquet"
    _copy(database.rows(spec.reader.skip), file)
    with connect(folder) as connection:
        return Extract(_label(spec), file, _fingerprint(connection, file))


def _read_first(database: Database, spec: SourceSpec, folder: Path, history: History, most: int) -> Extract:
    """Read the first rows, from where the first of all readings begins. Raises InputRefused."""
    file = folder / f"{spec.name}.parquet"
    if spec.location.watermark is None:
        _copy(database.rows(spec.reader.skip, most), file)
    else:
        kind = _watermark_kind(database, spec, history)
        start = _start(spec, kind)
        _copy(database.rows_since(spec.location.watermark.column, start, most), file)
        _require_kind(database, spec, kind)
    with connect(folder) as connection:
        return Extract(_label(spec), file, _fingerprint(connection, file))


def _watermark_kind(database: Database, spec: SourceSpec, history: History) -> WatermarkKind:
    watermark = spec.location.watermark
    assert watermark is not None
    for heading in (watermark.column, *key_headings(spec)):
        database.require(heading)
    return database.kind_of(watermark.column) or history.kind or "text"


def _start(spec: SourceSpec, kind: WatermarkKind) -> WatermarkValue | None:
    watermark = spec.location.watermark
    assert watermark is not None
    try:
        return None if watermark.start is None else bound(kind, str(watermark.start), spec.time_zone)
    except WatermarkMismatch as mismatch:
        raise _mismatch(spec, str(mismatch)) from None


def _require_kind(database: Database, spec: SourceSpec, kind: WatermarkKind) -> None:
    if database.watermark_kinds - {kind} or kind == "other":
        raise _mismatch(spec, f"values of kind {', '.join(sorted(database.watermark_kinds))}")


def _read_changed(database: Database, spec: SourceSpec, folder: Path, history: History) -> Extract:
    """Read from the last watermark less the overlap, and leave out what is known. Raises InputRefused."""
    watermark = spec.location.watermark
    assert watermark is not None
    kind = _watermark_kind(database, spec, history)
    if kind != history.kind:
        history = History(history.today, landed=history.landed, retired=history.retired, removed=history.removed)
    zone = spec.time_zone
    start = _start(spec, kind)
    try:
        low = None if history.high is None else below(kind, history.high, watermark.overlap, zone)
        since = start if low is None else bound(kind, low, zone)
    except WatermarkMismatch as mismatch:
        raise _mismatch(spec, str(mismatch)) from None

    all_rows, file = folder / f"{spec.name}.all.parquet", folder / f"{spec.name}.parquet"
    _copy(database.rows_since(watermark.column, since), all_rows, may_be_empty=low is not None)
    _require_kind(database, spec, kind)
    with connect(folder) as connection:
        try:
            increment = Increment(connection, spec, kind, all_rows, history)
        except (ValueError, duckdb.ConversionException):
            raise _mismatch(spec, "text that is no moment in ISO form") from None
        notes = []
        if blank := increment.rows_without_watermark:
            notes.append(_without_watermark(spec, blank))

        deletes = spec.delivery.deletes
        has_keys = deletes is not None and (low is None or deletes.compare_keys == "each_run")
        removed, gone = folder / f"{spec.name}.removed.parquet", 0
        if deletes is not None and has_keys:
            if low is None and start is None:
                increment.take_keys(pq.ParquetFile(all_rows).iter_batches())
            else:
                increment.take_keys(database.keys(key_headings(spec), watermark.column).batches)
            gone, standing = increment.write_removed(removed)
            if gone > deletes.refuse_above * standing:
                raise _keys_missing(spec, gone, standing, deletes.refuse_above)
        if low is not None:
            late = (
                increment.rows_late(low)
                if has_keys
                else database.count_below(watermark.column, bound(kind, low, zone), start)
                - increment.rows_expected_below(low)
            )
            if late > 0:
                notes.append(_late(spec, late, low))

        is_new = bool(increment.rows_new or gone)
        if not is_new:
            return Extract(_label(spec), file, "", is_new=False, notes=tuple(notes))
        if increment.rows_new == increment.rows_read:
            all_rows.replace(file)
        else:
            increment.write_new(file)
            all_rows.unlink()
        known_rows = folder / f"{spec.name}.known.parquet"
        is_whole = increment.write_known(known_rows, low is None, has_keys)
        sha = _fingerprint(connection, file)
        if gone:
            sha = _fingerprint(connection, removed, sha)
        progress = Progress(
            watermark.column,
            kind,
            low,
            increment.high(latest(kind, history.today, zone)),
            known_rows,
            is_whole,
            increment.rows_read - increment.rows_new,
            removed if gone else None,
            gone,
        )
        return Extract(_label(spec), file, sha, notes=tuple(notes), progress=progress)


def _label(spec: SourceSpec) -> str:
    return f"{spec.location.table or 'query'}@{spec.name}"


def _copy(table: RawTable, file: Path, may_be_empty: bool = False) -> None:
    """Write the table's rows to a file, which is there only when all of them are. Raises InputRefused, also when there are none."""
    schema = pa.schema([*((name, pa.string()) for name in table.columns), (LINE, pa.int64())])
    schema = schema.append(pa.field(FAULT, pa.string())).append(pa.field(RAW, pa.string()))
    part = file.with_suffix(".part")
    with pq.ParquetWriter(part, schema, compression="lz4") as writer:
        for batch in table.batches:
            writer.write_batch(batch)
    if not table.rows_read and not may_be_empty:
        raise InputRefused("database.empty", "Bảng không có dòng nào", "The table or query has no rows")
    part.replace(file)


def _fingerprint(connection: duckdb.DuckDBPyConnection, file: Path, more: str = "") -> str:
    """Return a hash of the rows that does not depend on their order (a database promises none)."""
    names = pq.read_schema(file).names
    low = hashed(name for name in names if name not in OWN_COLUMNS)
    counted = connection.execute(
        f"SELECT count(*), sum(CAST({low} AS HUGEINT)), sum(CAST({low.replace('_lower', '_upper')} AS HUGEINT)) FROM read_parquet(?)",
        [file.as_posix()],
    ).fetchall()
    digest = connection.execute("SELECT sha256(?)", [f"{'|'.join(names)}|{counted}{more}"]).fetchall()
    return str(digest[0][0])


def _mismatch(spec: SourceSpec, found: str) -> InputRefused:
    assert spec.location.watermark is not None
    column = spec.location.watermark.column
    return InputRefused(
        "database.watermark",
        f"Cột “{column}” không dùng làm watermark được ({found}). Cần một cột thời điểm, ngày, số nguyên hoặc văn bản dạng "
        "2023-06-01 10:00:00, và overlap, start cùng loại; nếu cần, chuyển đổi trong location.query.",
        f"The column {column!r} cannot be the watermark ({found}). It takes moments, days, whole numbers, row versions or text "
        "like 2023-06-01 10:00:00, with overlap and start of the same kind; convert it in location.query if need be.",
        column=column,
    )


def _without_watermark(spec: SourceSpec, rows: int) -> Problem:
    assert spec.location.watermark is not None
    text = Bilingual(
        vi=f"{rows} dòng không có giá trị; lần nào cũng đọc lại các dòng này",
        en=f"{rows} row(s) have no value here; they are read every time",
    )
    return Problem(
        "database.watermark_blank", text, file=f"sources/{spec.name}.yml", column=spec.location.watermark.column
    )


def _late(spec: SourceSpec, rows: int, low: str) -> Problem:
    assert spec.location.watermark is not None
    text = Bilingual(
        vi=f"Ít nhất {rows} dòng trước mốc {low} là mới hoặc đã thay đổi sau khi đọc, nên chưa được nhận; chạy "
        "sipas run --full để đọc lại toàn bộ, và tăng overlap nếu việc này lặp lại",
        en=f"At least {rows} row(s) before {low} are new or have changed since they were read, and are not taken in; read all "
        "again with sipas run --full, and widen the overlap if this happens again",
    )
    return Problem("database.late_rows", text, file=f"sources/{spec.name}.yml", column=spec.location.watermark.column)


def _keys_missing(spec: SourceSpec, gone: int, standing: int, most: float) -> InputRefused:
    return InputRefused(
        "database.keys_missing",
        f"{gone} trên {standing} bản ghi đã nhận không còn trong nguồn, quá mức cho phép {most:.0%} (refuse_above): nguồn có "
        "thể bị hỏng nên không nhận gì. Kiểm tra nguồn; nếu đúng là đã xoá thì tăng refuse_above cho một lần chạy.",
        f"{gone} of {standing} landed records are gone from the source, more than {most:.0%} (refuse_above): it may be broken, "
        "and nothing is taken in. Look at the source; if they were deleted, raise refuse_above for one run.",
    )
