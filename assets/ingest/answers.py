"""Answers: corrected returns that stand in the inbox. Which refusal they answer, whether it still stands, and what they bring back.

Writing what goes back to senders stands in assets/returns/.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.plan import AnswerTo, Plan, PlannedInput, groups_in, natural, reading_hash, unread
from assets.ingest.readers import open_input
from assets.ingest.readers.archive import DAMAGE
from assets.ingest.readers.options import (
    CsvOptions,
    JsonLinesOptions,
    JsonOptions,
    ReaderOptions,
    WorkbookOptions,
)
from assets.ingest.readers.table import FAULT, LINE, RAW, InputRefused, RawTable
from assets.ingest.returned import CODE, INBOX_FOLDER, MARKS, RETURN_ID, ROW_CODE, is_return
from assets.ingest.spec import SourceSpec
from assets.ingest.stamp import FileStamp, sha256_of
from assets.ledger import ARRIVAL_STEP, InputRecord, ReturnFile
from assets.workspace import Workspace
from quality.contract import Bilingual, Contract
from quality.problem import Problem

# An answer stands right behind the delivery it belongs to: in the second half of its arrival, with room to be read again.
_FIRST_ANSWER = ARRIVAL_STEP >> 1
_ANSWER_STEP = 1 << 10
# How much of a file, or of a part of a workbook, is looked through for the id of its return.
_SNIFFED_BYTES = 8 << 20
# An apostrophe that keeps a spreadsheet from taking a text for a formula; see returned.guarded.
_GUARD = "^'('*[ \u00a0]*[=+\\-@\t\r\n＝＋－＠])"


def find_answers(
    workspace: Workspace,
    specs: Sequence[SourceSpec],
    contracts: Mapping[str, Contract],
    months: Callable[[str], bool],
    reference_hash: str,
    roots: tuple[str, ...],
    known: Sequence[InputRecord],
    returns: Mapping[str, ReturnFile],
    answered: Mapping[str, str],
) -> tuple[list[PlannedInput], list[Problem]]:
    """Return the answers in the inbox to returns of these sources, in the order of their names, and files that answer nothing.

    `returns` are by id, `answered` says of each input which return it answers. An answer has the groups, and so the unit,
    period and scope, of the file whose rows were refused.
    """
    found: list[PlannedInput] = []
    problems: list[Problem] = []
    by_name = {spec.name: spec for spec in specs}
    for file in sorted(workspace.inbox.rglob("*"), key=lambda file: natural(file.as_posix())):
        path = file.relative_to(workspace.root).as_posix()
        if not is_return(path) or not file.is_file() or file.name.startswith((".", "~$")):
            continue
        return_id = find_return_id(file)
        returned = returns.get(return_id or "")
        if returned is None:
            problems.append(_unknown(path, return_id))
            continue
        if not returned.rows or file.suffix.lower() == ".txt":
            problems.append(_notice(path))
            continue
        spec = by_name.get(returned.source)
        if spec is None:
            continue
        root = root_of(returned, returns, answered)
        groups = _groups(spec, root, known)
        if groups is None:
            problems.append(_source_changed(path, spec))
            continue
        if "period" in groups and not months(groups["period"]):
            continue
        answer = AnswerTo(returned.return_id)
        reader = answer_reader(spec.reader, file.suffix.lower())
        if reader is None:
            answer = replace(answer, refusal=_wrong_kind(file))
        stamp, content_sha = FileStamp.of(file), sha256_of(file)
        found.append(
            PlannedInput(
                spec.model_copy(update={"reader": reader}) if reader is not None else spec,
                path,
                file,
                groups,
                content_sha,
                reading_hash(spec, contracts),
                reference_hash,
                spec.office or roots[0],
                stamp=replace(stamp, content_sha=content_sha) if stamp is not None else None,
                answer=answer,
                answered_seq=_standing(root, known),
            )
        )
    return found, problems


def _groups(spec: SourceSpec, root: ReturnFile, known: Sequence[InputRecord]) -> dict[str, str] | None:
    """The groups of the file whose rows were refused; those of a filled template stand in it, not in its path."""
    record = next((record for record in known if record.input_id == root.input_id), None)
    if not spec.is_template or record is None or record.unit_code is None:
        return groups_in(spec, root.path)
    return {"unit": record.unit_code} | ({"period": record.period_id} if record.period_id else {})


def plan_answers(
    items: Iterable[PlannedInput],
    known: Sequence[InputRecord],
    answered: Mapping[str, str],
    retired_ids: frozenset[str],
) -> Plan:
    """Compare the answers with the ledger: one is read once, and again when its spec, or a table its rows broke on, changed.

    The same bytes as an answer to the same return are a copy. An answer to what a newer file of its scope has replaced is
    refused; it does not replace what is there.
    """
    answers = [record for record in known if record.delivery_kind == "answer"]
    at_path = {(record.source, record.path, record.content_sha): record for record in answers}
    by_content = {
        (record.source, answered.get(record.input_id, ""), record.content_sha): record.input_id
        for record in answers
        if record.status not in ("refused", "duplicate")
    }
    known_ids = retired_ids | {record.input_id for record in known}
    taken = [record.delivery_seq for record in answers]
    to_read: list[PlannedInput] = []
    copies: list[tuple[PlannedInput, str]] = []
    retired: list[str] = []
    for item in items:
        assert item.answer is not None
        record = at_path.get((item.spec.name, item.path, item.content_sha))
        content = (item.spec.name, item.answer.return_id, item.content_sha)
        if record is not None:
            refused = record.status == "refused" or record.rows_quarantined > 0
            stale = record.reading_hash != item.reading_hash or (
                refused and record.reference_hash != item.reference_hash
            )
            if record.status == "duplicate" or not stale:
                continue
            retired.append(record.input_id)
            item = replace(item, replaced_seq=record.delivery_seq, first_seen=record.sent_on)
            if record.status != "refused" and item.answered_seq is None:
                # What was taken as an answer stays one; that its scope was replaced since shows in its place.
                item = replace(item, answered_seq=record.delivery_seq)
        elif content in by_content:
            copies.append((item, by_content[content]))
            continue
        elif item.answered_seq is not None:
            seq = _next_place(item.answered_seq, taken)
            taken.append(seq)
            item = replace(item, replaced_seq=seq - 1)
        item = unread(_brought_back(item), known_ids)
        to_read.append(item)
        by_content[content] = item.input_id
    return Plan(tuple(to_read), tuple(copies), tuple(retired))


def root_of(returned: ReturnFile, returns: Mapping[str, ReturnFile], answered: Mapping[str, str]) -> ReturnFile:
    """Return the first return of a chain: an answer with rows that are still wrong is returned itself."""
    while returned.input_id in answered:
        returned = returns[answered[returned.input_id]]
    return returned


def answer_reader(reader: ReaderOptions, suffix: str) -> ReaderOptions | None:
    """Return how an answer of this kind of file is read: as the source's own files where it is of their kind, else as a plain
    table under one row of headings. None for a kind that nothing goes back as."""
    match suffix, reader:
        case ".xlsx", WorkbookOptions():
            return reader
        case ".xlsx", _:
            return WorkbookOptions(kind="workbook", header_start=1, skip=reader.skip)
        case ".csv", CsvOptions():
            # It went out in UTF-8, and may come back in whatever a spreadsheet makes of it.
            return reader.model_copy(update={"encoding": None})
        case ".csv", _:
            return CsvOptions(kind="csv", skip=reader.skip)
        case ".jsonl", _:
            return JsonLinesOptions(kind="jsonl", skip=reader.skip)
        case ".json", _:
            return JsonOptions(kind="json", skip=reader.skip)
    return None


def find_return_id(file: Path) -> str | None:
    """Return the id of the return that a file's name or else its contents name, if they do."""
    if names := RETURN_ID.findall(file.name):
        return str(names[-1])
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                for member in archive.namelist():
                    if member == "xl/sharedStrings.xml" or member.startswith("xl/worksheets/"):
                        with archive.open(member) as part:
                            if found := _id_in(part.read(_SNIFFED_BYTES)):
                                return found
            return None
        with file.open("rb") as stream:
            return _id_in(stream.read(_SNIFFED_BYTES))
    except DAMAGE:
        return None


