"""reference/corrections.yml: what an office states as wrong in records it was sent, read strictly. Applying it stands in corrections.py."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError, field_validator

from quality.contract import Bilingual, Contract, FieldContract, Strict
from quality.problem import Problem, did_you_mean
from quality.validation import NotValid, validation_problems
from quality.yaml_keys import line_of, repeated_keys

FILE = "reference/corrections.yml"

Value = bool | int | float | dt.datetime | dt.date | str | None


class Entry(Strict):
    """One field of one record: the value that its source gave, the right one, and why; values as the contract writes them.

    An answer is named by the number of its form, `dataset` being ``survey_answer`` and `field` the item.
    """

    dataset: str
    authority: str
    record: str
    field: str
    old: Value
    new: Value
    reason: str
    date: dt.date

    @field_validator("reason")
    @classmethod
    def has_reason(cls, reason: str) -> str:
        if not reason.strip():
            raise NotValid("ghi rõ lý do", "say why")
        return reason


class Corrections(Strict):
    """The whole file."""

    corrections: tuple[Entry, ...]


@dataclass(frozen=True)
class Correction:
    """An entry with its line. `old` and `new` are texts as a source would write them, None for a blank."""

    entry: Entry
    line: int

    @property
    def old(self) -> str | None:
        return _text(self.entry.old)

    @property
    def new(self) -> str | None:
        return _text(self.entry.new)

    def problem(self, rule: str, vi: str, en: str) -> Problem:
        """A fault of this entry. It names the line and not the record, whose number stays in the private zone."""
        return Problem(
            f"corrections.{rule}", Bilingual(vi=vi, en=en), file=FILE, line=self.line, column=self.entry.field
        )


class CorrectionsRefused(Exception):
    """The corrections cannot be applied as they stand; nothing of them was."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(problem.render() for problem in self.problems))


def read_corrections(path: Path, contracts: Mapping[str, Contract]) -> list[Correction]:
    """Return the entries of the file in their order; none where there is no file. Raises CorrectionsRefused."""
    try:
        content = path.read_text(encoding="utf-8-sig")
        data, tree = yaml.safe_load(content), yaml.compose(content)
    except FileNotFoundError:
        return []
    except (yaml.YAMLError, ValueError) as error:  # an impossible date is a ValueError
        mark = getattr(error, "problem_mark", None)
        text = Bilingual(vi="Không phải YAML hợp lệ; sửa dòng đã nêu", en="Not valid YAML; correct the line named")
        line = mark.line + 1 if mark else None
        raise CorrectionsRefused([Problem("corrections.yaml", text, file=FILE, line=line)]) from None
    if repeated := repeated_keys(tree):
        raise CorrectionsRefused(key.problem("corrections.repeated_key", FILE) for key in repeated)
    try:
        entries = Corrections.model_validate(data).corrections
    except ValidationError as error:
        problems = validation_problems(error, "corrections", FILE, tree, _known_keys)
        raise CorrectionsRefused(problems) from None
    read = [Correction(entry, line_of(tree, ("corrections", index)) or 1) for index, entry in enumerate(entries)]
    if problems := list(_against_contracts(read, contracts)):
        raise CorrectionsRefused(problems)
    return read


def _known_keys(loc: tuple[str | int, ...]) -> Iterable[str]:
    return Entry.model_fields if len(loc) > 1 else Corrections.model_fields


def _text(value: Value) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        # YAML reads a bare yes or no as a truth value; the contracts have them as codes.
        return "yes" if value else "no"
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)


def _against_contracts(read: Iterable[Correction], contracts: Mapping[str, Contract]) -> Iterable[Problem]:
    first: dict[tuple[str, str, str, str], Correction] = {}
    correctable = [name for name, contract in contracts.items() if contract.kind in ("record", "answer")]
    for item in read:
        entry = item.entry
        if entry.dataset not in correctable:
            hint = did_you_mean(entry.dataset, correctable)
            yield item.problem(
                "dataset",
                f"Không có loại dữ liệu “{entry.dataset}” để sửa.{hint.vi}",
                f"There is no dataset “{entry.dataset}” whose records can be corrected.{hint.en}",
            )
            continue
        contract = contracts[entry.dataset]
        names = [field.name for field in contract.fields if _is_correctable(field)]
        if contract.kind == "record" and entry.field not in names:
            hint = did_you_mean(entry.field, names)
            yield item.problem(
                "field",
                f"“{entry.dataset}” không có trường “{entry.field}” sửa được.{hint.vi}",
                f"“{entry.dataset}” has no field “{entry.field}” that can be corrected.{hint.en}",
            )
        key = (entry.dataset, entry.authority, entry.record, entry.field)
        if (earlier := first.setdefault(key, item)) is not item:
            yield item.problem(
                "repeated",
                f"Trường này của bản ghi đã được sửa ở dòng {earlier.line}; giữ lại một mục",
                f"This field of the record is corrected in line {earlier.line} already; keep one of the two",
            )


def _is_correctable(field: FieldContract) -> bool:
    """Numbers of records are what records are told apart by: another number is another record."""
    return field.name != "record_id" and field.type != "record" and field.is_kept
