"""The satisfaction (SIPAS) section of the nine-month and yearly report on administrative reform: its headings and tables.

The plan of the commune asks for it: "định kỳ 9 tháng, năm tổng hợp … lồng ghép trong báo cáo CCHC". What the figures are stands
in sipas_findings.py, what the sentences say in narrative.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from assets.forms.figures import Figures
from assets.forms.fill import narrative
from assets.forms.fill.narrative import Claim
from assets.forms.fill.sipas_findings import (
    Activity,
    DialogueDuty,
    Label,
    Member,
    Node,
    Survey,
    read_activities,
    read_duty,
    read_surveys,
)
from assets.forms.fill.wording import COMPLAINT_CLASSES, either, official_form
from assets.forms.kind import FormKind
from assets.forms.model import (
    Block,
    Column,
    Form,
    HeadCell,
    Heading,
    Language,
    Line,
    Mark,
    Paragraph,
    Table,
    Value,
)
from assets.forms.subject import Subject
from assets.text.wording import count_text, percent_text

CODE = "sipas_section"
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV")
_DIRECTIONS = {
    "rise": Label("Tăng", "Rise"),
    "fall": Label("Giảm", "Fall"),
    "none": Label("Chưa đủ bằng chứng", "Not enough evidence"),
    "untested": Label("Không kiểm định", "Not tested"),
}
_COMPLAINTS = {
    "complaint": Label("Tiếp nhận trong kỳ", "Received in the period"),
    "complaint_late": Label("Xử lý xong quá hạn trong kỳ", "Closed late in the period"),
}


def sipas_section(minimum_n: int) -> FormKind:
    """The kind of form; an index that rests on fewer than `minimum_n` forms is not stated in it."""
    return FormKind(
        code=CODE,
        audience="office",
        levels=frozenset({"commune", "district", "city"}),
        period_kinds=frozenset({"nine_months", "year"}),
        fill=partial(_fill, minimum_n=minimum_n),
    )


def _fill(subject: Subject, figures: Figures, language: Language, minimum_n: int) -> Form:
    surveys = read_surveys(subject, figures, minimum_n)
    activities = read_activities(subject, figures)
    duty = read_duty(subject, figures)
    section = _Section(subject, language, minimum_n)
    year = subject.period.ends_on.year
    form = official_form(
        subject,
        language,
        code=CODE,
        title=either(
            language,
            "KẾT QUẢ CẢI THIỆN CHỈ SỐ HÀI LÒNG VỀ SỰ PHỤC VỤ HÀNH CHÍNH (SIPAS)",
            "SATISFACTION WITH SERVICES (SIPAS)",
        ),
        subtitle=either(
            language,
            "Nội dung lồng ghép trong báo cáo cải cách hành chính",
            "Section of the report on administrative reform",
        ),
        legal_basis=either(
            language,
            "Kế hoạch cải thiện, nâng cao Chỉ số hài lòng của người dân, tổ chức đối với sự phục vụ của cơ quan hành chính "
            f"(SIPAS) năm {year}",
            f"Plan of {year} to improve SIPAS, the index of satisfaction with the service of administrative agencies",
        ),
        blocks=section.blocks(surveys, activities, duty),
        notes=section.notes(surveys),
    )
    # A report is signed by who issues it; who drew it up signs tables alone.
    return replace(form, prepared_by="")


class _Section:
    """Writes the blocks of one section in one language."""

    def __init__(self, subject: Subject, language: Language, minimum_n: int) -> None:
        self._subject = subject
        self._language = language
        self._minimum_n = minimum_n

    def blocks(self, surveys: Sequence[Survey], activities: Sequence[Activity], duty: DialogueDuty) -> list[Block]:
        parts: list[tuple[str, list[Block]]] = []
        for survey in surveys:
            of_which = f" – {self._of(survey.instrument).upper()}" if len(surveys) > 1 else ""
            parts.append((self._say("KẾT QUẢ KHẢO SÁT", "SURVEY RESULTS") + of_which, self._results(survey)))
            if not survey.overall.hidden and survey.items:
                title = self._say(
                    "TIÊU CHÍ CẦN CẢI THIỆN, ĐƠN VỊ CHỦ TRÌ VÀ THỰC HIỆN", "CRITERIA TO IMPROVE AND WHO IS RESPONSIBLE"
                )
                parts.append((title + of_which, self._improvement(survey)))
        if not surveys:
            none = Claim("no_forms", {"unit": narrative.within(self._subject.unit.name)})
            parts.append((self._say("KẾT QUẢ KHẢO SÁT", "SURVEY RESULTS"), self._paragraph([none])))
        title = self._say("ĐỐI THOẠI VÀ CÁC HOẠT ĐỘNG THEO KẾ HOẠCH", "DIALOGUES AND OTHER ACTIVITIES OF THE PLAN")
        parts.append((title, self._activities(activities, duty)))
        return [
            block
            for numeral, (title, content) in zip(_ROMAN, parts, strict=False)
            for block in (Heading(f"{numeral}. {title}"), *content)
        ]

    def notes(self, surveys: Sequence[Survey]) -> tuple[str, ...]:
        say = self._say
        if not surveys:
            return ()
        pooled = all(survey.overall.n_parts == 1 for survey in surveys)
        notes = [
            say(
                "Chỉ số hài lòng = 100 × số câu trả lời hài lòng ÷ số câu trả lời hợp lệ; câu bỏ trống và câu “không biết” "
                "không có trong tử số lẫn mẫu số.",
                "Index = 100 × satisfied answers ÷ valid answers; blanks and “don't know” stand in neither.",
            )
            if pooled
            else say(
                "Chỉ số của tiêu chí = 100 × số câu trả lời hài lòng ÷ số câu trả lời hợp lệ; chỉ số chung là bình quân của các "
                "chỉ số thành phần theo phương pháp của bộ phiếu.",
                "Index of a criterion = 100 × satisfied answers ÷ valid answers; the overall index is a mean of indices, as "
                "the method of the questionnaire has it.",
            ),
            say(
                "Khoảng tin cậy 95% và kiểm định coi các phiếu như một mẫu ngẫu nhiên đơn giản; người dân tự nguyện trả lời "
                "nên kết quả chưa phản ánh ý kiến của người không trả lời.",
                "Confidence intervals and tests take the forms as a simple random sample; people chose to answer, and those "
                "who did not are not known.",
            ),
            say(
                "Chênh lệch tính từ số chưa làm tròn nên có thể khác hiệu của hai số đã làm tròn 0,01 điểm phần trăm.",
                "Differences are of unrounded figures and may be 0.01 percentage points off those of rounded ones.",
            ),
        ]
        if any(_is_tested(survey) for survey in surveys):
            notes.append(
                say(
                    "Giá trị p được hiệu chỉnh theo Holm cho các đơn vị cùng cấp so sánh cùng lúc.",
                    "p-values are adjusted by Holm for the units of one level compared at once.",
                )
            )
        if self._minimum_n > 1:
            notes.append(
                say(
                    f"Số liệu dựa trên ít hơn {self._minimum_n} phiếu không được nêu.",
                    f"Figures on fewer than {self._minimum_n} forms are not stated.",
                )
            )
        for goal, basis in _bases(surveys):
            target = percent_text(goal, self._language)
            notes.append(say(f"Căn cứ của chỉ tiêu {target}: {basis}.", f"Basis of the target of {target}: “{basis}”."))
        for survey in surveys:
            if not survey.is_complete:
                name = self._of(survey.instrument)
                notes.append(
                    say(
                        f"{name}: danh mục tiêu chí chưa đầy đủ hoặc chưa được xác nhận.",
                        f"{name}: the list of criteria is not complete or not confirmed.",
                    )
                )
        return tuple(notes)

    def _results(self, survey: Survey) -> list[Block]:
        say = self._say
        unit = self._subject.unit.name
        overall = [
            *narrative.collection(unit, survey),
            *narrative.whole(survey.overall, self._minimum_n),
            *narrative.whole_against_target(survey.overall),
        ]
        parts = [(say("Chỉ số hài lòng chung", "Overall index"), self._paragraph(overall))]
        if not survey.overall.hidden:
            if survey.factors:
                parts.append((say("Theo yếu tố", "By factor"), self._factors(survey)))
            if survey.items:
                parts.append((say("Theo tiêu chí", "By criterion"), self._items(survey)))
            parts.append((say("So với cùng kỳ năm trước", "Against a year before"), self._changes(survey)))
            ranks = [claim for rank in survey.ranks for claim in narrative.place(unit, rank)]
            if ranks:
                parts.append((say("Thứ hạng", "Rank"), self._paragraph(ranks)))
            if survey.members:
                parts.append((say("Kết quả của các đơn vị trực thuộc", "Units below"), self._members(survey)))
        return [
            block
            for number, (title, content) in enumerate(parts, start=1)
            for block in (Heading(f"{number}. {title}", level=2), *content)
        ]

    def _factors(self, survey: Survey) -> list[Block]:
        factors = [node for node in survey.factors if node.level == "factor"]
        claims = narrative.extremes("factor", [(node.name, node.index_pct) for node in factors])
        claims += narrative.not_shown("factor", factors, self._minimum_n)
        claims += narrative.factors_against_target(factors)
        nodes = (*survey.factors, survey.overall)
        with_target = any(node.goal is not None for node in nodes)
        lines = [_index_line(node.code, self._of(node.label), node, with_target) for node in survey.factors]
        whole = _index_line("", self._of(survey.overall.label), survey.overall, with_target)
        lines.append(replace(whole, role="total"))
        return [*self._paragraph(claims), self._index_table(self._say("Yếu tố", "Factor"), lines, with_target)]

    def _items(self, survey: Survey) -> list[Block]:
        claims = narrative.extremes("criterion", [(node.name, node.index_pct) for node in survey.items])
        claims += narrative.not_shown("criterion", survey.items, self._minimum_n)
        lines: list[Line] = []
        above = ""
        for node in survey.items:
            parent = survey.parents[node.code] or ""
            if parent != above and parent in self._factor_names(survey):
                lines.append(Line((parent, self._factor_names(survey)[parent], *[None] * 5), "section"))
            above = parent
            lines.append(_index_line(node.code, self._of(node.label), node))
        return [*self._paragraph(claims), self._index_table(self._say("Tiêu chí", "Criterion"), lines)]

    def _factor_names(self, survey: Survey) -> dict[str, str]:
        return {node.code: self._of(node.label) for node in survey.factors}

    def _index_table(self, what: str, lines: Iterable[Line], with_target: bool = False) -> Table:
        say = self._say
        head = (
            (
                HeadCell(say("STT", "No."), rows=2),
                HeadCell(what, rows=2),
                HeadCell(say("Câu trả lời hợp lệ", "Valid answers"), rows=2),
                HeadCell(say("Câu trả lời hài lòng", "Satisfied answers"), rows=2),
                HeadCell(say("Chỉ số", "Index"), rows=2),
                HeadCell(say("Khoảng tin cậy 95%", "95% interval"), columns=2),
                *((HeadCell(say("Chỉ tiêu", "Target"), rows=2),) if with_target else ()),
            ),
            (HeadCell(say("từ", "from")), HeadCell(say("đến", "to"))),
        )
        columns = (
            Column("text", 0.7),
            Column("text", 3.2 if with_target else 4.0),
            Column("count", 1.2),
            Column("count", 1.2),
            Column("percent", 1.1),
            Column("percent", 1.1),
            Column("percent", 1.1),
            *((Column("percent", 1.1),) if with_target else ()),
        )
        return Table(columns, head, tuple(lines))

    def _changes(self, survey: Survey) -> list[Block]:
        """The overall change; factors and criteria follow where any of them compares."""
        say = self._say
        parts = [(node.name, node.change) for node in survey.items]
        claims = narrative.change(survey.overall, self._minimum_n) + narrative.change_of_parts("criterion", parts)
        compared = [node for node in (survey.overall, *survey.factors, *survey.items) if _is_compared(node)]
        if not compared:
            return self._paragraph(claims)
        head = _heads(
            say("STT", "No."),
            say("Nội dung", "Index"),
            say("Cùng kỳ năm trước", "A year before"),
            say("Kỳ này", "Now"),
            say("Thay đổi (điểm phần trăm)", "Change (points)"),
            say("Đánh giá", "Finding"),
        )
        columns = (
            Column("text", 0.7),
            Column("text", 4.0),
            Column("percent", 1.1),
            Column("percent", 1.1),
            Column("points_2", 1.1),
            Column("text", 1.6),
        )
        lines = tuple(
            Line(
                (
                    "" if node.level == "overall" else node.code,
                    self._of(node.label),
                    node.change.before_pct,
                    node.index_pct,
                    node.change.points,
                    self._of(_DIRECTIONS[node.change.direction]),
                ),
                "total" if node.level == "overall" else "body",
            )
            for node in compared
            if node.change is not None
        )
        return [*self._paragraph(claims), Table(columns, (head,), lines)]

    def _members(self, survey: Survey) -> list[Block]:
        say = self._say
        claims = narrative.members(survey.members)
        nodes = [member.overall for member in survey.members if member.overall is not None]
        kind = f"units_{survey.members[0].rank.unit_level}"
        claims += narrative.not_shown(kind, nodes, self._minimum_n)
        is_compared = any(map(_is_compared, nodes))
        changes = (
            ("So với năm trước (điểm phần trăm)", "Against a year before (points)"),
            ("Đánh giá thay đổi", "Finding"),
        )
        head = (
            (
                HeadCell(say("Hạng", "Rank"), rows=2),
                HeadCell(say("Đơn vị", "Unit"), rows=2),
                HeadCell(say("Số phiếu", "Forms"), rows=2),
                HeadCell(say("Chỉ số", "Index"), rows=2),
                HeadCell(say("Khoảng tin cậy 95%", "95% interval"), columns=2),
                HeadCell(say("Khoảng thứ hạng 95%", "95% rank set"), columns=2),
                HeadCell(say("Tiêu chí dưới chỉ tiêu", "Criteria below target"), rows=2),
                *(HeadCell(say(*words), rows=2) for words in changes if is_compared),
            ),
            tuple(HeadCell(text) for text in (say("từ", "from"), say("đến", "to")) * 2),
        )
        columns = (
            Column("count", 1.0),
            Column("text", 2.6),
            Column("count", 0.9),
            Column("percent", 1.1),
            Column("percent", 1.1),
            Column("percent", 1.1),
            Column("count", 0.7),
            Column("count", 0.7),
            Column("count", 1.0),
            *((Column("points_2", 1.1), Column("text", 1.4)) if is_compared else ()),
        )
        lines = tuple(self._member_line(member, len(columns)) for member in survey.members)
        return [*self._paragraph(claims), Table(columns, head, lines)]

    def _member_line(self, member: Member, length: int) -> Line:
        node, rank = member.overall, member.rank
        if node is None:
            return Line((None, member.name, 0, *[None] * (length - 3)))
        if node.hidden:
            return Line((Mark.HIDDEN, member.name, node.n_forms_answered, *[Mark.HIDDEN] * (length - 3)))
        change = node.change if _is_compared(node) else None
        finding = (change.points, self._of(_DIRECTIONS[change.direction])) if change else (None, None)
        values = (
            rank.rank,
            member.name,
            node.n_forms_answered,
            node.index_pct,
            node.low_pct,
            node.high_pct,
            rank.low_simultaneous,
            rank.high_simultaneous,
            member.n_below,
            *finding,
        )
        return Line(values[:length])

    def _improvement(self, survey: Survey) -> list[Block]:
        say = self._say
        blocks = self._paragraph(narrative.targets(survey) + narrative.contributions(survey))
        if not survey.shortfalls:
            return blocks
        head = _heads(
            say("STT", "No."),
            say("Tiêu chí", "Criterion"),
            say("Chỉ tiêu", "Target"),
            say("Chỉ số", "Index"),
            say("Còn thiếu (điểm phần trăm)", "Gap (points)"),
            say("Phần thiếu trong chỉ số chung (điểm phần trăm)", "Part of the overall shortfall (points)"),
        )
        columns = (Column("text", 0.7), Column("text", 4.0), Column("percent"), Column("percent"), Column("points_2"),
                   Column("points_2", 1.4))  # fmt: skip
        lines = tuple(
            Line(
                (
                    line.node.code,
                    self._of(line.node.label),
                    line.target_pct,
                    line.node.index_pct,
                    line.gap_pct,
                    line.contribution_pct,
                )
            )
            for line in survey.shortfalls
        )
        blocks.append(Table(columns, (head,), lines))
        blocks += self._paragraph(narrative.evidence(survey))
        head = _heads(
            say("Tiêu chí", "Criterion"),
            say("Phản ánh, kiến nghị liên quan", "Complaints that bear on it"),
            say("Phản ánh xử lý quá hạn", "Complaints closed late"),
            say("Hồ sơ quá hạn", "Late case files"),
            say("Đơn vị chủ trì", "Lead"),
            say("Đơn vị thực hiện", "Carried out by"),
        )
        columns = (Column("text", 1.4), Column("count", 1.7), Column("count", 1.7), Column("count", 1.0), Column("text", 2.4),
                   Column("text", 2.2))  # fmt: skip
        lines = tuple(
            Line(
                (
                    line.node.code,
                    *(
                        Mark.NOT_APPLICABLE if count is None else count
                        for count in (line.n_complaints, line.n_complaints_late, line.n_cases_late)
                    ),
                    self._of(line.lead) or None,
                    self._of(line.executing) or None,
                )
            )
            for line in survey.shortfalls
        )
        return [*blocks, Table(columns, (head,), lines), *self._evidence(survey)]

    def _evidence(self, survey: Survey) -> list[Block]:
        """The complaints of the table above by class and topic, none where there are none."""
        say = self._say
        if not survey.evidence:
            return []
        head = _heads(
            say("Phân loại phản ánh, kiến nghị", "Class of complaints"),
            say("Số lượng", "Number"),
            say("Trong đó, theo nội dung", "Of these, by topic"),
            say("Tiêu chí liên quan", "Criteria they bear on"),
        )
        columns = (Column("text", 2.6), Column("count", 0.9), Column("text", 3.4), Column("text", 2.4))
        lines: list[Line] = []
        above = ""
        for found in survey.evidence:
            if found.kind != above:
                lines.append(Line((self._of(_COMPLAINTS[found.kind]), None, None, None), "section"))
            above = found.kind
            topics = "; ".join(
                f"{topic or say('không nêu nội dung', 'topic not stated')}: {count_text(n, self._language)}"
                for topic, n in found.topics
            )
            lines.append(
                Line((self._say(*COMPLAINT_CLASSES[found.complaint_class]), found.n, topics, ", ".join(found.criteria)))
            )
        return [Table(columns, (head,), tuple(lines))]

    def _activities(self, activities: Sequence[Activity], duty: DialogueDuty) -> list[Block]:
        say = self._say
        is_year = self._subject.period.kind == "year"
        blocks = self._paragraph(narrative.dialogues(self._subject.unit.name, activities, duty, is_year))
        if not activities:
            return blocks
        head = (
            (
                HeadCell(say("Hoạt động", "Activity"), rows=2),
                HeadCell(say("Theo kế hoạch trong kỳ", "Planned for the period"), columns=5),
                HeadCell(say("Đã thực hiện trong kỳ", "Held in the period"), rows=2),
                HeadCell(say("Lượt người tham dự", "Participants"), rows=2),
            ),
            tuple(
                HeadCell(text)
                for text in (
                    say("Tổng số", "Total"),
                    say("Đúng hạn", "In time"),
                    say("Muộn", "Late"),
                    say("Chưa thực hiện", "Not held"),
                    say("Chưa đến hạn", "Not due yet"),
                )
            ),
        )
        columns = (Column("text", 3.0), *(Column("count", 1.1) for _ in range(6)), Column("count", 1.9))
        lines = tuple(
            Line(
                (
                    self._of(activity.label),
                    activity.n_planned,
                    activity.n_held_in_time,
                    activity.n_held_late,
                    activity.n_missed,
                    activity.n_open,
                    activity.n_held,
                    activity.n_participants,
                )
            )
            for activity in activities
        )
        return [*blocks, Table(columns, head, lines)]

    def _paragraph(self, claims: Sequence[Claim]) -> list[Block]:
        # Said once: a unit above that began anew within the period ranks its units twice under one name.
        texts = dict.fromkeys(claim.text(self._language) for claim in claims)
        return [Paragraph(" ".join(texts))] if texts else []

    def _say(self, vi: str, en: str) -> str:
        return either(self._language, vi, en)

    def _of(self, label: Label) -> str:
        return either(self._language, label.vi, label.en)


def _heads(*texts: str) -> tuple[HeadCell, ...]:
    return tuple(HeadCell(text) for text in texts)


def _is_compared(node: Node) -> bool:
    return node.change is not None and node.change.points is not None


def _is_tested(survey: Survey) -> bool:
    below = [member.overall for member in survey.members if member.overall is not None]
    nodes = (survey.overall, *survey.factors, *survey.items, *below)
    return any(node.change is not None and node.change.p_adjusted is not None for node in nodes)


def _bases(surveys: Iterable[Survey]) -> list[tuple[float, str]]:
    """Every target of the section that a document is named for, with what is named, the highest first."""
    nodes = (node for survey in surveys for node in (survey.overall, *survey.factors, *survey.items))
    goals = {node.goal for node in nodes if node.goal is not None}
    return sorted({(goal.pct, goal.basis) for goal in goals if goal.basis}, reverse=True)


def _index_line(number: str, name: str, node: Node, with_target: bool = False) -> Line:
    shown = (node.index_pct, node.low_pct, node.high_pct)
    counts = (node.n_answers, node.n_satisfied)
    values: tuple[Value, ...] = (number, name, *((Mark.HIDDEN,) * 5 if node.hidden else (*counts, *shown)))
    goal = None if node.goal is None else node.goal.pct
    return Line((*values, goal) if with_target else values)
