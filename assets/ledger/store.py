"""Reading and writing the ledger. Its tables stand in tables.py, how they change in migrate.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa

from assets.ledger.migrate import migrate
from assets.ledger.records import (
    ARRIVAL_STEP,
    INPUT_CHANGE_SCHEMA,
    INPUT_RULE_SCHEMA,
    INPUT_SCHEMA,
    REMOVED_RECORD_SCHEMA,
    Answer,
    AnsweredRow,
    ChangeCount,
    InputRecord,
    Part,
    PeriodChange,
    Removed,
    Retained,
    ReturnFile,
    ReturnRow,
    RuleCount,
    Tombstone,
    WatermarkRecord,
)
from assets.ledger.tables import (
    ANSWER,
    ANSWER_ROW,
    INPUT,
    INPUT_CHANGE,
    INPUT_RULE,
    LOCKED_FIGURES,
    MARK,
    PART,
    PERIOD_CHANGE,
    REMOVED_RECORD,
    RETENTION,
    RETURN_FILE,
    RETURN_ROW,
    REWRITTEN,
    TOMBSTONE,
    WATERMARK,
)
from quality.personal import mask

# Rows of one insert: few beside what a database takes in one statement, many beside the cost of one.
INSERT_ROWS = 10_000

# What the marks of aliases begin with; office and name follow.
_ALIAS = "unit_alias/"


class Ledger:
    """The ledger database of a workspace; every change is one transaction."""

    def __init__(self, url: str) -> None:
        """Open (or create) the ledger at an SQLAlchemy URL, its tables as this version has them. Raises LedgerTooNew."""
        self._engine = sa.create_engine(url)
        migrate(self._engine)

    @classmethod
    def of_folder(cls, folder: Path) -> Ledger:
        """Open (or create) the SQLite ledger of a workspace's state folder."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{folder / 'ledger.sqlite'}")

    def close(self) -> None:
        self._engine.dispose()

    def active(self) -> list[InputRecord]:
        """Return every reading that counts, in order of arrival."""
        return [record for record in self.readings() if not record.retired]

    def readings(self) -> list[InputRecord]:
        """Return every reading there was, in order of arrival."""
        names = [field.name for field in fields(InputRecord)]
        statement = sa.select(*(INPUT.c[name] for name in names)).order_by(INPUT.c.delivery_seq)
        with self._engine.connect() as connection:
            return [InputRecord(**row) for row in connection.execute(statement).mappings()]

    def key_mark(self) -> str | None:
        """Return the mark of the key that the records were hashed with; None before the first run."""
        with self._engine.connect() as connection:
            return connection.execute(sa.select(MARK.c.value).where(MARK.c.name == "key")).scalar()

    def is_bound_to(self, key_mark: str) -> bool:
        """Return whether the records were keyed with this key (told by a mark of it); the first key asked about is bound."""
        with self._engine.begin() as connection:
            bound = connection.execute(sa.select(MARK.c.value).where(MARK.c.name == "key")).scalar()
            if bound is None:
                connection.execute(sa.insert(MARK).values(name="key", value=key_mark))
            return bound in (None, key_mark)

    def meet_aliases(self, aliases: Iterable[tuple[str, str]]) -> None:
        """Note entries of the alias table, as (office, name), that a name of an input was resolved by."""
        with self._engine.begin() as connection:
            noted: set[str] = set(connection.execute(sa.select(MARK.c.name)).scalars())
            new = sorted({f"{_ALIAS}{office}/{name}" for office, name in aliases} - noted)
            if new:
                connection.execute(sa.insert(MARK), [{"name": name, "value": "met"} for name in new])

    def aliases_met(self) -> frozenset[tuple[str, str]]:
        """Return every entry that was noted so."""
        statement = sa.select(MARK.c.name).where(MARK.c.name.startswith(_ALIAS, autoescape=True))
        with self._engine.connect() as connection:
            names: list[str] = list(connection.execute(statement).scalars())
        found = (name.removeprefix(_ALIAS).partition("/") for name in names)
        return frozenset((office, name) for office, _, name in found)

    def retired_ids(self) -> frozenset[str]:
        """Return the readings that no longer count; their landed rows lie on, unread."""
        with self._engine.connect() as connection:
            return frozenset(connection.execute(sa.select(INPUT.c.input_id).where(INPUT.c.retired.is_(True))).scalars())

    def rule_counts(self) -> list[RuleCount]:
        """Return the rule counts of the readings that count, in order of arrival, rule and column."""
        statement = (
            sa.select(INPUT_RULE)
            .join(INPUT)
            .where(INPUT.c.retired.is_(False))
            .order_by(INPUT.c.delivery_seq, INPUT_RULE.c.rule_id, INPUT_RULE.c.column_name)
        )
        with self._engine.connect() as connection:
            return [RuleCount(**row) for row in connection.execute(statement).mappings()]

    def change_counts(self) -> list[ChangeCount]:
        """Return the counts of changed cells of the readings that count, in order of arrival and kind."""
        statement = (
            sa.select(INPUT_CHANGE)
            .join(INPUT)
            .where(INPUT.c.retired.is_(False))
            .order_by(INPUT.c.delivery_seq, INPUT_CHANGE.c.change_kind)
        )
        with self._engine.connect() as connection:
            return [ChangeCount(**row) for row in connection.execute(statement).mappings()]

    def parts(self, dataset: str | None = None) -> list[Part]:
        """Return the committed files of the private zone, in path order."""
        statement = sa.select(PART).order_by(PART.c.path)
        if dataset is not None:
            statement = statement.where(PART.c.dataset == dataset)
        with self._engine.connect() as connection:
            return [Part(**row) for row in connection.execute(statement).mappings()]

    def watermarks(self) -> dict[str, WatermarkRecord]:
        """Return how far the readings that count went in their databases, by reading, in order of arrival."""
        statement = sa.select(WATERMARK).join(INPUT).where(INPUT.c.retired.is_(False)).order_by(INPUT.c.delivery_seq)
        with self._engine.connect() as connection:
            return {row["input_id"]: WatermarkRecord(**row) for row in connection.execute(statement).mappings()}

    def removed(self, source: str | None = None) -> pa.Table:
        """Return the records found gone from their source, or from this one, by readings that count.

        One row per reading and record: input_id, record_key, delivery_seq.
        """
        columns = (REMOVED_RECORD.c.input_id, REMOVED_RECORD.c.record_key, INPUT.c.delivery_seq)
        statement = sa.select(*columns).select_from(REMOVED_RECORD.join(INPUT)).where(INPUT.c.retired.is_(False))
        if source is not None:
            statement = statement.where(INPUT.c.source == source)
        statement = statement.order_by(INPUT.c.delivery_seq, REMOVED_RECORD.c.record_key)
        schema = REMOVED_RECORD_SCHEMA.append(pa.field("delivery_seq", pa.int64()))
        with self._engine.connect() as connection:
            rows = connection.execute(statement).all()
        return pa.table([pa.array([row[at] for row in rows], schema.types[at]) for at in range(3)], schema=schema)

    def removed_keys(self) -> list[str]:
        """Return every key of a record that was gone from its source, by readings that count and by others."""
        with self._engine.connect() as connection:
            return list(connection.execute(sa.select(REMOVED_RECORD.c.record_key).distinct()).scalars())

    def next_seq(self) -> int:
        """Return the number the next arrival gets: a multiple of ARRIVAL_STEP."""
        with self._engine.connect() as connection:
            last = connection.execute(sa.select(sa.func.max(INPUT.c.delivery_seq))).scalar()
        return ((last or 0) // ARRIVAL_STEP + 1) * ARRIVAL_STEP

    def commit(
        self,
        inputs: Sequence[InputRecord],
        rules: Sequence[RuleCount],
        parts: Sequence[Part],
        retired: Iterable[str] = (),
        changes: Sequence[ChangeCount] = (),
        watermarks: Sequence[WatermarkRecord] = (),
        removed: Mapping[str, pa.Array] | None = None,
        answers: Sequence[Answer] = (),
    ) -> None:
        """Record a batch: from here on it is landed, and its sources are read so far. All or nothing.

        `removed` gives, by reading, the keys of the records that were gone.
        """
        with self._engine.begin() as connection:
            for input_id in retired:
                connection.execute(sa.update(INPUT).where(INPUT.c.input_id == input_id).values(retired=True))
            counted = ((INPUT_RULE, rules), (INPUT_CHANGE, changes), (PART, parts), (WATERMARK, watermarks))
            for table, rows in ((INPUT, inputs), *counted):
                if rows:
                    connection.execute(sa.insert(table), [asdict(row) for row in rows])
            for input_id, keys in (removed or {}).items():
                for first in range(0, len(keys), INSERT_ROWS):
                    some = keys.slice(first, INSERT_ROWS).to_pylist()
                    connection.execute(
                        sa.insert(REMOVED_RECORD), [{"input_id": input_id, "record_key": key} for key in some]
                    )
            for answer in answers:
                connection.execute(sa.insert(ANSWER).values(input_id=answer.input_id, return_id=answer.return_id))
                if answer.rows:
                    brought = [{"input_id": answer.input_id, "row_no": row_no} for row_no in answer.rows]
                    connection.execute(sa.insert(ANSWER_ROW), brought)

    def period_changes(self) -> list[PeriodChange]:
        """Return every decision about a reporting period, in the order in which they were taken."""
        statement = (
            sa.select(PERIOD_CHANGE, LOCKED_FIGURES.c.folder.label("figures"), LOCKED_FIGURES.c.last_seq)
            .join(LOCKED_FIGURES, isouter=True)
            .order_by(PERIOD_CHANGE.c.change_seq)
        )
        with self._engine.connect() as connection:
            return [PeriodChange(**row) for row in connection.execute(statement).mappings()]

    def decide(self, changes: Sequence[PeriodChange]) -> None:
        """Record decisions, numbered in their order whatever number they carry, with their figures. All or nothing."""
        with self._engine.begin() as connection:
            for change in changes:
                row = asdict(change)
                row = {name: value for name, value in row.items() if name in PERIOD_CHANGE.c and name != "change_seq"}
                [number] = connection.execute(sa.insert(PERIOD_CHANGE).values(row)).inserted_primary_key or [None]
                if change.figures is not None:
                    held = {"change_seq": number, "folder": change.figures, "last_seq": change.last_seq}
                    connection.execute(sa.insert(LOCKED_FIGURES).values(held))

    def hold_figures(self, change_seqs: Sequence[int], folder: str, last_seq: int) -> None:
        """Record the figures of decisions that had none. All or nothing."""
        rows = [{"change_seq": seq, "folder": folder, "last_seq": last_seq} for seq in change_seqs]
        with self._engine.begin() as connection:
            connection.execute(sa.insert(LOCKED_FIGURES), rows)

    # What goes back to senders, and their answers

    def returns(self) -> list[ReturnFile]:
        """Return everything that went back, by day and name."""
        statement = sa.select(RETURN_FILE).order_by(RETURN_FILE.c.returned_on, RETURN_FILE.c.return_id)
        with self._engine.connect() as connection:
            return [ReturnFile(**row) for row in connection.execute(statement).mappings()]

    def answered_returns(self) -> dict[str, str]:
        """Return the return that each input answers, retired readings among them."""
        with self._engine.connect() as connection:
            return {row.input_id: row.return_id for row in connection.execute(sa.select(ANSWER))}

    def record_return(self, file: ReturnFile, rows: Sequence[ReturnRow]) -> None:
        """Record what went back; of one that is known already, which reading has its rows refused now. All or nothing."""
        known = RETURN_FILE.c.return_id == file.return_id
        with self._engine.begin() as connection:
            if connection.execute(sa.select(RETURN_FILE.c.return_id).where(known)).first() is not None:
                connection.execute(sa.update(RETURN_FILE).where(known).values(input_id=file.input_id))
                return
            connection.execute(sa.insert(RETURN_FILE).values(**asdict(file)))
            if rows:
                connection.execute(sa.insert(RETURN_ROW), [asdict(row) for row in rows])

    def answered_rows(self) -> list[AnsweredRow]:
        """Return every refused row of a reading that counts which an answer that counts brought back, the last answer first.

        A row that conflicts with others is answered with any of them: the sender has decided.
        """
        returned, sent = RETURN_ROW.alias(), RETURN_ROW.alias()
        original, answer = INPUT.alias(), INPUT.alias()
        same_row = sa.or_(returned.c.row_no == sent.c.row_no, returned.c.conflict_no == sent.c.conflict_no)
        statement = (
            sa.select(original.c.input_id, returned.c.sheet, returned.c.line, answer.c.input_id.label("answer_id"))
            .select_from(ANSWER_ROW)
            .join(ANSWER, ANSWER.c.input_id == ANSWER_ROW.c.input_id)
            .join(answer, sa.and_(answer.c.input_id == ANSWER.c.input_id, answer.c.retired.is_(False)))
            .join(sent, sa.and_(sent.c.return_id == ANSWER.c.return_id, sent.c.row_no == ANSWER_ROW.c.row_no))
            .join(returned, sa.and_(returned.c.return_id == sent.c.return_id, same_row))
            .join(RETURN_FILE, RETURN_FILE.c.return_id == returned.c.return_id)
            .join(
                original,
                sa.and_(
                    original.c.source == RETURN_FILE.c.source,
                    original.c.path == RETURN_FILE.c.path,
                    original.c.content_sha == RETURN_FILE.c.content_sha,
                    sa.func.coalesce(original.c.scope_id, "") == sa.func.coalesce(RETURN_FILE.c.scope_id, ""),
                    original.c.retired.is_(False),
                ),
            )
            .order_by(answer.c.delivery_seq.desc())
        )
        found: dict[tuple[str, str | None, int], AnsweredRow] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(statement):
                found.setdefault(
                    (row.input_id, row.sheet, row.line), AnsweredRow(row.input_id, row.sheet, row.line, row.answer_id)
                )
        return list(found.values())

    def tables(self) -> dict[str, pa.Table]:
        """Return ``input``, ``input_rule``, ``input_change`` and ``removed_record`` as the warehouse reads them.

        Personal data in the names of files is masked.
        """
        inputs = [
            asdict(record) | {"path": mask(record.path), "reason": mask(record.reason) if record.reason else None}
            for record in self.active()
        ]
        rules = [asdict(count) for count in self.rule_counts()]
        changes = [asdict(count) for count in self.change_counts()]
        return {
            "input": pa.Table.from_pylist(inputs, schema=INPUT_SCHEMA),
            "input_rule": pa.Table.from_pylist(rules, schema=INPUT_RULE_SCHEMA),
            "removed_record": self.removed().select(REMOVED_RECORD_SCHEMA.names),
            "input_change": pa.Table.from_pylist(changes, schema=INPUT_CHANGE_SCHEMA),
        }

    # People: who is forgotten, what that did to files, and what retention took away

    def tombstones(self) -> list[Tombstone]:
        """Return what must not come in again, in order of purpose and token."""
        statement = sa.select(TOMBSTONE).order_by(TOMBSTONE.c.purpose, TOMBSTONE.c.token)
        with self._engine.connect() as connection:
            return [Tombstone(**row) for row in connection.execute(statement).mappings()]

    def bury(self, tombstones: Iterable[Tombstone]) -> None:
        """Leave tombstones; one that is there already stays as it is."""
        with self._engine.begin() as connection:
            known = {(row.token, row.purpose) for row in connection.execute(sa.select(TOMBSTONE))}
            new = [asdict(one) for one in tombstones if (one.token, one.purpose) not in known]
            if new:
                connection.execute(sa.insert(TOMBSTONE), new)

    def delivered_as(self) -> dict[tuple[str, str], str]:
        """Return, by path and hash of a file rewritten without a person, the hash with which it was delivered."""
        with self._engine.connect() as connection:
            return {(row.path, row.content_sha): row.delivered_sha for row in connection.execute(sa.select(REWRITTEN))}

    def note_rewriting(self, path: str, content_sha: str, delivered_sha: str) -> None:
        """Note before it happens that a file is rewritten, so that no run takes it for another delivery."""
        if (path, content_sha) not in self.delivered_as():
            with self._engine.begin() as connection:
                values = {"path": path, "content_sha": content_sha, "delivered_sha": delivered_sha}
                connection.execute(sa.insert(REWRITTEN).values(values))

    def replace_parts(
        self,
        parts: Mapping[str, Part | None],
        removed: Iterable[Removed] = (),
        retained: Iterable[Retained] = (),
        tombstones: Sequence[Tombstone] | None = None,
        key_mark: str | None = None,
        removed_keys: Mapping[str, str] | None = None,
    ) -> None:
        """Put other files in the place of parts (path → the new part, None: there is none), all or nothing.

        The rows `removed` count as forgotten from here on. With `tombstones` these replace all that are there, with
        `removed_keys` (old key → new) the keys of records gone from their source, and with `key_mark` the ledger is bound to
        another key.
        """
        with self._engine.begin() as connection:
            for path, part in parts.items():
                connection.execute(sa.delete(PART).where(PART.c.path == path))
                if part is not None:
                    connection.execute(sa.insert(PART).values(asdict(part)))
            for one in removed:
                accepted, quarantined = INPUT.c.rows_accepted, INPUT.c.rows_quarantined
                connection.execute(
                    sa.update(INPUT)
                    .where(INPUT.c.input_id == one.input_id)
                    .values(
                        rows_accepted=accepted - one.accepted,
                        rows_quarantined=quarantined - one.quarantined,
                        rows_forgotten=INPUT.c.rows_forgotten + one.accepted + one.quarantined,
                    )
                )
                for (rule, column), number in one.rules:
                    at = (INPUT_RULE.c.input_id == one.input_id) & (INPUT_RULE.c.rule_id == rule)
                    at &= INPUT_RULE.c.column_name == column
                    connection.execute(sa.update(INPUT_RULE).where(at).values(n_rows=INPUT_RULE.c.n_rows - number))
                    connection.execute(sa.delete(INPUT_RULE).where(at & (INPUT_RULE.c.n_rows <= 0)))
            for done in retained:
                at = (RETENTION.c.dataset == done.dataset) & (RETENTION.c.before == done.before)
                connection.execute(sa.delete(RETENTION).where(at))
                connection.execute(sa.insert(RETENTION).values(asdict(done)))
            if tombstones is not None:
                connection.execute(sa.delete(TOMBSTONE))
                if tombstones:
                    connection.execute(sa.insert(TOMBSTONE), [asdict(one) for one in tombstones])
            if removed_keys:
                connection.execute(
                    sa.update(REMOVED_RECORD)
                    .where(REMOVED_RECORD.c.record_key == sa.bindparam("old"))
                    .values(record_key=sa.bindparam("new")),
                    [{"old": old, "new": new} for old, new in removed_keys.items()],
                )
            if key_mark is not None:
                connection.execute(sa.update(MARK).where(MARK.c.name == "key").values(value=key_mark))
