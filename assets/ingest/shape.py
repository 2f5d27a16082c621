"""From raw text to the contract's columns: the SQL that maps, types, keys and checks one chunk of source rows.

Nothing here reads or writes a file; source_reader.py runs the statements.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.readers.table import OWN_COLUMNS
from assets.ingest.spec import ColumnMap, Feed, SourceSpec
from quality.contract import Bilingual, Contract, FieldContract, Rule, Severity, day_column, key_column

# Characters that stand around a value without belonging to it; the last two are the no-break space and the BOM.
EDGES = " \t\r\n\u00a0\ufeff"
SEPARATOR = "chr(31)"
# What the name of a clean column begins with; readers give no heading such a name.
CLEAN = "_clean "
# Rows in one of a chunk's batches, which the engine's threads take in turn.
BATCH_ROWS = 25_000
# The engine would drop whatever stands behind a time from a local timestamp, "PM" and "UTC" alike.
OFFSET = r":\d{2}(\.\d+)?\s*([A-Za-z][A-Za-z0-9_/+-]*|[+-]\d{2}(:?\d{2}){0,2})$"
# A day outside these bounds is a typing mistake, not a date of an administrative record.
EARLIEST, LATEST = "date '1900-01-01'", "date '2100-12-31'"

ROW_FAULTS: Mapping[str, Bilingual] = {
    "row.width": Bilingual(
        vi="Số ô của dòng khác số cột của tiêu đề; kiểm tra dấu phân cách và dấu nháy",
        en="The row has more or fewer cells than the header; check delimiters and quotes",
    ),
    "row.nul": Bilingual(
        vi="Dòng chứa ký tự NUL; xuất lại tệp từ phần mềm gốc",
        en="The row contains NUL bytes; export the file again from its program",
    ),
    "row.not_json": Bilingual(
        vi="Dòng không phải JSON hợp lệ; xuất lại tệp",
        en="The line is not valid JSON; export the file again",
    ),
}

KEY_CONFLICT = Bilingual(
    vi="Một mã xuất hiện nhiều lần trong tệp với nội dung khác nhau; giữ lại dòng đúng",
    en="One record id stands several times in the file with different contents; keep the right row",
)


@dataclass(frozen=True)
class Check:
    """One rule as SQL over the shaped rows: `broken` is true where the row breaks it."""

    rule: str
    severity: Severity
    column: str
    broken: str
    value: str
    message: Bilingual


def quote(name: str) -> str:
    """Return an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str | None) -> str:
    """Return an SQL text literal, or NULL."""
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def clean(heading: str) -> str:
    """Return the SQL of a source cell: NFC, without edges, blank as NULL; `with_clean_cells` has put it beside the raw one."""
    return quote(f"{CLEAN}{heading}")


def with_clean_cells(chunk: pa.Table, headings: Iterable[str]) -> pa.Table:
    """Return the chunk, in batches that the engine's threads share out, with a clean copy beside each of its cells read.

    Cleaning stands here and not in SQL because nearly all cells are clean already, which their bytes show at once.
    """
    chunk = chunk.combine_chunks()
    for heading in headings:
        cells = pa.chunked_array([_clean_cells(cells) for cells in chunk[heading].chunks], pa.string())
        chunk = chunk.append_column(f"{CLEAN}{heading}", cells)
    return pa.Table.from_batches(chunk.to_batches(max_chunksize=BATCH_ROWS), chunk.schema)


def _clean_cells(cells: pa.StringArray) -> pa.StringArray:
    if not _is_plainly_nfc(cells):
        cells = pc.utf8_normalize(cells, form="NFC")
    cells = pc.utf8_trim(cells, characters=EDGES)
    blank = pc.equal(pc.binary_length(cells), 0)
    return pc.if_else(blank, pa.scalar(None, pa.string()), cells) if pc.any(blank).as_py() else cells


def _is_plainly_nfc(cells: pa.StringArray) -> bool:
    """Whether no character can change under NFC by its bytes: all below U+0300 or from U+1E00 to U+1EFF, as in Vietnamese."""
    data = cells.buffers()[2]
    if data is None or not len(cells):
        return True
    ends = np.frombuffer(cells.buffers()[1], dtype=np.int32)
    text = np.frombuffer(data, dtype=np.uint8)[ends[cells.offset] : ends[cells.offset + len(cells)]]
    above = np.flatnonzero(text >= 0xCC)
    return bool(np.all(text[above] == 0xE1)) and bool(np.all((text[above + 1] & 0xFC) == 0xB8))


