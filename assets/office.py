"""One office at work: its workspace, settings, specs, ledger and reference tables, as the assets need them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from assets.estimates.options import EstimateOptions
from assets.exchange.landed import exchanged_tables, standing_parts
from assets.ingest.answers import find_answers, plan_answers
from assets.ingest.extract import Extract
from assets.ingest.plan import Plan, PlannedInput, find_inputs, plan
from assets.ingest.source_reader import IngestContext, UnknownItem, scales
from assets.ingest.spec import SourceSpec, Specs, load_specs
from assets.ledger import Ledger, Part
from assets.reference.fed import fed_tables
from assets.reference.instruments import instrument_problems
from assets.reference.tables import reference_tables
from assets.reference.units import name_key, unit_names
from assets.workspace import Workspace
from quality.contract import Bilingual, Contract, load_contracts
from quality.gate import GateThresholds
from quality.problem import Problem

SHIPPED_REFERENCE = Path(__file__).parent / "reference" / "shipped"


@dataclass
class Office:
    """What every asset of a run shares. `tell` takes one line of progress, without personal data."""

    workspace: Workspace
    roots: tuple[str, ...]
    cut_off_day: int
    working_days: int
    thresholds: GateThresholds
    estimates: EstimateOptions
    key: bytes
    folders: Mapping[str, Path | None]
    today: dt.date
    tell: Callable[[str], None]
    problems: list[Problem] = field(default_factory=list)
    # What the databases held when this run first asked; asking twice could give two answers.
    _extracts: dict[str, Extract | Problem] = field(default_factory=dict)

    @cached_property
    def contracts(self) -> dict[str, Contract]:
        return load_contracts()

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger.of_folder(self.workspace.state)

    @cached_property
    def specs(self) -> Specs:
        specs = load_specs(self.workspace.sources, self.contracts, self.roots)
        self.note(specs.problems)
        if not specs.usable and not specs.problems:
            text = Bilingual(
                vi="Chưa có khai báo nguồn nên không có gì để nạp; chép sources/example.yml.txt thành sources/<tên>.yml rồi sửa",
                en="There is no source spec yet, so nothing was taken in; copy sources/example.yml.txt to sources/<name>.yml",
            )
            self.note([Problem("spec.none", text, file="sources/")])
        return specs

    def note(self, problems: Iterable[Problem]) -> None:
        """Keep problems for the summary, each once."""
        self.problems += [problem for problem in dict.fromkeys(problems) if problem not in self.problems]

    def parts_of(self, dataset: str) -> list[Part]:
        """Return the landed files of a dataset that the warehouse reads; of what other offices sent, the newest package each."""
        return standing_parts(self.ledger.parts(dataset), self.ledger.active())

    def close(self) -> None:
        if "ledger" in self.__dict__:
            self.ledger.close()

    # Reference tables

    def reference_plan(self) -> Plan:
        """Return what sources of reference tables bring that is new."""
        specs = [spec for spec in self.specs.usable if spec.record_feed is None]
        inputs = self._find(specs, lambda month: True, "")
        return plan(inputs, self.ledger.active(), self.ledger.retired_ids())

    def read_references_again(self) -> None:
        """Forget the reference tables: something was landed for them."""
        for name in ("reference", "reference_hash", "_meanings"):
            self.__dict__.pop(name, None)

    @cached_property
    def reference(self) -> dict[str, pa.Table]:
        """Every reference table by dataset name; faults are noted."""
        tables, problems = reference_tables(
            SHIPPED_REFERENCE,
            self.workspace.reference,
            fed_tables(self.workspace, self.ledger, self.contracts),
            self.contracts,
            exchanged_tables(self.workspace.root, self.ledger, self.contracts),
        )
        self.note([*problems, *instrument_problems(tables)])
        return tables

    @cached_property
    def reference_hash(self) -> str:
        """A hash of the contents of all reference tables."""
        digest = hashlib.sha256()
        for name, table in sorted(self.reference.items()):
            digest.update(name.encode())
            digest.update(json.dumps(table.to_pydict(), default=str, ensure_ascii=False).encode())
        return digest.hexdigest()[:16]

    @cached_property
    def _meanings(self) -> dict[tuple[str, str], str | None]:
        """(office, name key) → unit code; None where several units share the name."""
        names = unit_names(self.reference["admin_unit"], self.reference["unit_alias"], self.roots)
        return {
            (row["office_code"], row["name_key"]): row["unit_code"] if row["candidates"] == 1 else None
            for row in names.to_pylist()
        }

    def resolve_units(self, office: str, names: Iterable[str]) -> dict[str, str | None]:
        """Return the unit code of each name within the office's subtree; None when unknown or ambiguous."""
        return {name: self._meanings.get((office, name_key(name))) for name in names}

    # Inputs

    def news(self, months: Callable[[str], bool]) -> list[PlannedInput] | None:
        """Return the inputs of record datasets that the wanted months have not taken in yet, copies of known ones included.

        None when a source of reference tables brings something new, which can change how all others are read.
        """
        if not self.reference_plan().is_empty:
            return None
        plans = [self.plan_of(name, months) for name, contract in self.contracts.items() if contract.kind == "record"]
        return [item for new in plans for item in (*new.to_read, *(copy for copy, _ in new.copies))]

    def plan_of(self, dataset: str, months: Callable[[str], bool]) -> Plan:
        """Return what is new for one record dataset, within the reporting months that `months` wants."""
        specs = self.sources_of(dataset)
        active, retired_ids, answered = self.ledger.active(), self.ledger.retired_ids(), self.ledger.answered_returns()
        returns = {file.return_id: file for file in self.ledger.returns()}
        answers, problems = find_answers(
            self.workspace,
            specs,
            self.contracts,
            months,
            self.reference_hash,
            self.roots,
            active,
            returns,
            answered,
        )
        self.note(problems)
        new = plan(self._find(specs, months, self.reference_hash), active, retired_ids)
        return new + plan_answers(answers, active, answered, retired_ids)

    def _find(
        self, specs: Sequence[SourceSpec], months: Callable[[str], bool], reference_hash: str
    ) -> list[PlannedInput]:
        inputs, problems = find_inputs(
            self.workspace, specs, self.contracts, self.folders, months, reference_hash, self.roots, self._extracts
        )
        self.note(problems)
        return inputs

    def sources_of(self, dataset: str) -> list[SourceSpec]:
        """Return the usable specs that feed a record dataset; one with an item that its instrument lacks is left out."""
        found = []
        for spec in self.specs.usable:
            if spec.record_feed and spec.record_feed.dataset == dataset:
                try:
                    scales(spec, self._levels)
                except UnknownItem as unknown:
                    self.note([unknown.problem])
                else:
                    found.append(spec)
        return found

    @property
    def _levels(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Instrument → item → the levels of its scale; an item without a known scale, which is told elsewhere, is left out."""
        on_scale: dict[str, list[str]] = {}
        for row in self.reference["answer_level"].to_pylist():
            on_scale.setdefault(row["scale_code"], []).append(row["level"])
        levels: dict[str, dict[str, tuple[str, ...]]] = {}
        for row in self.reference["instrument_item"].to_pylist():
            if row["node_level"] != "item":
                continue
            if row["scale_code"] in on_scale:
                levels.setdefault(row["instrument_code"], {})[row["node_code"]] = tuple(on_scale[row["scale_code"]])
        return levels

    def ingest_context(self) -> IngestContext:
        """Return what reading rows needs to know."""
        known = {
            "procedure": frozenset(self.reference["procedure"]["code"].to_pylist()),
            "instrument": frozenset(self.reference["instrument"]["code"].to_pylist()),
        }
        work = self.workspace.landing / ".staging"
        return IngestContext(self.contracts, self._levels, known, self.resolve_units, self.key, self.today, work)
