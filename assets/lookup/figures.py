"""The figures of cases and complaints that every workspace has, as figures.yml tells them; those of questionnaires are made in
survey.py, those of the desk's evaluation in desk.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from pydantic import Field

from assets.ingest.shape import literal
from assets.lookup.figure import Figure, MadeBy, flag, stated_row
from quality.contract import Bilingual, Strict

_FILE = Path(__file__).with_name("figures.yml")


class _Count(Strict):
    """One count: what it is, the rows that are in it or the amount that a row adds, and the mart's expression of it."""

    told: str = Field(alias="is")
    where: str | None = None
    amount: str | None = None
    stated: str | None = None


class _Entry(Strict):
    """One figure of figures.yml. What is None or empty is as its table says."""

    label: Bilingual
    formula: str | None = None
    source: str | None = None
    relation: str | None = None
    records: str
    part: str | None = None
    numerator: _Count
    denominator: _Count | None = None
    left_out: _Count | None = None
    value: str | None = None
    also: tuple[str, ...] = ()
    unit_of_value: str = "%"
    made_by: MadeBy = "percentage"
    factor: str | None = None
    listed: str | None = None
    known_in: str | None = None
    rests_on: tuple[str, ...] = ()


class _Table(Strict):
    """What figures of one mart share. `item`: the column that holds their codes, without what stands before the dash."""

    mart: str
    page: str
    source: str
    relation: str
    placed_on: str
    whole: dict[str, str] = Field(default_factory=dict)
    groups: tuple[str, ...] = ()
    item: str | None = None
    stated: dict[str, str] = Field(default_factory=dict)
    formula: str = ""
    value: str = ""
    also: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    figures: dict[str, _Entry]


class _Catalogue(Strict):
    relations: dict[str, str]
    tables: tuple[_Table, ...]


@dataclass(frozen=True)
class FixedFigure:
    """A figure of figures.yml; `groups`: the columns of its mart by which it can be narrowed."""

    code: str
    groups: tuple[str, ...]
    _entry: _Entry
    _table: _Table
    _relations: Mapping[str, str]

    @property
    def mart(self) -> str:
        return self._table.mart

    def of(self, group: Mapping[str, str]) -> Figure:
        """The figure of all records, or of those of a group: values of some of the columns `groups`."""
        entry, table = self._entry, self._table
        item = {table.item: self.code.partition("-")[2]} if table.item else {}
        stated = {"value": entry.value or table.value}
        stated |= {
            name: (count and count.stated) or table.stated.get(name) or "CAST(0 AS BIGINT)"
            for name, count in self._counts().items()
        }
        return Figure(
            code=self.code,
            label_vi=entry.label.vi,
            label_en=entry.label.en,
            mart=table.mart,
            formula=entry.formula or table.formula,
            source=entry.source or table.source,
            page=table.page,
            numerator_is=entry.numerator.told,
            denominator_is=entry.denominator.told if entry.denominator else "",
            left_out_is=entry.left_out.told if entry.left_out else "none",
            records=self._records(group),
            stated=stated_row(
                table.mart, table.whole | item | dict(group), stated | {name: name for name in entry.also or table.also}
            ),
            unit_of_value=entry.unit_of_value,
            made_by=entry.made_by,
            factor=entry.factor,
            known_in=entry.known_in,
            listed=entry.listed,
            rests_on=(*entry.rests_on, *table.rests_on),
            group=dict(group),
        )

    def _counts(self) -> dict[str, _Count | None]:
        entry = self._entry
        return {"numerator": entry.numerator, "denominator": entry.denominator, "left_out": entry.left_out}

    def _records(self, group: Mapping[str, str]) -> str:
        relation = self._entry.relation or self._table.relation
        rest = "FALSE"
        if self._entry.denominator is not None and self._entry.left_out is not None:
            rest = f"NOT coalesce({self._entry.denominator.where}, FALSE)"
        counts = ", ".join(
            f"{_amount(count, rest if name == 'left_out' else 'FALSE')} AS {name}"
            for name, count in self._counts().items()
        )
        narrowed = "".join(f" AND {column} = {literal(value)}" for column, value in group.items())
        return (
            f"SELECT input_id, sheet, line, unit_code, unit_valid_from, {self._table.placed_on} AS placed_on,"
            f" {self._entry.part or 'CAST(NULL AS VARCHAR)'} AS part, {counts}"
            f" FROM ({self._relations.get(relation, _select(relation))}) AS counted WHERE ({self._entry.records}){narrowed}"
        )


def _amount(count: _Count | None, rest: str) -> str:
    if count is not None and count.amount is not None:
        return f"CAST({count.amount} AS BIGINT)"
    return flag(rest if count is None or count.where is None else count.where)


def _select(relation: str) -> str:
    return relation if " " in relation else f"SELECT * FROM {relation}"


@cache
def fixed_figures() -> Mapping[str, FixedFigure]:
    """The figures of figures.yml by code."""
    catalogue = _Catalogue.model_validate(yaml.safe_load(_FILE.read_text(encoding="utf-8")))
    return {
        code: FixedFigure(code, table.groups, entry, table, catalogue.relations)
        for table in catalogue.tables
        for code, entry in table.figures.items()
    }
