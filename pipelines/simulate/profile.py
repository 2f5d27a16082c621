"""What the simulated district is like, as read from profile/: units, procedures, criteria, volumes and dirt."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PROFILE_FOLDER = Path(__file__).parent / "profile"
EXAMPLE_FOLDER = Path(__file__).parents[2] / "examples" / "my_duc"


@dataclass(frozen=True)
class Unit:
    """A commune. `volume` weighs its business, `satisfaction` is its mean index, `late_share` its late cases (fractions)."""

    code: str
    title: str
    case_prefix: str
    volume: float
    satisfaction: float
    late_share: float

    @property
    def kind(self) -> str:
        """The word for the kind of unit: xã or thị trấn."""
        return "thị trấn" if self.title.startswith("Thị trấn ") else "xã"

    @property
    def office(self) -> str:
        """The name of the unit's committee, as the portal writes it."""
        return f"UBND {self.kind} {self.title[len(self.kind) + 1 :]}"


@dataclass(frozen=True)
class Item:
    """A criterion of the survey sheet. `shift` moves its index, `blank` is the share left unanswered (fractions)."""

    code: str
    factor: str
    text: str
    shift: float
    blank: float

    @property
    def heading(self) -> str:
        return f"{self.code}. {self.text}"


@dataclass(frozen=True)
class Procedure:
    """A simulated procedure: its field, its legal term in working days and its fee in đồng."""

    code: str
    name: str
    field: str
    weight: float
    working_days: int
    fee: int


@dataclass(frozen=True)
class Profile:
    """The whole description; `settings` is profile.yml as it stands."""

    units: tuple[Unit, ...]
    items: tuple[Item, ...]
    procedures: tuple[Procedure, ...]
    settings: Mapping[str, Any]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@cache
def load_profile() -> Profile:
    """Return the shipped profile; names and fields of procedures come from the example's own reference table."""
    named = {row["code"]: row for row in _rows(EXAMPLE_FOLDER / "reference" / "procedure.csv")}
    return Profile(
        units=tuple(
            Unit(
                row["code"],
                row["title"],
                row["case_prefix"],
                float(row["volume"]),
                float(row["satisfaction"]),
                float(row["late_share"]),
            )
            for row in _rows(PROFILE_FOLDER / "units.csv")
        ),
        items=tuple(
            Item(row["code"], row["factor"], row["text"], float(row["shift"]), float(row["blank"]))
            for row in _rows(PROFILE_FOLDER / "items.csv")
        ),
        procedures=tuple(
            Procedure(
                row["code"],
                named[row["code"]]["name"],
                named[row["code"]]["field"],
                float(row["weight"]),
                int(row["working_days"]),
                int(row["fee"]),
            )
            for row in _rows(PROFILE_FOLDER / "procedures.csv")
        ),
        settings=yaml.safe_load((PROFILE_FOLDER / "profile.yml").read_text(encoding="utf-8")),
    )
