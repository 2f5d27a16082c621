"""Survey sheets: one XLSX per commune and month, as communes send them to the district, and the truth about them."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipelines.simulate.calendar import Ints, ReportingMonth, past_february, to_date
from pipelines.simulate.people import person, phone
from pipelines.simulate.plan import FORMS, SHEETS, Scene, plan_dirt, plan_sheets
from pipelines.simulate.profile import Item, Unit
from pipelines.simulate.truth import FileTruth, Planted, Truth
from pipelines.simulate.workbook import Cell, Sheet, workbook

SOURCE = "khao_sat_xa"
DATASETS = ["survey_response", "survey_answer"]
# An XLSX sheet holds 1,048,576 rows; the rest is left to banners, totals and copies.
MOST_FORMS_PER_SHEET = 1_000_000
# A sheet that is sent again needs rows to correct.
FEWEST_FORMS_PER_SHEET = 6

LEVELS = (None, "Rất không hài lòng", "Không hài lòng", "Bình thường", "Hài lòng", "Rất hài lòng")
SATISFIED = 4
AGES = ("Từ 18 đến 24", "Từ 25 đến 34", "Từ 35 đến 49", "Từ 50 đến 60", "Trên 60")
AGE_WEIGHTS = (0.10, 0.25, 0.35, 0.20, 0.10)
# A quarter of a form's answers follow the person's own mood rather than the item.
MOOD_SHARE = 0.25
TEXT_DATE_SHARE = 0.3
OUTSIDE = ("Rất tốt", "6", "Hài lòng một phần")
UNKNOWN_UNIT = "10999"

STT, NUMBER, DAY, NAME, PHONE, SEX, AGE, WEIGHT, FIRST_ITEM = range(9)
LEADING = ("STT", "Số phiếu", "Ngày", "Họ và tên", "Số điện thoại", "Giới tính", "Độ tuổi", "Trọng số")
# Every form weighs one; some clerks type it as a text with a decimal comma.
COMMA_WEIGHT = "1,0"
COMMA_WEIGHT_EVERY = 7

# Rule and heading of each fault in one cell.
FAULTS = {
    "outside_scale": "survey_answer.outside_scale",
    "day_impossible": "survey_response.responded_on.type",
    "day_blank": "survey_response.responded_on.required",
    "sex_unknown": "survey_response.sex.values",
    "number_blank": "survey_response.record_id.required",
}
# Fates of a sheet whose rows may carry faults.
OPEN_FATES = ("on_time", "late", "extra_column")


@dataclass(frozen=True)
class Forms:
    """The forms of one unit and month: one element per form; `levels` is forms x items, 0 blank, 1..5 as on the form."""

    days: Ints
    is_male: npt.NDArray[np.bool_]
    ages: Ints
    is_text_date: npt.NDArray[np.bool_]
    levels: npt.NDArray[np.int8]

    def cells(self, row: int) -> list[Cell]:
        """Return the row as a commune types it; numbers start again at 0001 in each sheet."""
        day = to_date(self.days[row])
        return [
            row + 1,
            f"{row + 1:04d}",
            f"{day:%d/%m/%Y}" if self.is_text_date[row] else day,
            person(row + 1, bool(self.is_male[row])),
            phone(row + 1),
            "Nam" if self.is_male[row] else "Nữ",
            AGES[self.ages[row]],
            COMMA_WEIGHT if row % COMMA_WEIGHT_EVERY == 3 else 1,
            *(LEVELS[level] for level in self.levels[row].tolist()),
            None,
        ]


def write_survey(scene: Scene, target: Path, truth: Truth) -> None:
    """Write every survey sheet under `target` and add files, planted rows, submissions and totals to the truth."""
    volumes = scene.volumes(scene.forms, with_opening=False)[1:]
    cells = [(month, unit) for month in range(1, len(scene.months)) for unit in range(len(scene.units))]
    fates = plan_sheets(scene.random(SHEETS), len(cells), scene.profile.settings["sheets"])
    sizes = [volumes[month - 1][unit] for month, unit in cells]
    if min(sizes) < FEWEST_FORMS_PER_SHEET:
        raise ValueError(
            f"the smallest sheet would hold {min(sizes)} forms: ask for more than {scene.forms:,} forms, "
            "or for fewer units or months"
        )
    if max(sizes) > MOST_FORMS_PER_SHEET:
        raise ValueError(
            f"{max(sizes):,} forms would stand in one sheet and XLSX holds {MOST_FORMS_PER_SHEET:,}: "
            "ask for fewer forms, or for more units or months"
        )
    eligible = [size if fate in OPEN_FATES else 0 for size, fate in zip(sizes, fates, strict=True)]
    dirt = plan_dirt(
        scene.random(FORMS), eligible, scene.profile.settings["form_dirt"], scene.profile.settings["largest_dirt_count"]
    )
    for (month, unit), fate, size, faults in zip(cells, fates, sizes, dirt, strict=True):
        _Cell(scene, target, truth, scene.units[unit], month, fate, size, faults).write()


class _Cell:
    """One unit's sheets of one month."""

    def __init__(
        self,
        scene: Scene,
        target: Path,
        truth: Truth,
        unit: Unit,
        month: int,
        fate: str,
        size: int,
        faults: dict[int, str],
    ) -> None:
        self.scene, self.target, self.truth = scene, target, truth
        self.unit, self.month, self.fate, self.size, self.faults = unit, scene.months[month], fate, size, faults
        self.random = scene.random_cell(FORMS, unit, month)
        self.items = scene.profile.items
        self.is_decomposed = unit.code in scene.profile.settings["decomposed_survey_units"]
        within = scene.profile.settings["send_within_working_days"]
        self.due = scene.working.after_one(self.month.ends, within)

    def write(self) -> None:
        """Write what the cell's fate says and record the submission it makes."""
        forms = self._forms()
        sent = int(self.random.integers(self.month.ends + 1, self.due + 1))
        state, first = "on_time", sent
        match self.fate:
            case "missing":
                state = "missing"
            case "empty_form" | "header_only":
                state = "empty"
                self._empty(sent)
            case "renamed_column":
                state = "missing"
                file = self._file(sent, status="refused", refused_by="columns.missing")
                self._sheet(file, self._clean(forms), renamed=True)
            case "unknown_unit":
                state = "missing"
                # The path says whose sheet it replaces, so an unknown unit there refuses the file and not its rows.
                file = self._file(sent, status="refused", refused_by="unit.unknown", unit=UNKNOWN_UNIT)
                self._sheet(file, self._clean(forms))
            case "truncated":
                # The good sheet follows within the term, so the month is on time either way.
                damaged = self._file(self.month.ends + 1, status="refused", refused_by="file.damaged")
                self._sheet(damaged, self._clean(forms))
                _truncate(self.target / damaged.path)
                self._current(self._file(self.due), forms)
                first = self.due
            case "copied":
                file = self._file(sent)
                self._current(file, forms)
                copy = self._file(sent + 1 + int(self.random.integers(5)), status="duplicate")
                shutil.copyfile(self.target / file.path, self.target / copy.path)
                copy.read = copy.duplicate = file.read
                copy.skipped = file.skipped
            case "resubmitted":
                self._first_version(self._file(sent), forms)
                self._current(self._file(self.due + 2 + int(self.random.integers(8))), forms)
            case "late":
                state, first = "late", self.due + 1 + int(self.random.integers(12))
                self._current(self._file(first), forms)
            case _:
                self._current(self._file(sent), forms)
        self.truth.submissions.append(
            {
                "unit": self.unit.code,
                "period": self.month.month_id,
                "dataset": "survey_response",
                "state": state,
                "due_on": str(to_date(self.due)),
                "first_sent_on": None if state == "missing" else str(to_date(first)),
                "behaviour": self.fate,
            }
        )

    def _forms(self) -> Forms:
        """Draw the month's forms: satisfaction of the unit, the item and the season, with the mood of each person."""
        random, size, items = self.random, self.size, self.items
        season = 0.015 * np.sin(int(self.month.month_id[-2:]) / 12 * 2 * np.pi) + random.normal(0, 0.008)
        satisfied = np.clip([self.unit.satisfaction + item.shift + season for item in items], 0.60, 0.97)
        own, mood = random.random((size, len(items))), random.random((size, 1))
        place = np.where(random.random((size, len(items))) < MOOD_SHARE, mood, own)
        # Bounds from very dissatisfied upwards: of those not satisfied 6 % are very dissatisfied, 28 % dissatisfied.
        unsatisfied = 1 - satisfied
        bounds = (unsatisfied * 0.06, unsatisfied * 0.34, unsatisfied, unsatisfied + satisfied * 0.62)
        levels = 1 + sum((place >= bound).astype(np.int8) for bound in bounds)
        blank = random.random((size, len(items))) < np.array([item.blank for item in items])
        return Forms(
            days=np.sort(random.choice(self.scene.working.within(self.month), size)),
            is_male=random.random(size) < 0.48,
            ages=random.choice(len(AGES), size, p=AGE_WEIGHTS),
            is_text_date=random.random(size) < TEXT_DATE_SHARE,
            levels=np.where(blank, 0, levels).astype(np.int8),
        )

    def _file(
        self, sent: int, status: str = "landed", refused_by: str | None = None, unit: str | None = None
    ) -> FileTruth:
        code = unit or self.unit.code
        day = to_date(sent)
        file = FileTruth(
            path=f"inbox/khao_sat/{self.month.month_id}/{code}_{day:%Y%m%d}.xlsx",
            source=SOURCE,
            datasets=DATASETS,
            unit=code,
            period=self.month.month_id,
            sent=str(day),
            status=status,
            refused_by=refused_by,
            behaviour=self.fate,
        )
        self.truth.files.append(file)
        return file

    def _clean(self, forms: Forms) -> Iterator[list[Cell]]:
        for row in range(self.size):
            yield forms.cells(row)

    def _empty(self, sent: int) -> None:
        file = self._file(sent, status="empty")
        self._sheet(file, iter(()), bare=self.fate == "header_only")

    def _first_version(self, file: FileTruth, forms: Forms) -> None:
        """The version that is replaced: the last form is missing, two answers are off the scale, three differ."""
        sheet_name = self._sheet_name()

        def rows() -> Iterator[list[Cell]]:
            line = self._first_line()
            for row in range(self.size - 1):
                cells = forms.cells(row)
                if row < 2:
                    self._fault(file, sheet_name, line + row, "outside_scale", cells)
                elif row < 5:
                    cells[FIRST_ITEM] = LEVELS[SATISFIED] if forms.levels[row, 0] != SATISFIED else LEVELS[1]
                yield cells

        self._sheet(file, rows())
        file.read = max(self.size - 1, 0)
        file.superseded = file.read - file.quarantined

    def _current(self, file: FileTruth, forms: Forms) -> None:
        """The version that counts: its rows with the planned faults, and the totals of what is accepted."""
        is_accepted = np.ones(self.size, dtype=np.bool_)
        sheet_name = self._sheet_name()

        def rows() -> Iterator[list[Cell]]:
            line = self._first_line()
            for row in range(self.size):
                cells = forms.cells(row)
                kind = self.faults.get(row)
                if kind == "duplicate":
                    yield cells
                    file.duplicate += 1
                    line += 1
                elif kind == "conflict":
                    yield cells
                    other = [*cells]
                    other[FIRST_ITEM] = LEVELS[1] if cells[FIRST_ITEM] != LEVELS[1] else LEVELS[5]
                    for at, version in ((line, cells), (line + 1, other)):
                        self._refuse(file, sheet_name, at, "key.conflict", "Số phiếu", str(version[NUMBER]))
                    cells = other
                    line += 1
                elif kind is not None:
                    self._fault(file, sheet_name, line, kind, cells)
                if kind not in (None, "duplicate"):
                    is_accepted[row] = False
                elif cells[WEIGHT] == COMMA_WEIGHT:
                    self.truth.text["decimal_comma_forms"] += 1
                yield cells
                line += 1

        self._sheet(file, rows(), extra=self.fate == "extra_column")
        file.accepted = int(is_accepted.sum())
        file.read = file.accepted + file.quarantined + file.duplicate
        self._total(forms.levels[is_accepted])

    def _fault(self, file: FileTruth, sheet: str, line: int, kind: str, cells: list[Cell]) -> None:
        """Spoil one cell of the row and record it."""
        if kind == "outside_scale":
            place = FIRST_ITEM + int(self.random.integers(len(self.items)))
            heading = self._item_heading(self.items[place - FIRST_ITEM])
            cells[place] = OUTSIDE[int(self.random.integers(len(OUTSIDE)))]
        elif kind == "sex_unknown":
            place, heading = SEX, "Giới tính"
            cells[place] = "Không rõ"
        elif kind == "number_blank":
            place, heading = NUMBER, "Số phiếu"
            cells[place] = None
        else:
            place, heading = DAY, "Ngày"
            cells[place] = impossible_day(self.month) if kind == "day_impossible" else None
        value = cells[place]
        self._refuse(file, sheet, line, FAULTS[kind], heading, None if value is None else str(value))

    def _refuse(self, file: FileTruth, sheet: str, line: int, rule: str, heading: str, value: str | None) -> None:
        file.quarantined += 1
        file.rules[rule] += 1
        self.truth.planted.append(Planted(file.path, sheet, line, rule, heading, value))

    def _item_heading(self, item: Item) -> str:
        return f"{item.factor} / {item.heading}"

    def _sheet_name(self) -> str:
        return f"Phiếu {self.month.month_id}"

    def _banners(self) -> list[str]:
        """The lines above the header; their number differs between units, as it does between offices."""
        first, last = to_date(self.month.starts), to_date(self.month.ends)
        lines = [
            f"UBND {self.scene.profile.settings['district']['title']}".upper(),
            self.unit.office.upper(),
            "TỔNG HỢP PHIẾU KHẢO SÁT SỰ HÀI LÒNG CỦA NGƯỜI DÂN, TỔ CHỨC",
            f"Kỳ báo cáo {self.month.month_id} (từ {first:%d/%m/%Y} đến {last:%d/%m/%Y})",
            "SỐ LIỆU MÔ PHỎNG, KHÔNG PHẢI SỐ LIỆU THẬT",
        ]
        return lines + [""] * (int(self.unit.code) % 3)

    def _first_line(self) -> int:
        return len(self._banners()) + 3

    def _sheet(
        self,
        file: FileTruth,
        rows: Iterator[list[Cell]],
        renamed: bool = False,
        extra: bool = False,
        bare: bool = False,
    ) -> None:
        """Write one workbook: banners, two header rows, the rows and a totals row (only the header when `bare`)."""
        encode = _decomposed if self.is_decomposed else _unchanged
        headings: list[tuple[str, str | None]] = [(name, None) for name in LEADING]
        if renamed:
            headings[NUMBER] = ("Phiếu số", None)
        headings += [(item.factor, item.heading) for item in self.items] + [("Ghi chú", None)]
        if extra:
            headings.append(("Cán bộ nhập", None))
        with workbook(self.target / file.path) as book:
            sheet = book.sheet(encode(self._sheet_name()), len(headings))
            for place, line in enumerate([] if bare else self._banners()):
                sheet.banner(encode(line), len(headings) if place == 2 else 0)
            sheet.grouped_header([(encode(top), None if sub is None else encode(sub)) for top, sub in headings])
            noted = file if file.status == "landed" else None
            count = _write_rows(sheet, rows, encode, ["Cán bộ một cửa"] if extra else [], noted)
            if not bare:
                sheet.row([encode(f"Tổng cộng: {count} phiếu")])
            if int(self.unit.code) % 2 == 0:
                guide = book.sheet(encode("Hướng dẫn"), 1)
                guide.banner(encode("Mỗi phiếu một dòng; chọn đúng một trong năm mức cho mỗi tiêu chí."))
        if not bare and file.status in ("landed", "empty"):
            file.skipped = 1
        if self.is_decomposed:
            self.truth.text["decomposed_survey_files"] += 1

    def _total(self, levels: npt.NDArray[np.int8]) -> None:
        """Add the totals of accepted current forms: per item answers, satisfied answers and blanks."""
        answers, satisfied = (levels > 0).sum(axis=0), (levels >= SATISFIED).sum(axis=0)
        self.truth.survey.append(
            {
                "unit": self.unit.code,
                "period": self.month.month_id,
                "forms": len(levels),
                "answers": int(answers.sum()),
                "satisfied": int(satisfied.sum()),
                "items": {
                    item.code: {
                        "answers": int(answers[place]),
                        "satisfied": int(satisfied[place]),
                        "missing": len(levels) - int(answers[place]),
                        "levels": [int((levels[:, place] == level).sum()) for level in range(1, len(LEVELS))],
                    }
                    for place, item in enumerate(self.items)
                },
            }
        )


def impossible_day(month: ReportingMonth) -> str:
    """Return a day that no calendar has, as near the month as can be: 29/02/2023, 31/04/2023 and the like."""
    starts = to_date(month.starts)
    if starts.month in (4, 6, 9, 11):
        return f"31/{starts:%m/%Y}"
    year = to_date(month.ends).year
    return f"{past_february(year)}/02/{year}"


def _write_rows(
    sheet: Sheet, rows: Iterator[list[Cell]], encode: Callable[[str], str], tail: list[Cell], noted: FileTruth | None
) -> int:
    """Write the rows and return their number; note in a file that will be read what reading has to change."""
    count = 0
    for row in rows:
        cells = [encode(cell) if isinstance(cell, str) else cell for cell in (*row, *tail)]
        sheet.row(cells)
        if noted is not None:
            noted.note_changes([*cells[NUMBER:NAME], *cells[SEX : len(row) - 1]], [cells[DAY]])
            noted.changes["number.decimal_comma"] += cells[WEIGHT] == COMMA_WEIGHT
        count += 1
    return count


def _unchanged(text: str) -> str:
    return text


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def _truncate(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 5])
