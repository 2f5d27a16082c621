"""Read the inputs of one source in chunks and check every row of them. What becomes of the rows stands in settle.py."""

from __future__ import annotations

import datetime as dt
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.ingest.clean_cells import CLEAN, with_clean_cells
from assets.ingest.engine import fetch, session
from assets.ingest.opened import opened
from assets.ingest.outcome import InputOutcome, StagedBatch
from assets.ingest.persons import drop_forgotten, mask_personal, watched_columns
from assets.ingest.readers.table import InputRefused, RawTable
from assets.ingest.returned import CODE, INBOX_FOLDER
from assets.ingest.shape import clean, literal, quote, raw_cells, record_shape, refused_rows
from assets.ingest.spec import SourceSpec
from assets.keys import Keyring
from assets.reference.units import UnitMeaning, by_day, unit_on
from quality.contract import LINEAGE, Bilingual, Contract, value_fields
from quality.problem import Problem, did_you_mean

# Rows shaped in one statement: enough to keep the engine busy, small beside the memory limit.
CHUNK_ROWS = 100_000
# Rows of very long cells are shaped in smaller chunks.
CHUNK_BYTES = 128 << 20
# Chunks shaped at a time: a statement leaves the engine's threads idle at its beginning and end.
SHAPERS = 2
# The column that says whether a shaped row breaks any rule; readers give no heading such a name.
BROKEN = "_broken"
NO_ROWS = Bilingual(
    vi="Tệp có tiêu đề nhưng không có dòng dữ liệu; nếu kỳ này có phát sinh, đề nghị đơn vị gửi lại",
    en="The file has a header and no rows; if there was anything to report, ask the sender for it again",
)


@dataclass(frozen=True)
class IngestContext:
    """What reading needs to know of the workspace and its reference tables.

    `forgotten` are the tokens of people, and the keys of records, that may not come in again.
    """

    contracts: Mapping[str, Contract]
    levels: Mapping[str, Mapping[str, tuple[str, ...]]]
    known: Mapping[str, frozenset[str]]
    unit_meanings: Callable[[str, Iterable[str]], Mapping[str, tuple[UnitMeaning, ...]]]
    keys: Keyring
    today: dt.date
    work: Path
    forgotten: frozenset[str] = frozenset()


