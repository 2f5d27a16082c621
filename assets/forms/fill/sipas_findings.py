"""What the marts say of a unit's satisfaction survey and its plan in one period, typed, small counts held back.

Which sentences are made of it stands in narrative.py, which tables and headings in sipas_section.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from assets.forms.figures import Figures, Row
from assets.forms.fill.wording import COMPLAINT_CLASSES
from assets.forms.subject import Subject, UnitKey
from assets.text.wording import name_key
from quality.vocabulary import load_vocabulary

INDEX = "marts.sipas_index"
TARGETED = "marts.sipas_target"
PLAN = "marts.improvement_plan"
EVIDENCE = "marts.improvement_evidence"
QUALITY = "marts.survey_form_quality"
ACTIVITY = "marts.activity_compliance"
# Reports are about reporting periods. Of nine months and years the only earlier one is the same span a year before.
CHANGE = (
    "(SELECT *, edition_id AS period_id FROM marts.sipas_change"
    " WHERE basis = 'period' AND comparison = 'year_before') AS change_of_period"
)
_RANKING = """(
    SELECT
        {keys},
        edition_id AS period_id, instrument_code, unit_level, n_forms_answered, n_answers, index_pct,
        index_rank, n_ranked, n_left_out, rank_low_marginal, rank_high_marginal, rank_low_simultaneous,
        rank_high_simultaneous, left_out, reason_vi, reason_en,
        count(*) OVER (
            PARTITION BY group_code, group_valid_from, unit_level, edition_id, instrument_code, index_rank
        ) AS n_sharing
    FROM marts.sipas_ranking
    WHERE basis = 'period' AND node_level = 'overall'
) AS ranking"""
RANK = _RANKING.format(keys="unit_code, unit_valid_from, group_code, group_valid_from")
RANKED_UNITS = _RANKING.format(
    keys="group_code AS unit_code, group_valid_from AS unit_valid_from,"
    " unit_code AS member_code, unit_valid_from AS member_valid_from"
)
# The minimum is laid down for years; a report within the year looks it up in its year, where the calendar has it.
YEAR_MINIMUM = """(
    SELECT
        activity.unit_code, activity.unit_valid_from, part.period_id, activity.kind, activity.minimum_per_year
    FROM marts.activity_compliance AS activity
    INNER JOIN marts.dim_reporting_period AS whole
        ON activity.period_id = whole.period_id AND whole.period_kind = 'year'
    INNER JOIN marts.dim_reporting_period AS part
        ON whole.year = part.year
    WHERE activity.minimum_per_year IS NOT NULL
) AS year_minimum"""
REPORTED = f"(SELECT DISTINCT kind FROM {ACTIVITY}) AS reported"
ASKED = "staging.stg_activity_target"
ITEM = "marts.dim_instrument_item"
PERIOD = "marts.dim_reporting_period"


DIALOGUE = "dialogue"
COMPLAINT_KINDS = ("complaint", "complaint_late")
UNSTATED = "~"


@dataclass(frozen=True)
class Label:
    """A name in both languages."""

    vi: str
    en: str


@dataclass(frozen=True)
class Change:
    """An index against that of an earlier period. `points` is None across a method break; `hidden`: too few forms then."""

    before: Label
    before_pct: float | None
    points: float | None
    p_adjusted: float | None
    n_tests: int
    direction: str
    comparable: bool
    reason: Label | None
    hidden: bool = False


@dataclass(frozen=True)
class Goal:
    """The target of an index, whether the unrounded index is below it, and the document that sets it where it is stated."""

    pct: float
    is_below: bool
    basis: str | None


@dataclass(frozen=True)
class Node:
    """The index of an item, factor, area or the whole. Percentages are None where there is none or it is `hidden`."""

    code: str
    level: str
    label: Label
    n_forms_answered: int
    n_answers: int
    n_satisfied: int
    n_left_out: int
    n_parts: int
    index_pct: float | None
    low_pct: float | None
    high_pct: float | None
    hidden: bool
    change: Change | None
    goal: Goal | None

    @property
    def name(self) -> Label:
        """The node as a sentence calls it."""
        return Label(f"{self.code} “{self.label.vi}”", f"{self.code} “{self.label.en}”")


@dataclass(frozen=True)
class Rank:
    """The place of a unit among the units of its level in a group; `rank` is None where it is left out, see `reason`.

    `low` and `high` hold for this unit alone with 95 %, the simultaneous bounds for all units of the ranking at once.
    """

    group: str
    unit_level: str
    rank: int | None
    n_ranked: int
    n_sharing: int
    low: int | None
    high: int | None
    low_simultaneous: int | None
    high_simultaneous: int | None
    reason: Label | None


@dataclass(frozen=True)
class Shortfall:
    """A criterion of the improvement plan with what stands beside it and who is responsible."""

    node: Node
    is_below: bool
    is_falling: bool
    target_pct: float | None
    gap_pct: float | None
    contribution_pct: float | None
    contribution_rank: int | None
    n_complaints: int | None
    n_complaints_late: int | None
    n_cases_late: int | None
    lead: Label
    executing: Label


@dataclass(frozen=True)
class Evidence:
    """Complaints of one kind ("complaint": received, "complaint_late": closed late) and class that bear on the same criteria.

    `topics` are the words of the sources with their counts, the most frequent first; a topic that no source states is None.
    """

    kind: str
    complaint_class: str
    n: int
    topics: tuple[tuple[str | None, int], ...]
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class Member:
    """A unit right under the one reported on. `n_below` counts its shown criteria below their target."""

    name: str
    overall: Node | None
    rank: Rank
    n_below: int


@dataclass(frozen=True)
class Survey:
    """What one instrument found: the whole, areas and factors, items, each in the order of the form.

    `n_forms_straight` of the `n_forms_judged` chose one level throughout; `parents` is the node above each node.
    """

    instrument: Label
    is_complete: bool
    aggregation_mode: str
    n_forms: int
    overall: Node
    factors: tuple[Node, ...]
    items: tuple[Node, ...]
    ranks: tuple[Rank, ...]
    shortfalls: tuple[Shortfall, ...]
    evidence: tuple[Evidence, ...]
    members: tuple[Member, ...]
    n_forms_judged: int
    n_forms_straight: int
    parents: dict[str, str]

    def items_of(self, factor: Node) -> tuple[Node, ...]:
        return tuple(item for item in self.items if self.parents[item.code] == factor.code)


@dataclass(frozen=True)
class Activity:
    """Activities of one kind. `minimum` is what the unit itself owes in the year, None where nothing is laid down."""

    kind: str
    label: Label
    n_planned: int
    n_due: int
    n_held_in_time: int
    n_held_late: int
    n_missed: int
    n_open: int
    n_held: int
    n_participants: int
    minimum: int | None
    n_units_owing: int
    n_units_met: int


def read_surveys(subject: Subject, figures: Figures, minimum_n: int) -> tuple[Survey, ...]:
    """One survey per instrument with an overall index to report on. Figures on fewer than `minimum_n` forms are held back."""
    reader = _Reader(subject, figures, minimum_n)
    index = figures.of(INDEX, subject.unit.key, subject.period.period_id)
    codes = {row["instrument_code"] for row in index if row["node_level"] == "overall"}
    return tuple(reader.survey(code) for code in sorted(codes))


@dataclass(frozen=True)
class DialogueDuty:
    """The least number of dialogues a year, of the unit itself or (not `is_own`) of each commune of its.

    `is_reported`: a source gives dialogues at all. Without one, none is known, which does not mean that none was held.
    """

    is_reported: bool
    minimum: int | None
    is_own: bool


def read_activities(subject: Subject, figures: Figures) -> tuple[Activity, ...]:
    """One entry per kind of activity with a plan, an activity held or a minimum owed, in the order of the vocabulary."""
    unit, period_id = subject.unit.key, subject.period.period_id
    words = load_vocabulary().datasets["activity"]
    order = {kind: place for place, kind in enumerate(words.values["kind"])}
    minimum = {row["kind"]: row["minimum_per_year"] for row in figures.of(YEAR_MINIMUM, unit, period_id)}
    rows = figures.of(ACTIVITY, unit, period_id)
    activities = []
    for row in sorted(rows, key=lambda row: order[row["kind"]]):
        label = words.label("kind", row["kind"])
        activities.append(
            Activity(
                kind=row["kind"],
                label=Label(label.vi, label.en),
                n_planned=row["n_planned"],
                n_due=row["n_plan_due"],
                n_held_in_time=row["n_held_in_time"],
                n_held_late=row["n_held_late"],
                n_missed=row["n_missed"],
                n_open=row["n_open"],
                n_held=row["n_held"],
                n_participants=row["n_participants"],
                minimum=minimum.get(row["kind"]),
                n_units_owing=row["n_units_owing"],
                n_units_met=row["n_units_met"],
            )
        )
    return tuple(activities)


def read_duty(subject: Subject, figures: Figures) -> DialogueDuty:
    """What the unit owes of dialogues; where no source reports any, what the plan asks of its level or of communes."""
    asked = {row["unit_level"]: row["minimum_per_year"] for row in figures.whole(ASKED) if row["kind"] == DIALOGUE}
    if any(row["kind"] == DIALOGUE for row in figures.whole(REPORTED)):
        rows = figures.of(YEAR_MINIMUM, subject.unit.key, subject.period.period_id)
        own = next((row["minimum_per_year"] for row in rows if row["kind"] == DIALOGUE), None)
        return DialogueDuty(True, own, True)
    own = asked.get(subject.unit.level)
    return DialogueDuty(False, asked.get("commune") if own is None else own, own is not None)


class _Reader:
    """Makes findings of mart rows; names of nodes and periods are looked up once."""

    def __init__(self, subject: Subject, figures: Figures, minimum_n: int) -> None:
        self._subject = subject
        self._figures = figures
        self._minimum_n = minimum_n
        self._items: dict[str, dict[str, Row]] = {}
        for row in figures.whole(ITEM):
            self._items.setdefault(row["instrument_code"], {})[row["node_code"]] = row
        self._periods = {row["period_id"]: Label(row["label_vi"], row["label_en"]) for row in figures.whole(PERIOD)}

    def survey(self, instrument_code: str) -> Survey:
        unit = self._subject.unit.key
        nodes = self._nodes(unit, instrument_code)
        first = next(iter(self._items[instrument_code].values()))
        overall = next(node for node in nodes if node.level == "overall")
        quality = self._rows(QUALITY, unit, instrument_code)
        return Survey(
            instrument=Label(first["instrument_name_vi"], first["instrument_name_en"]),
            is_complete=first["is_complete"] == "yes",
            aggregation_mode=first["aggregation_mode"],
            n_forms=self._rows(INDEX, unit, instrument_code)[0]["n_forms"],
            overall=overall,
            factors=tuple(node for node in nodes if node.level in ("area", "factor")),
            items=tuple(node for node in nodes if node.level == "item"),
            ranks=self._ranks(unit, instrument_code),
            shortfalls=self._shortfalls(instrument_code, nodes),
            evidence=self._evidence(instrument_code, nodes),
            members=self._members(instrument_code),
            n_forms_judged=sum(row["n_forms_judged"] for row in quality),
            n_forms_straight=sum(row["n_forms_straight"] for row in quality),
            parents={code: row["parent_code"] for code, row in self._items[instrument_code].items()},
        )

    def _rows(self, relation: str, unit: UnitKey, instrument_code: str) -> list[Row]:
        rows = self._figures.of(relation, unit, self._subject.period.period_id)
        return [row for row in rows if row["instrument_code"] == instrument_code]

    def _nodes(self, unit: UnitKey, instrument_code: str) -> list[Node]:
        items = self._items[instrument_code]
        changes = {row["node_code"]: row for row in self._rows(CHANGE, unit, instrument_code)}
        goals = {row["node_code"]: _goal(row) for row in self._rows(TARGETED, unit, instrument_code)}
        rows = self._rows(INDEX, unit, instrument_code)
        return [
            self._node(row, items[row["node_code"]], changes.get(row["node_code"]), goals.get(row["node_code"]))
            for row in sorted(rows, key=lambda row: items[row["node_code"]]["position"])
        ]

    def _node(self, row: Row, item: Row, change: Row | None, goal: Goal | None) -> Node:
        hidden = 0 < row["n_forms_answered"] < self._minimum_n
        return Node(
            code=row["node_code"],
            level=row["node_level"],
            label=Label(item["label_vi"], item["label_en"]),
            n_forms_answered=row["n_forms_answered"],
            n_answers=row["n_answers"],
            n_satisfied=row["n_satisfied"],
            n_left_out=row["n_missing"] + row["n_dont_know"],
            n_parts=row["n_parts"],
            index_pct=None if hidden else row["index_pct"],
            low_pct=None if hidden else row["ci_low_pct"],
            high_pct=None if hidden else row["ci_high_pct"],
            hidden=hidden,
            change=self._change(change) if change and not hidden else None,
            goal=goal,
        )

    def _change(self, row: Row) -> Change:
        hidden = row["n_forms_answered_before"] < self._minimum_n
        before = row["previous_edition_id"]
        return Change(
            before=self._periods.get(before, Label(before, before)),
            before_pct=None if hidden else row["previous_index_pct"],
            points=None if hidden else row["change_pct"],
            p_adjusted=None if hidden else row["p_adjusted"],
            n_tests=row["n_tests"],
            direction="untested" if hidden else row["direction"],
            comparable=row["comparable"] == "yes",
            reason=_reason(row),
            hidden=hidden,
        )

    def _ranks(self, unit: UnitKey, instrument_code: str) -> tuple[Rank, ...]:
        """The unit's place in every unit above it, the nearest first: fewer units stand in it."""
        rows = self._rows(RANK, unit, instrument_code)
        rows.sort(key=lambda row: (row["n_ranked"] + row["n_left_out"], row["group_code"], row["group_valid_from"]))
        return tuple(
            self._rank(row, self._subject.names[UnitKey(row["group_code"], row["group_valid_from"])]) for row in rows
        )

    def _rank(self, row: Row, group: str) -> Rank:
        return Rank(
            group=group,
            unit_level=row["unit_level"],
            rank=row["index_rank"],
            n_ranked=row["n_ranked"],
            n_sharing=row["n_sharing"],
            low=row["rank_low_marginal"],
            high=row["rank_high_marginal"],
            low_simultaneous=row["rank_low_simultaneous"],
            high_simultaneous=row["rank_high_simultaneous"],
            reason=_reason(row),
        )

    def _members(self, instrument_code: str) -> tuple[Member, ...]:
        """The units of the level right under this one, best first; of a city its districts where it has any."""
        rows = self._rows(RANKED_UNITS, self._subject.unit.key, instrument_code)
        level = min((row["unit_level"] for row in rows), key=("district", "commune").index, default="")
        found = {
            UnitKey(row["member_code"], row["member_valid_from"]): row for row in rows if row["unit_level"] == level
        }
        members = []
        for key, row in sorted(found.items()):
            nodes = self._nodes(key, instrument_code)
            plan = self._rows(PLAN, key, instrument_code)
            members.append(
                Member(
                    name=self._subject.names[key],
                    overall=next((node for node in nodes if node.level == "overall"), None),
                    rank=self._rank(row, self._subject.unit.name),
                    n_below=sum(
                        line["reason"] != "falling" and line["n_forms_answered"] >= self._minimum_n for line in plan
                    ),
                )
            )
        members.sort(key=lambda member: name_key(member.name))
        last = len(members) + 1
        # Among the ranked ones a hidden unit would show its rank by its place.
        return tuple(sorted(members, key=lambda one: last if _is_hidden(one) else one.rank.rank or last + 1))

    def _shortfalls(self, instrument_code: str, nodes: list[Node]) -> tuple[Shortfall, ...]:
        """The shown criteria of the plan, those that hold most of the shortfall first."""
        shown = {node.code: node for node in nodes if node.index_pct is not None}
        order = {node.code: place for place, node in enumerate(nodes)}
        last = len(nodes)
        rows = [row for row in self._rows(PLAN, self._subject.unit.key, instrument_code) if row["node_code"] in shown]
        rows.sort(key=lambda row: (row["contribution_rank"] or last, order[row["node_code"]]))
        return tuple(
            Shortfall(
                node=shown[row["node_code"]],
                is_below=row["reason"] in ("below_target", "both"),
                is_falling=row["reason"] in ("falling", "both"),
                target_pct=row["target_pct"],
                gap_pct=row["gap_pct"],
                contribution_pct=row["contribution_pct"],
                contribution_rank=row["contribution_rank"],
                n_complaints=row["n_complaints"],
                n_complaints_late=row["n_complaints_late"],
                n_cases_late=row["n_cases_late"],
                lead=Label(row["lead_vi"] or "", row["lead_en"] or ""),
                executing=Label(row["executing_vi"] or "", row["executing_en"] or ""),
            )
            for row in rows
        )

    def _evidence(self, instrument_code: str, nodes: list[Node]) -> tuple[Evidence, ...]:
        """The complaints beside the shown criteria: of each kind, classes in the order of the vocabulary."""
        order = {node.code: place for place, node in enumerate(nodes) if node.index_pct is not None}
        counted: dict[tuple[str, str, str], int] = {}
        bears: dict[tuple[str, str, str], set[str]] = {}
        for row in self._rows(EVIDENCE, self._subject.unit.key, instrument_code):
            if row["kind"] in COMPLAINT_KINDS and row["node_code"] in order:
                found = (row["kind"], row["class"], row["topic"])
                # The same complaints beside each criterion that they bear on.
                counted[found] = row["n_records"]
                bears.setdefault(found, set()).add(row["node_code"])
        alike: dict[tuple[str, str, tuple[str, ...]], list[tuple[str | None, int]]] = {}
        for (kind, complaint_class, topic), n in counted.items():
            criteria = tuple(sorted(bears[kind, complaint_class, topic], key=order.__getitem__))
            alike.setdefault((kind, complaint_class, criteria), []).append((None if topic == UNSTATED else topic, n))
        classes = list(COMPLAINT_CLASSES)
        return tuple(
            Evidence(
                kind=kind,
                complaint_class=complaint_class,
                n=sum(n for _, n in topics),
                topics=tuple(sorted(topics, key=lambda topic: (-topic[1], topic[0] is None, name_key(topic[0] or "")))),
                criteria=criteria,
            )
            for (kind, complaint_class, criteria), topics in sorted(
                alike.items(),
                key=lambda found: (
                    COMPLAINT_KINDS.index(found[0][0]),
                    classes.index(found[0][1]),
                    [order[code] for code in found[0][2]],
                ),
            )
        )


def _is_hidden(member: Member) -> bool:
    return member.overall is not None and member.overall.hidden


def _goal(row: Row) -> Goal:
    return Goal(row["target_pct"], row["is_below"] == "yes", row["basis"])


def _reason(row: Row) -> Label | None:
    return Label(row["reason_vi"], row["reason_en"]) if row["reason_vi"] else None
