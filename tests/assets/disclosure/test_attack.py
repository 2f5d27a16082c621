"""The attacker finds what hiding row by row leaves open, and nothing that is hidden or left out once the tables are planned together.

A district and a year; a first revision, and a second with late and corrected records. The district has 22 communes, and eight for
the tables by many columns and breakdowns, whose programs are the large ones: fewer units have fewer partners, not more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import attacker
import duckdb
import numpy as np
import pytest
from attacker import Attack, Edition, Key, Table, whole_numbers
from simulated_office import Records, make_records, publish, with_late_arrivals

from assets.disclosure.rules import DisclosureRules

WANTED = 5
SMALL, LARGE = 8, 22
GROUPS = {
    "evaluation": (LARGE, (attacker.EVALUATION,)),
    "survey": (LARGE, (attacker.INDEX, attacker.QUESTION)),
    "complaints": (SMALL, (attacker.COMPLAINT, attacker.QUALITY)),
    "cases": (SMALL, (attacker.SETTLEMENT, attacker.BASIS, attacker.QUALITY)),
}


@dataclass(frozen=True)
class Published:
    """Two revisions of the same year and the records behind them."""

    first: Path
    second: Path
    records: tuple[Records, Records]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Published]:
    """Publishes the district of so many communes, once."""

    @cache
    def publish_twice(communes: int) -> Published:
        first = make_records(seed=1, communes=communes)
        second = with_late_arrivals(first, seed=2)
        folder = tmp_path_factory.mktemp("published")
        before = publish(first, folder / "first", DisclosureRules())
        after = publish(second, folder / "second", DisclosureRules(), previous=folder / "first")
        assert before.short == after.short == 0
        return Published(folder / "first", folder / "second", (first, second))

    return publish_twice


def _true(folder: Path, tables: tuple[Table, ...]) -> tuple[dict[Key, int], set[tuple[str, str, str, str]]]:
    """The counts that shares are made of; and the rows of units and periods, as text."""
    counts: dict[Key, int] = {}
    rows: set[tuple[str, str, str, str]] = set()
    with duckdb.connect(str(folder / "analyst" / "sipas.duckdb"), read_only=True) as database:
        for table in tables:
            for row in database.sql(f"select * from marts.{table.name}").to_arrow_table().to_pylist():
                label = "/".join(row[name] for name in table.labels) if table.labels else attacker.ALL
                for column in table.counted:
                    counts[table.name, row["unit_code"], row["period_id"], label, column] = row[column]
                rows.add((table.name, row["unit_code"], row["period_id"], str(sorted(row.items(), key=str))))
    return counts, rows


def _told_apart(first: Path, second: Path, tables: tuple[Table, ...]) -> Callable[[str, str, str], bool]:
    """Whether a unit's rows of a table and leaf are the same in both revisions: the attacker is told."""
    changed = {row[:3] for row in _true(first, tables)[1] ^ _true(second, tables)[1]}
    return lambda table, unit, leaf: (table, unit, leaf) not in changed


def _found(attack: Attack, edition: int, true: dict[Key, int]) -> dict[Key, tuple[float, float]]:
    """Hidden and left-out counts above zero of which fewer than the wanted values are possible, with their bounds; without
    those that the edition before shows, as they still are or as large as the rule asks."""
    shown = ((key, value) for before in range(edition) for key, value in attack.shown(before))
    out = {key for key, value in shown if true.get(key) == value or true.get(key, 0) >= DisclosureRules().minimum_n}
    asked = attack.hidden(edition) + attack.left_out(edition, true)
    hidden = [(key, terms) for key, terms in asked if true[key] > 0 and key not in out]
    assert hidden, "an attack on nothing proves nothing"
    bounds = attack.known.bounds([terms for _, terms in hidden], WANTED, np.random.default_rng(0))
    for (key, _), (low, high) in zip(hidden, bounds, strict=True):
        assert low - 1e-6 <= true[key] <= high + 1e-6 or high - low >= WANTED - 1, "the attacker reckons wrongly"
    narrow = whole_numbers(bounds) < WANTED
    return {
        key: (float(low), float(high))
        for (key, _), (low, high), found in zip(hidden, bounds, narrow, strict=True)
        if found
    }


@pytest.mark.parametrize("group", GROUPS)
def test_no_count_that_is_not_shown_is_bounded_to_fewer_than_five_values(
    group: str, published: Callable[[int], Published]
) -> None:
    communes, tables = GROUPS[group]
    district = published(communes)
    editions = [Edition(district.first), Edition(district.second)]
    attack = Attack(tables, editions, _told_apart(district.first, district.second, tables))
    assert _found(attack, 1, _true(district.second, tables)[0]) == {}


@pytest.mark.parametrize("group", ["evaluation", "complaints"])
def test_hiding_row_by_row_is_broken(group: str, published: Callable[[int], Published], tmp_path: Path) -> None:
    publish(published(SMALL).records[0], tmp_path, DisclosureRules(possible_values=1))
    tables = GROUPS[group][1]
    attack = Attack(tables, [Edition(tmp_path)], lambda table, unit, leaf: True)
    true = _true(tmp_path, tables)[0]
    found = _found(attack, 0, true)
    exact = [key for key, (low, high) in found.items() if round(low, 6) == round(high, 6) == true[key]]
    assert exact


def test_a_second_revision_planned_alone_gives_the_first_away(
    published: Callable[[int], Published], tmp_path: Path
) -> None:
    district, tables = published(LARGE), GROUPS["evaluation"][1]
    publish(district.records[1], tmp_path, DisclosureRules(earlier_revisions=False), previous=district.first)
    same = _told_apart(district.first, tmp_path, tables)
    attack = Attack(tables, [Edition(district.first), Edition(tmp_path)], same)
    assert _found(attack, 1, _true(tmp_path, tables)[0])
