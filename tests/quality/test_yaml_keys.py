"""Repeated keys of YAML: found wherever they stand, with both lines; what only looks alike is left in peace."""

from __future__ import annotations

import unicodedata

import pytest
import yaml

from quality.yaml_keys import RepeatedKey, repeated_keys


def found(text: str) -> list[RepeatedKey]:
    return repeated_keys(yaml.compose(text))


def test_repeated_keys_at_every_depth_with_their_lines() -> None:
    text = "a: 1\nb:\n  - c: {x: 1, x: 2}\n  - c: 1\n    d: 2\n    c: 3\na: 2\n"
    assert found(text) == [RepeatedKey("b.0.c.x", 3, 3), RepeatedKey("b.1.c", 6, 4), RepeatedKey("a", 7, 1)]


def test_a_key_met_three_times_is_told_twice() -> None:
    assert found("a: 1\na: 2\na: 3\n") == [RepeatedKey("a", 2, 1), RepeatedKey("a", 3, 1)]


@pytest.mark.parametrize("keys", [("1", "01"), ("yes", "true"), ("'a'", "a")])
def test_keys_that_the_loader_takes_for_one(keys: tuple[str, str]) -> None:
    text = f"{keys[0]}: x\n{keys[1]}: y\n"
    assert len(yaml.safe_load(text)) == 1
    assert [key.line for key in found(text)] == [2]


@pytest.mark.parametrize(
    "text",
    ["", "- a\n- a\n", "a: {x: 1}\nb: {x: 1}\n", "1: x\n'1': y\n", "a: &one {x: 1}\nb: {<<: *one, x: 2}\nc: *one\n"],
)
def test_no_repeated_key(text: str) -> None:
    assert found(text) == []


def test_a_node_that_holds_itself() -> None:
    assert found("a: &one\n  b: *one\n  b: 2\n") == [RepeatedKey("a.b", 3, 2)]


def test_the_problem_says_where_and_what_to_do() -> None:
    [key] = found("feeds:\n  state: 1\n  state: 2\n")
    problem = key.problem("spec.repeated_key", "sources/a.yml")
    assert problem.render("en") == (
        "sources/a.yml, line 3, column feeds.state: The key “state” stands in line 2 already; "
        "remove or rename one of the two [spec.repeated_key]"
    )
    assert "dòng 2" in problem.message.vi and unicodedata.is_normalized("NFC", problem.message.vi)
