"""The one-stop software's SQLite database of case files, and the truth about it."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.simulate.calendar import DAY_SECONDS, Ints, ReportingMonth, past_february, to_date
from pipelines.simulate.evaluations import Evaluations
from pipelines.simulate.people import id_number, person, phone
from pipelines.simulate.plan import CASES, Scene, plan_dirt
from pipelines.simulate.profile import Unit
from pipelines.simulate.truth import FileTruth, Planted, Truth

SOURCE = "mot_cua"
PATH = "inbox/mot_cua.sqlite"
COLUMNS = (
    "MaHoSo",
    "DonViId",
    "KenhThucHien",
    "LoaiDoiTuong",
    "ChuHoSo",
    "SoDienThoai",
    "SoGiayTo",
    "TrichYeuHoSo",
    "MaTTHC",
    "TenLinhVuc",
    "NgayTiepNhan",
    "NgayHenTra",
    "NgayKetThucXuLy",
    "NgayTra",
    "NgayYeuCauBoSung",
    "TrangThaiHoSoId",
    "ThoiGianThucHien",
    "LePhi",
)
INTEGERS = ("KenhThucHien", "TrangThaiHoSoId", "ThoiGianThucHien")
AT = {name: place for place, name in enumerate(COLUMNS)}

# The ten states of the one-stop software.
REGISTERED, ACCEPTED, REJECTED, PROCESSING, SUPPLEMENT, PAYMENT, WITHDRAWN, STOPPED, SETTLED, RETURNED = range(1, 11)
DIRECT, ONLINE, POSTAL = 1, 2, 3
CHANNEL_WEIGHTS = (0.55, 0.38, 0.07)
CHANNELS = {DIRECT: "direct", ONLINE: "online", POSTAL: "postal"}

OPENS, CLOSES = 7 * 3600 + 1800, 17 * 3600
# Working days: the shortest term of a case of the opening stock, and how long before the year it was received at most.
OPENING_TERM = 10
# Later than every day of the simulation.
NEVER = 10**6

# Rule and heading of each fault in one cell.
FAULTS = {
    "settled_before_received": ("case.settled_before_received", "NgayKetThucXuLy"),
    "received_impossible": ("case.received_at.type", "NgayTiepNhan"),
    "received_blank": ("case.received_at.required", "NgayTiepNhan"),
    "procedure_unknown": ("case.procedure_code.unknown", "MaTTHC"),
    "unit_unknown": ("case.unit_code.unknown", "DonViId"),
    "state_unknown": ("case.state.values", "TrangThaiHoSoId"),
    "state_blank": ("case.state.required", "TrangThaiHoSoId"),
    "channel_unknown": ("case.channel.values", "KenhThucHien"),
    "number_blank": ("case.record_id.required", "MaHoSo"),
}
WARNINGS = {"finished_without_end": "case.finished_without_end", "due_blank": "case.due_date_missing"}

Row = list[str | int | None]
Flags = npt.NDArray[np.bool_]


@dataclass
class Cases:
    """The cases one unit received in one month, one element per case; days since 1970-01-01, seconds of the local day."""

    received: Ints
    received_second: Ints
    due: Ints
    settled: Ints
    settled_second: Ints
    supplement: Ints
    state: Ints
    channel: Ints
    procedure: Ints
    has_due: Flags
    has_end: Flags
    is_accepted: Flags


def write_cases(scene: Scene, target: Path, truth: Truth) -> None:
    """Write the database under `target`, one unit and month at a time, and add its file, faults and totals to the truth."""
    settings = scene.profile.settings
    volumes = scene.volumes(scene.cases, with_opening=True)
    # Opening stock is left without faults, so that each case of it is pending when the year begins.
    eligible = [0] * len(scene.units) + [size for month in volumes[1:] for size in month]
    plans = iter(plan_dirt(scene.random(CASES), eligible, settings["case_dirt"], settings["largest_dirt_count"]))
    file = FileTruth(path=PATH, source=SOURCE, datasets=["case"])
    truth.files.append(file)
    totals, evaluations = _Totals(scene), Evaluations(scene)
    connection = _new_database(target / PATH)
    statement = f"INSERT INTO ho_so VALUES ({', '.join('?' * len(COLUMNS))})"
    number = 0
    for month, sizes in enumerate(volumes):
        for unit, size in zip(scene.units, sizes, strict=True):
            random = scene.random_cell(CASES, unit, month)
            faults = next(plans)
            cases = _draw(scene, random, unit, month, size)
            writer = _Writer(scene, random, unit, scene.months[month], cases, faults, file, truth, number)
            connection.executemany(statement, writer.rows())
            number += size
            totals.add(unit, cases)
            _add_evaluations(evaluations, unit, month, cases)
    evaluations.write(connection, PATH, truth)
    connection.commit()
    connection.close()
    file.accepted = file.read - file.quarantined - file.duplicate
    truth.cases.extend(totals.by_unit())
    truth.case_fields.extend(totals.by_field())


def _add_evaluations(evaluations: Evaluations, unit: Unit, month: int, cases: Cases) -> None:
    """Pass on the cases that are accepted, once the rows are written and their faults known."""
    is_settled = np.isin(cases.state, (SETTLED, RETURNED)) & cases.has_end
    is_asked = (cases.supplement != NEVER) & (is_settled | (cases.state == SUPPLEMENT))
    chosen = cases.is_accepted & (is_settled | is_asked)
    numbers = case_numbers(unit, cases)
    evaluations.add(
        unit,
        month,
        [numbers[place] for place in np.flatnonzero(chosen)],
        due=np.where(cases.has_due, cases.due, -1)[chosen],
        settled=cases.settled[chosen],
        asked=cases.supplement[chosen],
        is_settled=is_settled[chosen].astype(np.int64),
        is_asked=is_asked[chosen].astype(np.int64),
    )


def case_numbers(unit: Unit, cases: Cases) -> list[str]:
    """Return the number of each case; the counter of a unit starts again each day."""
    counter = np.arange(len(cases.received)) - np.searchsorted(cases.received, cases.received, side="left") + 1
    days = [to_date(day) for day in cases.received]
    return [f"{unit.case_prefix}-{day:%y%m%d}-{count:04d}" for day, count in zip(days, counter, strict=True)]


def _new_database(path: Path) -> sqlite3.Connection:
    """Open an empty database. Rows are only appended, in one transaction, so equal rows give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA page_size = 4096")
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    columns = ", ".join(f"{name} {'INTEGER' if name in INTEGERS else 'TEXT'}" for name in COLUMNS)
    # No key: exports of the software repeat rows, and that is one of the things to be caught.
    connection.execute(f"CREATE TABLE ho_so ({columns})")
    return connection


