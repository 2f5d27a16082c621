"""Sentences of the satisfaction section: which sentence is true of which figures, and what it says in both languages.

A claim names a sentence and holds the figures it states, unrounded. Words of comparison are chosen by the figures as they
are printed, so that no sentence says "tăng 0,00" or "cao nhất" of two equal figures. Nothing here reads marts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from assets.forms.fill.sentences import PHRASES, SENTENCES
from assets.forms.fill.sipas_findings import (
    DIALOGUE,
    Activity,
    Change,
    DialogueDuty,
    Label,
    Member,
    Node,
    Rank,
    Shortfall,
    Survey,
)
from assets.forms.fill.wording import Counting
from assets.forms.model import Language
from assets.text.unit_kind import name_within
from assets.text.wording import count_text, decimal_text, percent_text, rounded

Stated: TypeAlias = "int | float | Label | tuple[Label, ...] | tuple[Claim, ...]"

DECIMALS = 2
_SMALLEST_P = 0.0001
# So many names are told; of more, only the number.
_NAMES = 3


@dataclass(frozen=True)
class Claim:
    """One sentence: its key in SENTENCES and the values it states, of which some may be clauses: claims themselves."""

    sentence: str
    values: Mapping[str, Stated]

    def text(self, language: Language) -> str:
        text = self.clause(language)
        return f"{text[0].upper()}{text[1:]}."

    def clause(self, language: Language) -> str:
        return _Writer(language).vformat(SENTENCES[self.sentence][language], (), self.values)


class _Writer(Counting):
    """Writes the values of a claim: {x:percent}, {x:points}, {x:count}, {x:ordinal}, {x:p}, {x:names}, {x:form|forms}, {x} for a name."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" in format_spec:
            return super().format_field(value, format_spec)
        match format_spec:
            case "ordinal" if self.language == "vi" and value == 1:
                return PHRASES["first"]["vi"]
            case "percent":
                return percent_text(value, self.language, DECIMALS)
            case "points":
                return decimal_text(abs(value), self.language, DECIMALS)
            case "count" | "ordinal":
                return count_text(value, self.language)
            case "p":
                sign = "<" if value < _SMALLEST_P else "="
                return f"{sign} {decimal_text(max(value, _SMALLEST_P), self.language, 4)}"
            case "names":
                return self._names([_of(part, self.language) for part in value])
        return _of(value, self.language)

    def _names(self, names: Sequence[str]) -> str:
        if len(names) == 1:
            return names[0]
        return f"{', '.join(names[:-1])} {PHRASES['and'][self.language]} {names[-1]}"


def _of(value: Label | Claim, language: Language) -> str:
    if isinstance(value, Claim):
        return value.clause(language)
    return value.vi if language == "vi" else value.en


def printed(value: float) -> float:
    """The value as it is printed."""
    return float(rounded(value, DECIMALS))


def within(name: str) -> Label:
    """A unit's name as it stands within a sentence."""
    return Label(name_within(name, "vi"), name_within(name, "en"))


def phrase(key: str) -> Label:
    return Label(PHRASES[key]["vi"], PHRASES[key]["en"])


def collection(unit: str, survey: Survey) -> list[Claim]:
    """How many forms and answers there are, what is left out of the index, and how many forms have one level throughout."""
    overall = survey.overall
    asked = overall.n_answers + overall.n_left_out
    counts: dict[str, Stated] = {"n_asked": asked, "n_answers": overall.n_answers, "n_left_out": overall.n_left_out}
    claims = [
        Claim("collected", {"unit": within(unit), "instrument": survey.instrument, "n_forms": survey.n_forms}),
        Claim("answered" if overall.n_left_out else "answered_all", counts),
    ]
    if survey.n_forms_straight:
        claims.append(Claim("straight", {"n": survey.n_forms_straight, "n_judged": survey.n_forms_judged}))
    return claims


def whole(overall: Node, minimum_n: int) -> list[Claim]:
    """The overall index with its interval, or why there is none."""
    values: dict[str, Stated] = {
        "n_answers": overall.n_answers,
        "n_satisfied": overall.n_satisfied,
        "n_parts": overall.n_parts,
    }
    if overall.hidden:
        return [Claim("too_few_forms", {"n_forms": overall.n_forms_answered, "minimum": minimum_n})]
    if overall.index_pct is None:
        return [Claim("no_index", {})]
    values["index"] = overall.index_pct
    if overall.n_parts > 1:
        return [Claim("index_of_parts", values)]
    claims = [Claim("index", values)]
    if overall.low_pct is not None and overall.high_pct is not None:
        claims.append(Claim("interval", {"low": overall.low_pct, "high": overall.high_pct}))
    return claims


