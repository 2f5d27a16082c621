"""Read the due inputs of one record dataset, check every row, and settle what becomes of it. Committing stands in land.py."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from queue import SimpleQueue

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from assets.checkpoint import checkpoint
from assets.ingest.engine import connect, fetch, session
from assets.ingest.plan import PlannedInput
from assets.ingest.readers import open_input
from assets.ingest.readers.options import DatabaseOptions
from assets.ingest.readers.table import OWN_COLUMNS, InputRefused, RawTable
from assets.ingest.shape import RULES_TYPE, clean, literal, quote, record_shape, refused_rows, with_clean_cells
from assets.ingest.spec import SourceSpec
from assets.landing.ledger import ARRIVAL_STEP
from quality.contract import LINEAGE, Bilingual, Contract, value_fields
from quality.problem import Problem, did_you_mean

# Rows shaped in one statement: enough to keep the engine busy, small beside the memory limit.
CHUNK_ROWS = 50_000
# Chunks shaped at a time: a statement leaves the engine's threads idle at its beginning and end.
SHAPERS = 2
CONFLICT_RULE = "key.conflict"
NO_ROWS = Bilingual(
    vi="Tệp có tiêu đề nhưng không có dòng dữ liệu; nếu kỳ này có phát sinh, đề nghị đơn vị gửi lại",
    en="The file has a header and no rows; if there was anything to report, ask the sender for it again",
)


@dataclass(frozen=True)
class IngestContext:
    """What reading needs to know of the workspace and its reference tables."""

    contracts: Mapping[str, Contract]
    levels: Mapping[str, Mapping[str, tuple[str, ...]]]
    known: Mapping[str, frozenset[str]]
    resolve_units: Callable[[str, Iterable[str]], Mapping[str, str | None]]
    key: bytes
    work: Path


@dataclass
class InputOutcome:
    """What became of one input: counts of its source rows, the rules they break, or why it was refused whole."""

    item: PlannedInput
    delivery_seq: int
    unit_code: str | None = None
    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_skipped: int = 0
    refusal: Problem | None = None
    warnings: list[Problem] = field(default_factory=list)
    # (rule, column, severity) → rows; and rule → rows that break it in at least one column.
    rules: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    rule_rows: Counter[str] = field(default_factory=Counter)

    def refuse(self, refusal: InputRefused) -> None:
        """Refuse the input whole: none of its rows counts."""
        self.refusal = Problem(
            refusal.rule,
            Bilingual(vi=refusal.message_vi, en=refusal.message_en),
            file=self.item.path,
            sheet=refusal.sheet or None,
            line=refusal.line,
            column=refusal.column,
        )
        self.rows_read = self.rows_accepted = self.rows_quarantined = self.rows_duplicate = self.rows_skipped = 0
        self.rules = Counter({(refusal.rule, refusal.column or "", "reject"): 1})
        self.rule_rows = Counter()


@dataclass
class StagedBatch:
    """A batch read, checked and settled, not yet landed. The files lie in `work`; nothing of it counts before the commit."""

    dataset: str
    outcomes: list[InputOutcome]
    landed: dict[str, Path]
    quarantined: Path | None
    accepted_files: list[tuple[SourceSpec, Path]]
    refused_files: list[tuple[SourceSpec, Path]]


class UnknownItem(Exception):
    """A spec maps an item that its instrument does not have."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.render())
        self.problem = problem


def stage(
    dataset: str,
    items: Sequence[PlannedInput],
    first_seq: int,
    landed_parts: Sequence[Path],
    inactive: frozenset[str],
    context: IngestContext,
    tell: Callable[[str], None],
) -> StagedBatch:
    """Read and check `items` (all feeding `dataset`) and settle duplicates, conflicts and refusals against what is landed.

    `landed_parts` are the committed Parquet files of the dataset, `inactive` the readings in them that no longer count.
    """
    work = context.work / dataset
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    outcomes = [InputOutcome(item, seq) for item, seq in zip(items, delivery_seqs(items, first_seq), strict=True)]
    by_spec: dict[str, list[InputOutcome]] = defaultdict(list)
    for outcome in outcomes:
        by_spec[outcome.item.spec.name].append(outcome)
    batch = StagedBatch(dataset, outcomes, {}, None, [], [])
    with connect(work) as connection:
        for name, group in by_spec.items():
            tell(f"{dataset}: {name}, {len(group)} input(s)")
            _SourceReader(connection, group, context, work, batch).run()
        checkpoint("ingest.read")
        _settle(connection, batch, landed_parts, inactive, context)
    checkpoint("ingest.settled")
    return batch


