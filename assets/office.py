"""One office at work: its workspace, settings, specs, ledger and reference tables, as the assets need them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from assets.estimates.options import EstimateOptions
from assets.exchange.landed import exchanged_tables, standing_parts
from assets.ingest.answers import find_answers, plan_answers
from assets.ingest.extract import Extract
from assets.ingest.history import History, history_of
from assets.ingest.plan import Folder, Plan, PlannedInput, find_inputs, plan
from assets.ingest.source_reader import IngestContext, UnknownItem, scales
from assets.ingest.spec import SourceSpec, Specs, load_specs
from assets.ingest.templates.filled import FilledTemplates
from assets.keys import Keyring
from assets.ledger import Ledger, Part
from assets.reference.fed import fed_tables
from assets.reference.instruments import instrument_problems
from assets.reference.tables import reference_tables
from assets.reference.units import UnitMeaning, name_key, name_keys, unit_names, unit_on
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
    keys: Keyring
    folders: Mapping[str, Folder]
    today: dt.date
    tell: Callable[[str], None]
    # Read databases from their beginning, whatever their watermarks say.
    reads_whole: bool = False
    problems: list[Problem] = field(default_factory=list)
    # Entries of the alias table, as (office, name), that a name was resolved by, and the offices that names were asked of.
    aliases_met: set[tuple[str, str]] = field(default_factory=set)
    offices_asked: set[str] = field(default_factory=set)
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
        if not specs.usable and not specs.problems and not self._templates.files:
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
        for name in ("reference", "reference_hash", "_meanings", "_aliases"):
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

    @property
    def reference_digests(self) -> dict[str, str]:
        """A hash of the contents of each reference table, by dataset name."""
        return {
            name: hashlib.sha256(json.dumps(table.to_pydict(), default=str, ensure_ascii=False).encode()).hexdigest()[
                :16
            ]
            for name, table in self.reference.items()
        }

    @cached_property
    def _meanings(self) -> dict[tuple[str, str], tuple[UnitMeaning, ...]]:
        """(office, name key) → the units that share the name, and when."""
        found: dict[tuple[str, str], list[UnitMeaning]] = {}
        for row in unit_names(self.reference["admin_unit"], self.reference["unit_alias"], self.roots).to_pylist():
            meaning = UnitMeaning(row["unit_code"], row["valid_from"], row["valid_to"])
            found.setdefault((row["office_code"], row["name_key"]), []).append(meaning)
        return {key: tuple(meanings) for key, meanings in found.items()}

    @cached_property
    def _aliases(self) -> dict[tuple[str, str], list[str]]:
        """(office, name key) → the entries of the alias table that give it."""
        found: dict[tuple[str, str], list[str]] = {}
        for row in self.reference["unit_alias"].to_pylist():
            found.setdefault((row["office_code"], name_key(row["name"])), []).append(row["name"])
        return found

    def unit_meanings(self, office: str, names: Iterable[str]) -> dict[str, tuple[UnitMeaning, ...]]:
        """Return the units that each name can mean within the office's subtree, and when; none for a name that is not known."""
        meanings, aliases = self._meanings, self._aliases
        names = list(names)
        self.offices_asked |= {office} if names else set()
        keys = {name: name_key(name) for name in names}
        self.aliases_met |= {(office, alias) for key in keys.values() for alias in aliases.get((office, key), ())}
        return {
            name: next((meanings[office, key] for key in name_keys(name) if (office, key) in meanings), ())
            for name in names
        }

    def resolve_units(self, office: str, names: Iterable[str]) -> dict[str, str | None]:
        """Return the unit code of each name within the office's subtree; None when unknown, or when the day decides."""
        return {name: unit_on(meanings, None) for name, meanings in self.unit_meanings(office, names).items()}

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
        filled, problems = self._templates.planned(
            dataset, months, self.reference, self.reference_hash, self._office_of_unit
        )
        self.note(problems)
        active, retired_ids, answered = self.ledger.active(), self.ledger.retired_ids(), self.ledger.answered_returns()
        inputs = [*self._find(self.sources_of(dataset), months, self.reference_hash), *self._as_delivered(filled)]
        new = plan(inputs, active, retired_ids)
        return new + plan_answers(self._answers(dataset, months), active, answered, retired_ids)

    def _answers(self, dataset: str, months: Callable[[str], bool]) -> list[PlannedInput]:
        """Return the corrected returns of a dataset's sources that lie in the inbox."""
        answers, problems = find_answers(
            self.workspace,
            [*self.sources_of(dataset), *self.template_specs(dataset)],
            self.contracts,
            months,
            self.reference_hash,
            self.roots,
            self.ledger.active(),
            {file.return_id: file for file in self.ledger.returns()},
            self.ledger.answered_returns(),
        )
        self.note(problems)
        return self._as_delivered(answers)

    @cached_property
    def _templates(self) -> FilledTemplates:
        return FilledTemplates(self.workspace, self.contracts)

    def template_specs(self, dataset: str) -> list[SourceSpec]:
        """Return the specs of the filled templates of a dataset that lie in the inbox, of all months."""
        filled, _ = self._templates.planned(dataset, lambda month: True, self.reference, "", self._office_of_unit)
        return list({item.spec.name: item.spec for item in filled}.values())

    def _office_of_unit(self, unit: str) -> str:
        """Return the root that knows the unit; the first one for a unit that none knows, whose inputs are then refused."""
        return next((root for root in self.roots if self.resolve_units(root, [unit])[unit] is not None), self.roots[0])

    def _find(
        self, specs: Sequence[SourceSpec], months: Callable[[str], bool], reference_hash: str
    ) -> list[PlannedInput]:
        def history(spec: SourceSpec, reading_hash: str) -> History:
            dataset = spec.record_feed.dataset if spec.record_feed is not None else None
            if spec.location.watermark is None or dataset is None:
                return History(self.today)
            return history_of(
                self.workspace,
                self.ledger,
                spec.name,
                dataset,
                reading_hash,
                reference_hash,
                self.today,
                self.reads_whole,
            )

        inputs, problems = find_inputs(
            self.workspace,
            specs,
            self.contracts,
            self.folders,
            months,
            reference_hash,
            self.roots,
            self._extracts,
            history,
        )
        self.note(problems)
        return self._as_delivered(inputs)

    def _as_delivered(self, inputs: Iterable[PlannedInput]) -> list[PlannedInput]:
        """Return the inputs, a file that was rewritten without a person's rows as the delivery it was."""
        delivered = self.ledger.delivered_as()
        return [
            replace(item, content_sha=delivered.get((item.path, item.content_sha), item.content_sha)) for item in inputs
        ]

    def file_inputs(self) -> list[PlannedInput]:
        """Return every file that a source reads, of all months; databases are none."""
        specs = [spec for spec in self.specs.usable if spec.location.path is not None]
        inputs = self._find(specs, lambda month: True, "")
        for name in (name for name, contract in self.contracts.items() if contract.kind == "record"):
            filled, _ = self._templates.planned(name, lambda month: True, self.reference, "", self._office_of_unit)
            inputs += self._as_delivered(filled)
            inputs += self._answers(name, lambda month: True)
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
        forgotten = frozenset(tombstone.token for tombstone in self.ledger.tombstones())
        return IngestContext(
            self.contracts, self._levels, known, self.unit_meanings, self.keys, self.today, work, forgotten
        )
