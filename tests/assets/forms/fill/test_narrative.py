"""Sentences are true for the figures they state: numbers read back out of the text, words of comparison against signs."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.forms.fill import narrative
from assets.forms.fill.narrative import Claim
from assets.forms.fill.sentences import SENTENCES
from assets.forms.fill.sipas_findings import (
    Activity,
    Change,
    DialogueDuty,
    Goal,
    Label,
    Member,
    Node,
    Rank,
    Shortfall,
    Survey,
)

MINIMUM = 10
BEFORE = Label("kỳ trước", "the year before")
REASON = Label("Bộ câu hỏi mới", "A new questionnaire")
NAMES = [Label(f"tên {letter}", f"name {letter}") for letter in "ABCDEFGH"]
# Numbers that belong to the wording: the level of confidence, and full satisfaction.
IN_WORDS = {"95", "100"}

percentages = st.floats(0, 100) | st.sampled_from([0.0, 49.995, 89.995, 89.9949, 90.0, 100.0])
counts = st.integers(0, 250_000)


def two_decimals(value: float) -> Decimal:
    return Decimal(repr(float(value))).quantize(Decimal("0.01"), ROUND_HALF_UP)


def in_vietnamese(value: float) -> str:
    """A number as the form ought to print it, written anew: 1.234 for counts, 1.234,50 for others."""
    text = f"{value:,}" if isinstance(value, int) else f"{abs(two_decimals(value)):,}"
    return text.replace(",", " ").replace(".", ",").replace(" ", ".")


def numbers(text: str) -> list[str]:
    return re.findall(r"\d+(?:\.\d{3})*(?:,\d+)?", text)


def said(claims: list[Claim]) -> str:
    return " ".join(claim.text("vi") for claim in claims)


def all_claims(claims: list[Claim]) -> Iterator[Claim]:
    for claim in claims:
        yield claim
        for value in claim.values.values():
            if isinstance(value, tuple):
                yield from all_claims([part for part in value if isinstance(part, Claim)])


def assert_states_only_its_figures(claims: list[Claim]) -> None:
    """Every number in the Vietnamese text is a figure of the claim, as printed; none is left over from elsewhere."""
    for claim in claims:
        figures: set[str] = set(IN_WORDS)
        for part in all_claims([claim]):
            for value in part.values.values():
                if isinstance(value, int | float):
                    figures.add(in_vietnamese(value))
                    if isinstance(value, float) and value <= 1:  # a p-value, four decimals
                        p = Decimal(repr(value)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
                        figures.add(f"{max(p, Decimal('0.0001'))}".replace(".", ","))
        text = claim.text("vi")
        assert set(numbers(text)) <= figures, text
        assert text[0].isupper() and text.endswith(".") and ".." not in text and "  " not in text


def node(code: str = "overall", index: float | None = 85.0, **changes: Any) -> Node:
    level = "overall" if code == "overall" else "item"
    made = Node(
        code, level, Label(f"tên {code}", f"name {code}"), 40, 50, 40, 3, 1, index, 80.0, 90.0, False, None, None
    )
    return replace(made, **changes)


def change_of(points: float | None, direction: str, p: float | None = 0.01, **changes: Any) -> Change:
    return replace(Change(BEFORE, 80.0, points, p, 5, direction, True, REASON), **changes)


def rank_of(rank: int | None, n: int, **changes: Any) -> Rank:
    made = Rank("Huyện Mẫu", "commune", rank, n, 1, 1, n, 1, n, REASON if rank is None else None)
    return replace(made, **changes)


def line_of(code: str, index: float, target: float | None = 90.0, **changes: Any) -> Shortfall:
    below = target is not None and index < target
    gap = None if target is None else target - index
    made = Shortfall(
        node(code, index, high_pct=min(index + 3, 100.0)), below, not below, target, gap, 1.0, 2, None, None, None,
        Label("", ""), Label("", ""),
    )  # fmt: skip
    return replace(made, **changes)


def goal_of(index: float | None, pct: float | None) -> Goal | None:
    return None if index is None or pct is None else Goal(pct, index < pct, "Kế hoạch")


def survey_of(
    indices: list[float | None],
    lines: list[Shortfall] | None = None,
    overall: Node | None = None,
    straight: int = 0,
    target: float | None = 90.0,
) -> Survey:
    items = tuple(node(chr(65 + place), index, goal=goal_of(index, target)) for place, index in enumerate(indices))
    return Survey(
        Label("Bộ phiếu", "Questionnaire"), True, "pooled_items", 60, overall or node(), (), items, (),
        tuple(lines or ()), (), (), 59, straight, {},
    )  # fmt: skip


OWING = DialogueDuty(True, 2, True)


def activity_of(n: int, minimum: int | None, **changes: Any) -> Activity:
    made = Activity("dialogue", Label("Đối thoại", "Dialogue"), 2, 1, 1, 0, 0, 1, n, 30 * n, minimum, 1, int(n >= 2))
    return replace(made, **changes)


# --- the wording itself


def test_both_languages_state_the_same_values() -> None:
    phrases = {"what", "kind", "kind_1", "limit", "level", "level_1"}
    for key, wording in SENTENCES.items():
        named = {
            language: {name for _, name, _, _ in string.Formatter().parse(text) if name} - phrases
            for language, text in wording.items()
        }
        assert set(named) == {"vi", "en"}
        assert named["vi"] == named["en"], key


def everything_said() -> list[Claim]:
    """Claims of cases chosen so that each sentence is said at least once."""
    falling = line_of("A", 95.0, is_falling=True)
    few = node(hidden=True, index_pct=None, n_forms_answered=3)
    said_of: list[list[Claim]] = [
        [Claim("no_forms", {"unit": narrative.within("Xã Mẫu")})],
        narrative.collection("Xã Mẫu", survey_of([80.0], straight=1)),
        narrative.collection("Xã Mẫu", survey_of([80.0], overall=node(n_left_out=0))),
        *(narrative.whole(overall, MINIMUM) for overall in (node(), node(n_parts=4), node(index_pct=None), few)),
        *(
            narrative.extremes("criterion", list(zip(NAMES, indices, strict=False)))
            for indices in (
                [80.0], [80.0, 80.0], [80.0, 90.0], [80.0, 80.0, 90.0, 90.0], [80.0] * 4 + [90.0] * 4,
            )
        ),
        narrative.not_shown("criterion", [few, node(index_pct=None)], MINIMUM),
        narrative.not_shown("criterion", [few, few, node(index_pct=None), node(index_pct=None)], MINIMUM),
        narrative.change(node(), MINIMUM),
        narrative.change(node(change=change_of(None, "untested", hidden=True)), MINIMUM),
        narrative.change(node(change=change_of(None, "untested", comparable=False)), MINIMUM),
        *(
            narrative.change(node(change=change_of(points, direction)), MINIMUM)
            for points in (1.0, -1.0, 0.001)
            for direction in ("rise" if points > 0 else "fall", "none", "untested")
        ),
        narrative.change_of_parts("criterion", [(name, change_of(1.0, "rise")) for name in NAMES]),
        narrative.change_of_parts("criterion", [(name, change_of(-1.0, "fall")) for name in NAMES]),
        narrative.change_of_parts(
            "criterion",
            [
                (NAMES[0], change_of(1.0, "rise")),
                (NAMES[1], change_of(-1.0, "fall")),
                (NAMES[2], change_of(1.0, "none")),
                (NAMES[3], change_of(1.0, "untested")),
                (NAMES[4], change_of(None, "untested", comparable=False)),
            ],
        ),
        *(
            narrative.place("Xã Mẫu", rank)
            for rank in (
                rank_of(2, 5), rank_of(2, 5, n_sharing=3), rank_of(1, 1), rank_of(None, 5), rank_of(2, 5, low=2, high=2),
                rank_of(2, 5, low=None, high=None, reason=REASON),
            )
        ),
        narrative.targets(survey_of([80.0, 95.0], [line_of("A", 80.0)])),
        narrative.targets(survey_of([89.0, 95.0], [line_of("A", 89.0)])),
        narrative.targets(survey_of([80.0, 70.0], [line_of("A", 80.0), line_of("B", 70.0)])),
        narrative.targets(survey_of([80.0, 89.0, 95.0], [line_of("A", 80.0), line_of("B", 89.999, 90.0)])),
        narrative.targets(survey_of([80.0, 70.0], [line_of("A", 80.0, 85.0), line_of("B", 70.0)])),
        narrative.targets(survey_of([89.0, 89.0, 95.0], [line_of("A", 89.0, 89.5), line_of("B", 89.0)])),
        narrative.targets(survey_of([95.0, 95.0], [falling])),
        narrative.targets(survey_of([95.0])),
        narrative.targets(survey_of([95.0], target=None)),
        *(
            narrative.whole_against_target(node(index_pct=index, low_pct=low, high_pct=99.0 - low, goal=goal_of(index, 90.0)))
            for index in (80.0, 89.999, 90.0, 95.0)
            for low in (2.0, 50.0, 90.0)
        ),
        narrative.whole_against_target(node()),
        *(
            narrative.factors_against_target([node(code, index, goal=goal_of(index, 90.0)) for code in "ABCDE"[:n]])
            for index, n in ((80.0, 1), (80.0, 5), (95.0, 1))
        ),
        narrative.contributions(survey_of([80.0], [line_of("A", 80.0, contribution_rank=1)])),
        narrative.contributions(survey_of([80.0], [line_of(c, 80.0, contribution_rank=1) for c in "AB"])),
        narrative.contributions(survey_of([80.0], [line_of(c, 80.0, contribution_rank=1) for c in "ABCD"])),
        narrative.evidence(
            survey_of([80.0], [line_of("A", 80.0, n_complaints=4, n_complaints_late=1, n_cases_late=1234)])
        ),
        *(narrative.dialogues("Xã Mẫu", [activity_of(n, 2)], OWING, is_year) for n in (0, 1, 2) for is_year in (True, False)),
        narrative.dialogues("Xã Mẫu", [activity_of(1, None, n_participants=0, n_units_owing=0)], OWING, True),
        narrative.dialogues("Huyện Mẫu", [activity_of(3, None, n_units_owing=22, n_units_met=20)], OWING, True),
        *(narrative.dialogues("Xã Mẫu", [], DialogueDuty(False, 2, is_own), True) for is_own in (True, False)),
        *(
            narrative.members([Member(f"Xã {code}", node(index_pct=index), rank_of(1, 2), below) for code, index, below in units])
            for units in (
                [("A", 80.0, 1), ("B", 81.0, 0)], [("A", 80.0, 1), ("B", 81.0, 2)], [("A", 80.0, 0), ("B", 81.0, 0)],
            )
        ),
    ]  # fmt: skip
    return list(all_claims([claim for claims in said_of for claim in claims]))


def test_every_sentence_is_said_and_reads_well_in_both_languages() -> None:
    claims = everything_said()
    assert {claim.sentence for claim in claims} == set(SENTENCES)
    for claim in claims:
        english = claim.text("en")
        # Nothing but years and codes begins with the number one: "1 forms" and "1 criteria" are wrong.
        wrong = r"\b1 (forms|questions|answers|criteria|complaints|dialogues|units|participants|files|have|are)\b"
        assert not re.search(wrong, english), english
        assert "{" not in english + claim.text("vi")
    sentences = {"complaints", "complaints_late", "cases_late"}
    assert_states_only_its_figures([claim for claim in claims if claim.sentence not in sentences])


def test_english_counts_one() -> None:
    one = replace(survey_of([80.0]), n_forms=1, overall=node(n_answers=1, n_satisfied=1, n_left_out=0))
    english = [claim.text("en") for claim in narrative.collection("Xã Mẫu", one)]
    assert english == [
        "1 form was collected in Mẫu Commune in the period (“Questionnaire”).",
        "Every question that counts for the overall index (1) has a valid answer.",
    ]


# --- the overall index


@given(counts, counts, percentages, percentages, percentages)
def test_overall_index(answers: int, satisfied: int, index: float, low: float, high: float) -> None:
    whole = node(n_answers=answers, n_satisfied=satisfied, index_pct=index, low_pct=low, high_pct=high)
    claims = narrative.whole(whole, MINIMUM)
    assert_states_only_its_figures(claims)
    assert said(claims) == (
        f"Chỉ số hài lòng chung đạt {in_vietnamese(index)}% ({in_vietnamese(satisfied)} câu trả lời hài lòng trong "
        f"{in_vietnamese(answers)} câu trả lời hợp lệ). Khoảng tin cậy 95% là từ {in_vietnamese(low)}% đến "
        f"{in_vietnamese(high)}%."
    )


def test_too_few_forms_give_no_index() -> None:
    [claim] = narrative.whole(node(hidden=True, index_pct=None, n_forms_answered=7), MINIMUM)
    assert claim.text("vi").startswith("Chỉ có 7 phiếu có câu trả lời hợp lệ, ít hơn mức tối thiểu 10 phiếu")
    assert "%" not in claim.text("vi") + claim.text("en")


# --- highest and lowest


@given(st.lists(percentages | st.none(), max_size=8))
def test_highest_and_lowest(indices: list[float | None]) -> None:
    figures = list(zip(NAMES, indices, strict=False))
    shown = {name.vi: two_decimals(index) for name, index in figures if index is not None}
    claims = narrative.extremes("criterion", figures)
    assert_states_only_its_figures(claims)
    text = said(claims).lower()
    if len(set(shown.values())) < 2:
        # Nobody is highest of one, and nobody of equals.
        assert "nhất" not in text
        assert len(claims) == min(len(shown), 1)
        return
    high, low = (sentence.lower() for sentence in (claims[0].text("vi"), claims[1].text("vi")))
    assert f"trong {len(shown)} tiêu chí" in high
    assert ("được nêu chỉ số" in high) == (len(shown) < len(figures))
    for sentence, extreme, word in ((high, max(shown.values()), "cao nhất"), (low, min(shown.values()), "thấp nhất")):
        assert word in sentence
        best = {name for name, value in shown.items() if value == extreme}
        named = {name for name in shown if name.lower() in sentence}
        assert named == (best if len(best) <= 3 else set())
        assert ("cùng" in sentence) == (len(best) > 1)
        assert in_vietnamese(float(extreme)) in sentence


# --- change


changes = st.builds(
    lambda points, before, p, direction: change_of(points, direction if points else "none", p, before_pct=before),
    st.floats(-60, 60) | st.sampled_from([0.0, 0.0049, -0.0049, 0.005]),
    percentages,
    st.floats(0, 1),
    st.sampled_from(["significant", "none", "untested"]),
).map(
    lambda made: (
        replace(made, direction="rise" if (made.points or 0) > 0 else "fall")
        if made.direction == "significant"
        else made
    )
)


@given(changes)
def test_words_of_change_have_the_sign_of_the_figure(made: Change) -> None:
    claims = narrative.change(node(change=made), MINIMUM)
    assert_states_only_its_figures(claims)
    text = said(claims)
    assert made.points is not None
    size = two_decimals(made.points)
    words = {word for word in ("tăng", "giảm", "cao hơn", "thấp hơn", "bằng cùng kỳ", "khác") if f" {word} " in text}
    if size == 0:
        assert words == {"khác" if made.direction in ("rise", "fall") else "bằng cùng kỳ"}
        assert "điểm phần trăm" not in text
    elif made.direction in ("rise", "fall"):
        assert words == {"tăng" if size > 0 else "giảm"}
        assert "có ý nghĩa thống kê" in text
    else:
        assert words == {"cao hơn" if size > 0 else "thấp hơn"}
        assert "có ý nghĩa thống kê" not in text
    if size != 0:
        assert f"{in_vietnamese(made.points)} điểm phần trăm" in text
    assert ("chưa đủ bằng chứng" in text) == (made.direction == "none")
    assert ("kiểm định" in text) == (made.direction == "untested")


def test_a_method_break_is_no_change() -> None:
    broken = change_of(None, "untested", None, comparable=False)
    text = said(narrative.change(node(change=broken), MINIMUM))
    assert text == "Không so sánh với cùng kỳ năm trước (kỳ trước) vì thay đổi phương pháp: bộ câu hỏi mới."


@given(st.lists(st.sampled_from(["rise", "fall", "none", "untested", "break"]), max_size=8))
def test_changes_of_parts_add_up(directions: list[str]) -> None:
    parts = [
        (name, change_of(None, "untested", comparable=False) if way == "break" else change_of(1.0, way))
        for name, way in zip(NAMES, directions, strict=False)
    ]
    claims = narrative.change_of_parts("criterion", parts)
    assert_states_only_its_figures(claims)
    tested = [way for way in directions if way != "break"]
    counted = {claim.sentence: claim.values["n"] for claim in claims if "n" in claim.values}
    assert counted.pop("compared", 0) == len(tested)
    left_out = counted.pop("not_compared_counted", 0)
    assert left_out == (directions.count("break") if tested else 0)
    assert sum(n for n in counted.values() if isinstance(n, int)) == len(tested)
    for way, word in (("rise", "tăng"), ("fall", "giảm")):
        if tested and way not in tested:
            assert f"Không tiêu chí nào {word} có ý nghĩa thống kê." in said(claims)


# --- rank


@st.composite
def ranks(draw: st.DrawFn) -> Rank:
    n = draw(st.integers(1, 600))
    rank = draw(st.integers(1, n))
    low, high = draw(st.integers(1, rank)), draw(st.integers(rank, n))
    return rank_of(rank, n, n_sharing=draw(st.integers(1, n - rank + 1)), low=low, high=high)


@given(ranks())
def test_rank(rank: Rank) -> None:
    claims = narrative.place("Xã Mẫu", rank)
    assert_states_only_its_figures(claims)
    text = said(claims)
    assert rank.rank is not None and rank.low is not None and rank.high is not None
    if rank.n_ranked == 1:
        assert text == "Xã Mẫu là đơn vị cấp xã duy nhất của huyện Mẫu được xếp hạng nên không có đơn vị để so sánh."
        return
    n = in_vietnamese(rank.n_ranked)
    assert f"xã Mẫu xếp thứ {'nhất' if rank.rank == 1 else in_vietnamese(rank.rank)} " in text
    assert f"trong {n} đơn vị cấp xã được xếp hạng của huyện Mẫu." in text
    assert ("đồng hạng" in text) == (rank.n_sharing > 1)
    if rank.low == rank.high:
        assert f"thứ hạng là {in_vietnamese(rank.low)}." in text
    else:
        assert f"từ {in_vietnamese(rank.low)} đến {in_vietnamese(rank.high)}." in text


# --- criteria below target


@given(st.lists(percentages | st.none(), min_size=1, max_size=8), st.sampled_from([None, 80.0, 90.0]))
def test_criteria_below_target(indices: list[float | None], target: float | None) -> None:
    shown = [index for index in indices if index is not None]
    below = [index for index in shown if target is not None and index < target]
    lines = [line_of(f"T{chr(65 + place)}", index, target) for place, index in enumerate(below)]
    claims = narrative.targets(survey_of(indices, lines, target=target))
    assert_states_only_its_figures(claims)
    text = said(claims)
    if not shown:
        assert text == ""
    elif target is None:
        assert text == "Không có chỉ tiêu nào áp dụng cho các tiêu chí trong kỳ."
    elif not below:
        assert "không có tiêu chí nào thấp hơn" in text or "duy nhất có chỉ số không thấp hơn" in text
    elif len(below) == len(shown) > 1:
        assert f"Cả {len(shown)} tiêu chí" in text and "đều thấp hơn chỉ tiêu" in text
    else:
        assert f"Có {len(below)} trong số {len(shown)} tiêu chí" in text
    # What is said of all is said of those with an index alone, where others have none.
    if shown and target is not None and len(shown) < len(indices):
        assert "được nêu chỉ số" in text or "duy nhất có chỉ số" in text
    surely = sum(min(index + 3, 100.0) < (target or 0) for index in below)
    if len(below) > 1 and 0 < surely < len(below):
        assert f"Trong đó {surely} tiêu chí có khoảng tin cậy 95% nằm hoàn toàn dưới chỉ tiêu" in text
    rounded_up = [line for line in lines if line.gap_pct is not None and two_decimals(line.gap_pct) == 0]
    assert ("làm tròn" in text) == bool(rounded_up)


@given(percentages, percentages, percentages, st.sampled_from([None, 80.0, 90.0]))
def test_overall_index_against_its_target(index: float, one: float, other: float, target: float | None) -> None:
    low, high = sorted((one, other))
    whole = node(index_pct=index, low_pct=min(low, index), high_pct=max(high, index), goal=goal_of(index, target))
    claims = narrative.whole_against_target(whole)
    assert_states_only_its_figures(claims)
    text = said(claims)
    if target is None:
        assert text == "Không có chỉ tiêu nào áp dụng cho chỉ số hài lòng chung trong kỳ."
        return
    assert f"chỉ tiêu {in_vietnamese(target)}%" in text
    assert ("thấp hơn chỉ tiêu" in text) == (index < target)
    assert ("đạt chỉ tiêu" in text.split(".")[0]) == (index >= target)
    is_equal_in_print = two_decimals(index) == two_decimals(target)
    assert ("làm tròn" in text) == is_equal_in_print
    assert (f"{in_vietnamese(index - target)} điểm phần trăm" in text) == (not is_equal_in_print)
    holds_target = min(low, index) < target <= max(high, index)
    assert ("có thể do ngẫu nhiên" in text) == holds_target
    assert ("cả khoảng tin cậy" in text.lower()) == (not holds_target)


@given(st.lists(st.tuples(percentages | st.none(), st.sampled_from([None, 80.0, 90.0])), max_size=7))
def test_factors_against_their_targets(factors: list[tuple[float | None, float | None]]) -> None:
    nodes = [
        node(f"T{chr(65 + place)}", index, level="factor", goal=goal_of(index, target))
        for place, (index, target) in enumerate(factors)
    ]
    claims = narrative.factors_against_target(nodes)
    assert_states_only_its_figures(claims)
    text = said(claims)
    judged = [(made.code, index, target) for made, (index, target) in zip(nodes, factors, strict=True)
              if index is not None and target is not None]  # fmt: skip
    below = [code for code, index, target in judged if index < target]
    if not judged:
        assert text == ""
        return
    assert f"Trong {len(judged)} yếu tố có chỉ tiêu và được nêu chỉ số" in text
    assert ("không yếu tố nào thấp hơn chỉ tiêu" in text) == (not below)
    assert re.findall(r"T[A-G](?= “)", text) == (below if len(below) <= 3 else [])
    assert (f"có {len(below)} yếu tố thấp hơn chỉ tiêu" in text) == bool(below)


def test_the_largest_part_is_claimed_only_of_the_first() -> None:
    """A criterion with more of the shortfall may meet its target and so not stand in the plan."""
    second = [line_of("A", 80.0, contribution_rank=2, contribution_pct=3.0)]
    assert narrative.contributions(survey_of([80.0], second)) == []


# --- dialogues


def test_dialogues_that_no_source_states_are_not_said_to_be_none() -> None:
    text = said(narrative.dialogues("Xã Mẫu", [], DialogueDuty(False, 2, True), is_year=True))
    assert "Chưa có nguồn số liệu về đối thoại" in text and "Mức tối thiểu theo kế hoạch là 2 cuộc/năm." in text
    assert "chưa ghi nhận" not in text and "chưa đạt" not in text


def test_a_unit_without_a_dialogue_is_held_against_what_it_owes() -> None:
    text = said(narrative.dialogues("Xã Mẫu", [], OWING, is_year=False))
    assert "chưa ghi nhận cuộc đối thoại nào" in text and "phải tổ chức ít nhất 2 cuộc." in text


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        (0, "Kết quả này chưa đạt mức tối thiểu 2 cuộc/năm, còn thiếu 2 cuộc."),
        (1, "Kết quả này chưa đạt mức tối thiểu 2 cuộc/năm, còn thiếu 1 cuộc."),
        (2, "Kết quả này đạt mức tối thiểu 2 cuộc/năm."),
        (3, "Kết quả này đạt mức tối thiểu 2 cuộc/năm."),
    ],
)
def test_dialogues_against_two_a_year(held: int, sentence: str) -> None:
    claims = narrative.dialogues("Xã Mẫu", [activity_of(held, 2)], OWING, is_year=True)
    assert_states_only_its_figures(claims)
    assert sentence in said(claims)
    assert ("chưa ghi nhận cuộc đối thoại nào" in said(claims)) == (held == 0)


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        (0, "Mức tối thiểu của cả năm là 2 cuộc; từ nay đến hết năm còn phải tổ chức ít nhất 2 cuộc."),
        (1, "Mức tối thiểu của cả năm là 2 cuộc; từ nay đến hết năm còn phải tổ chức ít nhất 1 cuộc."),
        (2, "Đến hết kỳ đã đạt mức tối thiểu 2 cuộc của cả năm."),
    ],
)
def test_within_the_year_nothing_is_missed_yet(held: int, sentence: str) -> None:
    text = said(narrative.dialogues("Xã Mẫu", [activity_of(held, 2)], OWING, is_year=False))
    assert sentence in text
    assert "chưa đạt" not in text


# --- units below


@given(st.lists(st.tuples(percentages | st.none(), st.integers(1, 4), st.integers(0, 3)), max_size=7))
def test_units_below(units: list[tuple[float | None, int, int]]) -> None:
    found = [
        Member(f"Xã {chr(65 + place)}", node(index_pct=index), rank_of(1, 7, low_simultaneous=low), below)
        for place, (index, low, below) in enumerate(units)
    ]
    claims = narrative.members(found)
    assert_states_only_its_figures(claims)
    shown = [member for member in found if member.overall and member.overall.index_pct is not None]
    first = sum(member.rank.low_simultaneous == 1 for member in shown)
    text = said(claims)
    if len(shown) > 1:
        share = in_vietnamese(100 * first / len(shown))
        assert f"có {first} trong số {len(shown)} đơn vị cấp xã ({share}%) có khoảng thứ hạng gồm cả hạng nhất" in text
    below = sum(member.n_below > 0 for member in shown)
    if shown and below == 0:
        assert "không đơn vị nào có tiêu chí thấp hơn chỉ tiêu" in text
    if below == len(shown) > 1:
        assert f"Cả {below} đơn vị cấp xã" in text
