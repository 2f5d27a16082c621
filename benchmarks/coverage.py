"""Coverage of the published 95 % intervals: samples drawn many times from a population whose index is known.

The intervals are the project's own, of `sipas_index` and of `sipas_round` with the SQL of its macros; here are only
populations, samples and counting. Seconds play no part: the figures depend on the seed alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assets.estimates.design import estimate_share
from assets.estimates.intervals import FormSums, ratio_over_forms
from assets.estimates.options import EstimateOptions
from assets.estimates.sipas_round import domain_sums
from benchmarks.measure import ROOT
from benchmarks.report import Finding, Table, Target
from benchmarks.simulated_residents import Question, simulated_questions

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MACROS = ROOT / "dbt_project" / "macros" / "sampling_design.sql"
MEASURES = ("n_forms_answered", "n_answers", "weight_answered", "weighted_ss", "weighted_sn", "weighted_nn")

SIZES = (30, 50, 100, 200, 400)
SHARES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
DRAWS = 10_000
SEED = 1
LEAST = 94.0

# So many that every weight is a whole number.
RESIDENTS = 24_000
ITEMS = 21
BLANK = 0.02
# Correlation of the latent answers on one form. In eight blocks of 3 to 16 questions of Kansas City's resident surveys of
# 2021 and 2022 the mean tetrachoric correlation was 0.47 to 0.82.
WITHIN_FORM = 0.6
# Part of it that the people of one cluster have in common.
WITHIN_CLUSTER = 0.05
CLUSTERS, DRAWN_PER_CLUSTER = 240, 10


@dataclass(frozen=True)
class Stratum:
    """Part of the population, part of the sample, and how far its latent mean lies from the first stratum's."""

    residents: float
    sample: float
    shift: float


@dataclass(frozen=True)
class Design:
    """How a sample is drawn: people at once in each stratum, or of the whole first clusters of equal size, then people.

    `is_round`: estimated as a survey round with its frame; else as the forms of a stream, by `ratio_over_forms`.
    """

    name: str
    strata: tuple[Stratum, ...] = (Stratum(1.0, 1.0, 0.0),)
    is_clustered: bool = False
    is_round: bool = True
    has_target: bool = False


DESIGNS = (
    Design("simple random, as a stream of forms", is_round=False, has_target=True),
    Design("simple random, as a round", has_target=True),
    Design(
        "proportionally stratified (40, 30, 20, 10 %)",
        (Stratum(0.4, 0.4, 0.0), Stratum(0.3, 0.3, -0.2), Stratum(0.2, 0.2, -0.4), Stratum(0.1, 0.1, -0.6)),
        has_target=True,
    ),
    Design(f"clustered ({DRAWN_PER_CLUSTER} people of each cluster drawn)", is_clustered=True),
    Design(
        "disproportionately stratified (90 and 10 %, equal samples)", (Stratum(0.9, 0.5, 0.0), Stratum(0.1, 0.5, -0.5))
    ),
)
QUESTIONS = {"one item": 1, f"{ITEMS} items pooled": ITEMS}


@dataclass(frozen=True)
class Population:
    """What everybody would answer: one row per resident, x items; strata, and clusters of equal size, in order."""

    stratum: Integers
    valid: Flags
    satisfied: Flags

    def question(self, items: int) -> tuple[Integers, Integers]:
        """Return satisfied and valid answers of each resident to the first items."""
        return self.satisfied[:, :items].sum(axis=1), self.valid[:, :items].sum(axis=1)


@dataclass(frozen=True)
class Coverage:
    """In percent: how many intervals hold the population's share, and their mean width in percentage points."""

    covered: float
    width: float


