"""A simulated survey round: a three-stage stratified sample of a known population, its forms, frame and truth.

Districts are strata, communes the PSUs, villages the SSUs; each stage is a simple random sample without replacement. The
population stands in population.py. A round has no planted faults: what it is for is its truth.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pipelines.simulate.calendar import to_date
from pipelines.simulate.plan import ROUND, Scene
from pipelines.simulate.population import Commune, Levels, Population, Village, load_round
from pipelines.simulate.survey import AGE_WEIGHTS, AGES, LEVELS, SATISFIED
from pipelines.simulate.truth import FileTruth, Truth
from pipelines.simulate.workbook import Cell, workbook

SOURCE = "dot_khao_sat"
DATASETS = ["survey_response", "survey_answer"]
EXAMPLE_FOLDER = Path(__file__).parents[2] / "examples" / "survey_round"
SPEC = Path("sources") / f"{SOURCE}.yml"
ROUND_FILE = Path("reference") / "survey_round.csv"
FRAME_FILE = Path("reference") / "sampling_frame.csv"
LEADING = ("STT", "Số phiếu", "Ngày", "Tầng", "Xã/phường", "Thôn/tổ dân phố", "Trọng số", "Giới tính", "Độ tuổi")
# Of the contract's decimal type.
WEIGHT_DECIMALS = 4


@dataclass(frozen=True)
class Drawn:
    """The residents drawn in one village: `levels` is one row per resident, `weight` is the same for all of them."""

    village: Village
    weight: float
    levels: Levels


class _Census:
    """Residents, valid and satisfied answers per item, added up for each unit."""

    def __init__(self, items: int) -> None:
        self.residents: dict[str, int] = {}
        self.answers: dict[str, Any] = {}
        self.satisfied: dict[str, Any] = {}
        self._items = items

    def add(self, units: Iterable[str], levels: Levels) -> None:
        for unit in units:
            nothing = np.zeros(self._items, dtype=np.int64)
            self.residents[unit] = self.residents.get(unit, 0) + len(levels)
            self.answers[unit] = self.answers.get(unit, nothing) + (levels > 0).sum(axis=0)
            self.satisfied[unit] = self.satisfied.get(unit, nothing) + (levels >= SATISFIED).sum(axis=0)


def write_survey_round(scene: Scene, target: Path, truth: Truth) -> None:
    """Write the round's forms, spec, frame and settings under `target`, and the population's true index to the truth."""
    population, settings = Population(scene), load_round()
    chosen = _choose(scene, population, settings["drawn"])
    census = _Census(len(population.items))
    forms: dict[str, list[Drawn]] = {}
    for commune in population.communes:
        for village in commune.villages:
            levels = population.answers(commune, village)
            census.add((settings["city"], commune.district, commune.code), levels)
            if (drawn := chosen.get(village)) is not None:
                rows, weight = drawn
                forms.setdefault(commune.code, []).append(Drawn(village, weight, levels[rows]))
    communes = [commune for commune in population.communes if commune.code in forms]
    for commune in communes:
        _write_forms(scene, target, truth, population, commune, forms[commune.code])
    _write_reference(scene, target, population, communes, forms)
    _configure(target)
    drawn_villages = [drawn for commune in communes for drawn in forms[commune.code]]
    truth.survey_round = {
        "code": settings["code"],
        "instrument": settings["instrument"],
        "period": scene.reported[0].month_id,
        "simulated": "population and sample are made up; only names and codes of units are real",
        "design": "strata: districts; PSU: communes; SSU: villages; residents; simple random, without replacement",
        "latent_shares": settings["latent_shares"],
        "n_forms": sum(len(drawn.levels) for drawn in drawn_villages),
        "sum_of_weights": round(sum(drawn.weight * len(drawn.levels) for drawn in drawn_villages), WEIGHT_DECIMALS),
        "forms": {commune.code: sum(len(drawn.levels) for drawn in forms[commune.code]) for commune in communes},
        "population": [
            {"unit": unit, "residents": census.residents[unit], "nodes": _nodes(population, census, unit)}
            for unit in (settings["city"], *settings["districts"], *(commune.code for commune in communes))
        ],
    }


def _choose(scene: Scene, population: Population, drawn: dict[str, int]) -> dict[Village, tuple[Sequence[int], float]]:
    """Draw the sample: for each village drawn the places of its residents and the inverse of their chance."""
    random = scene.random(ROUND)
    chosen = {}
    for district in load_round()["districts"]:
        communes = [commune for commune in population.communes if commune.district == district]
        for at in np.sort(random.choice(len(communes), drawn["communes"], replace=False)):
            villages = communes[at].villages
            for place in np.sort(random.choice(len(villages), drawn["villages"], replace=False)):
                village = villages[place]
                rows = np.sort(random.choice(village.residents, drawn["residents"], replace=False))
                stages = (
                    len(communes) / drawn["communes"],
                    len(villages) / drawn["villages"],
                    village.residents / drawn["residents"],
                )
                chosen[village] = rows.tolist(), round(float(np.prod(stages)), WEIGHT_DECIMALS)
    return chosen


def _nodes(population: Population, census: _Census, unit: str) -> dict[str, dict[str, float]]:
    """The index a census of the unit would give, per node: satisfied of valid answers to all items at or under it."""
    parents = {node.code: node.parent for node in population.nodes}
    totals = {node.code: [0, 0] for node in population.nodes}
    for place, item in enumerate(population.items):
        node = item.code
        while node:
            totals[node][0] += int(census.answers[unit][place])
            totals[node][1] += int(census.satisfied[unit][place])
            node = parents[node]
    return {
        node: {"answers": answers, "satisfied": satisfied, "index_pct": round(100 * satisfied / answers, 10)}
        for node, (answers, satisfied) in totals.items()
    }


def _write_forms(
    scene: Scene, target: Path, truth: Truth, population: Population, commune: Commune, villages: Sequence[Drawn]
) -> None:
    """Write the workbook of one commune: a row per form, with the places of its design and its weight."""
    month, random = scene.reported[0], scene.random(ROUND, int(commune.code))
    labels = {node.code: node.label for node in population.nodes}
    headings: list[tuple[str, str | None]] = [(name, None) for name in LEADING]
    headings += [(f"{item.parent}. {labels[item.parent]}", f"{item.code}. {item.label}") for item in population.items]
    file = FileTruth(
        path=f"inbox/dot_khao_sat/{month.month_id}/{commune.code}.xlsx",
        source=SOURCE,
        datasets=DATASETS,
        unit=commune.code,
        period=month.month_id,
        skipped=1,
    )
    with workbook(target / file.path) as book:
        sheet = book.sheet("Phiếu", len(headings))
        sheet.banner("PHIẾU KHẢO SÁT SỰ HÀI LÒNG CỦA NGƯỜI DÂN: ĐỢT KHẢO SÁT CHỌN MẪU", len(headings))
        sheet.banner(commune.name)
        sheet.banner("SỐ LIỆU MÔ PHỎNG, KHÔNG PHẢI SỐ LIỆU THẬT")
        sheet.grouped_header(headings)
        for drawn in villages:
            size = len(drawn.levels)
            days = np.sort(random.choice(month.days, size))
            is_male = random.random(size) < 0.48
            ages = random.choice(len(AGES), size, p=AGE_WEIGHTS)
            for row in range(size):
                file.read += 1
                cells: list[Cell] = [
                    file.read,
                    f"{file.read:04d}",
                    to_date(days[row]),
                    commune.district,
                    commune.code,
                    drawn.village.code,
                    f"{drawn.weight:.{WEIGHT_DECIMALS}f}",
                    "Nam" if is_male[row] else "Nữ",
                    AGES[ages[row]],
                    *(LEVELS[level] for level in drawn.levels[row].tolist()),
                ]
                sheet.row(cells)
        sheet.row([f"Tổng cộng: {file.read} phiếu"])
    file.accepted = file.read
    truth.files.append(file)


def _write_reference(
    scene: Scene,
    target: Path,
    population: Population,
    communes: Sequence[Commune],
    forms: dict[str, list[Drawn]],
) -> None:
    """Write what the round is and how many units each stage was drawn from."""
    settings, month = load_round(), scene.reported[0]
    code = settings["code"]
    with (target / ROUND_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["code", "instrument_code", "first_on", "last_on", "is_probability_sample"])
        writer.writerow([code, settings["instrument"], to_date(month.starts), to_date(month.ends), "yes"])
    with (target / FRAME_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["round_code", "stratum", "psu", "ssu", "n_units"])
        for district in settings["districts"]:
            writer.writerow([code, district, "", "", sum(row.district == district for row in population.communes)])
        for commune in communes:
            writer.writerow([code, commune.district, commune.code, "", len(commune.villages)])
            for drawn in forms[commune.code]:
                place = drawn.village.code
                writer.writerow([code, commune.district, commune.code, place, drawn.village.residents])


def _configure(target: Path) -> None:
    """Add the round's spec, and widen the office to the city it was drawn in."""
    shutil.copyfile(EXAMPLE_FOLDER / SPEC, target / SPEC)
    settings = target / "sipas.yml"
    content = yaml.safe_load(settings.read_text(encoding="utf-8"))
    content["title"] = load_round()["title"]
    content["roots"] = [load_round()["city"], *content["roots"]]
    settings.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8", newline="\n")
