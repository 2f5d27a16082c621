"""Complaint ledgers in XLSX and the portal's export in JSON Lines, and the truth about them."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.simulate.calendar import ReportingMonth, past_february, to_date
from pipelines.simulate.people import person, phone
from pipelines.simulate.plan import COMPLAINTS, LEDGERS, PORTAL, Scene, plan_dirt
from pipelines.simulate.profile import Unit
from pipelines.simulate.truth import FileTruth, Planted, Truth
from pipelines.simulate.workbook import Cell, workbook

LEDGER_SOURCE, PORTAL_SOURCE = "so_phan_anh", "cong_pakn"
PORTAL_PATH = "inbox/cong_pakn.jsonl"
NEVER = 10**6
# A complaint is answered within 45 days at most, so that none stays unchanged from one ledger to the next.
LONGEST = 45
LEGAL_WORKING_DAYS = 15
DAY_SECONDS = 86_400

CLASSES = ("Quy định, chính sách, TTHC", "Hành vi của CBCC", "Khác", None)
CLASS_CODES = {CLASSES[0]: "regulation", CLASSES[1]: "conduct", CLASSES[2]: "other", None: None}
CLASS_WEIGHTS = (0.42, 0.18, 0.36, 0.04)
LEDGER_CHANNELS = {
    "Điện thoại": 0.25,
    "Thư điện tử": 0.08,
    "Đơn thư": 0.17,
    "Hòm thư góp ý": 0.15,
    "Sổ góp ý": 0.12,
    "Trực tiếp": 0.15,
    "Trang thông tin điện tử": 0.08,
}
PORTAL_CHANNELS = {"Cổng dịch vụ công": 0.60, "Ứng dụng di động": 0.30, "Tổng đài": 0.10}
CHANNEL_CODES = {
    "Điện thoại": "phone",
    "Thư điện tử": "email",
    "Đơn thư": "letter",
    "Hòm thư góp ý": "suggestion_box",
    "Sổ góp ý": "suggestion_book",
    "Trực tiếp": "in_person",
    "Trang thông tin điện tử": "website",
    "Cổng dịch vụ công": "website",
    "Ứng dụng di động": "app",
    "Tổng đài": "phone",
}
TOPICS = ("Hộ tịch", "Đất đai", "Môi trường", "Giao thông", "Thái độ phục vụ", "Chế độ, chính sách")
UNKNOWN_NAMES = ("Xã Mỹ An", "Xã Đồng Tân", "UBND xã Hương Tiến")
LEDGER_HEADINGS = (
    "STT",
    "Số",
    "Ngày tiếp nhận",
    "Kênh",
    "Phân loại",
    "Lĩnh vực",
    "Nội dung",
    "Hạn xử lý",
    "Ngày xử lý xong",
    "Trạng thái",
    "Đơn vị",
)
IN_LEDGER = {name: place for place, name in enumerate(LEDGER_HEADINGS)}

# Fault → rule, heading in the ledger, heading in the portal's export.
FAULTS = {
    "closed_before_received": ("complaint.closed_before_received", "Ngày xử lý xong", "ngayXuLyXong"),
    "received_impossible": ("complaint.received_at.type", "Ngày tiếp nhận", "ngayTiepNhan"),
    "unit_unknown": ("complaint.unit_code.unknown", "Đơn vị", "donViXuLy"),
    "class_unknown": ("complaint.class.values", "Phân loại", "phanLoai"),
    "state_unknown": ("complaint.state.values", "Trạng thái", "trangThai"),
}
WARNINGS = {
    "closed_without_day": "complaint.done_without_end",
    "unit_blank": "complaint.unit_missing",
    "due_blank": "complaint.due_date_missing",
}


@dataclass
class Complaint:
    """One complaint; days since 1970-01-01, seconds of the local day. `kind` is its planted fault, if any."""

    unit: Unit
    number: str
    received: int
    received_second: int
    due: int
    closed: int
    closed_second: int
    is_refused: bool
    channel: str
    class_name: str | None
    topic: str
    by_portal: bool
    kind: str | None = None

    @property
    def is_accepted(self) -> bool:
        return self.kind is None or self.kind == "duplicate" or self.kind in WARNINGS

    @property
    def end(self) -> int:
        """The last day of the handling as the sources can tell it; NEVER where they cannot."""
        return NEVER if self.kind == "closed_without_day" else self.closed


def write_complaints(scene: Scene, target: Path, truth: Truth) -> None:
    """Write ledgers and export under `target` and add their files, faults and totals to the truth."""
    complaints = list(_draw(scene))
    ledger = [complaint for complaint in complaints if not complaint.by_portal]
    portal = [complaint for complaint in complaints if complaint.by_portal]
    _plan(scene, ledger, "ledger_dirt", LEDGERS)
    _plan(scene, portal, "portal_dirt", PORTAL)
    own = set(scene.profile.settings["ledger_units"])
    keepers = sorted({unit.code for unit in scene.units} & own)
    keepers.append(scene.profile.settings["district"]["code"])
    for keeper in keepers:
        kept = [c for c in ledger if (c.unit.code if c.unit.code in own else keepers[-1]) == keeper]
        _write_ledgers(scene, target, truth, keeper, kept)
    _write_portal(scene, target, truth, portal)
    _total(scene, truth, complaints)


def _draw(scene: Scene) -> Iterator[Complaint]:
    """Draw the complaints of every unit and month, received first to last within each; none of the faults yet."""
    settings, as_of = scene.profile.settings, scene.as_of
    for month, sizes in enumerate(scene.volumes(scene.complaints, with_opening=True)):
        window = scene.months[month]
        for unit, size in zip(scene.units, sizes, strict=True):
            random = scene.random_cell(COMPLAINTS, unit, month)
            at_desk = scene.working.within(window)
            by_portal = (random.random(size) < settings["portal_share"]).tolist()
            days = [int(random.choice(window.days if online else at_desk)) for online in by_portal]
            for number, (received, online) in enumerate(sorted(zip(days, by_portal, strict=True)), start=1):
                # Before 07:00 the portal's complaint still belongs to the day before in UTC.
                second = int(random.integers(0, DAY_SECONDS)) if online else int(random.integers(27_000, 61_200))
                due = scene.working.after_one(received, LEGAL_WORKING_DAYS)
                is_late = random.random() < unit.late_share * 1.5
                span = int(random.integers(1, 15)) if is_late else int(random.integers(-14, 1))
                closed = due + span if is_late else scene.working.after_one(received, LEGAL_WORKING_DAYS + span)
                closed = min(closed, received + LONGEST)
                if month == 0:
                    closed = max(closed, window.ends + 1 + int(random.integers(10)))
                channels = PORTAL_CHANNELS if online else LEDGER_CHANNELS
                weights = np.array(list(channels.values()))
                yield Complaint(
                    unit=unit,
                    number=f"{number:04d}/PA-{window.month_id}-{unit.code}",
                    received=received,
                    received_second=second,
                    due=due,
                    closed=closed if closed <= as_of else NEVER,
                    closed_second=max(int(random.integers(27_000, 61_200)), second if closed == received else 0),
                    is_refused=bool(random.random() < 0.02),
                    channel=str(random.choice(list(channels), p=weights / weights.sum())),
                    class_name=CLASSES[int(random.choice(len(CLASSES), p=CLASS_WEIGHTS))],
                    topic=TOPICS[int(random.integers(len(TOPICS)))],
                    by_portal=online,
                )


def _plan(scene: Scene, complaints: list[Complaint], shares: str, stream: int) -> None:
    """Give faults to complaints that are opened and closed in one month, so that no later ledger mends them."""
    closed_at_once = [
        c for c in complaints if any(month.starts <= c.received and c.closed <= month.ends for month in scene.reported)
    ]
    settings = scene.profile.settings
    random = scene.random(stream)
    (plan,) = plan_dirt(random, [len(closed_at_once)], settings[shares], settings["largest_dirt_count"])
    for place, kind in plan.items():
        closed_at_once[place].kind = kind


class _Recorder:
    """Counts the rows of one file as they are written."""

    def __init__(self, file: FileTruth, sheet: str | None, truth: Truth) -> None:
        self.file, self.sheet, self.truth = file, sheet, truth
        truth.files.append(file)

    def row(self, cells: list[Cell]) -> list[Cell]:
        """Note what reading a row of the ledger has to change, and hand it on."""
        days = [cells[IN_LEDGER[name]] for name in ("Ngày tiếp nhận", "Hạn xử lý", "Ngày xử lý xong")]
        unread = {IN_LEDGER["STT"], IN_LEDGER["Nội dung"]}
        self.file.note_changes([cell for place, cell in enumerate(cells) if place not in unread], days)
        return cells

    def place(self, complaint: Complaint, line: int, refused_for: tuple[str, str, str | None] | None) -> None:
        """Record one row: refused for (rule, heading, value), or accepted with the warning its fault gives."""
        self.file.read += 1
        if refused_for is not None:
            rule, heading, value = refused_for
            self.file.quarantined += 1
            self.file.rules[rule] += 1
            self.truth.planted.append(Planted(self.file.path, self.sheet, line, rule, heading, value))
        elif complaint.kind in WARNINGS:
            self.file.warnings[WARNINGS[complaint.kind]] += 1


def _write_ledgers(scene: Scene, target: Path, truth: Truth, keeper: str, complaints: list[Complaint]) -> None:
    """Write one keeper's ledger per month: what came in, and what was open before, as it stood at the month's end."""
    last_seen: dict[str, FileTruth] = {}
    for place, month in enumerate(scene.reported):
        before = scene.months[place]
        listed = [
            c for c in complaints if c.received <= month.ends and (c.received > before.ends or c.end > before.ends)
        ]
        listed = [c for c in listed if c.kind != "closed_without_day" or c.received > before.ends]
        random = scene.random(LEDGERS, int(keeper), place)
        file = FileTruth(
            path=f"inbox/phan_anh/{keeper}_{month.month_id}.xlsx",
            source=LEDGER_SOURCE,
            datasets=["complaint"],
            period=month.month_id,
        )
        recorder = _Recorder(file, f"Sổ phản ánh {month.month_id}", truth)
        _write_ledger(scene, target, recorder, keeper, month, listed, random)
        file.skipped = 1
        file.accepted = file.read - file.quarantined - file.duplicate
        for complaint in listed:
            if (older := last_seen.get(complaint.number)) is not None:
                older.accepted -= 1
                older.superseded += 1
            if complaint.is_accepted:
                last_seen[complaint.number] = file
        if not file.read:
            file.status = "empty"


def _write_ledger(
    scene: Scene,
    target: Path,
    recorder: _Recorder,
    keeper: str,
    month: ReportingMonth,
    listed: Iterable[Complaint],
    random: np.random.Generator,
) -> None:
    district = scene.profile.settings["district"]
    titles = {unit.code: unit.office for unit in scene.units} | {district["code"]: f"UBND {district['title']}"}
    count = 0
    with workbook(target / recorder.file.path) as book:
        sheet = book.sheet(str(recorder.sheet), len(LEDGER_HEADINGS))
        sheet.banner(titles[keeper].upper())
        sheet.banner("SỔ THEO DÕI TIẾP NHẬN, XỬ LÝ PHẢN ÁNH, KIẾN NGHỊ", len(LEDGER_HEADINGS))
        sheet.banner(f"Kỳ báo cáo {month.month_id}. SỐ LIỆU MÔ PHỎNG, KHÔNG PHẢI SỐ LIỆU THẬT")
        sheet.header(LEDGER_HEADINGS)
        for count, complaint in enumerate(listed, start=1):
            cells = _ledger_row(scene, complaint, count, month, random, recorder.truth)
            refused_for = None
            if complaint.kind == "conflict":
                refused_for = ("key.conflict", "Số", complaint.number)
            elif complaint.kind in FAULTS:
                rule, heading, _ = FAULTS[complaint.kind]
                cells[IN_LEDGER[heading]] = value = _spoiled(complaint, cells[IN_LEDGER[heading]])
                refused_for = (rule, heading, value)
            recorder.place(complaint, sheet.row(recorder.row(cells)), refused_for)
            if complaint.kind == "duplicate":
                sheet.row(recorder.row(cells))
                recorder.file.read += 1
                recorder.file.duplicate += 1
                recorder.truth.text["decomposed_unit_names"] += _is_decomposed(cells[IN_LEDGER["Đơn vị"]])
            elif complaint.kind == "conflict":
                cells[IN_LEDGER["Hạn xử lý"]] = _slashed(complaint.due + 7)
                recorder.truth.text["decomposed_unit_names"] += _is_decomposed(cells[IN_LEDGER["Đơn vị"]])
                recorder.place(complaint, sheet.row(recorder.row(cells)), refused_for)
        sheet.row([f"Tổng cộng: {count} phản ánh, kiến nghị"])


def _ledger_row(
    scene: Scene, complaint: Complaint, position: int, month: ReportingMonth, random: np.random.Generator, truth: Truth
) -> list[Cell]:
    """Return the row as the ledger of `month` has it: dates as text or as dates, some unit names decomposed."""
    is_closed = complaint.closed <= month.ends
    if is_closed:
        state = "Từ chối" if complaint.is_refused else "Đã giải quyết"
    else:
        state = "Mới tiếp nhận" if complaint.received >= month.starts else "Đang xử lý"
    name = complaint.unit.title
    if random.random() < 0.05:
        name = unicodedata.normalize("NFD", name)
    if complaint.kind == "unit_blank":
        name = ""
    elif complaint.kind != "unit_unknown":
        truth.text["decomposed_unit_names"] += _is_decomposed(name)
    due: Cell = to_date(complaint.due) if random.random() < 0.4 else _slashed(complaint.due)
    closed: Cell = None
    if is_closed and complaint.kind != "closed_without_day":
        closed = to_date(complaint.closed) if random.random() < 0.4 else _slashed(complaint.closed)
    return [
        position,
        complaint.number,
        _slashed(complaint.received),
        complaint.channel,
        complaint.class_name,
        complaint.topic,
        f"Nội dung mô phỏng của {complaint.number}",
        None if complaint.kind == "due_blank" else due,
        closed,
        state,
        name or None,
    ]


def _slashed(day: int) -> str:
    return f"{to_date(day):%d/%m/%Y}"


def _is_decomposed(value: object) -> bool:
    return isinstance(value, str) and not unicodedata.is_normalized("NFC", value)


def _spoiled(complaint: Complaint, cell: Cell) -> str:
    """Return the faulty value that stands in the ledger instead of the cell."""
    match complaint.kind:
        case "closed_before_received":
            return _slashed(complaint.received - 1 - complaint.due % 10)
        case "received_impossible":
            year = to_date(complaint.received).year
            return f"{past_february(year)}/02/{year}"
        case "unit_unknown":
            return UNKNOWN_NAMES[complaint.received % len(UNKNOWN_NAMES)]
        case _:
            return f"{cell or 'Loại'} (?)"


def _write_portal(scene: Scene, target: Path, truth: Truth, complaints: list[Complaint]) -> None:
    """Write the export: one JSON object per line in the order of receipt, local timestamps with their offset."""
    recorder = _Recorder(FileTruth(path=PORTAL_PATH, source=PORTAL_SOURCE, datasets=["complaint"]), None, truth)
    file = recorder.file
    random = scene.random(PORTAL, 1)
    ordered = sorted(complaints, key=lambda c: (c.received, c.received_second, c.unit.code, c.number))
    path = target / PORTAL_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as out:

        def put(record: dict[str, Any]) -> None:
            truth.text["decomposed_unit_names"] += _is_decomposed(record["donViXuLy"])
            file.note_changes([record["donViXuLy"]])
            out.write(json.dumps(record, ensure_ascii=False) + "\n")

        for number, complaint in enumerate(ordered, start=1):
            record = _portal_record(scene, complaint, number, bool(random.random() < 0.05))
            refused_for = None
            if complaint.kind == "conflict":
                refused_for = ("key.conflict", "maPAKN", record["maPAKN"])
            elif complaint.kind in FAULTS:
                rule, _, heading = FAULTS[complaint.kind]
                record[heading] = value = _spoiled_in_portal(complaint, record[heading])
                refused_for = (rule, heading, value)
            put(record)
            recorder.place(complaint, file.read + 1, refused_for)
            if complaint.kind == "duplicate":
                put(record)
                file.read += 1
                file.duplicate += 1
            elif complaint.kind == "conflict":
                put(record | {"hanXuLy": _stamp(complaint.due + 7, 61_200)})
                recorder.place(complaint, file.read + 1, refused_for)
    file.accepted = file.read - file.quarantined - file.duplicate


def _portal_record(scene: Scene, complaint: Complaint, number: int, is_decomposed: bool) -> dict[str, Any]:
    is_closed = complaint.closed != NEVER
    if is_closed:
        open_to_all = "đã công khai" if complaint.closed < scene.as_of - 5 else "chờ công khai"
        state = "Từ chối tiếp nhận" if complaint.is_refused else open_to_all
    else:
        state = "Mới tiếp nhận VPCP" if complaint.received > scene.as_of - 4 else "Xử lý ở địa phương"
    return {
        "maPAKN": f"PAKN-{to_date(complaint.received):%Y}-{number:06d}",
        "ngayTiepNhan": _stamp(complaint.received, complaint.received_second),
        "kenh": complaint.channel,
        "phanLoai": complaint.class_name,
        "linhVuc": complaint.topic,
        "tieuDe": f"Phản ánh mô phỏng {number}",
        "noiDung": f"Nội dung mô phỏng {number}",
        "hoTen": person(number, number % 2 == 0),
        "soDienThoai": phone(number),
        "hanXuLy": None if complaint.kind == "due_blank" else _stamp(complaint.due, 61_200),
        "ngayXuLyXong": _stamp(complaint.closed, complaint.closed_second)
        if is_closed and complaint.end != NEVER
        else None,
        "donViXuLy": unicodedata.normalize("NFD", complaint.unit.office) if is_decomposed else complaint.unit.office,
        "trangThai": state,
    }


def _stamp(day: int, second: int) -> str:
    moment: date = to_date(day)
    return f"{moment}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}+07:00"


def _spoiled_in_portal(complaint: Complaint, value: object) -> str:
    match complaint.kind:
        case "closed_before_received":
            return _stamp(complaint.received - 1 - complaint.due % 10, 36_000)
        case "state_unknown":
            return "Chuyển tiếp"
        case _:
            return _spoiled(complaint, None)


def _total(scene: Scene, truth: Truth, complaints: list[Complaint]) -> None:
    """Add up accepted complaints per unit and month, and per channel and class; a blank unit is the root's unassigned."""
    unassigned = f"{scene.profile.settings['district']['code']}~"
    units: dict[tuple[str, str], Counter[str]] = {}
    kinds: dict[tuple[str, str, str | None], Counter[str]] = {}
    for month in scene.months:
        for code in [*(unit.code for unit in scene.units), unassigned]:
            units[month.month_id, code] = Counter()
    for complaint in complaints:
        if not complaint.is_accepted:
            continue
        unit = unassigned if complaint.kind == "unit_blank" else complaint.unit.code
        channel, class_code = CHANNEL_CODES[complaint.channel], CLASS_CODES[complaint.class_name]
        for month in scene.months:
            counted = _counted(complaint, month)
            units[month.month_id, unit].update(counted)
            kinds.setdefault((month.month_id, channel, class_code), Counter()).update(counted)
    truth.complaints.extend({"unit": unit, "period": month, **counts} for (month, unit), counts in units.items())
    truth.complaint_classes.extend(
        {"period": month, "channel": channel, "class": class_code, **counts}
        for (month, channel, class_code), counts in kinds.items()
        if any(counts.values())
    )


def _counted(complaint: Complaint, month: ReportingMonth) -> dict[str, int]:
    """Return 0 or 1 per count for one complaint and month, comparing local days."""
    within = month.starts <= complaint.received <= month.ends
    if complaint.kind == "closed_without_day":
        return {"n_unplaced_no_end": int(within)}
    has_due = complaint.kind != "due_blank"
    is_closed = month.starts <= complaint.closed <= month.ends
    is_pending = complaint.received <= month.ends < complaint.closed
    in_time, is_overdue = complaint.closed <= complaint.due, complaint.due < month.ends
    return {
        "n_opening": int(complaint.received < month.starts <= complaint.closed),
        "n_received": int(within),
        "n_received_no_due_date": int(within and not has_due),
        "n_closed": int(is_closed),
        "n_closed_refused": int(is_closed and complaint.is_refused),
        "n_closed_in_time": int(is_closed and has_due and in_time),
        "n_closed_late": int(is_closed and has_due and not in_time),
        "n_closed_no_due_date": int(is_closed and not has_due),
        "n_with_due_date": int(is_closed and has_due),
        "n_pending": int(is_pending),
        "n_pending_overdue": int(is_pending and has_due and is_overdue),
        "n_pending_no_due_date": int(is_pending and not has_due),
    }
