"""The attacker finds what hiding row by row leaves open, and no hidden count once the tables are planned together.

One district of 22 communes and a year; a first revision, and a second with late and corrected records.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import attacker
import duckdb
import numpy as np
import pytest
from attacker import Attack, Edition, Key, Table, whole_numbers
from simulated_office import Records, make_records, publish, with_late_arrivals

from assets.disclosure.rules import DisclosureRules

WANTED = 5
GROUPS = {
    "evaluation": (attacker.EVALUATION,),
    "survey": (attacker.INDEX, attacker.QUESTION),
    "complaints": (attacker.COMPLAINT, attacker.QUALITY),
    "cases": (attacker.SETTLEMENT, attacker.BASIS, attacker.QUALITY),
    "apologies": (attacker.APOLOGY,),
}


@dataclass(frozen=True)
class Published:
    """Two revisions of the same year and the records behind them."""

    first: Path
    second: Path
    records: tuple[Records, Records]


@pytest.fixture(scope="module")
def records() -> tuple[Records, Records]:
    first = make_records(seed=1, communes=22)
    return first, with_late_arrivals(first, seed=2)


@pytest.fixture(scope="module")
def published(records: tuple[Records, Records], tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("published")
    before = publish(records[0], folder / "first", DisclosureRules())
    after = publish(records[1], folder / "second", DisclosureRules(), previous=folder / "first")
    assert before.short == after.short == 0
    return Published(folder / "first", folder / "second", records)


def _true(folder: Path, tables: tuple[Table, ...]) -> tuple[dict[Key, int], set[tuple[str, str, str, str]]]:
    """The counts that figures rest on; and the rows of units and periods, as text."""
    counts: dict[Key, int] = {}
    rows: set[tuple[str, str, str, str]] = set()
    with duckdb.connect(str(folder / "analyst" / "sipas.duckdb"), read_only=True) as database:
        for table in tables:
            for row in database.sql(f"select * from marts.{table.name}").to_arrow_table().to_pylist():
                label = "/".join(row[name] for name in table.labels) if table.labels else attacker.ALL
                for column in (*table.counted, *((table.whole,) if table.whole else ())):
                    counts[table.name, row["unit_code"], row["period_id"], label, column] = row[column]
                rows.add((table.name, row["unit_code"], row["period_id"], str(sorted(row.items(), key=str))))
    return counts, rows


def _told_apart(first: Path, second: Path, tables: tuple[Table, ...]) -> Callable[[str, str, str], bool]:
    """Whether a unit's rows of a table and leaf are the same in both revisions: the attacker is told."""
    changed = {row[:3] for row in _true(first, tables)[1] ^ _true(second, tables)[1]}
    return lambda table, unit, leaf: (table, unit, leaf) not in changed


def _found(attack: Attack, edition: int, true: dict[Key, int]) -> dict[Key, tuple[float, float]]:
    """Hidden counts above zero of which fewer than the wanted values are possible, with their bounds; without those that the
    edition before shows, as they still are or as large as the rule asks."""
    shown = ((key, value) for before in range(edition) for key, value in attack.shown(before))
    out = {key for key, value in shown if true.get(key) == value or true.get(key, 0) >= DisclosureRules().minimum_n}
    hidden = [(key, terms) for key, terms in attack.hidden(edition) if true[key] > 0 and key not in out]
    assert hidden, "an attack on nothing proves nothing"
    wanted = np.array([min(WANTED, attack.most_values(key)) for key, _ in hidden], np.float64)
    bounds = attack.known.bounds([terms for _, terms in hidden], wanted, np.random.default_rng(0))
    for (key, _), (low, high), values in zip(hidden, bounds, wanted, strict=True):
        assert low - 1e-6 <= true[key] <= high + 1e-6 or high - low >= values - 1, "the attacker reckons wrongly"
    narrow = whole_numbers(bounds) < wanted
    return {
        key: (float(low), float(high))
        for (key, _), (low, high), found in zip(hidden, bounds, narrow, strict=True)
        if found
    }


@pytest.mark.parametrize("group", GROUPS)
def test_no_hidden_count_is_bounded_to_fewer_than_five_values(group: str, published: Published) -> None:
    tables = GROUPS[group]
    editions = [Edition(published.first), Edition(published.second)]
    attack = Attack(tables, editions, _told_apart(published.first, published.second, tables))
    assert _found(attack, 1, _true(published.second, tables)[0]) == {}


@pytest.mark.parametrize("group", ["evaluation", "apologies"])
def test_hiding_row_by_row_is_broken(group: str, records: tuple[Records, Records], tmp_path: Path) -> None:
    publish(records[0], tmp_path, DisclosureRules(possible_values=1))
    tables = GROUPS[group]
    attack = Attack(tables, [Edition(tmp_path)], lambda table, unit, leaf: True)
    true = _true(tmp_path, tables)[0]
    found = _found(attack, 0, true)
    exact = [key for key, (low, high) in found.items() if round(low, 6) == round(high, 6) == true[key]]
    assert exact


def test_a_second_revision_planned_alone_gives_the_first_away(records: tuple[Records, Records], tmp_path: Path) -> None:
    rules = DisclosureRules(earlier_revisions=False)
    publish(records[0], tmp_path / "first", rules)
    found = 0
    for seed in (2, 3, 4):
        second = tmp_path / f"second {seed}"
        publish(with_late_arrivals(records[0], seed), second, rules, previous=tmp_path / "first")
        tables = GROUPS["evaluation"]
        same = _told_apart(tmp_path / "first", second, tables)
        attack = Attack(tables, [Edition(tmp_path / "first"), Edition(second)], same)
        found += len(_found(attack, 1, _true(second, tables)[0]))
    assert found