def without_marks(table: RawTable, is_csv: bool) -> RawTable:
    """Take the columns of the return out of an answer's table, and what keeps CSV texts from being formulas.

    A row whose own cells are all blank was withdrawn by its sender; it counts as skipped.
    """
    own = RawTable(table.sheet, tuple(name for name in table.columns if name not in MARKS))
    kept = [*own.columns, LINE, FAULT, RAW]

    def rows() -> Iterator[pa.RecordBatch]:
        withdrawn = 0
        for batch in table.batches:
            batch = batch.select(kept)
            if is_csv:
                cells = [
                    pc.replace_substring_regex(batch[name], pattern=_GUARD, replacement=r"\1") for name in own.columns
                ]
                batch = pa.RecordBatch.from_arrays([*cells, batch[LINE], batch[FAULT], batch[RAW]], names=kept)
            filled = pc.is_valid(batch[FAULT])
            for name in own.columns:
                filled = pc.or_(filled, pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(batch[name]), ""), False))
            left = batch.filter(filled)
            withdrawn += batch.num_rows - left.num_rows
            if left.num_rows:
                yield left
        own.rows_read, own.rows_skipped = table.rows_read - withdrawn, table.rows_skipped + withdrawn

    own.batches = rows()
    return own


def _brought_back(item: PlannedInput) -> PlannedInput:
    """The item with the numbers of the returned rows it holds, or with the reason why it is refused."""
    answer = item.answer
    assert answer is not None
    if answer.refusal is not None:
        return item
    if item.answered_seq is None:
        return replace(item, answer=replace(answer, refusal=_replaced()))
    rows: set[int] = set()
    try:
        for table in open_input(item.file, item.spec.reader):
            if CODE not in table.columns:
                raise InputRefused(
                    "return.codes_missing",
                    f"Thiếu cột “{CODE}”; dùng lại tệp trả lại và giữ nguyên các cột ở cuối",
                    f"The column “{CODE}” is missing; take the returned file again and keep its last columns",
                    sheet=table.sheet or None,
                    column=CODE,
                )
            for batch in table.batches:
                for code in batch[CODE].to_pylist():
                    found = ROW_CODE.fullmatch((code or "").strip())
                    if found is None:
                        continue
                    if found.group(1) != answer.return_id:
                        raise InputRefused(
                            "return.mixed",
                            f"Tệp có dòng của lần trả lại khác ({found.group(1)}); gửi mỗi lần trả lại thành một tệp riêng",
                            f"A row belongs to another return ({found.group(1)}); send each return as a file of its own",
                            sheet=table.sheet or None,
                            column=CODE,
                        )
                    rows.add(int(found.group(2)))
    except InputRefused as refusal:
        return replace(item, answer=replace(answer, refusal=refusal))
    return replace(item, answer=replace(answer, rows=tuple(sorted(rows))))


