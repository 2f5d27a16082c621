"""A reading of a table written as a draft spec: YAML with the confidence of each line and what only a person can answer.

No cell of a column about people is written, and of the others only values of fields that are codes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from assets.ingest.dates import EXCEL_FORMATS
from assets.ingest.inference.evidence import FEW_VALUES, Column, looks_personal
from assets.ingest.inference.headings import likeness
from assets.ingest.inference.matching import ALTERNATIVE, PROPOSED, Match, Reading
from assets.ingest.readers.options import DatabaseOptions
from quality.contract import Bilingual, Contract, FieldContract
from quality.problem import nearest
from quality.vocabulary import Vocabulary, word_key

# A value that is nearly a known word is mapped with it; what is less alike is a question.
_VALUE_ALIKE = 0.9
_LONGEST_VALUE = 60
# Digits between two marks of thousands.
_THOUSANDS = 3
# Deadlines at these times are days.
_DAY_ENDS = ("00:00", "17:00", "17:30", "16:30", "23:59", "12:00")

PERSONAL_CLASSES: Mapping[str, Bilingual] = {
    "name": Bilingual(vi="tên người", en="a person's name"),
    "phone": Bilingual(vi="số điện thoại", en="a telephone number"),
    "identity": Bilingual(vi="số giấy tờ", en="an identity number"),
    "email": Bilingual(vi="thư điện tử", en="an e-mail address"),
    "address": Bilingual(vi="địa chỉ", en="an address"),
    "birth": Bilingual(vi="ngày sinh", en="a date of birth"),
    "sensitive": Bilingual(vi="dữ liệu nhạy cảm", en="sensitive data"),
    "free_text": Bilingual(vi="lời văn tự do", en="free text"),
}


@dataclass(frozen=True)
class Place:
    """Where the source lies, as its spec says it: a path with groups or a database, and who owns it."""

    location: Mapping[str, str]
    groups: tuple[str, ...]
    office: str | None
    name: str
    time_zone: str


@dataclass
class Draft:
    """The text of a draft spec and its questions, each in both languages, in the order of their numbers."""

    text: str
    questions: list[Bilingual]


@dataclass
class _Writer:
    reading: Reading
    contract: Contract
    vocabulary: Vocabulary
    place: Place
    languages: Sequence[str]
    questions: list[Bilingual] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def ask(self, vi: str, en: str) -> str:
        """Note a question; return the mark that its line bears."""
        self.questions.append(Bilingual(vi=vi, en=en))
        return f"? {len(self.questions)}"

    def say(self, text: Bilingual) -> str:
        """One remark in the languages of the workspace."""
        return " / ".join(getattr(text, language) for language in self.languages)

    def add(self, line: str, remark: str = "") -> None:
        self.lines.append(f"{line}  # {remark}" if remark else line)


def write_draft(
    reading: Reading, contract: Contract, vocabulary: Vocabulary, place: Place, languages: Sequence[str]
) -> Draft:
    """Return the draft of a spec for what the reading found; remarks stand in the `languages` ("vi", "en").

    Its lines that lack an answer are comments, so that a required one is missed by `sipas sources check`.
    """
    writer = _Writer(reading, contract, vocabulary, place, languages)
    _head(writer)
    _feeds(writer)
    _ignored(writer)
    return Draft("\n".join([*_title(writer), *writer.lines, ""]), writer.questions)


def _title(writer: _Writer) -> list[str]:
    """What stands above the draft: what it was made of, and the questions."""
    reading = writer.reading
    second = reading.others[0][0] if reading.others else "—"
    sure = f"{reading.confidence:.2f}"
    rows = f"{reading.sample.rows:,}"
    remarks = [
        Bilingual(
            vi=f"Bản nháp do “sipas sources infer” viết từ {rows} dòng đầu; người phụ trách nguồn phải đọc lại.",
            en=f"Draft by `sipas sources infer` from the first {rows} rows; whoever knows the source must read it.",
        ),
        Bilingual(
            vi=f"Loại dữ liệu: {reading.dataset} (độ tin cậy {sure}; kế tiếp: {second}).",
            en=f"Dataset: {reading.dataset} (confidence {sure}; next: {second}).",
        ),
        Bilingual(
            vi="Số sau mỗi cột là độ tin cậy từ 0 đến 1. “? n” dẫn tới câu hỏi n.",
            en="The figure behind a column is the confidence, 0 to 1. “? n” leads to question n.",
        ),
    ]
    lines = [f"# {getattr(text, language)}" for language in writer.languages for text in remarks]
    for language in writer.languages:
        lines += ["#", f"# {'Câu hỏi:' if language == 'vi' else 'Questions for a person:'}"]
        lines += [f"#   ? {n} {getattr(text, language)}" for n, text in enumerate(writer.questions, start=1)]
    return lines


def _head(writer: _Writer) -> None:
    reading, place = writer.reading, writer.place
    if not reading.sample.rows:
        writer.ask(
            "Tệp không có dòng nào nên chỉ có tiêu đề được xem; thử lại với một tệp có số liệu.",
            "The file has no rows, so only its headings were looked at; try again with one that has.",
        )
    title = writer.contract.title
    writer.add(f"title: {{vi: {_q(title.vi)}, en: {_q(title.en)}}}")
    writer.add(f"row: {_q('one ' + writer.contract.grain.removeprefix('one row per ').split(' and authority')[0])}")
    if place.office is not None:
        writer.add(f"office: {_q(place.office)}")
    mark = writer.ask(
        "Ai cấp mã bản ghi? Hai nguồn cùng authority và cùng mã là cùng một bản ghi.",
        "Who issues the record numbers? Two sources with the same authority and number speak of the same record.",
    )
    writer.add(f"authority: {_q(place.name)}", mark)
    scope = [group for group in ("unit", "period") if group in place.groups]
    has_life = any(item.name in ("state", "held_on", "ended_at") for item in writer.contract.fields)
    if scope and not has_life:
        mark = writer.ask(
            "Gửi lại thì thay toàn bộ phạm vi đó (snapshot), hay chỉ cập nhật theo mã (upsert)?",
            "Does a new file replace everything of that scope (snapshot), or update records by number (upsert)?",
        )
        writer.add(f"delivery: {{kind: snapshot, scope: [{', '.join(scope)}]}}", mark)
    else:
        mark = writer.ask(
            "Gửi lại thì cập nhật theo mã (upsert), chỉ thêm (append), hay thay tất cả (snapshot)?",
            "Does a new file update records by number (upsert), only add (append), or replace all (snapshot)?",
        )
        writer.add("delivery: {kind: upsert}", mark)
    shown = ", ".join(f"{key}: {_q(value)}" for key, value in place.location.items())
    writer.add(f"location: {{{shown}}}")
    _reader(writer)
    writer.add(f"time_zone: {_q(place.time_zone)}")
    _decimal_mark(writer)
    due = reading.matches.get("due_at")
    if due is not None:
        times = {cell[-8:] for cell in due.column.counts if ":" in cell}
        to_the_minute = any(not any(end in time for end in _DAY_ENDS) for time in times)
        mark = (
            writer.ask(
                "Hạn xử lý có giờ phút: đúng hạn tính theo ngày (date) hay theo phút (instant)?",
                "Deadlines have a time: is a record in time by the day (date) or by the minute (instant)?",
            )
            if to_the_minute
            else ""
        )
        writer.add("deadline_precision: date", mark)
    _unit(writer)


def _decimal_mark(writer: _Writer) -> None:
    """State the point where numbers show it; three digits behind one could be thousands as well."""
    kinds = {item.name: item.type for item in writer.contract.fields}
    numbers = [m.column for m in writer.reading.matches.values() if kinds[m.field] in ("integer", "decimal")]
    marked = [cell for column in numbers for cell in column.counts if "." in cell and "," not in cell]
    if any(len(cell.rpartition(".")[2]) != _THOUSANDS for cell in marked):
        writer.add('decimal_mark: "."')
    elif marked:
        shown = ", ".join(_q(column.heading) for column in numbers if any("." in cell for cell in column.counts))
        mark = writer.ask(
            f'Cột {shown}: dấu chấm là phần nghìn hay phần thập phân? Nếu là phần thập phân, ghi decimal_mark: ".".',
            f'Column {shown}: does the point stand for thousands or decimals? For decimals, state decimal_mark: ".".',
        )
        writer.add('# decimal_mark: "."', mark)


def _reader(writer: _Writer) -> None:
    options = writer.reading.sample.reader
    stated = options.model_dump(exclude_defaults=True)
    stated["kind"] = options.kind
    if stated.get("sheet") is not None:
        # The month in a sheet's name changes from file to file.
        stated["sheet"] = re.sub(r"\d[\d./-]*", "*", writer.reading.sample.sheet)
    if not isinstance(options, DatabaseOptions):
        counters = [heading for heading in writer.reading.counters if heading in writer.reading.sample.columns]
        if counters and stated["kind"] in ("csv", "workbook"):
            stated["skip"] = [{"column": counters[0], "matches": "^(Tổng|Cộng)"}]
    text = ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in stated.items())
    writer.add(f"reader: {{{text}}}")


def _unit(writer: _Writer) -> None:
    unit = writer.reading.unit
    if unit is not None:
        heading = _q(unit.column.heading)
        mark = ""
        if "unit" in writer.place.groups:
            mark = writer.ask(
                f"Cột {heading} ghi đơn vị, và đường dẫn cũng có tên đơn vị. Đơn vị của bản ghi là cột (column) hay là nơi gửi "
                "tệp (group)?",
                f"Column {heading} names a unit and so does the path. Is a record about that of the column, or of the sender "
                "({group: unit})?",
            )
        writer.add(f"unit: {{column: {heading}}}", "; ".join(filter(None, (_sure(unit), mark))))
    elif "unit" in writer.place.groups:
        writer.add("unit: {group: unit}")
    else:
        needed = next((item.required for item in writer.contract.fields if item.type == "unit"), False)
        mark = writer.ask(
            "Bản ghi thuộc đơn vị nào? Ghi cột, nhóm trong đường dẫn, hoặc một mã chung"
            + ("." if needed else " (bỏ trống được)."),
            "Which unit is a record about? Name a column, a group of the path, or one code for all"
            + ("." if needed else " (may be left out)."),
        )
        writer.add('# unit: {column: ""}', mark)


def _feeds(writer: _Writer) -> None:
    reading = writer.reading
    writer.add("feeds:")
    writer.add(f"  - dataset: {reading.dataset}")
    _record_id(writer)
    scoped = [group for group in ("unit", "period") if group in writer.place.groups]
    if scoped and reading.key and all(_starts_again(reading, heading) for heading in reading.key):
        mark = writer.ask(
            "Số bản ghi có đánh lại từ đầu ở mỗi đơn vị và mỗi kỳ không? Nếu không, bỏ dòng scope_id_with.",
            "Do the numbers start again in each unit and month? If not, take scope_id_with away.",
        )
        writer.add(f"    scope_id_with: [{', '.join(scoped)}]", mark)
    writer.add("    columns:")
    for item in writer.contract.fields:
        if item.name not in ("record_id", "unit_code"):
            _field(writer, item)
    if reading.items:
        _answers(writer)


def _record_id(writer: _Writer) -> None:
    reading = writer.reading
    listed = f"[{', '.join(map(_q, reading.key))}]"
    if not reading.key:
        mark = writer.ask(
            "Không có cột nào mang số riêng của từng bản ghi. Ghi cột mã (record_id), hoặc các cột phân biệt (surrogate).",
            "No column numbers the records. Name the column of the number (record_id), or those that tell rows apart (surrogate).",
        )
        writer.add("    # record_id: []", mark)
        return
    rows = reading.sample.rows
    different = len(set(zip(*(reading.sample.cells[heading] for heading in reading.key), strict=True)))
    mark = ""
    if different < rows:
        mark = writer.ask(
            f"{rows:,} dòng chỉ có {different:,} mã khác nhau ở {listed}: mỗi dòng là một sự kiện của bản ghi (grain: many), "
            "hay mã bị trùng?",
            f"{rows:,} rows hold only {different:,} different numbers in {listed}: is a row one of several of a record "
            "(grain: many), or are numbers repeated by mistake?",
        )
    elif "record_id" not in reading.matches:
        mark = writer.ask(
            f"Không có cột mã; các cột {listed} phân biệt được mọi dòng. Có đúng là khoá của bản ghi không?",
            f"There is no column of numbers; {listed} tell all rows apart. Are they the key of a record?",
        )
    writer.add(f"    record_id: {listed}", mark or f"{different:,} / {rows:,}")
    if different < rows:
        writer.add("    # grain: many", mark)


def _starts_again(reading: Reading, heading: str) -> bool:
    """Whether the numbers are so short that another file will have them too."""
    return all(cell is None or (cell.isdigit() and len(cell) <= 5) for cell in reading.sample.cells[heading])


def _field(writer: _Writer, item: FieldContract) -> None:
    reading = writer.reading
    match = reading.matches.get(item.name)
    if item.type == "instrument" and match is None:
        _instrument(writer)
        return
    if match is None:
        near = ", ".join(
            f"{_q(other.column.heading)} ({other.confidence:.2f})"
            for other in reading.alternatives.get(item.name, [])[:3]
            if other.confidence >= ALTERNATIVE and other.column.heading not in reading.personal
        )
        if item.required and item.name == "state" and "settled_at" in reading.matches:
            _state_of_end(writer, reading.matches["settled_at"])
        elif item.required:
            near = near or _near_columns(writer, item)
            mark = writer.ask(
                f"Trường bắt buộc “{item.label.vi}” ({item.name}): không có cột nào rõ ràng. Ghi cột hoặc constant."
                + (f" Gần nhất: {near}." if near else ""),
                f"No column is clearly the required field {item.name} ({item.label.en}). Name one, or a constant."
                + (f" Nearest: {near}." if near else ""),
            )
            writer.add(f"      # {item.name}: ", mark)
        elif near:
            writer.add(f"      # {item.name}: {near}?")
        return
    heading = _q(match.column.heading)
    if item.type in ("date", "instant"):
        _date(writer, item, match)
    elif item.type == "code":
        _code(writer, item, match)
    else:
        writer.add(f"      {item.name}: {heading}", _sure(match))


def _near_columns(writer: _Writer, item: FieldContract) -> str:
    """Columns whose heading says the field but whose cells do not."""
    words = (
        *writer.vocabulary.datasets[writer.reading.dataset].fields.get(item.name, ()),
        item.label.vi,
        item.label.en,
    )
    alike = {column.heading: likeness(column.heading, words) for column in writer.reading.left}
    return ", ".join(_q(heading) for heading, share in alike.items() if share >= PROPOSED)


def _state_of_end(writer: _Writer, end: Match) -> None:
    codes = writer.contract.field("state").values
    if {"settled", "processing"} <= set(codes):
        mark = writer.ask(
            "Không có cột trạng thái: coi hồ sơ có ngày kết thúc là đã xong, còn lại là đang xử lý, có đúng không?",
            "There is no column of states: is a record with an end settled, and any other in process?",
        )
        heading = _q(end.column.heading)
        writer.add(f"      state: {{present: {heading}, then: settled, otherwise: processing}}", mark)


def _instrument(writer: _Writer) -> None:
    found = writer.reading.instrument
    if found is not None:
        writer.add(f"      instrument_code: {{constant: {_q(found.code)}}}", f"{len(writer.reading.items)} items")
        return
    mark = writer.ask(
        "Bộ phiếu nào? Không nhận ra tiêu chí nào trong tiêu đề cột; mô tả bộ phiếu trong reference/instrument_item.csv.",
        "Which questionnaire? No item was recognised in the headings; describe it in reference/instrument_item.csv.",
    )
    writer.add('      # instrument_code: {constant: ""}', mark)


def _date(writer: _Writer, item: FieldContract, match: Match) -> None:
    form, heading = match.column.date_form, _q(match.column.heading)
    if not match.column.cells:
        # A column that is still blank is most likely written as its neighbours are.
        neighbours = (other.column.date_form for other in writer.reading.matches.values())
        form = next((other for other in neighbours if other.formats and not other.has_short_years), form)
    if form.is_open:
        mark = writer.ask(
            f'Cột {heading}: không ngày nào quá 12 nên không phân biệt được dd/mm với mm/dd. Ghi formats, ví dụ ["%d/%m/%Y"].',
            f"Column {heading}: no day is above 12, so dd/mm and mm/dd cannot be told apart. State formats, such as "
            '["%d/%m/%Y"].',
        )
        writer.add(f"      {item.name}: {{column: {heading}}}", f"{_sure(match)}; {mark}")
    elif form.is_serial:
        mark = writer.ask(
            f"Cột {heading} ghi số thứ tự ngày của Excel. Ghi formats: [{EXCEL_FORMATS[0]}], hoặc [{EXCEL_FORMATS[1]}] với tệp của "
            "máy Mac cũ.",
            f"Column {heading} holds Excel's numbers of days. State formats: [{EXCEL_FORMATS[0]}], or [{EXCEL_FORMATS[1]}] for a file "
            "of an old Mac.",
        )
        writer.add(f"      {item.name}: {{column: {heading}}}", f"{_sure(match)}; {mark}")
    elif form.has_short_years:
        listed = ", ".join(map(_q, form.formats))
        mark = writer.ask(
            f"Cột {heading} ghi năm hai chữ số. Ghi formats: [{listed}] và two_digit_years_from, ví dụ 1950.",
            f"Column {heading} has years of two digits. State formats: [{listed}] and two_digit_years_from, such as 1950.",
        )
        writer.add(f"      {item.name}: {{column: {heading}}}", f"{_sure(match)}; {mark}")
    elif form.formats:
        listed = ", ".join(map(_q, form.formats))
        writer.add(f"      {item.name}: {{column: {heading}, formats: [{listed}]}}", _sure(match))
    else:
        writer.add(f"      {item.name}: {heading}", _sure(match))


def _code(writer: _Writer, item: FieldContract, match: Match) -> None:
    words = writer.vocabulary.datasets[writer.reading.dataset].values[item.name]
    meaning = {word_key(word): code for code, listed in words.items() for word in listed}
    counts, heading = match.column.counts, _q(match.column.heading)
    if all(value in item.values for value in counts):
        writer.add(f"      {item.name}: {heading}", _sure(match))
        return
    mapped: dict[str, str] = {}
    unknown: list[str] = []
    for value in sorted(counts, key=lambda value: (-counts[value], value)):
        code = meaning.get(word_key(value)) or meaning.get(nearest(word_key(value), meaning, _VALUE_ALIKE) or "")
        if code is None and value not in item.values:
            unknown.append(value)
        elif code is not None and code != value:
            mapped[value] = code
    marks = [_sure(match)]
    if mapped and all(value.isdigit() for value in mapped):
        marks.append(
            writer.ask(
                f"Cột {heading} ghi số; so các mã với danh mục của phần mềm.",
                f"Column {heading} holds numbers; compare their meaning with the software's own list.",
            )
        )
    if unknown:
        shown = _values(unknown, match.column)
        nearest_codes = ", ".join(item.values)
        marks.append(
            writer.ask(
                f"Cột {heading}: các giá trị sau có nghĩa gì ({nearest_codes})? {shown}",
                f"Column {heading}: which of {nearest_codes} do these values mean? {shown}",
            )
        )
    if not mapped:
        writer.add(f"      {item.name}: {heading}", "; ".join(marks))
        return
    writer.add(f"      {item.name}:", "; ".join(marks))
    writer.add(f"        column: {heading}")
    writer.add("        values:")
    for value, code in mapped.items():
        writer.add(f"          {_q(value)}: {_q(code)}")


def _values(values: Sequence[str], column: Column) -> str:
    """Values without a code, with the rows that have each; none that could be about a person."""
    shown = [
        f"{_q(value)} ({column.counts[value]:,})"
        for value in values[:FEW_VALUES]
        if len(value) <= _LONGEST_VALUE and not looks_personal(value)
    ]
    left = len(values) - len(shown)
    return ", ".join(shown) + (f" (+{left})" if left else "")


def _answers(writer: _Writer) -> None:
    reading = writer.reading
    assert reading.instrument is not None
    writer.add("  - dataset: survey_answer")
    writer.add("    items:")
    for code in reading.instrument.items:
        if code in reading.items:
            match = reading.items[code]
            writer.add(f"      {_q(code)}: {_q(match.column.heading)}", _sure(match))
    missing = [code for code in reading.instrument.items if code not in reading.items]
    if missing:
        mark = writer.ask(
            f"Bộ phiếu {reading.instrument.code} còn {len(missing)} tiêu chí không có cột: {', '.join(missing[:12])}. Có đúng không?",
            f"{len(missing)} item(s) of {reading.instrument.code} have no column: {', '.join(missing[:12])}. Is that right?",
        )
        writer.add(f"      # {', '.join(missing[:12])}", mark)
    values: dict[str, str] = {}
    unknown: dict[str, int] = {}
    for code, match in reading.items.items():
        levels = {word_key(word): level for word, level in reading.instrument.levels[code].items()}
        for value, number in match.column.counts.items():
            level = levels.get(word_key(value))
            if level is None:
                unknown[value] = unknown.get(value, 0) + number
            elif value != level:
                values[value] = level
    mark = ""
    if unknown:
        listed = sorted(unknown, key=lambda value: (-unknown[value], value))
        shown = ", ".join(
            f"{_q(value)} ({unknown[value]:,})"
            for value in listed[:FEW_VALUES]
            if len(value) <= _LONGEST_VALUE and not looks_personal(value)
        )
        mark = writer.ask(
            f"Các câu trả lời sau không thuộc thang đo; có nghĩa gì không? {shown}",
            f"These answers are on no scale; do they mean a level? {shown}",
        )
    if values:
        writer.add("    values:", mark)
        for value, level in sorted(values.items(), key=lambda pair: (pair[1], pair[0])):
            writer.add(f"      {_q(value)}: {_q(level)}")


def _ignored(writer: _Writer) -> None:
    reading = writer.reading
    left = [column.heading for column in reading.left]
    if not (reading.personal or reading.counters or left):
        return
    writer.add("ignore:")
    for heading in reading.counters:
        writer.add(f"  - {_q(heading)}")
    for heading, name in reading.personal.items():
        writer.add(f"  - {_q(heading)}", writer.say(PERSONAL_CLASSES[name]))
    if left:
        mark = writer.ask(
            "Các cột được đánh dấu cuối mục ignore không được nhận ra: bỏ qua, hay lấy vào một trường hoặc extra?",
            "The columns marked at the end of ignore were not recognised: leave them out, or take them into a field or extra?",
        )
        for heading in left:
            writer.add(f"  - {_q(heading)}", _near_field(writer, heading, mark))


def _near_field(writer: _Writer, heading: str, mark: str) -> str:
    words = writer.vocabulary.datasets[writer.reading.dataset].fields
    alike = {name: likeness(heading, listed) for name, listed in words.items()}
    best = max(alike, key=lambda name: alike[name])
    return f"{mark}; {best} {alike[best]:.2f}" if alike[best] >= ALTERNATIVE else mark


def _sure(match: Match) -> str:
    return f"{match.confidence:.2f}"


def _q(text: str) -> str:
    """A scalar as YAML reads it back: plain where it may be, else quoted."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) and isinstance(yaml.safe_load(text), str):
        return text
    return json.dumps(text, ensure_ascii=False)