class UnknownItem(Exception):
    """A spec maps an item that its instrument does not have."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.render())
        self.problem = problem


@dataclass(frozen=True)
class _ShapedChunk:
    """A chunk after its statement: accepted rows, refused rows, per input the counts of `_rule_counts` and changed cells.

    `forgotten` has the rows per delivery that were dropped, `personal` one (delivery, rule, heading) per cell with personal
    data where none belongs.
    """

    accepted: list[pa.Table]
    refused: pa.Table | None
    rules: list[tuple[int, ...]]
    changes: Counter[tuple[int, str]]
    forgotten: list[tuple[int, int]]
    personal: list[tuple[int, str, str]]


class SourceReader:
    """Reads the inputs of one source in chunks, each chunk holding rows of many small files or a part of a large one."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        group: Sequence[InputOutcome],
        context: IngestContext,
        work: Path,
        batch: StagedBatch,
    ) -> None:
        self.connection = connection
        self.group = group
        self.by_seq = {outcome.delivery_seq: outcome for outcome in group}
        self.context = context
        self.batch = batch
        self.spec = group[0].item.spec
        feed = self.spec.record_feed
        assert feed is not None
        self.contract = context.contracts[feed.dataset]
        self.shape = record_shape(
            self.spec, context.contracts, scales(self.spec, context.levels), context.known, bool(context.forgotten)
        )
        self.headings = self.spec.headings
        self.watched = watched_columns(self.spec, self.contract)
        self.accepted = _Appender(work / f"{self.spec.name}.accepted.parquet")
        self.refused = _Appender(work / f"{self.spec.name}.refused.parquet")
        self.chunk: list[pa.Table] = []
        self.chunk_rows = self.chunk_bytes = 0
        # The chunk's headings by what the engine takes for the same.
        self.chunk_names: dict[str, str] = {}
        self.shaping: deque[Future[_ShapedChunk]] = deque()
        self.sessions: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()

    def run(self) -> None:
        for _ in range(SHAPERS):
            opened = session(self.connection, self.context.keys)
            self._register_inputs(opened)
            self.sessions.put(opened)
        with ThreadPoolExecutor(max_workers=SHAPERS) as workers:
            refusals = self._read(workers)
        for _ in range(SHAPERS):
            self.sessions.get().close()
        # Rows of a refused input may stand in a chunk already; they are left out when the batch is settled.
        for refused, reason in refusals:
            refused.refuse(reason)
        for appender, files in ((self.accepted, self.batch.accepted_files), (self.refused, self.batch.refused_files)):
            if appender.close():
                files.append((self.spec, appender.path))

    def _read(self, workers: Executor) -> list[tuple[InputOutcome, InputRefused]]:
        """Read every input and have its rows shaped; return the inputs that are refused whole, with the reason."""
        refusals: list[tuple[InputOutcome, InputRefused]] = []
        begins = opened([outcome.item for outcome in self.group])
        for outcome, begin in zip(self.group, begins, strict=True):
            try:
                if outcome.item.refusal is not None:
                    raise outcome.item.refusal
                answer = outcome.item.answer
                if answer is not None and answer.refusal is not None:
                    raise answer.refusal
                self._resolve_unit(outcome)
                for table in begin():
                    self._take(outcome, table, workers)
                if outcome.item.stamp is not None:
                    outcome.item.stamp.require(outcome.item.file)
                if not outcome.rows_read and not outcome.item.records_removed:
                    outcome.warnings.append(Problem("file.no_rows", NO_ROWS, file=outcome.item.path))
            except InputRefused as refusal:
                refusals.append((outcome, refusal))
        self._hand_over(workers)
        while self.shaping:
            self._keep(self.shaping.popleft().result())
        return refusals

    def _register_inputs(self, connection: duckdb.DuckDBPyConnection) -> None:
        names = sorted({name for outcome in self.group for name in outcome.item.groups})
        rows = {
            "_seq": pa.array([outcome.delivery_seq for outcome in self.group], pa.int64()),
            "input_id": pa.array([outcome.item.input_id for outcome in self.group], pa.string()),
            "_sent_on": pa.array([outcome.item.sent_on(self.context.today) for outcome in self.group], pa.date32()),
        } | {
            f"group_{name}": pa.array([outcome.item.groups.get(name) for outcome in self.group], pa.string())
            for name in names
        }
        connection.register("inputs", pa.table(rows))
        for kind in ("procedure", "instrument"):
            codes = pa.array(sorted(self.context.known.get(kind, ())), pa.string())
            connection.register(f"known_{kind}", pa.table({"code": codes}))
        tokens = pa.array(sorted(self.context.forgotten), pa.string())
        connection.register("forgotten", pa.table({"token": tokens}))

    def _resolve_unit(self, outcome: InputOutcome) -> None:
        """Find the unit that the input's path names; all its rows stand or fall with it. Raises InputRefused."""
        unit = self.spec.unit
        if unit is None or unit.group is None:
            return
        given = outcome.item.groups[unit.group]
        meanings = self.context.unit_meanings(self.office, [given])[given]
        # A reporting month holds its first day wherever it is cut off.
        month = outcome.item.period_id
        outcome.unit_code = unit_on(meanings, dt.date.fromisoformat(f"{month}-01") if month else None)
        if outcome.unit_code is None and meanings:
            listed = ", ".join(sorted({meaning.unit_code for meaning in meanings}))
            raise InputRefused(
                "unit.unknown",
                f"Tên tệp ghi đơn vị “{given}” có thể là {listed}; ghi mã thay cho tên, hoặc bổ sung reference/unit_alias.csv",
                f"The file's name says unit “{given}”, which can mean {listed}; write the code, or add an alias",
            )
        if outcome.unit_code is None:
            raise InputRefused(
                "unit.unknown",
                f"Tên tệp ghi đơn vị “{given}” không có trong danh mục; đổi tên tệp hoặc bổ sung reference/unit_alias.csv",
                f"The file's name says unit “{given}”, which is not in the reference table; rename it or add an alias",
            )

    @property
    def office(self) -> str:
        return self.group[0].item.office

    def _take(self, outcome: InputOutcome, table: RawTable, workers: Executor) -> None:
        check_headings(self.spec, outcome, table)
        names = {name.casefold(): name for name in table.columns}
        if any(self.chunk_names.get(folded, name) != name for folded, name in names.items()):
            # Another file writes a heading in another case: its rows go into a chunk of their own.
            self._hand_over(workers)
        for raw in table.batches:
            self.chunk_names |= names
            rows_here = raw.num_rows
            rows = pa.Table.from_batches([raw])
            rows = rows.append_column("_seq", pa.array([outcome.delivery_seq] * rows_here, pa.int64()))
            rows = rows.append_column("_sheet", pa.array([table.sheet or None] * rows_here, pa.string()))
            self.chunk.append(rows)
            self.chunk_rows += rows_here
            self.chunk_bytes += rows.nbytes
            if self.chunk_rows >= CHUNK_ROWS or self.chunk_bytes >= CHUNK_BYTES:
                self._hand_over(workers)
        outcome.rows_read += table.rows_read
        outcome.rows_skipped += table.rows_skipped
        outcome.count_changes(table.changes, self.headings)

    def _hand_over(self, workers: Executor) -> None:
        """Have the chunk shaped while the next ones are read; as many are held as are shaped at a time, and one more."""
        if not self.chunk_rows:
            return
        rows, self.chunk, self.chunk_rows, self.chunk_bytes, self.chunk_names = self.chunk, [], 0, 0, {}
        if len(self.shaping) == SHAPERS:
            self._keep(self.shaping.popleft().result())
        self.shaping.append(workers.submit(self._shape, rows))

    def _keep(self, shaped: _ShapedChunk) -> None:
        """Write what became of a chunk, in the order of the chunks."""
        self._count_rules(shaped.rules)
        for (seq, kind), number in shaped.changes.items():
            self.by_seq[seq].changes[kind] += number
        self._count_persons(shaped)
        for accepted in shaped.accepted:
            self.accepted.append(accepted.cast(self._accepted_schema()))
        if shaped.refused is not None:
            self.refused.append(shaped.refused)

    def _shape(self, rows: Sequence[pa.Table]) -> _ShapedChunk:
        connection = self.sessions.get()
        try:
            return self._shape_in(connection, rows)
        finally:
            self.sessions.put(connection)

    def _shape_in(self, connection: duckdb.DuckDBPyConnection, rows: Sequence[pa.Table]) -> _ShapedChunk:
        shape = self.shape
        chunk, changes = with_clean_cells(pa.concat_tables(rows, promote_options="default"), self.headings)
        chunk, personal = mask_personal(chunk, CLEAN, self.watched)
        connection.register("chunk", chunk)
        connection.register("unit_map", self._unit_map(connection))
        lineage = (
            f"record_key, input_id, _seq AS delivery_seq, _sheet AS sheet, _line AS line, CAST(1 AS BIGINT) AS source_rows, "
            f"content_hash, {literal(self.spec.name)} AS source, {literal(self.office)} AS office_code, "
            f"{literal(self.spec.deadline_precision)} AS deadline_precision"
        )
        values = ", ".join(quote(name.name) for name in value_fields(self.contract))
        items = "".join(f", {quote('item__' + code)}" for code in shape.items)
        kept = f"{lineage}, {values}, extra{items}"
        counted = {f"_n{index}": kind for index, kind in enumerate(shape.changes)}
        again = shape.broken
        if self.context.forgotten:
            # What may be of a person who is to be forgotten is looked at again, too.
            again = f"{again} OR _forgotten OR extra IS NOT NULL"
        flags = f"{again} AS {BROKEN}" + "".join(
            f", {sql} AS {name}" for name, sql in zip(counted, shape.changes.values(), strict=True)
        )
        shaped = fetch(connection, f"SELECT {kept}, {flags} FROM ({shape.statement}) AS shaped")
        broken = shaped[BROKEN]
        for name, kind in counted.items():
            if pc.any(pc.greater(shaped[name], 0)).as_py():
                for row in shaped.group_by("delivery_seq").aggregate([(name, "sum")]).to_pylist():
                    if row[f"{name}_sum"]:
                        changes[row["delivery_seq"], kind] += row[f"{name}_sum"]
        shaped = shaped.drop_columns([BROKEN, *counted])
        if not pc.any(broken).as_py():
            return _ShapedChunk([shaped], None, [], changes, [], personal)
        # Few rows break a rule; only these are shaped again, with what their reasons need. Lines of other sheets and files
        # come along, which the query's order does not tell apart.
        lines = shaped["line"].filter(broken)
        connection.register("chunk", chunk.filter(pc.is_in(chunk["_line"], lines.combine_chunks())))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE shaped AS {shape.statement}").fetchall()
        forgotten: list[tuple[int, int]] = []
        if self.context.forgotten:
            text = f"coalesce(chunk._raw, {raw_cells(chunk.column_names, 'chunk')})"
            forgotten = drop_forgotten(connection, text, shape.refusing, self.context.forgotten, self.context.keys)
        rules = connection.execute(self._rule_counts()).fetchall()
        warned = fetch(connection, f"SELECT {kept} FROM shaped WHERE ({again}) AND NOT ({shape.refusing})")
        givens = "".join(f", {quote(f'{field.name}__given')}" for field in self.contract.kept_fields)
        refused = fetch(connection, refused_rows(shape, chunk.column_names, f", {values}{givens}{items}"))
        connection.execute("DROP TABLE shaped").fetchall()
        connection.unregister("chunk")
        accepted = [shaped.filter(pc.invert(broken)), warned]
        return _ShapedChunk(accepted, refused, rules, changes, forgotten, personal)

    def _accepted_schema(self) -> pa.Schema:
        items = [pa.field(f"item__{code}", pa.string()) for code in self.shape.items]
        return pa.schema([*LINEAGE, *value_fields(self.contract), pa.field("extra", pa.string()), *items])

    def _unit_map(self, connection: duckdb.DuckDBPyConnection) -> pa.Table:
        """Resolve the distinct unit names of the chunk; one row per name and span of days on which it means one unit.

        A name that means one unit on any day has no days.
        """
        unit = self.spec.unit
        given: list[str] = []
        if unit is not None and unit.column is not None:
            distinct = connection.execute(f"SELECT DISTINCT {clean(unit.column)} FROM chunk").fetchall()
            given = sorted(text for (text,) in distinct if text is not None)
        elif unit is not None and unit.constant is not None:
            given = [unit.constant]
        elif unit is not None:
            given = sorted({outcome.item.groups[str(unit.group)] for outcome in self.group})
        meanings = self.context.unit_meanings(self.office, given)
        spans = [(name, span) for name in given for span in by_day(meanings[name])]
        return pa.table(
            {
                "given": pa.array([name for name, _ in spans], pa.string()),
                "unit_code": pa.array([span.unit_code for _, span in spans], pa.string()),
                "valid_from": pa.array([_bounded(span.valid_from) for _, span in spans], pa.date32()),
                "valid_to": pa.array([_bounded(span.valid_to) for _, span in spans], pa.date32()),
            }
        )

    def _rule_counts(self) -> str:
        """Return the query of how many rows of each input break each check, then each rule in at least one column."""
        conditions = [f"_c{index}" for index in range(len(self.shape.checks))]
        for name in self._rule_names():
            flags = [f"_c{index}" for index, check in enumerate(self.shape.checks) if check.rule == name]
            conditions.append(" OR ".join(flags))
        sums = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
        return f"SELECT _seq, {sums} FROM shaped GROUP BY _seq"

    def _rule_names(self) -> list[str]:
        return list(dict.fromkeys(check.rule for check in self.shape.checks))

    def _count_rules(self, found: Iterable[Sequence[int]]) -> None:
        checks = self.shape.checks
        for seq, *numbers in found:
            outcome = self.by_seq[seq]
            for check, number in zip(checks, numbers, strict=False):
                if number:
                    outcome.rules[(check.rule, check.column, check.severity)] += number
            for name, number in zip(self._rule_names(), numbers[len(checks) :], strict=True):
                if number:
                    outcome.rule_rows[name] += number

    def _count_persons(self, shaped: _ShapedChunk) -> None:
        by_seq = {outcome.delivery_seq: outcome for outcome in self.group}
        for seq, number in shaped.forgotten:
            by_seq[seq].rows_forgotten += number
        for seq, rule, heading in shaped.personal:
            by_seq[seq].rules[(rule, heading, "warn")] += 1


