"""Filled templates in the inbox as planned inputs: the marker of each says what it is, whatever its file is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from assets.ingest.plan import MONTH, PlannedInput, natural, reading_hash
from assets.ingest.readers import InputRefused
from assets.ingest.spec import TEMPLATES
from assets.ingest.stamp import FileStamp, sha256_of
from assets.ingest.templates.columns import Item, Level, TemplateColumn, template_columns
from assets.ingest.templates.marker import Marker, NotATemplate, check_versions, read_marker
from assets.ingest.templates.spec import answers_of, template_spec
from assets.workspace import Workspace
from quality.contract import Bilingual, Contract
from quality.problem import Problem, did_you_mean
from quality.vocabulary import load_vocabulary


@dataclass
class FilledTemplates:
    """The forms in a workspace's inbox; a file is opened once, and again when its bytes change."""

    workspace: Workspace
    contracts: Mapping[str, Contract]
    _known: dict[str, Marker | Problem] = field(default_factory=dict)

    @property
    def files(self) -> list[Path]:
        """Every workbook in the folder of templates, in the order of names; Excel's lock files are passed over."""
        found = (self.workspace.root / TEMPLATES).rglob("*.xlsx")
        files = [file for file in found if file.is_file() and not file.name.startswith("~$")]
        return sorted(files, key=lambda file: natural(file.relative_to(self.workspace.root).as_posix()))

    def planned(
        self,
        dataset: str,
        months: Callable[[str], bool],
        reference: Mapping[str, pa.Table],
        reference_hash: str,
        office_of: Callable[[str], str],
    ) -> tuple[list[PlannedInput], list[Problem]]:
        """Return the forms of one dataset whose month is wanted, and the problems of files that are no such form.

        `office_of` says which root a unit belongs to.
        """
        planned: list[PlannedInput] = []
        problems: list[Problem] = []
        for file in self.files:
            path = file.relative_to(self.workspace.root).as_posix()
            stamp = FileStamp.of(file)
            content_sha = sha256_of(file)
            marker = self._known.get(content_sha)
            if marker is None:
                marker = self._known[content_sha] = self._marker(file, path)
            if isinstance(marker, Problem):
                problems.append(marker)
                continue
            if marker.dataset != dataset or (marker.period and not months(marker.period)):
                continue
            columns = columns_of(marker.dataset, marker.instrument, self.contracts, reference)
            if isinstance(columns, Bilingual):
                problems.append(Problem("template.instrument", columns, file=path))
                continue
            spec = template_spec(marker, columns, self.contracts, office_of(marker.unit))
            groups = {"unit": marker.unit} | ({"period": marker.period} if marker.period else {})
            planned.append(
                PlannedInput(
                    spec,
                    path,
                    file,
                    groups,
                    content_sha,
                    reading_hash(spec, self.contracts),
                    reference_hash,
                    str(spec.office),
                    stamp=replace(stamp, content_sha=content_sha) if stamp is not None else None,
                )
            )
        return planned, problems

    def _marker(self, file: Path, path: str) -> Marker | Problem:
        try:
            marker = read_marker(file)
            dataset = self.contracts.get(marker.dataset)
            check_versions(file, marker, dataset, answers_of(marker.dataset, self.contracts))
        except NotATemplate as reason:
            return Problem(reason.rule, reason.message, file=path)
        except InputRefused as refused:
            text = Bilingual(vi=refused.message_vi, en=refused.message_en)
            return Problem(refused.rule, text, file=path, sheet=refused.sheet)
        if marker.period and not MONTH.fullmatch(marker.period):
            text = Bilingual(
                vi=f"Biểu mẫu ghi tháng “{marker.period}” không có thật; tạo lại biểu mẫu",
                en=f"The form says month “{marker.period}”, which does not exist; make the form again",
            )
            return Problem("location.period", text, file=path)
        return marker


def columns_of(
    dataset: str, instrument: str, contracts: Mapping[str, Contract], reference: Mapping[str, pa.Table]
) -> tuple[TemplateColumn, ...] | Bilingual:
    """Return the columns of a form; or why there is none: a survey of an instrument that has no items."""
    items: list[Item] = []
    if answers_of(dataset, contracts) is not None:
        items = items_of(instrument, reference)
        if not items:
            known = reference["instrument"]["code"].to_pylist()
            if not instrument:
                return Bilingual(
                    vi=f"Hãy nêu bộ phiếu bằng --instrument. Hiện có: {', '.join(known)}",
                    en=f"Name the questionnaire with --instrument. There are: {', '.join(known)}",
                )
            hint = did_you_mean(instrument, known)
            return Bilingual(
                vi=f"Không có bộ phiếu “{instrument}” hoặc bộ phiếu chưa có tiêu chí.{hint.vi} Hiện có: {', '.join(known)}",
                en=f"There is no instrument “{instrument}”, or it has no items.{hint.en} There are: {', '.join(known)}",
            )
    return template_columns(contracts[dataset], load_vocabulary(), items)


def items_of(instrument: str, reference: Mapping[str, pa.Table]) -> list[Item]:
    """Return the items of an instrument in the order of its form, each with the levels of its scale."""
    scales: dict[str, list[Level]] = {}
    for row in reference["answer_level"].to_pylist():
        scales.setdefault(row["scale_code"], []).append(Level(row["level"], row["label_vi"]))
    rows: Iterable[dict[str, object]] = reference["instrument_item"].to_pylist()
    items = [row for row in rows if row["instrument_code"] == instrument and row["node_level"] == "item"]
    return [
        Item(str(row["node_code"]), str(row["label_vi"]), tuple(scales[str(row["scale_code"])]))
        for row in sorted(items, key=lambda row: (row["position"], row["node_code"]))
        if row["scale_code"] in scales
    ]