def whole_against_target(overall: Node) -> list[Claim]:
    """The overall index beside its target, and whether chance alone may explain the difference; or that there is no target."""
    if overall.index_pct is None:
        return []
    goal = overall.goal
    if goal is None:
        return [Claim("whole_no_target", {})]
    values: dict[str, Stated] = {"target": goal.pct, "points": overall.index_pct - goal.pct}
    sentence = "whole_below" if goal.is_below else "whole_meets"
    claims = [Claim(f"{sentence}_rounded" if printed(overall.index_pct) == printed(goal.pct) else sentence, values)]
    if overall.low_pct is None or overall.high_pct is None:
        return claims
    sure = overall.high_pct < goal.pct if goal.is_below else overall.low_pct >= goal.pct
    return [*claims, Claim(f"{sentence}_surely" if sure else "whole_perhaps", {})]


def factors_against_target(factors: Iterable[Node]) -> list[Claim]:
    """Of the factors that have an index and a target, those below it, named where they are few."""
    judged = [(node.name, node.goal) for node in factors if node.index_pct is not None and node.goal is not None]
    if not judged:
        return []
    names = tuple(name for name, goal in judged if goal.is_below)
    if not names:
        return [Claim("factors_meet", {"n": len(judged)})]
    values: dict[str, Stated] = {"names": names, "n_below": len(names), "n": len(judged)}
    return [Claim("factors_below" if len(names) <= _NAMES else "factors_below_counted", values)]


def extremes(kind: str, figures: Sequence[tuple[Label, float | None]]) -> list[Claim]:
    """Which of the named figures are highest and lowest; equal as printed is equal. `kind` is a key of PHRASES."""
    shown = [(name, printed(value)) for name, value in figures if value is not None]
    if not shown:
        return []
    limit = Label("", "") if len(shown) == len(figures) else phrase("with_index")
    values: dict[str, Stated] = {
        "kind": phrase(kind),
        "what": phrase(f"{kind}_before"),
        "limit": limit,
        "n": len(shown),
    }
    high, low = max(value for _, value in shown), min(value for _, value in shown)
    if len(shown) == 1:
        return [Claim("single", values | {"kind_1": phrase(f"{kind}_1"), "name": shown[0][0], "index": high})]
    if high == low:
        return [Claim("all_equal", values | {"index": high})]
    claims = []
    for sentence, extreme in (("highest", high), ("lowest", low)):
        names = tuple(name for name, value in shown if value == extreme)
        suffix = "" if len(names) == 1 else "_shared" if len(names) <= _NAMES else "_by_many"
        claims.append(Claim(sentence + suffix, values | {"index": extreme, "names": names, "n_names": len(names)}))
    return claims


def not_shown(kind: str, nodes: Iterable[Node], minimum_n: int) -> list[Claim]:
    """How many of the nodes have no index to show, and why."""
    nodes = list(nodes)
    few = sum(node.hidden for node in nodes)
    none = sum(node.index_pct is None and not node.hidden for node in nodes)
    claims = []
    if few:
        values: dict[str, Stated] = {
            "kind": phrase(kind),
            "kind_1": phrase(f"{kind}_1"),
            "n": few,
            "minimum": minimum_n,
        }
        claims.append(Claim("few_forms_of_some" if few > 1 else "few_forms_of_one", values))
    if none:
        values = {"kind": phrase(kind), "kind_1": phrase(f"{kind}_1"), "n": none}
        claims.append(Claim("no_answers_of_some" if none > 1 else "no_answers_of_one", values))
    return claims


def change(node: Node, minimum_n: int) -> list[Claim]:
    """The overall index against the same span a year before."""
    made = node.change
    if made is None:
        return [Claim("no_earlier", {})]
    values: dict[str, Stated] = {"before": made.before}
    if made.hidden:
        return [Claim("earlier_too_few", values | {"minimum": minimum_n})]
    if not made.comparable:
        return [Claim("not_comparable", values | _because(made.reason))]
    if made.points is None or made.before_pct is None:
        return [Claim("no_earlier", {})]
    values |= {"before_pct": made.before_pct, "points": made.points}
    size = printed(made.points)
    way = "higher" if size > 0 else "lower" if size < 0 else "equal"
    if made.direction == "untested":
        return [Claim(f"{way}_untested", values | _because(made.reason))]
    if made.p_adjusted is None:
        raise ValueError(f"a tested change of {node.code} has no p-value")
    values |= {"p": made.p_adjusted, "n_tests": made.n_tests}
    if made.direction == "none" or way == "equal":
        return [Claim(f"{way}_not_significant" if made.direction == "none" else "equal_significant", values)]
    return [Claim("rose" if made.direction == "rise" else "fell", values)]


