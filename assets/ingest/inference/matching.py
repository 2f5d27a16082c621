"""Which dataset a table holds and which column fills which field: headings and cells weighed together.

How the result is written as a spec stands in draft.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from assets.ingest.inference.evidence import FEW_VALUES, Column, columns_of
from assets.ingest.inference.headings import likeness
from assets.ingest.inference.sample import Sample
from assets.ingest.record_numbers import NUMBERED_BY, WITHIN_CASE
from quality.contract import Contract, FieldContract
from quality.vocabulary import DatasetWords, Vocabulary, word_key

# What a column must reach to be proposed; what stands below is named as an alternative.
PROPOSED = 0.62
ALTERNATIVE = 0.4
_FITS, _CONTRADICTS = 0.9, 0.5
_BONUS = 0.1
_DOUBT = 0.3
# What the cells alone are worth where the heading says nothing.
_UNITS_ALONE, _CODES_ALONE, _NUMBERS_ALONE = 0.75, 0.65, 0.7
_MOST_KEY_COLUMNS = 4
_KEY_CANDIDATES = 12
# Items alike by chance do not make a questionnaire.
_FEWEST_ITEMS = 2
_ITEM_ALIKE = 0.85


@dataclass(frozen=True)
class Instrument:
    """A questionnaire: label by item, and by item the words of its levels (label or code → code)."""

    code: str
    items: Mapping[str, str]
    levels: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Known:
    """What the workspace knows that cells can be held against."""

    contracts: Mapping[str, Contract]
    vocabulary: Vocabulary
    is_unit: Callable[[str], bool]
    procedures: frozenset[str]
    instruments: Sequence[Instrument]


@dataclass(frozen=True)
class Match:
    """One column for one field, with the confidence of it (0 to 1)."""

    field: str
    column: Column
    confidence: float


@dataclass
class Reading:
    """What a table is taken for: the dataset and what each column is.

    `personal` has the class of each column that is about a person or free text; `items` the column of each item.
    """

    sample: Sample
    columns: list[Column]
    dataset: str
    score: float
    matches: dict[str, Match]
    unit: Match | None
    personal: dict[str, str]
    counters: list[str]
    alternatives: dict[str, list[Match]] = field(default_factory=dict)
    instrument: Instrument | None = None
    items: dict[str, Match] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    others: list[tuple[str, float]] = field(default_factory=list)

    @property
    def left(self) -> list[Column]:
        """The columns that nothing was found for."""
        named = {match.column.heading for match in (*self.matches.values(), *self.items.values())}
        named |= {*self.personal, *self.counters, *self.key}
        named |= {self.unit.column.heading} if self.unit is not None else set()
        return [column for column in self.columns if column.heading not in named]

    @property
    def confidence(self) -> float:
        """How far the dataset stands out from the next one, 0.5 to 1."""
        second = max((score for _, score in self.others), default=0.0)
        return self.score / (self.score + max(second, 0.0)) if self.score > 0 else 0.5


def read_table(tables: Iterable[Sample], known: Known, about: str, dataset: str | None = None) -> Reading:
    """Return the best reading of all tables: which of them, and which dataset it holds.

    `about` is what else is said of the table, such as its path. Raises ValueError when no table has a column.
    """
    readings: list[Reading] = []
    for sample in tables:
        if not sample.columns:
            continue
        found = _readings(sample, known, f"{about} {sample.sheet}", dataset)
        best = max(found, key=lambda reading: reading.score)
        best.others = sorted(
            ((reading.dataset, reading.score) for reading in found if reading is not best), key=lambda other: -other[1]
        )
        readings.append(best)
    if not readings:
        raise ValueError("no table has a column")
    return max(readings, key=lambda reading: reading.score)


def _readings(sample: Sample, known: Known, about: str, dataset: str | None) -> list[Reading]:
    columns = columns_of(sample.cells, sample.rows)
    people = {column.heading: _personal(column, known.vocabulary) for column in columns}
    counters = {column.heading: likeness(column.heading, known.vocabulary.counters) for column in columns}
    units = {column.heading: _unit(column, known) for column in columns}
    found = []
    for name, words in known.vocabulary.datasets.items():
        if dataset in (None, name):
            found.append(_reading(sample, columns, known, name, words, people, counters, units, about))
    return found


def _reading(
    sample: Sample,
    columns: list[Column],
    known: Known,
    dataset: str,
    words: DatasetWords,
    people: Mapping[str, tuple[str, float]],
    counters: Mapping[str, float],
    units: Mapping[str, float],
    about: str,
) -> Reading:
    contract = known.contracts[dataset]
    instrument, items = None, dict[str, Match]()
    if dataset == "survey_response":
        instrument, items = _items(columns, known.instruments)
    taken = {match.column.heading for match in items.values()}
    scored: list[Match] = [Match("unit_code", column, units[column.heading]) for column in columns]
    for item in contract.fields:
        if item.name in words.fields:
            labels = (*words.fields[item.name], item.label.vi, item.label.en, item.name)
            scored += [Match(item.name, column, _fit(column, item, labels, words, known)) for column in columns]
    scored = [
        match
        for match in scored
        if match.confidence >= ALTERNATIVE
        and match.column.heading not in taken
        and people[match.column.heading][1] <= match.confidence
        and counters[match.column.heading] < max(match.confidence, PROPOSED)
    ]
    scored.sort(
        key=lambda match: (-match.confidence, -len(match.column.cells), sample.columns.index(match.column.heading))
    )
    chosen: dict[str, Match] = {}
    alternatives: dict[str, list[Match]] = {}
    for match in scored:
        if match.confidence >= PROPOSED and match.field not in chosen and match.column.heading not in taken:
            chosen[match.field] = match
            taken.add(match.column.heading)
        else:
            alternatives.setdefault(match.field, []).append(match)
    unit = chosen.pop("unit_code", None)
    personal = {
        heading: name
        for heading, (name, confidence) in people.items()
        if confidence >= PROPOSED and heading not in taken
    }
    spare = [heading for heading, alike in counters.items() if alike >= PROPOSED and heading not in {*taken, *personal}]
    reading = Reading(sample, columns, dataset, 0.0, chosen, unit, personal, spare, alternatives, instrument, items)
    reading.key = _key(reading, contract)
    reading.score = _score(reading, contract, words, about)
    return reading


def _score(reading: Reading, contract: Contract, words: DatasetWords, about: str) -> float:
    """Fields that a dataset must have count twice, and against it where they are missing; a repeated heading tells nothing."""
    required = {item.name for item in contract.fields if item.required} - {"record_id", "unit_code", "instrument_code"}
    score = sum(match.confidence * (2 if name in required else 1) for name, match in reading.matches.items())
    score += reading.unit.confidence if reading.unit is not None else 0
    score += sum(match.confidence for match in reading.items.values())
    score += 0.5 * len(reading.personal) + 0.5 * len(reading.counters)
    score -= 1.5 * len(required - set(reading.matches))
    told = f" {word_key(about)} "
    score += 1.5 * any(f" {word_key(word)} " in told for word in words.about)
    # A header read over too few or too many rows gives headings that repeat or stand for nothing.
    score -= 0.25 * len(reading.left)
    return score - sum(len(match.column.counts) <= 1 for match in reading.items.values()) * 0.01


def _fit(column: Column, item: FieldContract, labels: Sequence[str], words: DatasetWords, known: Known) -> float:
    """How well a column fits a field: its heading, raised or lowered by what its cells are."""
    alike = likeness(column.heading, labels)
    if not column.cells:
        return alike
    share, alone = _evidence(column, item, words, known)
    if share is None:
        return alike
    if share >= _FITS:
        # Any date fits every field of dates; what fits a list of codes says more.
        telling = 0.0 if item.type in ("date", "instant", "integer", "decimal") else _BONUS
        return max(_raised(alike, telling), alone) if alike >= ALTERNATIVE else alone
    return alike * (_DOUBT if share < _CONTRADICTS else 0.8)


def _raised(alike: float, by: float) -> float:
    """A likeness raised by what the cells say; only the exact heading is certain."""
    return alike if alike == 1 else max(alike, min(0.99, alike + by))


def _evidence(column: Column, item: FieldContract, words: DatasetWords, known: Known) -> tuple[float | None, float]:
    """The share of the cells that fit the field (None: any cell does), and what that alone is worth."""
    if item.type in ("date", "instant"):
        return max(column.dates, column.serials), 0.0
    if item.type in ("integer", "decimal"):
        return column.numbers, 0.0
    if item.type == "procedure":
        share = max(column.procedures, column.share_in(known.procedures, str))
        return share, _NUMBERS_ALONE
    if item.type == "code":
        codes = {word_key(word) for listed in words.values[item.name].values() for word in listed} | set(item.values)
        share = column.share_in({*codes, *map(word_key, item.values)}, word_key)
        if len(column.counts) > FEW_VALUES:
            return 0.0, 0.0
        # Digits are codes of anything, and yes and no answer any question.
        telling = len(column.counts) > 1 and len(item.values) > 2 and not all(map(str.isdigit, column.counts))
        # Some values a vocabulary lacks are a question, not a contradiction.
        return max(share, _CONTRADICTS), _CODES_ALONE if telling else 0.0
    if item.name == "record_id" or item.refers_to is not None:
        if column.case_numbers >= _FITS and (item.refers_to == "case" or "procedure_code" in words.fields):
            return 1.0, _NUMBERS_ALONE
        if column.dates >= _FITS:
            return 0.0, 0.0
        return (1.0 if column.is_unique else None), 0.0
    if item.type == "text":
        return (0.0 if column.personal_class == "free_text" else None), 0.0
    return None, 0.0


def _unit(column: Column, known: Known) -> float:
    alike = likeness(column.heading, known.vocabulary.unit)
    if not column.cells:
        return alike
    resolved = sum(number for name, number in column.counts.items() if known.is_unit(name)) / len(column.cells)
    if column.numbers >= _FITS and alike < ALTERNATIVE:
        # Small numbers are codes of some unit or other by chance.
        return 0.0
    if resolved >= _CONTRADICTS:
        return max(_raised(alike, _BONUS), _UNITS_ALONE) if resolved >= _FITS or alike >= ALTERNATIVE else alike
    return alike * (
        0.8 if column.dates < _CONTRADICTS and len(column.counts) < max(FEW_VALUES, column.rows / 2) else _DOUBT
    )


def _personal(column: Column, vocabulary: Vocabulary) -> tuple[str, float]:
    """The class of personal data or free text a column most likely holds, and the confidence of it."""
    by_heading = max(
        ((likeness(column.heading, words), name) for name, words in vocabulary.personal.items()), default=(0.0, "")
    )
    if column.personal_class is not None and column.personal_class != "free_text":
        # A telephone number is one, whatever stands above it.
        return column.personal_class, 1.01
    if column.personal_class == "free_text":
        return ("free_text", max(0.8, by_heading[0])) if by_heading[0] < 0.8 else (by_heading[1], by_heading[0])
    return by_heading[1], by_heading[0]


def _items(columns: Sequence[Column], instruments: Sequence[Instrument]) -> tuple[Instrument | None, dict[str, Match]]:
    """The instrument of which most items stand in the columns, and the column of each."""
    best: tuple[float, Instrument | None, dict[str, Match]] = (0.0, None, {})
    for instrument in instruments:
        found: dict[str, Match] = {}
        for column in columns:
            match = _item(column, instrument)
            if match is not None and match.confidence > (found[match.field].confidence if match.field in found else 0):
                found[match.field] = match
        # Of instruments with as many items found, the one that has fewest others.
        worth = sum(match.confidence for match in found.values()) - 0.001 * len(instrument.items)
        if len(found) >= _FEWEST_ITEMS and worth > best[0]:
            best = (worth, instrument, found)
    return best[1], best[2]


def _item(column: Column, instrument: Instrument) -> Match | None:
    """The item whose code or text the heading has, if the cells are answers of its scale."""
    last = column.heading.rpartition(" / ")[2] or column.heading
    best: Match | None = None
    for code, label in instrument.items.items():
        if column.heading == code or last == code:
            alike = 1.0
        elif last.startswith((f"{code}.", f"{code} ", f"{code}:", f"{code})")):
            alike = max(0.9, likeness(last[len(code) :], [label]))
        else:
            alike = likeness(last, [label])
        if alike < _ITEM_ALIKE:
            continue
        levels = instrument.levels.get(code, {})
        share = column.share_in({word_key(word) for word in levels}, word_key)
        alike *= 1.0 if share >= _FITS or not column.cells else 0.9 if share >= _CONTRADICTS else _DOUBT
        if alike >= PROPOSED and (best is None or alike > best.confidence):
            best = Match(code, column, min(alike, 1.0))
    return best


def _key(reading: Reading, contract: Contract) -> tuple[str, ...]:
    """The columns that number the records: the one found for it, else those that name a record of such a dataset, else
    the fewest in which no two rows agree."""
    if "record_id" in reading.matches:
        return (reading.matches["record_id"].column.heading,)
    rows = reading.sample.rows
    columns = {column.heading: column for column in reading.columns}
    named = [reading.matches[name] for name in NUMBERED_BY.get(contract.dataset, ()) if name in reading.matches]
    if named and reading.unit is not None and contract.dataset not in WITHIN_CASE:
        named = [reading.unit, *named]
    if named and all(len(match.column.cells) == rows for match in named):
        return tuple(match.column.heading for match in named)
    likely = [match.column.heading for match in (reading.unit, *reading.matches.values()) if match is not None]
    likely += [column.heading for column in reading.left if column.numbers >= _FITS]
    likely = [heading for heading in dict.fromkeys(likely) if len(columns[heading].cells) == rows]
    for size in range(1, _MOST_KEY_COLUMNS + 1):
        for chosen in combinations(likely[:_KEY_CANDIDATES], size):
            if all(columns[heading].dates >= _FITS for heading in chosen):
                # Two records of one moment are rare and no less two.
                continue
            cells = list(zip(*(reading.sample.cells[heading] for heading in chosen), strict=True))
            if cells and len(set(cells)) == len(cells):
                return chosen
    return ()