def _standing(root: ReturnFile, known: Sequence[InputRecord]) -> int | None:
    """The place of the delivery whose rows went back; None when a newer one has replaced it, or it is not there any more."""
    place: int | None = None
    for record in known:
        same_scope = record.source == root.source and (record.scope_id or "") == (root.scope_id or "")
        if same_scope and record.path == root.path and record.content_sha == root.content_sha:
            place = record.delivery_seq
        elif same_scope and record.delivery_kind == "snapshot" and record.status == "landed":
            place = None
    return place


def _next_place(original: int, taken: Iterable[int]) -> int:
    base = original // ARRIVAL_STEP * ARRIVAL_STEP
    last = max((seq for seq in taken if base <= seq < base + ARRIVAL_STEP), default=base + _FIRST_ANSWER - _ANSWER_STEP)
    return (last // _ANSWER_STEP + 1) * _ANSWER_STEP


def _id_in(content: bytes) -> str | None:
    # UTF-16 has a NUL beside each of these letters.
    found = ROW_CODE.search(content.replace(b"\0", b"").decode("ascii", "replace"))
    return found.group(1) if found else None


def _replaced() -> InputRefused:
    return InputRefused(
        "return.replaced",
        "Đơn vị đã gửi lại cả tệp sau lần trả lại này; sửa trong tệp mới, hoặc trả lời lần trả lại của tệp mới",
        "A whole new file has come since this return; correct that file, or answer the return of that file",
    )


def _wrong_kind(file: Path) -> InputRefused:
    return InputRefused(
        "return.kind",
        f"Tệp “{file.name}” không thuộc loại đã trả lại; lưu thành .xlsx, .csv, .jsonl hoặc .json",
        f"The file {file.name!r} is of no kind that is returned; save it as .xlsx, .csv, .jsonl or .json",
    )


def _unknown(path: str, return_id: str | None) -> Problem:
    if return_id is None:
        text = Bilingual(
            vi=f"Không thấy “{CODE}” nào trong tệp; {INBOX_FOLDER}/ chỉ dành cho tệp trả lại đã sửa",
            en=f"There is no “{CODE}” in the file; {INBOX_FOLDER}/ is for corrected returns only",
        )
    else:
        text = Bilingual(
            vi=f"Không có lần trả lại {return_id} trong không gian làm việc này; kiểm tra tệp gửi đến từ đâu",
            en=f"This workspace has returned nothing as {return_id}; look where the file comes from",
        )
    return Problem("return.unknown", text, file=path)


def _notice(path: str) -> Problem:
    text = Bilingual(
        vi="Đây là thông báo, không có dòng nào để sửa; gửi lại tệp gốc đã sửa theo thông báo",
        en="This is the notice, which holds no rows; send the file it is about again, corrected",
    )
    return Problem("return.notice", text, file=path)


def _source_changed(path: str, spec: SourceSpec) -> Problem:
    text = Bilingual(
        vi=f"Mẫu đường dẫn của sources/{spec.name}.yml đã đổi nên không biết dòng thuộc đơn vị, kỳ nào; gửi lại cả tệp",
        en=f"The path pattern of sources/{spec.name}.yml has changed, so unit and period are not known; send the whole file",
    )
    return Problem("return.source_changed", text, file=path)