def change_of_parts(kind: str, parts: Iterable[tuple[Label, Change | None]]) -> list[Claim]:
    """How many criteria or units rose, fell, or did neither, named where they are few."""
    changes = [(name, made) for name, made in parts if made is not None]
    compared = [(name, made) for name, made in changes if made.points is not None]
    if not compared:
        return []
    words = {"kind": phrase(kind), "kind_1": phrase(f"{kind}_1")}
    claims = [Claim("compared", {**words, "n": len(compared)})]
    for direction in ("rise", "fall", "none", "untested"):
        names = tuple(name for name, made in compared if made.direction == direction)
        if not names and direction in ("rise", "fall"):
            claims.append(Claim(f"{direction}_nobody", words))
        elif names and len(names) <= _NAMES and direction in ("rise", "fall"):
            claims.append(Claim(f"{direction}_named", {**words, "names": names, "n": len(names)}))
        elif names:
            claims.append(Claim(f"{direction}_counted", {**words, "n": len(names)}))
    left_out = len(changes) - len(compared)
    return [*claims, Claim("not_compared_counted", {**words, "n": left_out})] if left_out else claims


def place(unit: str, rank: Rank) -> list[Claim]:
    """The rank of the unit in a group with its confidence set, or why it has none."""
    values: dict[str, Stated] = {
        "unit": within(unit),
        "group": within(rank.group),
        "level": phrase(f"units_{rank.unit_level}"),
        "level_1": phrase(f"units_{rank.unit_level}_1"),
        "n": rank.n_ranked,
    }
    if rank.rank is None:
        return [Claim("not_ranked", values | _because(rank.reason))]
    if rank.n_ranked == 1:
        return [Claim("ranked_alone", values)]
    values["rank"] = rank.rank
    others = rank.n_sharing - 1
    claims = [Claim("rank_shared", values | {"n_others": others}) if others else Claim("rank", values)]
    if rank.low is None or rank.high is None:
        return [*claims, Claim("rank_unsure", _because(rank.reason))] if rank.reason else claims
    if rank.low == rank.high:
        return [*claims, Claim("rank_sure", {"low": rank.low})]
    return [*claims, Claim("rank_between", {"low": rank.low, "high": rank.high})]


def targets(survey: Survey) -> list[Claim]:
    """How many criteria are below their target or fell, among those with an index."""
    n = sum(item.index_pct is not None for item in survey.items)
    if n == 0:
        return []
    limit = Label("", "") if n == len(survey.items) else phrase("with_index")
    below = [line for line in survey.shortfalls if line.is_below]
    falling = [line for line in survey.shortfalls if line.is_falling and not line.is_below]
    if not below and all(item.goal is None for item in survey.items):
        return [Claim("no_targets", {}), *_falling(falling)]
    values: dict[str, Stated] = {"n": n, "n_below": len(below), "limit": limit}
    goals = [line.target_pct for line in below if line.target_pct is not None]
    if not below:
        claims = [Claim("none_below" if n > 1 else "one_not_below", values)]
    elif len(set(goals)) == 1:
        sentence = "below_one_target" if len(below) < n or n == 1 else "all_below_one_target"
        claims = [Claim(sentence, values | {"target": goals[0]})]
    else:
        claims = [Claim("below_their_targets" if len(below) < n else "all_below_their_targets", values)]
    if below:
        sure = sum(_is_surely_below(line) for line in below)
        sentence = "surely_below_all" if sure == len(below) else "surely_below_some" if sure else "surely_below_none"
        if len(below) == 1:
            sentence = "surely_below" if sure else "not_surely_below"
        claims.append(Claim(sentence, {"n_sure": sure, "n_below": len(below)}))
    close = tuple(line.node.name for line in below if printed(line.gap_pct or 0.0) == 0)
    if close:
        claims.append(Claim("just_below", {"names": close}))
    return claims + _falling(falling)


def _falling(lines: Sequence[Shortfall]) -> list[Claim]:
    return [Claim("falling_only", {"n": len(lines)})] if lines else []


def _is_surely_below(line: Shortfall) -> bool:
    high = line.node.high_pct
    return high is not None and line.target_pct is not None and high < line.target_pct


def contributions(survey: Survey) -> list[Claim]:
    """Which criterion holds most of what the overall index lacks, where it is one of the plan."""
    overall = survey.overall.index_pct
    held = [(line, line.contribution_pct) for line in survey.shortfalls if line.contribution_pct is not None]
    first = [points for line, points in held if line.contribution_rank == 1]
    if overall is None or not first or printed(first[0]) <= 0:
        return []
    names = tuple(line.node.name for line, points in held if printed(points) == printed(first[0]))
    values: dict[str, Stated] = {"names": names, "points": first[0], "lacking": 100 - overall}
    if len(names) > _NAMES:
        return [Claim("lacking", values)]
    return [Claim("most_lacking" if len(names) == 1 else "most_lacking_shared", values)]