def _draw(scene: Scene, random: np.random.Generator, unit: Unit, month: int, size: int) -> Cases:
    """Draw the cases received in a month: channel, procedure, deadline in working days, end and state on the last day."""
    window, procedures, working = scene.months[month], scene.profile.procedures, scene.working
    channel = random.choice(list(CHANNELS), size, p=CHANNEL_WEIGHTS)
    weights = np.array([procedure.weight for procedure in procedures])
    days, desk_days = window.days, working.within(window)
    if month == 0:
        # Only what is still pending when the year begins: long terms, received shortly before.
        weights *= [procedure.working_days >= OPENING_TERM for procedure in procedures]
        desk_days = desk_days[-OPENING_TERM:]
        days = days[days >= desk_days[0]]
    # Online files come on any day, and at any hour: those before 07:00 are still the day before in UTC.
    received = np.where(channel == ONLINE, random.choice(days, size), random.choice(desk_days, size))
    second = np.where(channel == ONLINE, random.integers(0, DAY_SECONDS, size), random.integers(OPENS, CLOSES, size))
    order = np.lexsort((second, received))
    received, second, channel = received[order], second[order], channel[order]
    procedure = random.choice(len(procedures), size, p=weights / weights.sum())
    term = np.array([procedure.working_days for procedure in procedures], dtype=np.int64)[procedure]
    due = working.after(received, term)

    pace = random.random(size)
    late = random.geometric(0.22, size) + np.where(random.random(size) < 0.15, random.integers(10, 35, size), 0)
    early = np.floor(random.random(size) * term).astype(np.int64)
    lag = np.where(pace < unit.late_share, term + late, np.where(pace < unit.late_share + 0.22, term, early))
    settled = working.after(received, lag)
    fate = random.random(size)
    # A few never end: they wait for the applicant, for a payment, or are stopped.
    settled = np.where(fate < 0.006, NEVER, settled)
    if month == 0:
        first = np.full(size, scene.months[1].starts - 1, dtype=np.int64)
        settled = np.maximum(settled, working.after(first, random.integers(1, 6, size)))
    settled_second = np.where(
        settled == received,
        np.minimum(second + random.integers(600, 3600, size), DAY_SECONDS - 1),
        random.integers(OPENS, CLOSES, size),
    )

    is_open = settled > scene.as_of
    state = np.where(settled > scene.as_of - 5, SETTLED, RETURNED)
    state = np.where((fate > 0.988) & ~is_open, WITHDRAWN, state)
    waiting = random.choice([SUPPLEMENT, PAYMENT, STOPPED], size, p=[0.6, 0.15, 0.25])
    state = np.where(is_open, np.where(random.random(size) < 0.08, SUPPLEMENT, PROCESSING), state)
    state = np.where(settled == NEVER, waiting, state)
    is_recent = received > scene.as_of - 3
    state = np.where((state == PROCESSING) & is_recent, ACCEPTED, state)
    if month > 0:
        state = np.where((fate > 0.976) & (fate <= 0.984), REJECTED, state)
        state = np.where(is_recent & (channel == ONLINE) & (fate < 0.4), REGISTERED, state)
    was_asked = (state == SUPPLEMENT) | (np.isin(state, (SETTLED, RETURNED)) & (random.random(size) < 0.05))
    asked = np.minimum(received + random.integers(0, 6, size), np.minimum(settled, scene.as_of))
    return Cases(
        received=received,
        received_second=second,
        due=due,
        settled=settled,
        settled_second=settled_second,
        supplement=np.where(was_asked, asked, NEVER),
        state=state,
        channel=channel,
        procedure=procedure,
        has_due=np.ones(size, dtype=np.bool_),
        has_end=np.isin(state, (SETTLED, RETURNED, WITHDRAWN)),
        is_accepted=np.ones(size, dtype=np.bool_),
    )


