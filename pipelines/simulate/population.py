"""The people a simulated survey round is drawn from: where they live and what each would answer. Drawing them stands elsewhere.

Every answer of everybody is known, so the index that a census would give is known as well. Nothing of it is real: of the
districts and communes only codes and names are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from scipy.special import ndtri

from assets.office import SHIPPED_REFERENCE
from pipelines.simulate.calendar import to_date
from pipelines.simulate.plan import POPULATION, Scene
from pipelines.simulate.profile import PROFILE_FOLDER

Levels = npt.NDArray[np.int8]

# Of those not satisfied, shares of the two lowest levels together and of the lowest; of the satisfied, the share of level 4.
LOWEST, TWO_LOWEST, SATISFIED_ONLY = 0.06, 0.34, 0.62


@dataclass(frozen=True)
class Node:
    """A node of the instrument: an item, or a component, area or whole that pools the items below it."""

    code: str
    level: str
    parent: str
    label: str


@dataclass(frozen=True)
class Village:
    """A village or block (SSU); `place` counts from 1 within its commune."""

    commune: str
    place: int
    residents: int

    @property
    def code(self) -> str:
        return f"{self.commune}-{self.place:02d}"


@dataclass(frozen=True)
class Commune:
    """A commune (PSU) of a district (stratum)."""

    code: str
    name: str
    district: str
    villages: tuple[Village, ...]

    @property
    def residents(self) -> int:
        return sum(village.residents for village in self.villages)


@cache
def load_round() -> dict[str, Any]:
    """Return profile/survey_round.yml as it stands."""
    settings: dict[str, Any] = yaml.safe_load((PROFILE_FOLDER / "survey_round.yml").read_text(encoding="utf-8"))
    return settings


def satisfaction_nodes() -> tuple[Node, ...]:
    """Return the satisfaction nodes of the round's instrument as shipped, parents before their children."""
    code = load_round()["instrument"]
    with (SHIPPED_REFERENCE / "instrument_item.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Node(row["node_code"], row["node_level"], row["parent_code"], row["label_vi"])
            for row in csv.DictReader(file)
            if row["instrument_code"] == code and row["question_kind"] == "satisfaction"
        )


class Population:
    """The residents of the districts the round covers. Answers are made village by village and never held as a whole."""

    def __init__(self, scene: Scene) -> None:
        self._scene, self._settings = scene, load_round()
        self.nodes = satisfaction_nodes()
        self.items = tuple(node for node in self.nodes if node.level == "item")
        self.communes = tuple(self._communes())
        spread = scene.random(POPULATION).normal(0, self._settings["item_spread"], len(self.items))
        base = np.array([self._settings["satisfied"][item.parent] for item in self.items])
        self._satisfied = base + spread

    def _communes(self) -> Iterator[Commune]:
        """The communes in force on the first day of the round, each with its villages."""
        day = str(to_date(self._scene.reported[0].starts))
        fewest, most = self._settings["villages_per_commune"]
        smallest, largest = self._settings["residents_per_village"]
        with (SHIPPED_REFERENCE / "admin_unit.csv").open(encoding="utf-8", newline="") as file:
            rows = [
                row
                for row in csv.DictReader(file)
                if row["parent_code"] in self._settings["districts"]
                and row["valid_from"] <= day
                and day <= (row["valid_to"] or day)
            ]
        for row in sorted(rows, key=lambda row: (row["parent_code"], row["code"])):
            random = self._scene.random(POPULATION, int(row["code"]))
            sizes = random.integers(smallest, largest + 1, random.integers(fewest, most + 1))
            villages = tuple(Village(row["code"], place, int(size)) for place, size in enumerate(sizes, start=1))
            yield Commune(row["code"], row["name"], row["parent_code"], villages)

    def answers(self, commune: Commune, village: Village) -> Levels:
        """Return what every resident of a village would answer: residents x items, 0 blank, 1..5 as on the form.

        A latent normal of variance 1 is cut at the levels' shares. Its parts are those of the commune, the village, the
        person and the single answer, with the shares of variance that `latent_shares` states.
        """
        shares = self._settings["latent_shares"]
        of_commune = self._scene.random(POPULATION, int(commune.code), 0, 1).normal()
        random = self._scene.random(POPULATION, int(commune.code), village.place)
        of_village = random.normal()
        of_person = random.normal(size=(village.residents, 1))
        own = random.normal(size=(village.residents, len(self.items)))
        latent = (
            np.sqrt(shares["commune"]) * of_commune
            + np.sqrt(shares["village"]) * of_village
            + np.sqrt(shares["person"]) * of_person
            + np.sqrt(1 - sum(shares.values())) * own
        )
        satisfied = np.clip(self._satisfied + self._settings["district_shift"][commune.district], 0.5, 0.98)
        unsatisfied = 1 - satisfied
        bounds = (
            unsatisfied * LOWEST,
            unsatisfied * TWO_LOWEST,
            unsatisfied,
            unsatisfied + satisfied * SATISFIED_ONLY,
        )
        levels = 1 + sum((latent >= ndtri(bound)).astype(np.int8) for bound in bounds)
        blank = random.random(latent.shape) < self._settings["blank"]
        return np.where(blank, 0, levels).astype(np.int8)