def evidence(survey: Survey) -> list[Claim]:
    """The complaints and late cases beside the criteria of the plan that hold most of the shortfall."""
    claims = []
    for line in survey.shortfalls[:_NAMES]:
        counts = (
            ("complaints", line.n_complaints),
            ("complaints_late", line.n_complaints_late),
            ("cases_late", line.n_cases_late),
        )
        parts = tuple(Claim(part, {"n": n}) for part, n in counts if n)
        if parts:
            claims.append(Claim("beside", {"name": Label(line.node.code, line.node.code), "parts": parts}))
    return [*claims, Claim("no_cause", {})] if claims else []


def dialogues(unit: str, activities: Iterable[Activity], duty: DialogueDuty, is_year: bool) -> list[Claim]:
    """Dialogues held, against the least number of the year and against the plan."""
    made = next((activity for activity in activities if activity.kind == DIALOGUE), None)
    if made is None and not duty.is_reported:
        asked = Claim("minimum_asked" if duty.is_own else "minimum_asked_of_communes", {"minimum": duty.minimum or 0})
        return [Claim("dialogues_unknown", {"unit": within(unit)}), *([] if duty.minimum is None else [asked])]
    if made is None:
        return [Claim("no_dialogue", {"unit": within(unit)}), *_minimum(0, duty.minimum, is_year)]
    values: dict[str, Stated] = {"unit": within(unit), "n": made.n_held, "n_participants": made.n_participants}
    if made.n_held == 0:
        claims = [Claim("no_dialogue", values)]
    else:
        claims = [Claim("dialogues_attended" if made.n_participants else "dialogues", values)]
    claims += _minimum(made.n_held, made.minimum, is_year)
    if made.n_units_owing > (0 if made.minimum is None else 1):
        share = 100 * made.n_units_met / made.n_units_owing
        claims.append(Claim("units_met", {"n": made.n_units_owing, "n_met": made.n_units_met, "share": share}))
    return claims + _by_plan(made)


def _minimum(n_held: int, minimum: int | None, is_year: bool) -> list[Claim]:
    if minimum is None:
        return []
    missing = minimum - n_held
    sentence = ("minimum_met" if missing <= 0 else "minimum_missed") + ("" if is_year else "_so_far")
    return [Claim(sentence, {"minimum": minimum, "n": n_held, "missing": max(missing, 0)})]


def _by_plan(made: Activity) -> list[Claim]:
    values: dict[str, Stated] = {
        "n_due": made.n_due,
        "n_in_time": made.n_held_in_time,
        "n_late": made.n_held_late,
        "n_missed": made.n_missed,
        "n_open": made.n_open,
    }
    claims = [Claim("plan_due", values)] if made.n_due else []
    return [*claims, Claim("plan_open", values)] if made.n_open else claims


def members(found: Sequence[Member]) -> list[Claim]:
    """Of the units right under this one: highest and lowest, who may be first, changes, criteria below target."""
    nodes = [(member, member.overall) for member in found if member.overall is not None]
    shown = [(member, node) for member, node in nodes if node.index_pct is not None]
    if not shown:
        return []
    kind = f"units_{found[0].rank.unit_level}"
    claims = extremes(kind, [(within(member.name), node.index_pct) for member, node in nodes])
    words: dict[str, Stated] = {"kind": phrase(kind), "kind_1": phrase(f"{kind}_1")}
    ranked = [member for member, _ in shown if member.rank.low_simultaneous is not None]
    if len(ranked) > 1:
        first = sum(member.rank.low_simultaneous == 1 for member in ranked)
        counts = {"n": len(ranked), "n_first": first, "share": 100 * first / len(ranked)}
        claims.append(Claim("may_be_first", words | counts))
    claims += change_of_parts(kind, [(within(member.name), node.change) for member, node in shown])
    below = sum(member.n_below > 0 for member, _ in shown)
    sentence = "members_below" if below < len(shown) or below == 1 else "all_members_below"
    limit = Label("", "") if len(shown) == len(nodes) else phrase("with_index")
    claims.append(
        Claim(sentence if below else "no_members_below", words | {"n": len(shown), "n_below": below, "limit": limit})
    )
    return claims


def _because(reason: Label | None) -> dict[str, Stated]:
    if reason is None:
        raise ValueError("a figure that is not told has no reason beside it")
    return {"reason": Label(reason.vi[:1].lower() + reason.vi[1:], reason.en[:1].lower() + reason.en[1:])}