def _bounded(day: dt.date) -> dt.date | None:
    """A day as a bound of a span; None where the span has none."""
    return None if day in (dt.date.min, dt.date.max) else day


class _Appender:
    """A Parquet file that is written chunk by chunk and exists only if a row came."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: pq.ParquetWriter | None = None

    def append(self, table: pa.Table) -> None:
        if table.num_rows:
            # Read once and removed: what makes a file small or quick to search is not worth its time here.
            self._writer = self._writer or pq.ParquetWriter(
                self.path, table.schema, compression="lz4", use_dictionary=False, write_statistics=False
            )
            self._writer.write_table(table)

    def close(self) -> bool:
        """Finish the file; return whether there is one."""
        if self._writer is not None:
            self._writer.close()
        return self._writer is not None


def check_headings(spec: SourceSpec, outcome: InputOutcome, table: RawTable) -> None:
    """Refuse an input that lacks a column the spec reads; note columns the spec does not name. Raises InputRefused."""
    if CODE in table.columns and CODE not in spec.headings:
        raise InputRefused(
            "return.misplaced",
            f"Đây là tệp trả lại đã sửa; đặt vào {INBOX_FOLDER}/ để nhận là phần bổ sung của tệp gốc",
            f"This is a corrected return; put it into {INBOX_FOLDER}/, where it is taken as an addition to the first file",
            sheet=table.sheet,
            column=CODE,
        )
    missing = [name for name in spec.headings if name not in table.columns]
    if missing:
        spare = [name for name in table.columns if name not in spec.headings]
        hint = did_you_mean(missing[0], spare)
        listed = ", ".join(f"“{name}”" for name in missing)
        if spec.is_template:
            mend = Bilingual(
                vi="Dùng lại biểu mẫu do “sipas template” tạo, không sửa tiêu đề",
                en="Use the form that `sipas template` makes, with its headings as they are",
            )
        else:
            mend = Bilingual(
                vi=f"Đặt lại tên cột như mẫu (hoặc người phụ trách dữ liệu sửa sources/{spec.name}.yml)",
                en=f"Name the column as in the template, or change sources/{spec.name}.yml",
            )
        raise InputRefused(
            "columns.missing",
            f"Thiếu cột {listed}.{hint.vi} {mend.vi}",
            f"Column {listed} is missing.{hint.en} {mend.en}",
            sheet=table.sheet,
            column=missing[0],
        )
    named = {*spec.headings, *spec.ignore, *(rule.column for rule in spec.reader.skip)}
    if spec.location.watermark is not None:
        named.add(spec.location.watermark.column)
    for name in table.columns:
        if name not in named and name not in table.companions:
            text = Bilingual(
                vi="Cột này không có trong khai báo nguồn nên không được đọc (thêm vào một feed, vào extra hoặc ignore)",
                en="The spec does not name this column; it is not read (add it to a feed, to extra or to ignore)",
            )
            outcome.warnings.append(Problem("columns.unknown", text, file=outcome.item.path, column=name))


def scales(spec: SourceSpec, levels_of: Mapping[str, Mapping[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    """Return the levels of each mapped item; `levels_of` has them by instrument and item. Raises UnknownItem."""
    answers, feed = spec.answer_feed, spec.record_feed
    if answers is None or feed is None:
        return {}
    instrument = feed.columns["instrument_code"].constant or ""
    levels = levels_of.get(instrument, {})
    for code in answers.items:
        if code not in levels:
            hint = did_you_mean(code, levels)
            text = Bilingual(
                vi=f"Bộ phiếu “{instrument}” không có tiêu chí “{code}”.{hint.vi}",
                en=f"The instrument “{instrument}” has no item “{code}”.{hint.en}",
            )
            raise UnknownItem(Problem("spec.item", text, file=f"sources/{spec.name}.yml", column=code))
    return {code: levels[code] for code in answers.items}