def mapped(base: str, values: Mapping[str, str], patterns: Mapping[str, str]) -> str:
    """Return the SQL of a value map: exact text first, then without case and repeated blanks, then patterns, else as is."""
    steps = []
    if values:
        exact = " ".join(f"WHEN {literal(key)} THEN {literal(value)}" for key, value in values.items())
        folded = " ".join(
            f"WHEN {literal(' '.join(key.lower().split()))} THEN {literal(value)}" for key, value in values.items()
        )
        steps.append(f"CASE {base} {exact} END")
        steps.append(rf"CASE regexp_replace(lower({base}), '\s+', ' ', 'g') {folded} END")
    if patterns:
        found = " ".join(
            f"WHEN regexp_matches({base}, {literal(pattern)}) THEN {literal(value)}"
            for pattern, value in patterns.items()
        )
        steps.append(f"CASE {found} END")
    return f"coalesce({', '.join([*steps, base])})" if steps else base


@cache
def fixed_offset(zone: str) -> dt.timedelta | None:
    """Return the zone's offset from UTC when it did not change from 1990 to 2040, else None."""
    info = ZoneInfo(zone)
    seen = {
        dt.datetime(year, month, 1, tzinfo=info).utcoffset() for year in range(1990, 2041) for month in (1, 4, 7, 10)
    }
    return seen.pop() if len(seen) == 1 else None


def _naive(given: str, formats: Sequence[str], offset_possible: bool) -> str:
    """Return the SQL of a local timestamp from text: the stated formats, and ISO always."""
    iso = f"try_cast({given} AS TIMESTAMP)"
    if offset_possible:
        iso = f"CASE WHEN NOT regexp_matches({given}, {literal(OFFSET)}) THEN {iso} END"
    read = iso
    if formats:
        listed = ", ".join(literal(form) for form in formats)
        read = f"coalesce(try_strptime({given}, [{listed}]), {iso})"
    # The engine takes these words for moments of its own; in a record they are no dates.
    return f"CASE WHEN lower({given}) NOT IN ('infinity', '-infinity', 'epoch') THEN {read} END"


def moments(field: FieldContract, column: ColumnMap, given: str) -> dict[str, str]:
    """Return the SQL of what a date or an instant is read as, by column name; no columns for other types.

    ``<field>__local`` is a local timestamp, ``<field>__aware`` (of an instant) one whose text states its offset. They are
    columns of their own because the engine would read the text again wherever a typed column needs it.
    """
    if field.type == "date":
        return {f"{field.name}__local": _naive(given, column.formats, False)}
    if field.type == "instant":
        aware = f"CASE WHEN regexp_matches({given}, {literal(OFFSET)}) THEN try_cast({given} AS TIMESTAMPTZ) END"
        return {f"{field.name}__local": _naive(given, column.formats, True), f"{field.name}__aware": aware}
    return {}


# 1,5 and 1.234,5 as Vietnamese offices write them; a dot without a comma is a decimal point.
DECIMAL_COMMA = r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+"


def typed(field: FieldContract, given: str, zone: str) -> dict[str, str]:
    """Return the SQL of the typed columns of one field, by column name, over the given text and the `moments`."""
    if field.type == "code":
        listed = ", ".join(literal(value) for value in field.values)
        return {field.name: f"CASE WHEN {given} IN ({listed}) THEN {given} END"}
    if field.type == "integer":
        # The engine alone would round 1.5 to 2.
        whole = f"try_cast({given} AS DECIMAL(18, 4)) = try_cast({given} AS BIGINT)"
        return {field.name: f"CASE WHEN {whole} THEN try_cast({given} AS BIGINT) END"}
    if field.type == "decimal":
        plain = f"replace(replace({given}, '.', ''), ',', '.')"
        text = f"CASE WHEN regexp_full_match({given}, {literal(DECIMAL_COMMA)}) THEN {plain} ELSE {given} END"
        return {field.name: f"try_cast({text} AS DECIMAL(18, 4))"}
    local, aware = quote(f"{field.name}__local"), quote(f"{field.name}__aware")
    if field.type == "date":
        day = f"CAST({local} AS DATE)"
        return {field.name: f"CASE WHEN {day} BETWEEN {EARLIEST} AND {LATEST} THEN {day} END"}
    if field.type == "instant":
        offset = fixed_offset(zone)
        if offset is not None:
            utc = f"{local} - INTERVAL {int(offset.total_seconds())} SECOND"
        else:
            utc = f"timezone('UTC', timezone({literal(zone)}, {local}))"
        day = f"CAST(coalesce(timezone({literal(zone)}, {aware}), {local}) AS DATE)"
        bounded = f"{day} BETWEEN {EARLIEST} AND {LATEST}"
        return {
            field.name: f"CASE WHEN {bounded} THEN coalesce(timezone('UTC', {aware}), {utc}) END",
            day_column(field.name): f"CASE WHEN {bounded} THEN {day} END",
        }
    return {field.name: given}