def delivery_seqs(items: Sequence[PlannedInput], first_seq: int) -> list[int]:
    """Return the number of each reading in the order of arrival: a new one comes last, one made again keeps its place."""
    arrivals = count(first_seq, ARRIVAL_STEP)
    return [next(arrivals) if item.replaced_seq is None else item.replaced_seq + 1 for item in items]


@dataclass(frozen=True)
class _ShapedChunk:
    """A chunk after its statement: accepted rows, refused rows, and per input the counts of `_rule_counts`."""

    accepted: pa.Table
    refused: pa.Table
    rules: list[tuple[int, ...]]


class _SourceReader:
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
        self.context = context
        self.batch = batch
        self.spec = group[0].item.spec
        feed = self.spec.record_feed
        assert feed is not None
        self.contract = context.contracts[feed.dataset]
        self.shape = record_shape(self.spec, context.contracts, scales(self.spec, context.levels), context.known)
        self.headings = self.spec.headings
        self.accepted = _Appender(work / f"{self.spec.name}.accepted.parquet")
        self.refused = _Appender(work / f"{self.spec.name}.refused.parquet")
        self.chunk: list[pa.Table] = []
        self.chunk_rows = 0
        self.shaping: deque[Future[_ShapedChunk]] = deque()
        self.sessions: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()

    def run(self) -> None:
        for _ in range(SHAPERS):
            opened = session(self.connection, self.context.key)
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
        for outcome in self.group:
            try:
                self._resolve_unit(outcome)
                for table in tables_of(outcome.item):
                    self._take(outcome, table, workers)
                if not outcome.rows_read:
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
        } | {
            f"group_{name}": pa.array([outcome.item.groups.get(name) for outcome in self.group], pa.string())
            for name in names
        }
        connection.register("inputs", pa.table(rows))
        for kind in ("procedure", "instrument"):
            codes = pa.array(sorted(self.context.known.get(kind, ())), pa.string())
            connection.register(f"known_{kind}", pa.table({"code": codes}))

    def _resolve_unit(self, outcome: InputOutcome) -> None:
        """Find the unit that the input's path names; all its rows stand or fall with it. Raises InputRefused."""
        unit = self.spec.unit
        if unit is None or unit.group is None:
            return
        given = outcome.item.groups[unit.group]
        outcome.unit_code = self.context.resolve_units(self.office, [given])[given]
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
        for raw in table.batches:
            rows_here = raw.num_rows
            rows = pa.Table.from_batches([raw])
            rows = rows.append_column("_seq", pa.array([outcome.delivery_seq] * rows_here, pa.int64()))
            rows = rows.append_column("_sheet", pa.array([table.sheet or None] * rows_here, pa.string()))
            self.chunk.append(rows)
            self.chunk_rows += rows_here
            if self.chunk_rows >= CHUNK_ROWS:
                self._hand_over(workers)
        outcome.rows_read += table.rows_read
        outcome.rows_skipped += table.rows_skipped

    def _hand_over(self, workers: Executor) -> None:
        """Have the chunk shaped while the next ones are read; as many are held as are shaped at a time, and one more."""
        if not self.chunk_rows:
            return
        rows, self.chunk, self.chunk_rows = self.chunk, [], 0
        if len(self.shaping) == SHAPERS:
            self._keep(self.shaping.popleft().result())
        self.shaping.append(workers.submit(self._shape, rows))

    def _keep(self, shaped: _ShapedChunk) -> None:
        """Write what became of a chunk, in the order of the chunks."""
        self._count_rules(shaped.rules)
        self.accepted.append(shaped.accepted.cast(self._accepted_schema()))
        self.refused.append(shaped.refused)

    def _shape(self, rows: Sequence[pa.Table]) -> _ShapedChunk:
        connection = self.sessions.get()
        try:
            return self._shape_in(connection, rows)
        finally:
            self.sessions.put(connection)

    def _shape_in(self, connection: duckdb.DuckDBPyConnection, rows: Sequence[pa.Table]) -> _ShapedChunk:
        chunk, shape = with_clean_cells(pa.concat_tables(rows, promote_options="default"), self.headings), self.shape
        connection.register("chunk", chunk)
        connection.register("unit_map", self._unit_map(connection))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE shaped AS {shape.statement}").fetchall()
        rules = connection.execute(self._rule_counts()).fetchall()
        lineage = (
            f"record_key, input_id, _seq AS delivery_seq, _sheet AS sheet, _line AS line, CAST(1 AS BIGINT) AS source_rows, "
            f"content_hash, {literal(self.spec.name)} AS source, {literal(self.office)} AS office_code, "
            f"{literal(self.spec.deadline_precision)} AS deadline_precision"
        )
        values = ", ".join(quote(name.name) for name in value_fields(self.contract))
        items = "".join(f", {quote('item__' + code)}" for code in shape.items)
        accepted = fetch(
            connection, f"SELECT {lineage}, {values}, extra{items} FROM shaped WHERE NOT ({shape.refusing})"
        )
        givens = "".join(f", {quote(f'{field.name}__given')}" for field in self.contract.fields)
        refused = fetch(connection, refused_rows(shape, chunk.column_names, f", {values}{givens}{items}"))
        connection.execute("DROP TABLE shaped").fetchall()
        connection.unregister("chunk")
        return _ShapedChunk(accepted, refused, rules)

    def _accepted_schema(self) -> pa.Schema:
        items = [pa.field(f"item__{code}", pa.string()) for code in self.shape.items]
        return pa.schema([*LINEAGE, *value_fields(self.contract), pa.field("extra", pa.string()), *items])

    def _unit_map(self, connection: duckdb.DuckDBPyConnection) -> pa.Table:
        """Resolve the distinct unit names of the chunk; one row per name."""
        unit = self.spec.unit
        given: list[str] = []
        if unit is not None and unit.column is not None:
            distinct = connection.execute(f"SELECT DISTINCT {clean(unit.column)} FROM chunk").fetchall()
            given = sorted(text for (text,) in distinct if text is not None)
        elif unit is not None and unit.constant is not None:
            given = [unit.constant]
        elif unit is not None:
            given = sorted({outcome.item.groups[str(unit.group)] for outcome in self.group})
        resolved = self.context.resolve_units(self.office, given)
        return pa.table(
            {
                "given": pa.array(given, pa.string()),
                "unit_code": pa.array([resolved[name] for name in given], pa.string()),
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
        by_seq = {outcome.delivery_seq: outcome for outcome in self.group}
        for seq, *numbers in found:
            outcome = by_seq[seq]
            for check, number in zip(checks, numbers, strict=False):
                if number:
                    outcome.rules[(check.rule, check.column, check.severity)] += number
            for name, number in zip(self._rule_names(), numbers[len(checks) :], strict=True):
                if number:
                    outcome.rule_rows[name] += number


class _Appender:
    """A Parquet file that is written chunk by chunk and exists only if a row came."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: pq.ParquetWriter | None = None

    def append(self, table: pa.Table) -> None:
        if table.num_rows:
            self._writer = self._writer or pq.ParquetWriter(self.path, table.schema, compression="lz4")
            self._writer.write_table(table)

    def close(self) -> bool:
        """Finish the file; return whether there is one."""
        if self._writer is not None:
            self._writer.close()
        return self._writer is not None


def tables_of(item: PlannedInput) -> Iterator[RawTable]:
    """Yield the tables of an input; a database's rows come from the copy that plan.py made of them."""
    if not isinstance(item.spec.reader, DatabaseOptions):
        yield from open_input(item.file, item.spec.reader)
        return
    parquet = pq.ParquetFile(item.file)
    columns = tuple(name for name in parquet.schema_arrow.names if name not in OWN_COLUMNS)
    yield RawTable("", columns, parquet.iter_batches(), rows_read=parquet.metadata.num_rows)


def check_headings(spec: SourceSpec, outcome: InputOutcome, table: RawTable) -> None:
    """Refuse an input that lacks a column the spec reads; note columns the spec does not name. Raises InputRefused."""
    missing = [name for name in spec.headings if name not in table.columns]
    if missing:
        spare = [name for name in table.columns if name not in spec.headings]
        hint = did_you_mean(missing[0], spare)
        listed = ", ".join(f"“{name}”" for name in missing)
        raise InputRefused(
            "columns.missing",
            f"Thiếu cột {listed}.{hint.vi} Đặt lại tên cột như mẫu, hoặc sửa sources/{spec.name}.yml",
            f"Column {listed} is missing.{hint.en} Name the column as in the template, or change sources/{spec.name}.yml",
            sheet=table.sheet,
            column=missing[0],
        )
    named = {*spec.headings, *spec.ignore, *(rule.column for rule in spec.reader.skip)}
    for name in table.columns:
        if name not in named:
            text = Bilingual(
                vi="Cột này không có trong khai báo nguồn; không được đọc",
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


def _settle(
    connection: duckdb.DuckDBPyConnection,
    batch: StagedBatch,
    landed_parts: Sequence[Path],
    inactive: frozenset[str],
    context: IngestContext,
) -> None:
    """Decide duplicates and conflicts, write the rows to land and the rows in quarantine, and count per input."""
    contract = context.contracts[batch.dataset]
    refused_inputs = [outcome.item.input_id for outcome in batch.outcomes if outcome.refusal is not None]
    connection.register("refused_input", pa.table({"input_id": pa.array(refused_inputs, pa.string())}))
    _find_verdicts(connection, batch, landed_parts, inactive)
    _write_landing(connection, batch, contract, context)
    _write_quarantine(connection, batch, contract)
    by_id = {outcome.item.input_id: outcome for outcome in batch.outcomes}
    for input_id, verdict, number in connection.execute(
        "SELECT input_id, verdict, count(*) FROM verdict WHERE verdict IN ('duplicate', 'conflict') GROUP BY ALL"
    ).fetchall():
        if verdict == "duplicate":
            by_id[input_id].rows_duplicate += number
        else:
            by_id[input_id].rows_quarantined += number
            by_id[input_id].rules[(CONFLICT_RULE, "", "quarantine")] += number
    for _, file in batch.refused_files:
        for input_id, number in connection.execute(
            f"SELECT input_id, count(*) FROM read_parquet({literal(file.as_posix())}) "
            "WHERE input_id NOT IN (SELECT input_id FROM refused_input) GROUP BY ALL"
        ).fetchall():
            by_id[input_id].rows_quarantined += number
    if batch.dataset in batch.landed:
        for input_id, number in connection.execute(
            f"SELECT input_id, CAST(sum(source_rows) AS BIGINT) FROM read_parquet({literal(batch.landed[batch.dataset].as_posix())}) "
            "GROUP BY ALL"
        ).fetchall():
            by_id[input_id].rows_accepted += number
    for outcome in batch.outcomes:
        if outcome.rows_read != outcome.rows_accepted + outcome.rows_quarantined + outcome.rows_duplicate:
            raise AssertionError(f"rows of {outcome.item.path} do not add up: {outcome}")


def _find_verdicts(
    connection: duckdb.DuckDBPyConnection, batch: StagedBatch, landed_parts: Sequence[Path], inactive: frozenset[str]
) -> None:
    """Fill the table ``verdict`` (src, row_no, input_id, verdict, source_rows) for rows that are not simply accepted.

    Inside one input, equal rows are duplicates (or one record of many rows) and different rows of one key all conflict.
    Across deliveries a row equal to the last version is a duplicate, except in a snapshot, which replaces its scope.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE verdict (src INTEGER, row_no BIGINT, input_id VARCHAR, verdict VARCHAR, source_rows BIGINT)"
    ).fetchall()
    selects = []
    for index, (spec, file) in enumerate(batch.accepted_files):
        feed = spec.record_feed
        assert feed is not None
        selects.append(
            f"SELECT {index} AS src, file_row_number AS row_no, record_key, input_id, delivery_seq, content_hash, "
            f"{feed.grain == 'many'} AS is_many, {spec.delivery.kind == 'snapshot'} AS is_snapshot "
            f"FROM read_parquet({literal(file.as_posix())}, file_row_number = true) "
            "WHERE input_id NOT IN (SELECT input_id FROM refused_input)"
        )
    if not selects:
        return
    connection.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS {' UNION ALL '.join(selects)}").fetchall()
    connection.register("inactive", pa.table({"input_id": pa.array(sorted(inactive), pa.string())}))
    landed = "SELECT NULL AS record_key, NULL AS delivery_seq, NULL AS content_hash WHERE FALSE"
    if landed_parts:
        listed = ", ".join(literal(part.as_posix()) for part in landed_parts)
        landed = (
            f"SELECT record_key, delivery_seq, content_hash FROM read_parquet([{listed}]) "
            "WHERE input_id NOT IN (SELECT input_id FROM inactive) "
            "AND record_key IN (SELECT record_key FROM incoming WHERE NOT is_snapshot)"
        )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE landed_version AS {landed}").fetchall()
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE suspect AS "
        "SELECT record_key FROM incoming GROUP BY record_key HAVING count(*) > 1 "
        "UNION SELECT record_key FROM landed_version"
    ).fetchall()
    connection.execute(
        """
        INSERT INTO verdict
        WITH rows AS (
            SELECT incoming.*,
                row_number() OVER (PARTITION BY record_key, input_id ORDER BY src, row_no) AS copy_no,
                count(*) OVER (PARTITION BY record_key, input_id) AS copies,
                min(content_hash) OVER (PARTITION BY record_key, input_id) AS low,
                max(content_hash) OVER (PARTITION BY record_key, input_id) AS high
            FROM incoming WHERE record_key IN (SELECT record_key FROM suspect)
        ), versions AS (
            SELECT record_key, delivery_seq, content_hash, is_snapshot FROM rows WHERE low = high AND copy_no = 1
            UNION ALL
            SELECT record_key, delivery_seq, content_hash, FALSE FROM landed_version
        ), compared AS (
            SELECT record_key, delivery_seq, is_snapshot,
                lag(content_hash) OVER (PARTITION BY record_key ORDER BY delivery_seq) = content_hash AS is_same
            FROM versions
        ), judged AS (
            SELECT rows.src, rows.row_no, rows.input_id,
                CASE
                    WHEN low <> high THEN 'conflict'
                    WHEN compared.is_same AND NOT rows.is_snapshot THEN 'duplicate'
                    WHEN copy_no = 1 THEN 'accepted'
                    WHEN is_many THEN 'folded'
                    ELSE 'duplicate'
                END AS verdict,
                CASE WHEN is_many THEN copies ELSE 1 END AS source_rows
            FROM rows LEFT JOIN compared
                ON compared.record_key = rows.record_key AND compared.delivery_seq = rows.delivery_seq
        )
        SELECT src, row_no, input_id, verdict, source_rows FROM judged WHERE verdict <> 'accepted' OR source_rows > 1
        """
    ).fetchall()
    connection.execute("DROP TABLE incoming; DROP TABLE landed_version; DROP TABLE suspect").fetchall()


def _settled(index: int, file: Path) -> str:
    """SQL of one source's accepted rows with their verdicts, refused inputs left out."""
    return (
        f"FROM read_parquet({literal(file.as_posix())}, file_row_number = true) AS r "
        f"LEFT JOIN verdict ON verdict.src = {index} AND verdict.row_no = r.file_row_number "
        "WHERE r.input_id NOT IN (SELECT input_id FROM refused_input)"
    )


def _write_landing(
    connection: duckdb.DuckDBPyConnection, batch: StagedBatch, contract: Contract, context: IngestContext
) -> None:
    columns = [column.name for column in (*LINEAGE, *value_fields(contract))] + ["extra"]
    listed = ", ".join(
        "coalesce(verdict.source_rows, r.source_rows) AS source_rows" if name == "source_rows" else f"r.{quote(name)}"
        for name in columns
    )
    records, answers = [], []
    answer_dataset = None
    for index, (spec, file) in enumerate(batch.accepted_files):
        kept = f"{_settled(index, file)} AND coalesce(verdict.verdict, 'accepted') = 'accepted'"
        records.append(f"SELECT {listed} {kept}")
        feed = spec.answer_feed
        if feed is not None:
            answer_dataset = feed.dataset
            codes = ", ".join(f"r.{quote('item__' + code)} AS {quote(code)}" for code in feed.items)
            names = ", ".join(quote(code) for code in feed.items)
            answers.append(
                f'SELECT record_key, input_id, delivery_seq, item_code, "level" FROM '
                f"(UNPIVOT (SELECT r.record_key, r.input_id, r.delivery_seq, {codes} {kept}) "
                f'ON {names} INTO NAME item_code VALUE "level")'
            )
    for dataset, selects in ((batch.dataset, records), (answer_dataset, answers)):
        if dataset is None or not selects:
            continue
        target = context.work / batch.dataset / f"{dataset}.landed.parquet"
        union = " UNION ALL ".join(f"({select})" for select in selects)
        connection.execute(
            f"COPY ({union}) TO {literal(target.as_posix())} (FORMAT parquet, COMPRESSION zstd)"
        ).fetchall()
        if pq.read_metadata(target).num_rows:
            batch.landed[dataset] = target


def _write_quarantine(connection: duckdb.DuckDBPyConnection, batch: StagedBatch, contract: Contract) -> None:
    """Write one row per refused source row: where it stands, the rules it breaks with their values, its raw cells."""
    selects = []
    for spec, file in batch.refused_files:
        selects.append(
            f"SELECT input_id, {literal(spec.name)} AS source, sheet, line, rules, raw "
            f"FROM read_parquet({literal(file.as_posix())}) WHERE input_id NOT IN (SELECT input_id FROM refused_input)"
        )
    for index, (spec, file) in enumerate(batch.accepted_files):
        feed = spec.record_feed
        assert feed is not None
        # The cells that the spec does not read are gone by now; the file, sheet and line lead to them.
        cells = ", ".join(
            f"{quote(heading)} := r.{quote(name)}"
            for heading, name in {
                (column.heading or name): name for name, column in feed.columns.items() if column.heading
            }.items()
        )
        identity = ", ".join(feed.record_id or feed.surrogate)
        selects.append(
            f"SELECT r.input_id, {literal(spec.name)} AS source, r.sheet, r.line, "
            f'CAST([struct_pack(rule := {literal(CONFLICT_RULE)}, "column" := {literal(identity)}, value := r.record_id)] '
            f"AS {RULES_TYPE}) AS rules, "
            f"CAST(to_json(struct_pack({quote(identity)} := r.record_id{', ' + cells if cells else ''})) AS VARCHAR) AS raw "
            f"{_settled(index, file)} AND verdict.verdict = 'conflict'"
        )
    if not selects:
        return
    paths = pa.table(
        {
            "input_id": [outcome.item.input_id for outcome in batch.outcomes],
            "path": [outcome.item.path for outcome in batch.outcomes],
        }
    )
    connection.register("input_path", paths)
    target = batch.refused_files[0][1].parent if batch.refused_files else batch.accepted_files[0][1].parent
    target = target / "quarantine.parquet"
    connection.execute(
        f"COPY (SELECT q.input_id, q.source, p.path, q.sheet, q.line, q.rules, q.raw "
        f"FROM ({' UNION ALL '.join(selects)}) AS q INNER JOIN input_path AS p USING (input_id) "
        f"ORDER BY p.path, q.sheet, q.line) TO {literal(target.as_posix())} (FORMAT parquet, COMPRESSION zstd)"
    ).fetchall()
    if pq.read_metadata(target).num_rows:
        batch.quarantined = target
