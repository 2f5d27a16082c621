"""What rows of reference tables refer to in each other, as their contracts say, and what refers to nothing.

How the rows are read and typed stands in tables.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from quality.contract import Bilingual, Contract, ForeignKey
from quality.problem import Problem, did_you_mean

Value = str | int | Decimal | date | None
Key = tuple[Value, ...]
Row = dict[str, Value]

# The nearest code is looked for among thousands: only for the first values of a table that stand nowhere.
HINTS_PER_TABLE = 20


@dataclass
class Layer:
    """Rows of one table from one origin, by key; a row of a file has its line. `file` is None for what sources feed."""

    file: str | None
    rows: dict[Key, Row] = field(default_factory=dict)
    lines: dict[Key, int] = field(default_factory=dict)


@dataclass
class _Dangling:
    """The rows of one layer whose field holds one value that stands nowhere."""

    contract: Contract
    reference: ForeignKey
    layer: Layer
    parts: Key
    keys: list[Key] = field(default_factory=list)

    @property
    def is_required(self) -> bool:
        return self.contract.field(self.reference.fields[-1]).required


def merged(layers: Iterable[Layer]) -> dict[Key, Row]:
    """Return the rows that count: those of a later layer replace those of an earlier one."""
    rows: dict[Key, Row] = {}
    for layer in layers:
        rows |= layer.rows
    return rows


def unmatched_references(
    layers: Mapping[str, Sequence[Layer]], checked: Mapping[str, Sequence[Layer]], contracts: Mapping[str, Contract]
) -> list[Problem]:
    """Tell each value of the checked layers that refers to no row, once per layer with its first line.

    A row whose required field refers to nothing is taken out of its layer, which can leave others without what they
    refer to; under an optional field the row stays.
    """
    told: dict[tuple[str, int, ForeignKey, Key], Problem] = {}
    while True:
        dropped = False
        rows = {dataset: merged(found) for dataset, found in layers.items()}
        for dataset, own in checked.items():
            for place, found in enumerate(_dangling(contracts[dataset], own, rows)):
                identity = (dataset, id(found.layer), found.reference, found.parts)
                if identity not in told:
                    known = rows[found.reference.table].values() if place < HINTS_PER_TABLE else ()
                    told[identity] = _problem(found, contracts[found.reference.table], known)
                for key in found.keys if found.is_required else ():
                    del found.layer.rows[key]
                    dropped = True
        if not dropped:
            return list(told.values())


def _dangling(contract: Contract, layers: Iterable[Layer], rows: Mapping[str, Mapping[Key, Row]]) -> list[_Dangling]:
    """What dangles in one table; a row is told by the first foreign key it breaks."""
    found: dict[tuple[int, ForeignKey, Key], _Dangling] = {}
    faulty: set[tuple[int, Key]] = set()
    for reference in contract.foreign_keys:
        known = {tuple(row[name] for name in reference.columns) for row in rows[reference.table].values()}
        for layer in layers:
            for key, row in layer.rows.items():
                parts = tuple(row[name] for name in reference.fields)
                if parts in known or None in parts or (id(layer), key) in faulty:
                    continue
                faulty.add((id(layer), key))
                dangling = _Dangling(contract, reference, layer, parts)
                found.setdefault((id(layer), reference, parts), dangling).keys.append(key)
    return list(found.values())


def _problem(found: _Dangling, target: Contract, known: Iterable[Row]) -> Problem:
    *before, value = found.parts
    reference, layer = found.reference, found.layer
    lines = sorted(layer.lines[key] for key in found.keys if key in layer.lines)
    *narrowing, last = reference.columns
    near = did_you_mean(str(value), {str(row[last]) for row in known if [row[name] for name in narrowing] == before})
    within = ", ".join(f"{name} {part}" for name, part in zip(reference.fields, before, strict=False))
    others = len(found.keys) - 1
    table = f"{reference.table}.{reference.columns[-1]}"
    origin = Bilingual(vi=" (do nguồn nạp)", en=" (fed by a source)") if layer.file is None else Bilingual(vi="", en="")
    vi = f"{found.contract.title.vi}{origin.vi}: “{value}” không có trong {table} ({target.title.vi})"
    en = f"{found.contract.title.en}{origin.en}: “{value}” is not in {table} ({target.title.en})"
    vi += f" của {within}" if within else ""
    en += f" of {within}" if within else ""
    vi += f".{near.vi} Sửa lại giá trị, hoặc thêm dòng vào reference/{reference.table}.csv; "
    en += f".{near.en} Correct the value, or add a row to reference/{reference.table}.csv; "
    if found.is_required:
        vi += f"dòng này và {others} dòng khác như thế bị bỏ qua" if others else "dòng này bị bỏ qua"
        en += f"this row and {others} more like it are left out" if others else "this row is left out"
    else:
        vi += f"dòng này và {others} dòng khác như thế vẫn được dùng" if others else "dòng này vẫn được dùng"
        en += f"this row and {others} more like it are still used" if others else "this row is still used"
    line = lines[0] if lines else None
    text = Bilingual(vi=vi, en=en)
    return Problem("reference.unknown_code", text, layer.file, line=line, column=reference.fields[-1], value=str(value))