def _with_moments(given: str, steps: Mapping[str, str]) -> tuple[str, str]:
    """Return the common tables of a shape up to ``given``, the moments among its columns, and the list that leaves them out."""
    if not steps:
        return f"given AS (\n{given}\n)", "given.*"
    read = ",\n  ".join(f"{sql} AS {quote(name)}" for name, sql in steps.items())
    kept = f"given.* EXCLUDE ({', '.join(map(quote, steps))})"
    return f"text AS (\n{given}\n), given AS (\nSELECT text.*,\n  {read}\nFROM text\n)", kept


def _day(field: FieldContract) -> str:
    """Return the SQL of the local day of a date or an instant."""
    return quote(day_column(field.name) if field.type == "instant" else field.name)


def field_checks(contract: Contract, field: FieldContract, heading: str, known: bool) -> list[Check]:
    """Return the rules that follow from what a field is: required, type, future, values, unknown."""
    given = quote(f"{field.name}__given")
    value = quote(field.name)
    checks = []

    def add(kind: str, broken: str, vi: str, en: str) -> None:
        rule = f"{contract.dataset}.{field.name}.{kind}"
        checks.append(Check(rule, "quarantine", heading, broken, given, Bilingual(vi=vi, en=en)))

    if field.required:
        add("required", f"{given} IS NULL", "Ô bắt buộc để trống; điền giá trị", "A required cell is blank; fill it in")
    unread = f"{given} IS NOT NULL AND {value} IS NULL"
    if field.type in ("date", "instant"):
        add(
            "type",
            unread,
            "Không phải ngày có thật theo định dạng đã khai; viết dd/mm/yyyy",
            "Not a real date in the stated format; write it as the spec says",
        )
        if field.happened:
            add(
                "future",
                f"{_day(field)} > _sent_on",
                "Ngày của việc đã xảy ra lại sau ngày gửi tệp (hoặc ngày nhận tệp lần đầu); sửa lại ngày",
                "Something that has happened is dated after the day the file was sent (or first seen); correct the date",
            )
    elif field.type in ("integer", "decimal"):
        vi, en = ("số nguyên", "a whole number") if field.type == "integer" else ("số", "a number")
        add("type", unread, f"Không phải {vi}; sửa lại ô này", f"Not {en}; correct the cell")
    elif field.type == "code":
        listed = ", ".join(field.values)
        add(
            "values",
            unread,
            f"Giá trị không có trong danh mục ({listed}); sửa ô hoặc bổ sung bảng ánh xạ",
            f"Not one of: {listed}; correct the cell or add it to the value map",
        )
    elif known:
        name = {
            "unit": ("đơn vị", "unit"),
            "procedure": ("thủ tục", "procedure"),
            "instrument": ("bộ phiếu", "instrument"),
        }
        vi, en = name[field.type]
        add(
            "unknown",
            unread,
            f"Không tìm thấy {vi} này trong danh mục, hoặc tên trùng nhau; sửa ô hoặc bổ sung danh mục",
            f"This {en} is not in the reference table, or the name is ambiguous; correct it or add it there",
        )
    return checks


