"""What the one-stop database holds beside the cases: supplement requests, evaluation forms and scores of agencies.

No fault is planted here; which cases there are is drawn in cases.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.simulate.calendar import DAY_SECONDS, Ints, to_date
from pipelines.simulate.plan import Scene
from pipelines.simulate.profile import Unit
from pipelines.simulate.truth import FileTruth, Truth

# A stream of random numbers of its own, so that cases and complaints stay as they were.
STREAM = 101
FORM_SHARE = 0.12
LONGEST_WAIT = 7
ASKED_AT = 16 * 3600
MODES = ("Phiếu giấy", "Thiết bị tại quầy", "Trực tuyến")
# Answers 2, 1, 0; the form leaves index 1 to the software, which knows the case.
ANSWERED = ("2", "3", "4", "6", "7")
ANSWER_WEIGHTS = (0.74, 0.2, 0.06)
LEVELS = ("dissatisfied", "satisfied", "very_satisfied")
AGENCY_INDICES = ("5", "8", "9")
MONTHS_IN_QUARTER = 3

# Source, table and columns.
SUPPLEMENTS = (
    "bo_sung",
    "HoSoBoSung",
    ("DonVi", "MaHoSo", "NgayBoSung", "NgayTiepNhanBoSung", "NgayHenTraTruoc", "NgayHenTraMoi", "NguoiYeuCauBoSung"),
)
FORMS = (
    "phieu_khao_sat",
    "PhieuKhaoSat",
    ("DonVi", "MaHoSo", "HinhThucDanhGia", "NgayTao", "TraLoi1", *(f"TraLoi{index}" for index in ANSWERED), "TraLoi10", "TraLoi11"),
)  # fmt: skip
SCORES = (
    "danh_gia_co_quan",
    "DanhGiaCoQuan",
    ("DonVi", "Quy", "Nam", "NgayDanhGia", "ChiSo", "TuCham", "ThamDinh"),
)
DATASETS = {"bo_sung": "case_step", "phieu_khao_sat": "case_evaluation", "danh_gia_co_quan": "agency_evaluation"}


class Evaluations:
    """Collects the rows of the three tables, cell by cell, and counts what the marts must show per unit and quarter."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.rows: dict[str, list[tuple[Any, ...]]] = {source: [] for source in DATASETS}
        # Points and forms of each index, and forms by level, per unit and quarter.
        self.counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.scores: list[dict[str, Any]] = []

    def add(
        self,
        unit: Unit,
        month: int,
        numbers: Sequence[str],
        *,
        due: Ints,
        settled: Ints,
        asked: Ints,
        is_settled: Ints,
        is_asked: Ints,
    ) -> None:
        """Draw the requests and forms of the accepted cases a unit received in a month (place in the scene's months).

        One element per case: days since 1970-01-01, `due` -1 where the source gives none; flags 1 or 0.
        """
        random = self.scene.random(STREAM, int(unit.code), month)
        size = len(numbers)
        wait = random.integers(1, LONGEST_WAIT + 1, size)
        has_form = (random.random(size) < FORM_SHARE) & (is_settled == 1)
        answers = random.choice([2, 1, 0], (size, len(ANSWERED)), p=ANSWER_WEIGHTS).tolist()
        levels = random.choice([2, 1, 0], (size, 2), p=(0.45, 0.45, 0.1)).tolist()
        modes = random.integers(0, len(MODES), size).tolist()
        after = random.integers(0, 4, size)
        for place, number in enumerate(numbers):
            waited = 0
            promised = _moment(due[place], 17 * 3600) if due[place] >= 0 else None
            if is_asked[place]:
                returned = min(int(asked[place] + wait[place]), int(settled[place])) if is_settled[place] else None
                waited = returned - int(asked[place]) if returned is not None else 0
                back = None if returned is None else _moment(returned, ASKED_AT)
                asked_at = _moment(asked[place], ASKED_AT)
                self.rows["bo_sung"].append((unit.code, number, asked_at, back, promised, promised, "Cán bộ mẫu"))
            if has_form[place]:
                day = min(int(settled[place] + after[place]), self.scene.as_of)
                self._form(unit, number, day, MODES[modes[place]], answers[place], levels[place])
                if due[place] >= 0:
                    self._timed(unit, day, int(settled[place]) - waited - int(due[place]))

    def _form(self, unit: Unit, number: str, day: int, mode: str, answers: list[int], levels: list[int]) -> None:
        self.rows["phieu_khao_sat"].append((unit.code, number, mode, f"{to_date(day)}", None, *answers, *levels))
        count = self.counts[unit.code, self.quarter(day)]
        count["n_forms"] += 1
        count[f"n_{LEVELS[levels[1]]}"] += 1
        for index, points in zip(ANSWERED, answers, strict=True):
            count[f"points_{index}"] += points
            count[f"n_{index}"] += 1

    def _timed(self, unit: Unit, day: int, beyond: int) -> None:
        """Count index 1, which the pipeline works out: days beyond the date promised, without those of the applicant."""
        count = self.counts[unit.code, self.quarter(day)]
        count["points_1"] += 2 if beyond < 0 else 1 if beyond == 0 else 0
        count["n_1"] += 1

    def quarter(self, day: int) -> str:
        """The reporting quarter of a day, as 2023-Q1."""
        month_id = next(month.month_id for month in self.scene.months if month.starts <= day <= month.ends)
        return f"{month_id[:4]}-Q{(int(month_id[5:]) + 2) // MONTHS_IN_QUARTER}"

    def write(self, connection: sqlite3.Connection, path: str, truth: Truth) -> None:
        """Write the tables into the database that stands at `path` of the workspace, and add files and totals to the truth."""
        self._score()
        for source, table, columns in (SUPPLEMENTS, FORMS, SCORES):
            connection.execute(f"CREATE TABLE {table} ({', '.join(f'{name} TEXT' for name in columns)})")
            rows = self.rows[source]
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", rows)
            read = len(rows)
            file = FileTruth(path=path, source=source, datasets=[DATASETS[source]], read=read, accepted=read)
            file.status = "landed" if rows else "empty"
            truth.files.append(file)
        for (unit, quarter), count in sorted(self.counts.items()):
            truth.evaluations.append({"unit": unit, "period": quarter, **count})
        truth.agency_scores.extend(self.scores)

    def _score(self) -> None:
        """Draw the scores of each unit and whole quarter, given on the quarter's last day."""
        for place, month in enumerate(self.scene.reported, start=1):
            if place % MONTHS_IN_QUARTER:
                continue
            year, quarter = month.month_id[:4], place // MONTHS_IN_QUARTER
            for unit in self.scene.units:
                random = self.scene.random(STREAM, int(unit.code), place, 1)
                for index in AGENCY_INDICES:
                    own = int(random.choice([2, 1, 0], p=(0.7, 0.25, 0.05)))
                    verified = max(own - int(random.random() < 0.3), 0) if random.random() < 0.8 else None
                    shown = None if verified is None else str(verified)
                    row = (unit.code, str(quarter), year, f"{to_date(month.ends)}", index, str(own), shown)
                    self.rows["danh_gia_co_quan"].append(row)
                    self.scores.append(
                        {"unit": unit.code, "period": f"{year}-Q{quarter}", "index": index}
                        | {"points": own if verified is None else verified}
                        | {"source": "agency" if verified is None else "verified"}
                    )


def _moment(day: int | np.int64, second: int) -> str:
    return str(np.datetime64(int(day) * DAY_SECONDS + second, "s")).replace("T", " ")
