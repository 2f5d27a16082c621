"""Up-converters: what a contract's new version means for rows that landed under the one before. Reading files stands elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from quality.contract import Bilingual, Contract
from quality.problem import Problem

# Takes the SQL (DuckDB's) of a relation of landed rows under one version, gives that of the rows under the next.
Step = Callable[[str], str]


def only_adds(relation: str) -> str:
    """The step to a version that only adds fields which may be blank: rows that landed before have them blank."""
    return relation


# (dataset, version) → the step to the version after it. The first release has the versions in
# tests/quality/released; from there on every raised version needs a step, which a test demands.
STEPS: Mapping[tuple[str, int], Step] = {
    # Fields for the persons concerned; what landed before names none.
    ("case", 3): only_adds,
    ("complaint", 4): only_adds,
    ("survey_response", 3): only_adds,
    # Which texts name places was said; the rows are the same.
    ("case_step", 2): only_adds,
}


def upconverted(relation: str, contract: Contract, version: int, steps: Mapping[tuple[str, int], Step] = STEPS) -> str:
    """Return the SQL of rows that landed under `version` as the contract has them now. Raises KeyError for a missing step."""
    for number in range(version, contract.version):
        relation = steps[(contract.dataset, number)](relation)
    return relation


def version_problem(
    contract: Contract, version: int, file: str, steps: Mapping[tuple[str, int], Step] = STEPS
) -> Problem | None:
    """Return why rows of `version` cannot be read now: they are of a later version, or a step to this one is missing."""
    if version > contract.version:
        text = Bilingual(
            vi=f"Tệp theo phiên bản {version} của “{contract.dataset}”, do một bản sipas-warehouse mới hơn ghi; bản này chỉ "
            f"biết đến phiên bản {contract.version}. Hãy dùng bản đó hoặc bản mới hơn",
            en=f"The file has version {version} of “{contract.dataset}”, written by a newer sipas-warehouse; this one knows "
            f"versions up to {contract.version}. Use that one or a newer one",
        )
        return Problem("contract.too_new", text, file=file)
    missing = [number for number in range(version, contract.version) if (contract.dataset, number) not in steps]
    if missing:
        text = Bilingual(
            vi=f"Tệp theo phiên bản {version} của “{contract.dataset}”; không có bước chuyển từ phiên bản {missing[0]} sang "
            f"{missing[0] + 1} (quality/upconvert.py). Hãy dùng bản sipas-warehouse có bước này, hoặc nạp lại từ inbox/",
            en=f"The file has version {version} of “{contract.dataset}”; there is no step from version {missing[0]} to "
            f"{missing[0] + 1} (quality/upconvert.py). Use a sipas-warehouse that has it, or take everything in again",
        )
        return Problem("contract.no_step", text, file=file)
    return None