def rule_check(rule: Rule, contract: Contract, headings: Mapping[str, str]) -> Check:
    """Return a contract's rule as SQL; `in_scale` is made per item by the caller."""
    if rule.kind == "not_before":
        assert rule.other is not None
        broken = f"{_day(contract.field(rule.field))} < {_day(contract.field(rule.other))}"
    else:
        broken = f"{quote(f'{rule.field}__given')} IS NULL"
        if rule.when is not None:
            listed = ", ".join(literal(value) for value in rule.when.in_)
            broken += f" AND {quote(rule.when.field)} IN ({listed})"
    heading = headings.get(rule.field, rule.field)
    return Check(rule.id, rule.severity, heading, broken, quote(f"{rule.field}__given"), rule.message)


@dataclass(frozen=True)
class Shape:
    """The statement that shapes one chunk, and the checks its boolean columns ``_c0``, ``_c1``, … stand for.

    `statement` reads the relations ``chunk`` (raw text with ``_line``, ``_sheet``, ``_fault``, ``_raw``, ``_seq``),
    ``inputs`` (one row per input: ``_seq``, ``input_id``, ``_sent_on`` and one column per named group) and
    ``unit_map`` (``given``, ``unit_code``).
    """

    statement: str
    checks: tuple[Check, ...]
    items: tuple[str, ...]

    @property
    def broken(self) -> str:
        """SQL that is true where the row breaks any rule."""
        return " OR ".join(f"_c{index}" for index in range(len(self.checks))) or "FALSE"

    @property
    def refusing(self) -> str:
        """SQL that is true where the row breaks a rule that refuses it."""
        flags = [f"_c{index}" for index, check in enumerate(self.checks) if check.severity != "warn"]
        return " OR ".join(flags) or "FALSE"


RULES_TYPE = 'STRUCT(rule VARCHAR, "column" VARCHAR, value VARCHAR)[]'


def raw_cells(columns: Iterable[str], relation: str) -> str:
    """Return the SQL of a row's cells as they were sent: a JSON object by heading, of those `columns` that are the source's."""
    cells = ", ".join(
        f"{quote(name)} := {relation}.{quote(name)}"
        for name in columns
        if name not in OWN_COLUMNS and not name.startswith(CLEAN)
    )
    return f"CAST(to_json(struct_pack({cells})) AS VARCHAR)"


def refused_rows(shape: Shape, chunk_columns: Iterable[str], more: str = "") -> str:
    """Return the SELECT over ``shaped`` and ``chunk`` of the refused rows.

    One row per refused source row: delivery_seq, input_id, sheet, line, fault, rules (each with its column and value), raw
    (the cells as JSON, or the text that could not be split), and the columns of `more`.
    """
    rules = ", ".join(
        f'CASE WHEN _c{index} THEN struct_pack(rule := {literal(check.rule)}, "column" := {literal(check.column)}, '
        f"value := CAST({check.value} AS VARCHAR)) END"
        for index, check in enumerate(shape.checks)
        if check.severity != "warn"
    )
    return (
        "SELECT shaped._seq AS delivery_seq, shaped.input_id, shaped._sheet AS sheet, shaped._line AS line, "
        f"shaped._fault AS fault, CAST(list_filter([{rules}], lambda r: r IS NOT NULL) AS {RULES_TYPE}) AS rules, "
        f"coalesce(chunk._raw, {raw_cells(chunk_columns, 'chunk')}) AS raw{more} "
        f"FROM (SELECT * FROM shaped WHERE {shape.refusing}) AS shaped "
        "INNER JOIN chunk ON chunk._seq = shaped._seq AND chunk._line = shaped._line "
        "AND chunk._sheet IS NOT DISTINCT FROM shaped._sheet ORDER BY 1, 3, 4"
    )


def _given(spec: SourceSpec, field: FieldContract, column: ColumnMap | None) -> str:
    if field.type == "unit":
        return "_unit_given"
    if column is None:
        return "CAST(NULL AS VARCHAR)"
    if column.constant is not None:
        return literal(column.constant)
    if column.group is not None:
        return mapped(f"inputs.{quote('group_' + column.group)}", column.values, column.patterns)
    assert column.heading is not None
    base = clean(column.heading)
    if column.present is not None:
        return f"CASE WHEN {base} IS NOT NULL THEN {literal(column.then)} ELSE {literal(column.otherwise)} END"
    return mapped(base, column.values, column.patterns)


