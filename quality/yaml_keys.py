"""Keys of a YAML file: in which line each stands, and which stand twice, for of those YAML takes the last and says nothing.

What the keys mean stands in the models.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import yaml

from quality.contract import Bilingual
from quality.problem import Problem

MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class RepeatedKey:
    """A key met again in its mapping: its path from the top (``feeds.0.columns.state``), and both lines from 1."""

    path: str
    line: int
    first_line: int

    def problem(self, rule: str, file: str) -> Problem:
        """Return the fault as told to a person."""
        key = self.path.rsplit(".", 1)[-1]
        text = Bilingual(
            vi=f"Khoá “{key}” đã có ở dòng {self.first_line}; xoá hoặc đổi tên một trong hai",
            en=f"The key “{key}” stands in line {self.first_line} already; remove or rename one of the two",
        )
        return Problem(rule, text, file=file, line=self.line, column=self.path)


def repeated_keys(tree: yaml.Node | None) -> list[RepeatedKey]:
    """Return every repeated key below a composed node, in the order of the file; keys are equal when their values are."""
    return list(_walk(tree, (), set())) if tree is not None else []


def _walk(node: yaml.Node, path: tuple[str, ...], seen: set[int]) -> Iterator[RepeatedKey]:
    # An anchor leads to one node by several ways, and may lead back to itself.
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*path, str(index)), seen)
    if isinstance(node, yaml.MappingNode):
        first: dict[Hashable, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            # What "<<" merges in may be overridden on purpose; a second "<<" is a repeated key like any other.
            meaning = _meaning(key)
            if meaning in first:
                yield RepeatedKey(".".join((*path, str(key.value))), line, first[meaning])
            first.setdefault(meaning, line)
            yield from _walk(value, (*path, str(key.value)), seen)


def _meaning(key: yaml.Node) -> Hashable:
    """The key as the loader sees it: 1 and 01 are one number, "1" is a text."""
    if not isinstance(key, yaml.ScalarNode) or key.tag == MERGE:
        return key.tag, str(key.value)
    value = yaml.constructor.SafeConstructor().construct_object(key)
    return type(value).__name__, value


def line_of(tree: yaml.Node | None, loc: tuple[str | int, ...]) -> int | None:
    """Return the 1-based line of a place in the YAML, or of the nearest thing above it that exists."""
    line: int | None = tree.start_mark.line + 1 if tree is not None else None
    for _, step, found in _steps(tree, loc):
        if step is None:
            break
        line = found
    return line


def present_parts(tree: yaml.Node | None, loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return the parts of a pydantic location that are keys or positions of the file: the names of alternatives are not."""
    parts: list[str | int] = []
    node = tree
    for part in loc:
        for _, step, _line in _steps(node, (part,)):
            if step is not None:
                parts.append(part)
                node = step
    return tuple(parts)


def _steps(
    node: yaml.Node | None, loc: tuple[str | int, ...]
) -> Iterator[tuple[str | int, yaml.Node | None, int | None]]:
    """Go down the parts: each with the node it leads to and its line, or None where it leads nowhere, which ends it."""
    for part in loc:
        step, line = None, None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    step, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            step = node.value[part]
            line = step.start_mark.line + 1
        yield part, step, line
        if step is None:
            return
        node = step
