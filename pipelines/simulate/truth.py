"""The truth about a simulated workspace: what each file holds, what must be caught, and the totals marts must show."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

FORMAT = 1


@dataclass
class FileTruth:
    """One input. `rules` counts rows per rule that refuses a row, `warnings` per rule that does not, `changes` the cells
    that are read as something else than stands in them, per kind; nothing of a refused file or a copy.

    Every row read ends in one of `accepted` (current), `quarantined`, `duplicate`, `superseded` (accepted, then replaced
    by a later delivery). `skipped` rows (totals) are not read, and nothing of a refused file is. All rows of a file that
    is a copy of another are duplicates.
    """

    path: str
    source: str
    datasets: list[str]
    unit: str | None = None
    period: str | None = None
    sent: str | None = None
    status: str = "landed"
    refused_by: str | None = None
    behaviour: str = "on_time"
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    superseded: int = 0
    skipped: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)

    def note_changes(self, texts: Iterable[object], dates: Iterable[object] = ()) -> None:
        """Count the cells of a row, as they are written, that reading must change: NFD texts, dates as dd/mm/yyyy."""
        self.changes["text.nfc"] += sum(isinstance(t, str) and not unicodedata.is_normalized("NFC", t) for t in texts)
        self.changes["date.stated_format"] += sum(isinstance(day, str) and _is_slashed_day(day) for day in dates)

    @property
    def balances(self) -> bool:
        """Whether every row read ends in exactly one place."""
        return self.read == self.accepted + self.quarantined + self.duplicate + self.superseded


def _is_slashed_day(text: str) -> bool:
    day, slash, rest = text.partition(" ")[0].partition("/")
    if not slash:
        return False
    month, _, year = rest.partition("/")
    try:
        return bool(date(int(year), int(month), int(day)))
    except ValueError:  # 31/04 stays what it is
        return False


@dataclass(frozen=True)
class Planted:
    """One row that must be refused: its place (Excel row, JSON line or table row, from 1), rule and source heading.

    Texts are in NFC even where the file has them decomposed.
    """

    path: str
    sheet: str | None
    line: int
    rule: str
    column: str
    value: str | None


@dataclass
class Truth:
    """Everything truth.json holds; the lists of totals have one entry per unit and reporting month.

    `survey_round` is what a census of the round's population would give, and how the sample was drawn from it.
    """

    seed: int
    units: list[str]
    months: list[str]
    as_of: str
    files: list[FileTruth] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    submissions: list[dict[str, Any]] = field(default_factory=list)
    survey: list[dict[str, Any]] = field(default_factory=list)
    cases: list[dict[str, Any]] = field(default_factory=list)
    case_fields: list[dict[str, Any]] = field(default_factory=list)
    complaints: list[dict[str, Any]] = field(default_factory=list)
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    agency_scores: list[dict[str, Any]] = field(default_factory=list)
    complaint_classes: list[dict[str, Any]] = field(default_factory=list)
    text: Counter[str] = field(default_factory=Counter)
    survey_round: dict[str, Any] | None = None

    def sources(self) -> dict[str, dict[str, Any]]:
        """Return the files added up per source: rows by where they end, rules, warnings and files by status."""
        counts = ("read", "accepted", "quarantined", "duplicate", "superseded", "skipped")
        result: dict[str, dict[str, Any]] = {}
        for name in sorted({file.source for file in self.files}):
            files = [file for file in self.files if file.source == name]
            rules: Counter[str] = Counter()
            warnings: Counter[str] = Counter()
            for file in files:
                rules += file.rules
                warnings += file.warnings
            result[name] = {
                **{count: sum(getattr(file, count) for file in files) for count in counts},
                "rules": dict(rules),
                "warnings": dict(warnings),
                "files": dict(Counter(file.status for file in files)),
                "refused": dict(Counter(file.refused_by for file in files if file.refused_by)),
            }
        return result

    def as_dict(self) -> dict[str, Any]:
        """Return the content of truth.json."""
        content = vars(self) | {
            "files": [vars(file) for file in sorted(self.files, key=lambda file: file.path)],
            "planted": [vars(row) for row in self.planted],
        }
        if self.survey_round is None:
            del content["survey_round"]
        return {"format": FORMAT, "simulated": True, **content, "sources": self.sources()}

    def write(self, path: Path) -> None:
        """Write truth.json with sorted keys."""
        text = json.dumps(_plain(self.as_dict()), ensure_ascii=False, sort_keys=True, indent=1)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _plain(value: Any) -> Any:
    """Numpy numbers and counters as JSON knows them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.item() if hasattr(value, "item") else value
