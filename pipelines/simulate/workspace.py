"""`simulate`: writes the demo workspace as a whole. What stands in its files comes from survey, cases and complaints."""

from __future__ import annotations

import csv
import hashlib
import shutil
from pathlib import Path

from pipelines.simulate.calendar import WorkingDays, reporting_months, to_date
from pipelines.simulate.cases import write_cases
from pipelines.simulate.complaints import write_complaints
from pipelines.simulate.plan import Scene
from pipelines.simulate.profile import EXAMPLE_FOLDER, load_profile
from pipelines.simulate.survey import write_survey
from pipelines.simulate.survey_round import write_survey_round
from pipelines.simulate.truth import Truth

# Everything is written in here and moved out when it is whole, so an interrupted simulation is known by it.
UNFINISHED = ".simulation"
TRUTH_FILE = "truth.json"
KEY_FILE = "demo.key"
EXPECTED_SUBMISSION = Path("reference") / "expected_submission.csv"


class SimulationError(ValueError):
    """The workspace cannot be written as asked; the message says what to change."""


def simulate(
    target: Path,
    units: int = 22,
    months: int = 12,
    seed: int = 1,
    cases: int | None = None,
    forms: int | None = None,
    survey_round: bool = False,
) -> Truth:
    """Write a simulated workspace into `target` and return the truth about it, which also stands in truth.json.

    `units` communes (An Mỹ first) over the first `months` reporting months of the year; `cases` case files and `forms`
    survey forms, by default as many as such communes have; with `survey_round` also a sample survey of the city with its
    known population, in the first reporting month. The same arguments give the same bytes. `target` must be
    new, empty, or what an interrupted simulation left; SimulationError when it is anything else or when a number is out
    of range.
    """
    profile = load_profile()
    _check(units, "units", 1, len(profile.units))
    _check(months, "months", 1, len(profile.settings["months"]))
    _check(seed, "seed", 0, 2**32 - 1)
    volumes = profile.settings["volumes"]
    part = units * months / (len(profile.units) * len(profile.settings["months"]))
    scene = Scene(
        profile=profile,
        units=tuple(sorted(profile.units[:units], key=lambda unit: unit.code)),
        months=tuple(reporting_months(profile.settings["year"], profile.settings["cut_off_day"], months)),
        working=WorkingDays(profile.settings["year"]),
        seed=seed,
        cases=round(volumes["cases"] * part) if cases is None else cases,
        forms=round(volumes["forms"] * part) if forms is None else forms,
        complaints=round(volumes["complaints"] * part),
    )
    fewest = units * months
    _check(scene.cases, "cases", fewest, None)
    _check(scene.forms, "forms", fewest, None)
    _make_room(target)
    unfinished = target / UNFINISHED
    try:
        truth = _write(scene, unfinished, survey_round)
        for path in sorted(unfinished.iterdir()):
            path.rename(target / path.name)
    finally:
        shutil.rmtree(unfinished)
    return truth


def _write(scene: Scene, target: Path, survey_round: bool) -> Truth:
    _configure(scene, target)
    truth = Truth(
        seed=scene.seed,
        units=[unit.code for unit in scene.units],
        months=[month.month_id for month in scene.reported],
        as_of=str(to_date(scene.as_of)),
    )
    try:
        write_survey(scene, target, truth)
    except ValueError as error:
        raise SimulationError(str(error)) from error
    write_cases(scene, target, truth)
    write_complaints(scene, target, truth)
    if survey_round:
        write_survey_round(scene, target, truth)
    truth.write(target / TRUTH_FILE)
    return truth


def _check(value: int, name: str, least: int, most: int | None) -> None:
    if value < least or (most is not None and value > most):
        bounds = f"from {least:,} to {most:,}" if most is not None else f"at least {least:,}"
        raise SimulationError(f"{name} is {value:,}: give {bounds}")


def _make_room(target: Path) -> None:
    """Make the folder, refuse one that holds anything, and remove what an interrupted simulation left in it."""
    if target.exists() and any(path.name != UNFINISHED for path in target.iterdir()):
        raise SimulationError(f"{target} is not empty: name a new folder")
    shutil.rmtree(target / UNFINISHED, ignore_errors=True)
    (target / UNFINISHED).mkdir(parents=True)


def _configure(scene: Scene, target: Path) -> None:
    """Copy the example's configuration, narrowed to the simulated units and months, and write the demo key."""
    for path in sorted(EXAMPLE_FOLDER.rglob("*")):
        if path.is_file():
            copy = target / path.relative_to(EXAMPLE_FOLDER)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    with (target / EXPECTED_SUBMISSION).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["unit_code", "dataset", "first_month", "last_month"])
        first, last = scene.reported[0].month_id, scene.reported[-1].month_id
        writer.writerows([unit.code, "survey_response", first, last] for unit in scene.units)
    # Derived from the seed, so that two people's demo workspaces agree; a real key is drawn at random.
    digest = hashlib.sha256(f"sipas-warehouse demo {scene.seed}".encode()).hexdigest()
    key = target / KEY_FILE
    key.write_text(f"demo-key-not-secret-{digest}\n", encoding="utf-8", newline="\n")
    # A demo key is no secret, but a key file that others can read would teach the wrong habit.
    key.chmod(0o600)