class _Writer:
    """Turns one unit's cases of a month into table rows, spoiling those that carry a fault."""

    def __init__(
        self,
        scene: Scene,
        random: np.random.Generator,
        unit: Unit,
        month: ReportingMonth,
        cases: Cases,
        faults: dict[int, str],
        file: FileTruth,
        truth: Truth,
        first_number: int,
    ) -> None:
        self.scene, self.random, self.unit, self.month = scene, random, unit, month
        self.cases, self.faults, self.file, self.truth = cases, faults, file, truth
        self.first_number = first_number
        self.has_slash_dates = unit.code in scene.profile.settings["slash_date_case_units"]

    def rows(self) -> Iterator[Row]:
        """Yield the rows in the order they are stored and mark in the cases what is accepted."""
        for place, row in enumerate(self._clean_rows()):
            kind = self.faults.get(place)
            if kind is None:
                yield self._stored(row)
            elif kind == "duplicate":
                yield self._stored(row)
                self.file.duplicate += 1
                yield self._stored([*row])
            elif kind == "conflict":
                self.cases.is_accepted[place] = False
                other = [*row]
                other[AT["NgayHenTra"]] = self._moment(int(self.cases.due[place]) + 7, CLOSES)
                for version in (row, other):
                    stored = self._stored(version)
                    self._refuse("key.conflict", "MaHoSo", stored)
                    yield stored
            else:
                self._spoil(kind, place, row)
                stored = self._stored(row)
                if kind in WARNINGS:
                    self.file.warnings[WARNINGS[kind]] += 1
                else:
                    self.cases.is_accepted[place] = False
                    self._refuse(*FAULTS[kind], stored)
                yield stored

    def _stored(self, row: Row) -> Row:
        self.file.read += 1
        if (field := row[AT["TenLinhVuc"]]) != unicodedata.normalize("NFC", str(field)):
            self.truth.text["decomposed_case_fields"] += 1
        days = ("NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayYeuCauBoSung")
        self.file.note_changes([field], [row[AT[name]] for name in days])
        return row

    def _refuse(self, rule: str, heading: str, row: Row) -> None:
        value = row[AT[heading]]
        self.file.quarantined += 1
        self.file.rules[rule] += 1
        shown = None if value is None else str(value)
        self.truth.planted.append(Planted(PATH, None, self.file.read, rule, heading, shown))

    def _spoil(self, kind: str, place: int, row: Row) -> None:
        """Spoil one cell of the row (and the state it needs), and tell the cases what a warning changes."""
        cases = self.cases
        match kind:
            case "settled_before_received":
                row[AT["TrangThaiHoSoId"]] = RETURNED
                before = int(cases.received[place]) - int(self.random.integers(1, 21))
                row[AT["NgayKetThucXuLy"]] = self._moment(before, CLOSES)
            case "received_impossible":
                year = to_date(self.month.ends).year
                day = past_february(year)
                slashed, dashed = f"{day}/02/{year} 09:15:00", f"{year}-02-{day} 09:15:00"
                row[AT["NgayTiepNhan"]] = slashed if self.has_slash_dates else dashed
            case "procedure_unknown":
                row[AT["MaTTHC"]] = f"1.999{int(self.random.integers(1000)):03d}"
            case "unit_unknown":
                # A code nobody has, and a typing mistake: the letter O for a zero.
                row[AT["DonViId"]] = ("10999", self.unit.code.replace("0", "O", 1))[place % 2]
            case "state_unknown":
                row[AT["TrangThaiHoSoId"]] = 12
            case "channel_unknown":
                row[AT["KenhThucHien"]] = 9
            case "finished_without_end":
                row[AT["TrangThaiHoSoId"]] = SETTLED
                row[AT["NgayKetThucXuLy"]] = row[AT["NgayTra"]] = None
                cases.state[place], cases.has_end[place] = SETTLED, False
            case "due_blank":
                row[AT["NgayHenTra"]] = None
                cases.has_due[place] = False
            case _:
                row[AT[FAULTS[kind][1]]] = None

    def _clean_rows(self) -> Iterator[Row]:
        cases, unit, procedures = self.cases, self.unit, self.scene.profile.procedures
        random = self.random
        size = len(cases.received)
        is_male = random.random(size) < 0.5
        is_decomposed = random.random(size) < 0.02
        kinds = np.where(random.random(size) < 0.93, "Công dân", "Tổ chức").tolist()
        received = self._moments(cases.received, cases.received_second)
        due = self._moments(cases.due, np.full(size, CLOSES, dtype=np.int64))
        settled = self._moments(cases.settled, cases.settled_second)
        returned = self._moments(cases.settled, np.full(size, CLOSES, dtype=np.int64))
        supplement = self._moments(cases.supplement, np.full(size, CLOSES - 3600, dtype=np.int64))
        numbers = case_numbers(unit, cases)
        for place in range(size):
            procedure = procedures[cases.procedure[place]]
            number = self.first_number + place
            field = unicodedata.normalize("NFD", procedure.field) if is_decomposed[place] else procedure.field
            ended = bool(cases.has_end[place])
            yield [
                numbers[place],
                unit.code,
                int(cases.channel[place]),
                kinds[place],
                person(number, bool(is_male[place])),
                phone(number),
                id_number(number),
                f"Hồ sơ mô phỏng: {procedure.name}",
                procedure.code,
                field,
                received[place],
                due[place],
                settled[place] if ended else None,
                returned[place] if cases.state[place] == RETURNED else None,
                supplement[place] if cases.supplement[place] != NEVER else None,
                int(cases.state[place]),
                procedure.working_days * 8,
                f"{procedure.fee:,}".replace(",", ".") + ",00",
            ]

    def _moments(self, days: Ints, seconds: Ints) -> list[str]:
        """Return local times as the unit's software stores them."""
        stamps = np.datetime_as_string((days * DAY_SECONDS + seconds).astype("datetime64[s]")).tolist()
        if self.has_slash_dates:
            return [f"{stamp[8:10]}/{stamp[5:7]}/{stamp[:4]} {stamp[11:]}" for stamp in stamps]
        return [stamp.replace("T", " ") for stamp in stamps]

    def _moment(self, day: int, second: int) -> str:
        return self._moments(np.array([day]), np.array([second]))[0]