def make_population(random: np.random.Generator, design: Design, share: float, items: int) -> Population:
    """Make residents whose latent answers correlate within a form (and a cluster), cut where `share` of all satisfy."""
    sizes = [round(stratum.residents * RESIDENTS) for stratum in design.strata]
    stratum = np.repeat(np.arange(len(sizes)), sizes)
    of_cluster = WITHIN_CLUSTER if design.is_clustered else 0.0
    clusters = np.repeat(random.normal(size=CLUSTERS), RESIDENTS // CLUSTERS)
    people = random.normal(size=RESIDENTS)
    shift = np.array([part.shift for part in design.strata])[stratum]
    common = np.sqrt(of_cluster) * clusters + np.sqrt(WITHIN_FORM - of_cluster) * people + shift
    latent = common[:, None] + np.sqrt(1 - WITHIN_FORM) * random.normal(size=(RESIDENTS, items))
    valid = random.random(latent.shape) >= BLANK
    return Population(stratum, valid, (latent >= np.quantile(latent[valid], 1 - share)) & valid)


def _powers(satisfied: Integers, answers: Integers) -> Integers:
    """Per form what is summed: whether it answers, n, s, s², s·n, n²."""
    return np.stack(
        [answers > 0, answers, satisfied, satisfied**2, satisfied * answers, answers**2], axis=-1, dtype=np.int64
    )


def draw(
    random: np.random.Generator, design: Design, population: Population, items: int, size: int, draws: int
) -> Integers:
    """Draw samples and add up their forms per place they were drawn from: draws x places x the six sums of `_powers`."""
    satisfied, answers = population.question(items)
    if design.is_clustered:
        powers = _powers(satisfied, answers).reshape(CLUSTERS, RESIDENTS // CLUSTERS, -1)
        clusters = without_replacement(random, CLUSTERS, (draws, size // DRAWN_PER_CLUSTER))
        people = without_replacement(random, RESIDENTS // CLUSTERS, (*clusters.shape, DRAWN_PER_CLUSTER))
        total = np.zeros((*clusters.shape, powers.shape[-1]), dtype=np.int64)
        for place in range(DRAWN_PER_CLUSTER):
            total += powers[clusters, people[..., place]]
        return total
    places = []
    for place, stratum in enumerate(design.strata):
        here = population.stratum == place
        places.append(_draw_alike(random, satisfied[here], answers[here], round(stratum.sample * size), draws))
    return np.stack(places, axis=1)


def _draw_alike(random: np.random.Generator, satisfied: Integers, answers: Integers, size: int, draws: int) -> Integers:
    """Draw simple random samples of people: draws x the six sums of `_powers`.

    Forms alike are alike: how many of each kind are drawn is multivariate hypergeometric.
    """
    kinds, counts = np.unique(np.stack([satisfied, answers]), axis=1, return_counts=True)
    drawn = random.multivariate_hypergeometric(counts, size, size=draws, method="marginals")
    sums: Integers = drawn @ _powers(kinds[0].astype(np.int64), kinds[1].astype(np.int64))
    return sums


def without_replacement(random: np.random.Generator, total: int, shape: tuple[int, ...]) -> Integers:
    """Draw the last axis as a simple random sample of range(total): what repeats is drawn again until nothing does."""
    drawn = np.sort(random.integers(total, size=shape), axis=-1)
    while (repeats := np.diff(drawn, axis=-1, prepend=-1) == 0).any():
        drawn[repeats] = random.integers(total, size=int(repeats.sum()))
        drawn.sort(axis=-1)
    return drawn


def stream_bounds(sums: Integers, size: int) -> tuple[Floats, Floats]:
    """Return the bounds as `sipas_index` publishes them."""
    answered, answers, satisfied, squared, product, answers_squared = sums.sum(axis=1).T
    drawn = np.full(len(sums), size, dtype=np.int64)
    estimates = ratio_over_forms(FormSums(drawn, answered, answers, satisfied, squared, product, answers_squared))
    return estimates.low, estimates.high


def round_bounds(
    connection: duckdb.DuckDBPyConnection, design: Design, sums: Integers, size: int
) -> tuple[Floats, Floats]:
    """Return the bounds as `sipas_round` publishes them: the variance by the project's SQL, then its estimates."""
    draws, places, _ = sums.shape
    forms, frame, weights = _frame(design, size, places)
    answered, answers, satisfied, squared, product, answers_squared = np.moveaxis(sums, -1, 0)
    columns = {
        "cell": np.repeat(np.arange(draws), places),
        "place_id": np.tile(np.arange(1, places + 1), draws),
        "n_forms_answered": answered,
        "n_answers": answers,
        "weight_answered": weights * answered,
        "weighted_ss": weights * squared,
        "weighted_sn": weights * product,
        "weighted_nn": weights * answers_squared,
        "a": weights * satisfied,
        "b": weights * answers,
        "aa": weights**2 * squared,
        "ab": weights**2 * product,
        "bb": weights**2 * answers_squared,
    }
    connection.register("sums", pa.table({name: values.ravel() for name, values in columns.items()}))
    connection.register("forms", pa.Table.from_pylist(forms))
    connection.register("frame", pa.Table.from_pylist(frame))
    macros = _macros()
    connection.execute(f"CREATE TEMP TABLE places AS {macros.sampling_places('forms', 'frame')}")
    variance = macros.design_variance("sums", "places", ["cell"], MEASURES)
    found = connection.sql(f"SELECT * FROM ({variance}) ORDER BY cell").to_arrow_table()
    estimates = estimate_share(domain_sums(found), EstimateOptions())
    return estimates.low, estimates.high


@cache
def _macros() -> Any:
    """The macros of the sampling design; their SQL needs nothing of dbt."""
    return jinja2.Environment(autoescape=False).from_string(MACROS.read_text(encoding="utf-8")).module


def _frame(design: Design, size: int, places: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]], Integers]:
    """Return the forms' places in the design, what was drawn from there, and the weight of a form of each place."""
    key: dict[str, Any] = {"round_code": "R", "stratum": "", "psu": "", "ssu": ""}
    if design.is_clustered:
        named = [key | {"psu": f"{place:03d}"} for place in range(places)]
        people = RESIDENTS // CLUSTERS
        frame = [key | {"n_units": CLUSTERS}, *(place | {"n_units": people} for place in named)]
        weight = CLUSTERS * people // size
        forms = [place for place in named for _ in range(DRAWN_PER_CLUSTER)]
        return forms, frame, np.full(places, weight, dtype=np.int64)
    named = [key | {"stratum": str(place)} for place in range(places)]
    sizes = [round(stratum.sample * size) for stratum in design.strata]
    totals = [round(stratum.residents * RESIDENTS) for stratum in design.strata]
    forms = [place for place, number in zip(named, sizes, strict=True) for _ in range(number)]
    frame = [place | {"n_units": total} for place, total in zip(named, totals, strict=True)]
    return forms, frame, np.array(totals, dtype=np.int64) // np.array(sizes, dtype=np.int64)


def measure(design: Design, items: int, size: int, share: float, draws: int = DRAWS, seed: int = SEED) -> Coverage:
    """Draw `draws` samples of `size` forms from one population and count the intervals that hold its share."""
    random = np.random.default_rng([seed, DESIGNS.index(design), items, size, round(1000 * share)])
    population = make_population(random, design, share, items)
    satisfied, answers = population.question(items)
    truth = satisfied.sum() / answers.sum()
    sums = draw(random, design, population, items, size, draws)
    if design.is_round:
        with duckdb.connect() as connection:
            low, high = round_bounds(connection, design, sums, size)
    else:
        low, high = stream_bounds(sums, size)
    return _coverage(low, high, truth)


def measure_simulated(question: Question, size: int, draws: int = DRAWS, seed: int = SEED) -> Coverage:
    """Draw samples of people from the simulator's population, as a stream of forms."""
    random = np.random.default_rng([seed, size, *question.name.encode()])
    drawn = _draw_alike(random, question.satisfied, question.valid, size, draws)
    low, high = stream_bounds(drawn[:, None, :], size)
    return _coverage(low, high, question.share)


def _coverage(low: Floats, high: Floats, truth: float) -> Coverage:
    # A sample without an interval holds nothing.
    return Coverage(
        covered=100 * float(np.mean((low <= truth) & (truth <= high))), width=100 * float(np.nanmean(high - low))
    )


def run(folder: Path, draws: int = DRAWS) -> Finding:
    """Measure every design, question, size and share; `folder` is not used."""
    targets, tables = [], []
    for design in DESIGNS:
        for question, items in QUESTIONS.items():
            cells = {(size, share): measure(design, items, size, share, draws) for size in SIZES for share in SHARES}
            title = f"{design.name}: {question}"
            if design.has_target:
                lowest = min(cell.covered for cell in cells.values())
                targets.append(Target(title, LEAST, lowest, "%", is_least=True))
            tables.append(Table(title, ["n", *(f"p = {share}" for share in SHARES)], list(_rows(cells, SHARES))))
    questions = simulated_questions(SEED)
    shown = {
        (size, question.name): measure_simulated(question, size, draws) for size in SIZES for question in questions
    }
    names = [question.name for question in questions]
    title = f"simple random of the {len(questions[0].valid):,} residents of the simulated survey round"
    targets.append(Target(title, LEAST, min(cell.covered for cell in shown.values()), "%", is_least=True))
    heads = [f"{question.name}, p = {question.share:.3f}" for question in questions]
    tables.append(Table(title, ["n", *heads], list(_rows(shown, names))))
    return Finding(
        f"Coverage of the 95 % interval: {draws:,} samples per cell",
        targets,
        [],
        [
            "Targets show the lowest cell. In the tables: intervals that hold the population's share in %, and their mean "
            f"width in percentage points. {RESIDENTS:,} residents; {100 * BLANK:.0f} % of answers blank; latent correlation "
            f"within a form {WITHIN_FORM}, within a cluster {WITHIN_CLUSTER}. A cell's own error is about ±0.2 (one "
            "standard error)."
        ],
        tables,
    )


def _rows(cells: Mapping[tuple[int, Any], Coverage], columns: Sequence[float | str]) -> Iterator[list[str]]:
    for size in SIZES:
        found = [cells[size, column] for column in columns]
        yield [str(size), *(f"{cell.covered:.1f} ({cell.width:.1f})" for cell in found)]
