"""From raw text to the contract's columns: the SQL that maps, types, keys and checks one chunk of source rows.

Nothing here reads or writes a file; source_reader.py runs the statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assets.ingest.changes import DECIMAL_COMMA, SERIAL, STATED_FORMAT, THOUSANDS, TWO_DIGIT_YEAR, UPPER_CASE
from assets.ingest.clean_cells import CLEAN
from assets.ingest.dates import DateText
from assets.ingest.numbers import DecimalMark, NumberText
from assets.ingest.persons import NO_TOKEN, token
from assets.ingest.readers.table import OWN_COLUMNS
from assets.ingest.spec import ColumnMap, Feed, SourceSpec
from assets.ingest.time_zone import fixed_offset
from assets.text import spellings
from quality.contract import (
    Bilingual,
    Contract,
    FieldContract,
    Rule,
    Severity,
    day_column,
    key_column,
    token_column,
)

SEPARATOR = "chr(31)"
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
    """Return the SQL of a source cell in its clean form, which `with_clean_cells` has put beside the raw one."""
    return quote(f"{CLEAN}{heading}")


def mapped(base: str, values: Mapping[str, str], patterns: Mapping[str, str]) -> str:
    """Return the SQL of a value map: exact text first, then without case, repeated blanks and the
    place of the tone in oa, oe and uy, then patterns, else as is.
    """
    steps = []
    if values:
        exact = " ".join(f"WHEN {literal(key)} THEN {literal(value)}" for key, value in values.items())
        folded = " ".join(
            f"WHEN {literal(spelling)} THEN {literal(value)}"
            for key, value in values.items()
            for spelling in spellings(key)
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


def _naive(given: str, dates: DateText, offset_possible: bool) -> str:
    """Return the SQL of a local timestamp from text: the stated ways, and ISO always."""
    iso = f"try_cast({given} AS TIMESTAMP)"
    if offset_possible:
        iso = f"CASE WHEN NOT regexp_matches({given}, {literal(OFFSET)}) THEN {iso} END"
    ways = [*dates.ways(given), iso]
    read = f"coalesce({', '.join(ways)})" if len(ways) > 1 else iso
    # The engine takes these words for moments of its own; in a record they are no dates.
    return f"CASE WHEN lower({given}) NOT IN ('infinity', '-infinity', 'epoch') THEN {read} END"


def readings(field: FieldContract, column: ColumnMap, given: str, numbers: NumberText) -> dict[str, str]:
    """Return the SQL of what a date, an instant or a number is read as, by column name; no columns for other types.

    ``<field>__local`` is a local timestamp, ``<field>__aware`` one whose text states its offset, ``<field>__number`` the text
    of a number with a point. They are columns of their own because the engine would read the text again wherever a typed
    column needs it.
    """
    if field.type in ("integer", "decimal"):
        return {f"{field.name}__number": numbers.plain(given)}
    if field.type not in ("date", "instant"):
        return {}
    aware = f"CASE WHEN regexp_matches({given}, {literal(OFFSET)}) THEN try_cast({given} AS TIMESTAMPTZ) END"
    local = _naive(given, column.dates, offset_possible=field.type == "instant")
    return {f"{field.name}__local": local, f"{field.name}__aware": aware}


def changes_of(field: FieldContract, column: ColumnMap, numbers: NumberText) -> dict[str, str]:
    """Return the SQL of what was done to a cell to read it under a field, by kind of change."""
    if column.heading is None:
        return {}
    given, read = quote(f"{field.name}__given"), f"{quote(field.name)} IS NOT NULL"
    found: dict[str, str] = {}
    if field.type in ("integer", "decimal"):
        found = {DECIMAL_COMMA: numbers.has_decimal_comma(given), THOUSANDS: numbers.has_thousands(given)}
    elif field.type in ("date", "instant"):
        kinds = {"serial": SERIAL, "short_year": TWO_DIGIT_YEAR, "stated": STATED_FORMAT}
        found = {kinds[name]: sql for name, sql in column.dates.changes(given).items()}
    return {kind: f"{read} AND {sql}" for kind, sql in found.items()}


def typed(field: FieldContract, given: str, zone: str) -> dict[str, str]:
    """Return the SQL of the typed columns of one field, by column name, over the given text and the `readings`."""
    if field.type == "code":
        listed = ", ".join(literal(value) for value in field.values)
        return {field.name: f"CASE WHEN {given} IN ({listed}) THEN {given} END"}
    if field.type == "integer":
        # The engine alone would round 1.5 to 2.
        text = quote(f"{field.name}__number")
        whole = f"try_cast({text} AS DECIMAL(18, 4)) = try_cast({text} AS BIGINT)"
        return {field.name: f"CASE WHEN {whole} THEN try_cast({text} AS BIGINT) END"}
    if field.type == "decimal":
        return {field.name: f"try_cast({quote(f'{field.name}__number')} AS DECIMAL(18, 4))"}
    local, aware = quote(f"{field.name}__local"), quote(f"{field.name}__aware")
    if field.type == "date":
        # 20:00Z is a moment of the next day in Vietnam.
        day = f"CAST(coalesce(timezone({literal(zone)}, {aware}), {local}) AS DATE)"
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


def _with_readings(given: str, steps: Mapping[str, str]) -> tuple[str, str]:
    """Return the common tables of a shape up to ``given``, the readings among its columns, and the list that leaves them out."""
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
    ``unit_map`` (``given``, ``unit_code``, and ``valid_from`` and ``valid_to`` where the name means it on those days only).
    """

    statement: str
    checks: tuple[Check, ...]
    items: tuple[str, ...]
    # Kind of change → SQL of the number of the row's cells that were changed so.
    changes: Mapping[str, str]

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
    base = _base(column)
    if column.present is not None:
        return f"CASE WHEN {base} IS NOT NULL THEN {literal(column.then)} ELSE {literal(column.otherwise)} END"
    return mapped(base, column.values, column.patterns)