class _Totals:
    """Adds up accepted cases per unit and reporting month by the period predicates of form II.06, comparing local days."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.counts: dict[tuple[str, str], Counter[str]] = {
            (month.month_id, unit.code): Counter() for month in scene.months for unit in scene.units
        }
        fields = sorted({procedure.field for procedure in scene.profile.procedures})
        self.field_of = np.array([fields.index(procedure.field) for procedure in scene.profile.procedures])
        self.fields = {(month.month_id, field): Counter[str]() for month in scene.months for field in fields}
        self.field_names = fields

    def add(self, unit: Unit, cases: Cases) -> None:
        """Count the unit's cases in every month; what no predicate can place is counted in the month of receipt."""
        is_finished = np.isin(cases.state, (SETTLED, RETURNED, WITHDRAWN))
        reasons = {
            "n_unplaced_registered": cases.state == REGISTERED,
            "n_unplaced_refused": cases.state == REJECTED,
            "n_unplaced_no_end": is_finished & ~cases.has_end,
        }
        is_placed = cases.is_accepted & ~np.logical_or.reduce(list(reasons.values()))
        end = np.where(is_finished, cases.settled, NEVER)
        for month in self.scene.months:
            within = (cases.received >= month.starts) & (cases.received <= month.ends)
            ended = is_placed & (end >= month.starts) & (end <= month.ends)
            settled, received = ended & (cases.state != WITHDRAWN), is_placed & within
            pending = is_placed & (cases.received <= month.ends) & (end > month.ends)
            waits = pending & (
                ((cases.state == SUPPLEMENT) & (cases.supplement <= month.ends))
                | np.isin(cases.state, (PAYMENT, STOPPED))
            )
            is_overdue = cases.due < month.ends
            chosen = {
                "n_opening": is_placed & (cases.received < month.starts) & (end >= month.starts),
                "n_received": received,
                "n_settled": settled,
                "n_settled_early": settled & cases.has_due & (end < cases.due),
                "n_settled_on_day": settled & cases.has_due & (end == cases.due),
                "n_settled_late": settled & cases.has_due & (end > cases.due),
                "n_settled_no_due_date": settled & ~cases.has_due,
                "n_withdrawn": ended & (cases.state == WITHDRAWN),
                "n_pending": pending,
                "n_pending_in_time": pending & cases.has_due & ~is_overdue,
                "n_pending_overdue": pending & cases.has_due & is_overdue,
                "n_pending_no_due_date": pending & ~cases.has_due,
                "n_pending_supplement": waits,
                "n_pending_supplement_in_time": waits & cases.has_due & ~is_overdue,
                "n_pending_supplement_overdue": waits & cases.has_due & is_overdue,
                "n_pending_supplement_no_due_date": waits & ~cases.has_due,
                **{f"n_received_{name}": received & (cases.channel == code) for code, name in CHANNELS.items()},
                **{name: cases.is_accepted & within & reason for name, reason in reasons.items()},
            }
            counter = self.counts[month.month_id, unit.code]
            for name, flags in chosen.items():
                counter[name] += int(flags.sum())
            for name in ("n_opening", "n_received", "n_settled", "n_withdrawn", "n_pending"):
                found = np.bincount(self.field_of[cases.procedure[chosen[name]]], minlength=len(self.field_names))
                for field, count in zip(self.field_names, found.tolist(), strict=True):
                    self.fields[month.month_id, field][name] += count

    def by_unit(self) -> Iterator[dict[str, Any]]:
        for (month, unit), counter in self.counts.items():
            yield {"unit": unit, "period": month, **counter}

    def by_field(self) -> Iterator[dict[str, Any]]:
        for (month, field), counter in self.fields.items():
            yield {"field": field, "period": month, **counter}
