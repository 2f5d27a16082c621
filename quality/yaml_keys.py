"""Keys that stand twice in one mapping of a YAML file: YAML takes the last and says nothing. Reading files stands elsewhere."""

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