def _record_id(feed: Feed) -> str:
    parts = [f"inputs.{quote('group_' + group)}" for group in feed.scope_id_with]
    if feed.record_id:
        parts += [clean(heading) for heading in feed.record_id]
        if len(parts) > 1:
            # A stroke inside a part is marked, so that 1/2 with 3 is not 1 with 2/3.
            parts = [rf"replace(replace({part}, '\', '\\'), '/', '\/')" for part in parts]
        return " || '/' || ".join(parts)
    # A surrogate must not carry the cells themselves, which may be personal.
    listed = f" || {SEPARATOR} || ".join(f"coalesce({clean(heading)}, '')" for heading in feed.surrogate)
    return " || '/' || ".join([*parts, f"'s' || left(sha256({listed}), 24)"])


def record_key(dataset: str, authority: str, record_id: str) -> str:
    """Return the SQL of a record's key: HMAC-SHA-256 (RFC 2104) of dataset, authority and number, cut to 128 bits.

    The two padded keys are session variables, so that no statement holds them.
    """
    message = f"{literal(dataset)} || {SEPARATOR} || {literal(authority)} || {SEPARATOR} || {record_id}"
    inner = f"unhex(sha256(getvariable('key_inner') || encode({message})))"
    return f"left(sha256(getvariable('key_outer') || {inner}), 32)"


def record_shape(
    spec: SourceSpec,
    contracts: Mapping[str, Contract],
    scales: Mapping[str, Iterable[str]],
    known: Mapping[str, frozenset[str]],
) -> Shape:
    """Return the shape of a source that feeds a record dataset (and its answers).

    `scales` gives the levels of each item; `known` the codes of ``procedure`` and ``instrument`` (an empty set of
    procedures means that no catalogue was given, and any code is taken).
    """
    feed = spec.record_feed
    assert feed is not None
    contract = contracts[feed.dataset]
    answers = spec.answer_feed
    unit_heading = (spec.unit.column if spec.unit else None) or "unit"
    headings = {name: column.heading or name for name, column in feed.columns.items()} | {
        "unit_code": unit_heading,
        "record_id": ", ".join(feed.record_id or feed.surrogate),
    }

    given: dict[str, str] = {}
    for field in contract.fields:
        if field.name == "record_id":
            given["record_id"] = _record_id(feed)
        else:
            given[field.name] = _given(spec, field, feed.columns.get(field.name))
    items: dict[str, str] = {}
    if answers is not None:
        items = {code: mapped(clean(heading), answers.values, {}) for code, heading in answers.items.items()}
    extra = "CAST(NULL AS VARCHAR)"
    if feed.extra:
        packed = ", ".join(f"{quote(heading)} := {clean(heading)}" for heading in feed.extra)
        extra = f"CAST(to_json(struct_pack({packed})) AS VARCHAR)"
    unit_given = "CAST(NULL AS VARCHAR)"
    if spec.unit is not None:
        unit_given = (
            clean(spec.unit.column)
            if spec.unit.column is not None
            else literal(spec.unit.constant)
            if spec.unit.constant is not None
            else f"inputs.{quote('group_' + str(spec.unit.group))}"
        )

    givens = ",\n  ".join(
        [f"{expression} AS {quote(name + '__given')}" for name, expression in given.items() if name != "unit_code"]
        + [f"{expression} AS {quote('item__' + code)}" for code, expression in items.items()]
    )
    first = (
        "SELECT chunk._seq, chunk._sheet, chunk._line, chunk._fault, inputs.input_id, inputs._sent_on,\n"
        f"  {unit_given} AS unit_code__given,\n  {extra} AS extra,\n  {givens}\n"
        "FROM chunk INNER JOIN inputs ON inputs._seq = chunk._seq"
    )

    values: list[str] = []
    steps: dict[str, str] = {}
    checks = [
        Check(rule, "quarantine", "", f"_fault = {literal(rule)}", "NULL", message)
        for rule, message in ROW_FAULTS.items()
    ]
    for field in contract.fields:
        source = quote(f"{field.name}__given")
        column = feed.columns.get(field.name, ColumnMap(constant=""))
        codes = known.get(field.type)
        if field.type == "unit":
            values.append("unit_map.unit_code AS unit_code")
        elif field.type in ("procedure", "instrument") and codes:
            values.append(
                f"CASE WHEN {source} IN (SELECT code FROM known_{field.type}) THEN {source} END AS {quote(field.name)}"
            )
        else:
            steps |= moments(field, column, source)
            values += [f"{sql} AS {quote(name)}" for name, sql in typed(field, source, spec.time_zone).items()]
        if field.refers_to is not None:
            # The one who numbers these records numbers those they refer to.
            key = record_key(field.refers_to, spec.authority, source)
            values.append(f"{key} AS {quote(key_column(field.refers_to))}")
        checks += field_checks(
            contract, field, headings.get(field.name, field.name), field.type == "unit" or bool(codes)
        )
    checks += [rule_check(rule, contract, headings) for rule in contract.rules]
    if answers is not None:
        scale_rule = next(rule for rule in contracts[answers.dataset].rules if rule.kind == "in_scale")
        for code, heading in answers.items.items():
            level = quote(f"item__{code}")
            listed = ", ".join(literal(value) for value in scales[code])
            checks.append(
                Check(
                    scale_rule.id, scale_rule.severity, heading, f"{level} NOT IN ({listed})", level, scale_rule.message
                )
            )

    content = [quote(f"{name}__given") for name in given] + [quote(f"item__{code}") for code in items] + ["extra"]
    hashed = ", ".join(f"coalesce({name}, chr(30))" for name in content)
    key = record_key(feed.dataset, spec.authority, "record_id__given")
    relations, kept = _with_moments(first, steps)
    second = (
        f"SELECT {kept},\n  " + ",\n  ".join(values) + f",\n  {key} AS record_key,\n"
        f"  md5(concat_ws({SEPARATOR}, {hashed})) AS content_hash\n"
        "FROM given LEFT JOIN unit_map ON unit_map.given = given.unit_code__given"
    )
    flags = ",\n  ".join(
        # A row that could not be split into cells breaks that rule alone.
        f"coalesce({check.broken}, FALSE)"
        + ("" if check.rule in ROW_FAULTS else " AND _fault IS NULL")
        + f" AS _c{index}"
        for index, check in enumerate(checks)
    )
    statement = f"WITH {relations}, typed AS (\n{second}\n)\nSELECT typed.*,\n  {flags}\nFROM typed"
    return Shape(statement, tuple(checks), tuple(items))


