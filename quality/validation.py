"""What pydantic finds wrong with a YAML file, as problems in Vietnamese and English with their place.

Which keys and values are right is said by the models; how the file is read, by who reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from quality.contract import Bilingual
from quality.problem import Problem, did_you_mean
from quality.yaml_keys import line_of, present_parts

Loc = tuple[str | int, ...]

_TEXT = Bilingual(vi='phải là chữ; đặt trong dấu ngoặc kép, như "282"', en='must be a text; quote it, such as "282"')
_WHOLE = Bilingual(vi="phải là số nguyên", en="must be a whole number")
_NUMBER = Bilingual(vi="phải là một số", en="must be a number")
_SWITCH = Bilingual(vi="phải là true hoặc false", en="must be true or false")
_LIST = Bilingual(vi="phải là một danh sách, như [a, b]", en="must be a list, such as [a, b]")
_MAPPING = Bilingual(vi="phải là các cặp khoá: giá trị", en="must be keys with values")
_KINDS = {
    "string": _TEXT,
    "invalid": _TEXT,
    "int": _WHOLE,
    "float": _NUMBER,
    "finite": _NUMBER,
    "bool": _SWITCH,
    "tuple": _LIST,
    "list": _LIST,
    "dict": _MAPPING,
    "mapping": _MAPPING,
    "model": _MAPPING,
}
_BOUNDS = {
    "greater_than_equal": ("ge", "không nhỏ hơn", "not less than"),
    "greater_than": ("gt", "lớn hơn", "greater than"),
    "less_than_equal": ("le", "không lớn hơn", "not greater than"),
    "less_than": ("lt", "nhỏ hơn", "less than"),
}
_OTHER = "giá trị không dùng được ở đây"


class NotValid(ValueError):
    """A value that a model refuses, with its reason in both languages."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.reason = Bilingual(vi=vi, en=en)


def validation_problems(
    error: ValidationError, prefix: str, file: str, tree: yaml.Node | None, known_keys: Callable[[Loc], Iterable[str]]
) -> list[Problem]:
    """Return one problem per place that pydantic complains about; their rules begin with the prefix (``spec``).

    `known_keys` gives the keys that may stand where an unknown one stood.
    """
    problems: list[Problem] = []
    reasons: dict[Loc, list[Bilingual]] = {}
    for detail in error.errors():
        kind = detail["type"]
        *before, last = detail["loc"] or ("",)
        if kind in ("missing", "extra_forbidden"):
            above = present_parts(tree, tuple(before))
            if kind == "missing":
                rule, place = "missing_key", above
                text = Bilingual(vi=f"Thiếu khoá “{last}”; thêm vào", en=f"The key “{last}” is missing; add it")
            else:
                rule, place = "unknown_key", (*above, last)
                hint = did_you_mean(str(last), known_keys((*above, last)))
                text = Bilingual(
                    vi=f"Không có khoá “{last}”.{hint.vi} Sửa tên hoặc xoá",
                    en=f"There is no key “{last}”.{hint.en} Rename or remove it",
                )
            name = _name((*above, last))
            problems.append(Problem(f"{prefix}.{rule}", text, file=file, line=line_of(tree, place), column=name))
        else:
            reasons.setdefault(present_parts(tree, detail["loc"]), []).append(_reason(detail))
    for loc, found in reasons.items():
        # One value may be refused by each of several kinds that it could be.
        text = Bilingual(
            vi=f"Giá trị không hợp lệ: {', hoặc '.join(dict.fromkeys(reason.vi for reason in found))}",
            en=f"Not valid: {', or '.join(dict.fromkeys(reason.en for reason in found))}",
        )
        problems.append(Problem(f"{prefix}.value", text, file=file, line=line_of(tree, loc), column=_name(loc)))
    return sorted(problems, key=lambda problem: problem.line or 0)


def _name(loc: Sequence[str | int]) -> str | None:
    return ".".join(str(part) for part in loc) or None


def _reason(detail: Mapping[str, Any]) -> Bilingual:
    """Why one value is refused."""
    kind, context = str(detail["type"]), detail.get("ctx", {})
    if isinstance(context.get("error"), NotValid):
        reason: Bilingual = context["error"].reason
        return reason
    if kind in ("literal_error", "union_tag_invalid"):
        return _one_of(context.get("expected") or context["expected_tags"], context.get("tag", detail["input"]))
    if kind == "union_tag_not_found":
        key = context["discriminator"].strip("'")
        return Bilingual(vi=f"thiếu khoá “{key}”", en=f"the key “{key}” is missing")
    if kind == "too_short":
        number = context["min_length"]
        return Bilingual(vi=f"cần ít nhất {number} mục", en=f"needs {number} entry at least")
    if kind in _BOUNDS:
        name, vi, en = _BOUNDS[kind]
        bound = f"{context[name]:g}"
        return Bilingual(vi=f"phải {vi} {bound}", en=f"must be {en} {bound}")
    return _KINDS.get(kind.partition("_")[0], Bilingual(vi=_OTHER, en=str(detail["msg"])))


def _one_of(expected: str, given: object) -> Bilingual:
    """`expected` lists values in quotes, as pydantic writes them; True and False stand without."""
    values = [quoted or bare.lower() for quoted, bare in re.findall(r"'([^']*)'|(True|False)", expected)]
    hint = did_you_mean(str(given), values)
    listed = ", ".join(values)
    stop = "." if hint.en else ""
    return Bilingual(vi=f"phải là một trong: {listed}{stop}{hint.vi}", en=f"must be one of: {listed}{stop}{hint.en}")