def _base(column: ColumnMap) -> str:
    """The SQL of the cell a field is read from, in the case that is stated."""
    assert column.heading is not None
    base = clean(column.heading)
    return f"upper({base})" if column.letter_case == "upper" else base


def _cased(column: ColumnMap) -> str:
    """The SQL of whether a cell was put in capitals."""
    return f"{_base(column)} <> {clean(str(column.heading))}"


def _counted(kinds: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return per kind of change the SQL of how many of a row's cells it was made to, of the conditions per field."""
    found: dict[str, list[str]] = {}
    for of_field in kinds:
        for kind, condition in of_field.items():
            found.setdefault(kind, []).append(f"CAST(coalesce({condition}, FALSE) AS UTINYINT)")
    return {kind: " + ".join(numbers) for kind, numbers in found.items()}


def _on_day(contract: Contract, zone: str) -> str:
    """Return the SQL that keeps to the meaning a unit's name has on the business date of a row.

    A row without a date has the meanings that hold on any day.
    """
    for field in contract.fields:
        names = {"date": field.name, "instant": day_column(field.name)}
        if contract.business_date is not None and names.get(field.type) == contract.business_date:
            day = typed(field, quote(f"{field.name}__given"), zone)[contract.business_date]
            return (
                f"\n  AND (unit_map.valid_from IS NULL OR {day} >= unit_map.valid_from)"
                f"\n  AND (unit_map.valid_to IS NULL OR {day} <= unit_map.valid_to)"
            )
    return ""


def record_id(feed: Feed) -> str:
    """Return the SQL of a row's record id, over its clean cells and the groups of the path."""
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
    """Return the SQL of a record's key: the keyed hash of dataset, authority and number that engine.py defines."""
    message = f"{literal(dataset)} || {SEPARATOR} || {literal(authority)} || {SEPARATOR} || {record_id}"
    return f"record_hash({message})"


def record_shape(
    spec: SourceSpec,
    contracts: Mapping[str, Contract],
    scales: Mapping[str, Iterable[str]],
    known: Mapping[str, frozenset[str]],
    forgets: bool = False,
) -> Shape:
    """Return the shape of a source that feeds a record dataset (and its answers).

    `scales` gives the levels of each item; `known` the codes of ``procedure`` and ``instrument`` (an empty set of
    procedures means that no catalogue was given, and any code is taken). With `forgets` the rows have ``_forgotten``: whether
    they are of a person or record whose token stands in the relation ``forgotten`` (``token``).
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
    for field in (field for field in contract.fields if field.personal != "drop"):
        if field.name == "record_id":
            given["record_id"] = record_id(feed)
        else:
            given[field.name] = _given(spec, field, feed.columns.get(field.name))
    items: dict[str, str] = {}
    if answers is not None:
        items = {code: mapped(clean(heading), answers.values, {}) for code, heading in answers.items.items()}
    cased = {name: _cased(column) for name, column in feed.columns.items() if column.letter_case is not None}
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
        + [f"{expression} AS {quote(name + '__cased')}" for name, expression in cased.items()]
    )
    first = (
        "SELECT chunk._seq, chunk._sheet, chunk._line, chunk._fault, inputs.input_id, inputs._sent_on,\n"
        f"  {unit_given} AS unit_code__given,\n  {extra} AS extra,\n  {givens}\n"
        "FROM chunk INNER JOIN inputs ON inputs._seq = chunk._seq"
    )

    values: list[str] = []
    steps: dict[str, str] = {}
    numbers = NumberText(spec.decimal_mark)
    counted: list[Mapping[str, str]] = [{UPPER_CASE: quote(f"{name}__cased")} for name in cased]
    checks = [
        Check(rule, "quarantine", "", f"_fault = {literal(rule)}", "NULL", message)
        for rule, message in ROW_FAULTS.items()
    ]
    tokens: list[str] = []
    for field in (field for field in contract.fields if field.personal != "drop"):
        source = quote(f"{field.name}__given")
        column = feed.columns.get(field.name, ColumnMap(constant=""))
        if field.personal == "token":
            name = quote(token_column(field.name))
            values.append(f"{token(field, source)} AS {name}")
            if field.name in feed.columns:
                tokens.append(name)
                unread = f"{source} IS NOT NULL AND {name} IS NULL"
                heading = headings[field.name]
                checks.append(
                    Check(f"{contract.dataset}.{field.name}.no_token", "warn", heading, unread, "NULL", NO_TOKEN)
                )
            continue
        codes = known.get(field.type)
        if field.type == "unit":
            values.append("unit_map.unit_code AS unit_code")
        elif field.type in ("procedure", "instrument") and codes:
            values.append(
                f"CASE WHEN {source} IN (SELECT code FROM known_{field.type}) THEN {source} END AS {quote(field.name)}"
            )
        else:
            steps |= readings(field, column, source, numbers)
            counted.append(changes_of(field, column, numbers))
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

    # An identifier counts by its token: the hash of a row must not give away what it was made of.
    identifying = {field.name for field in contract.token_fields}
    content = [quote(f"{name}__given") for name in given if name not in identifying] + tokens
    content += [quote(f"item__{code}") for code in items] + ["extra"]
    hashed = ", ".join(f"coalesce({name}, chr(30))" for name in content)
    key = record_key(feed.dataset, spec.authority, "record_id__given")
    relations, kept = _with_readings(first, steps)
    second = (
        f"SELECT {kept},\n  " + ",\n  ".join(values) + f",\n  {key} AS record_key,\n"
        f"  md5(concat_ws({SEPARATOR}, {hashed})) AS content_hash\n"
        f"FROM given LEFT JOIN unit_map ON unit_map.given = given.unit_code__given{_on_day(contract, spec.time_zone)}"
    )
    flags = ",\n  ".join(
        # A row that could not be split into cells breaks that rule alone.
        f"coalesce({check.broken}, FALSE)"
        + ("" if check.rule in ROW_FAULTS else " AND _fault IS NULL")
        + f" AS _c{index}"
        for index, check in enumerate(checks)
    )
    if forgets:
        keys = ["record_key", *tokens]
        keys += [quote(key_column(field.refers_to)) for field in contract.fields if field.refers_to is not None]
        found = " OR ".join(f"coalesce({name} IN (SELECT token FROM forgotten), FALSE)" for name in keys)
        flags += f",\n  {found} AS _forgotten"
    statement = f"WITH {relations}, typed AS (\n{second}\n)\nSELECT typed.*,\n  {flags}\nFROM typed"
    return Shape(statement, tuple(checks), tuple(items), _counted(counted))


def reference_shape(feed: Feed, contract: Contract, zone: str, decimal_mark: DecimalMark = ",") -> Shape:
    """Return the shape of one feed of a reference table; the same relations as `record_shape` without ``unit_map`` and the day sent."""
    given: list[str] = []
    values: list[str] = []
    steps: dict[str, str] = {}
    checks: list[Check] = []
    numbers = NumberText(decimal_mark)
    counted: list[Mapping[str, str]] = []
    for field in contract.fields:
        column = feed.columns.get(field.name)
        if column is None or column.constant is not None:
            expression = literal(column.constant if column else None)
            expression = f"CAST({expression} AS VARCHAR)"
        elif column.group is not None:
            expression = mapped(f"inputs.{quote('group_' + column.group)}", column.values, column.patterns)
        else:
            expression = mapped(_base(column), column.values, column.patterns)
        source = quote(f"{field.name}__given")
        given.append(f"{expression} AS {source}")
        if column is not None and column.letter_case is not None:
            given.append(f"{_cased(column)} AS {quote(f'{field.name}__cased')}")
            counted.append({UPPER_CASE: quote(f"{field.name}__cased")})
        column = column or ColumnMap(constant="")
        steps |= readings(field, column, source, numbers)
        counted.append(changes_of(field, column, numbers))
        values += [f"{sql} AS {quote(name)}" for name, sql in typed(field, source, zone).items()]
        heading = column.heading or field.name
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
    relations, kept = _with_readings(first, steps)
    second = f"SELECT {kept},\n  " + ",\n  ".join(values) + "\nFROM given"
    statement = f"WITH {relations}, typed AS (\n{second}\n)\nSELECT typed.*,\n  {flags}\nFROM typed"
    return Shape(statement, tuple(checks), (), _counted(counted))