def reference_shape(feed: Feed, contract: Contract, zone: str) -> Shape:
    """Return the shape of one feed of a reference table; the same relations as `record_shape` without ``unit_map`` and the day sent."""
    given: list[str] = []
    values: list[str] = []
    steps: dict[str, str] = {}
    checks: list[Check] = []
    for field in contract.fields:
        column = feed.columns.get(field.name)
        if column is None or column.constant is not None:
            expression = literal(column.constant if column else None)
            expression = f"CAST({expression} AS VARCHAR)"
        elif column.group is not None:
            expression = mapped(f"inputs.{quote('group_' + column.group)}", column.values, column.patterns)
        else:
            expression = mapped(clean(str(column.heading)), column.values, column.patterns)
        source = quote(f"{field.name}__given")
        given.append(f"{expression} AS {source}")
        steps |= moments(field, column or ColumnMap(constant=""), source)
        values += [f"{sql} AS {quote(name)}" for name, sql in typed(field, source, zone).items()]
        heading = (column.heading if column else None) or field.name
        checks += field_checks(contract, field, heading, known=False)
    checks = [
        Check(rule, "quarantine", "", f"_fault = {literal(rule)}", "NULL", message)
        for rule, message in ROW_FAULTS.items()
    ] + checks
    flags = ",\n  ".join(f"coalesce({check.broken}, FALSE) AS _c{index}" for index, check in enumerate(checks))
    fed = f"\nWHERE {clean(feed.only_if)} IS NOT NULL" if feed.only_if else ""
    first = (
        "SELECT chunk._seq, chunk._sheet, chunk._line, chunk._fault, inputs.input_id,\n  "
        + ",\n  ".join(given)
        + f"\nFROM chunk INNER JOIN inputs ON inputs._seq = chunk._seq{fed}"
    )
    relations, kept = _with_moments(first, steps)
    second = f"SELECT {kept},\n  " + ",\n  ".join(values) + "\nFROM given"
    statement = f"WITH {relations}, typed AS (\n{second}\n)\nSELECT typed.*,\n  {flags}\nFROM typed"
    return Shape(statement, tuple(checks), ())
