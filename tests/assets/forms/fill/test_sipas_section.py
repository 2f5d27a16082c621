"""The SIPAS section against the marts: every figure of text and tables is found again by queries of the test's own."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import docx
import openpyxl
import pypdf
import pytest
from survey_marts import (
    COMMUNES,
    DISTRICT,
    NAMES,
    NINE_MONTHS,
    TARGET,
    YEAR,
    SurveyMarts,
    make_marts,
    subject,
)

from assets.forms.fill.sipas_section import sipas_section
from assets.forms.model import Form, Heading, Language, Mark, Paragraph, Table
from assets.forms.render.faces import noto_serif
from assets.forms.render.formats import Renderer
from assets.forms.subject import Period

MINIMUM = 10
BOTH = (YEAR, NINE_MONTHS)
WITH_FORMS = ("901", "902", "903", "905", "906", DISTRICT)


@pytest.fixture(scope="module")
def marts() -> SurveyMarts:
    return make_marts()


def fill(
    marts: SurveyMarts, code: str, period: Period = YEAR, language: Language = "vi", minimum: int = MINIMUM
) -> Form:
    form = sipas_section(minimum).fill(subject(code, period), marts.figures(), language)
    assert form is not None
    return form


def text_of(form: Form) -> str:
    return "\n".join(block.text for block in form.blocks if isinstance(block, Paragraph))


def table_of(form: Form, heading: str) -> Table:
    """The first table with that text in its head."""
    for block in form.blocks:
        if isinstance(block, Table) and any(cell.text == heading for row in block.head for cell in row):
            return block
    raise AssertionError(f"no table with a column {heading}")


def count(value: int) -> str:
    return f"{value:,}".replace(",", ".")


def percent(value: float) -> str:
    return f"{Decimal(repr(value)).quantize(Decimal('0.01'), ROUND_HALF_UP)}%".replace(".", ",")


def index(marts: SurveyMarts, code: str, period: Period, where: str) -> list[dict[str, Any]]:
    return marts.rows(
        "SELECT *, 100.0 * n_satisfied / nullif(n_answers, 0) AS pct FROM marts.sipas_index "
        f"WHERE unit_code = '{code}' AND period_id = '{period.period_id}' AND {where} ORDER BY node_code"
    )


@pytest.mark.parametrize("period", BOTH, ids=["year", "nine_months"])
@pytest.mark.parametrize("code", WITH_FORMS)
def test_overall_index(marts: SurveyMarts, code: str, period: Period) -> None:
    [row] = index(marts, code, period, "node_level = 'overall'")
    text = text_of(fill(marts, code, period))
    asked = row["n_forms"] * 5
    assert f"thu được {count(row['n_forms'])} phiếu khảo sát theo “Bộ phiếu A”." in text
    assert f"Trong {count(asked)} lượt câu hỏi tính vào chỉ số chung có {count(row['n_answers'])} câu trả lời" in text
    assert f"{count(asked - row['n_answers'])} câu bỏ trống" in text
    assert (
        f"Chỉ số hài lòng chung đạt {percent(row['pct'])} ({count(row['n_satisfied'])} câu trả lời hài lòng trong "
        f"{count(row['n_answers'])} câu trả lời hợp lệ)."
    ) in text
    assert f"Khoảng tin cậy 95% là từ {percent(row['ci_low_pct'])} đến {percent(row['ci_high_pct'])}." in text


@pytest.mark.parametrize("code", WITH_FORMS)
def test_tables_hold_the_marts_figures(marts: SurveyMarts, code: str) -> None:
    form = fill(marts, code)
    for heading, levels in (("Yếu tố", "'factor', 'overall'"), ("Tiêu chí", "'item'")):
        lines = {line.values[0]: line for line in table_of(form, heading).lines if line.role != "section"}
        for row in index(marts, code, YEAR, f"node_level IN ({levels})"):
            line = lines.pop("" if row["node_code"] == "overall" else row["node_code"])
            if heading == "Yếu tố":
                assert line.values[-1] == TARGET
                line = replace(line, values=line.values[:-1])
            if 0 < row["n_forms_answered"] < MINIMUM:
                assert set(line.values[2:]) == {Mark.HIDDEN}
            elif row["n_answers"] == 0:
                assert line.values[2:] == (0, 0, None, None, None)
            else:
                assert line.values[2:4] == (row["n_answers"], row["n_satisfied"])
                assert line.values[4:] == pytest.approx((row["pct"], row["ci_low_pct"], row["ci_high_pct"]))
        assert not lines


@pytest.mark.parametrize("period", BOTH, ids=["year", "nine_months"])
@pytest.mark.parametrize("code", WITH_FORMS)
def test_highest_and_lowest(marts: SurveyMarts, code: str, period: Period) -> None:
    text = text_of(fill(marts, code, period))
    for level, kind in (("factor", "yếu tố"), ("item", "tiêu chí")):
        rows = index(marts, code, period, f"node_level = '{level}' AND n_forms_answered >= {MINIMUM}")
        shown = {row["node_code"]: percent(row["pct"]) for row in rows}
        by_value = sorted(shown, key=lambda node: float(shown[node][:-1].replace(",", ".")))
        for word, extreme in (("cao nhất", shown[by_value[-1]]), ("thấp nhất", shown[by_value[0]])):
            sentence = re.search(rf"{word} là {kind} ([^.]*?(?:\.\d[^.]*?)*), (?:cùng )?đạt ({extreme})", text, re.I)
            assert sentence, (word, extreme, text)
            named = set(re.findall(r"(\bI{1,2}(?:\.\d)?) “", sentence[1]))
            assert named == {node for node, value in shown.items() if value == extreme}


CHANGES = {
    "901": r"\(Năm 2022: {before}\), chỉ số hài lòng chung tăng {points} điểm phần trăm; mức tăng có ý nghĩa thống kê "
    r"\(p hiệu chỉnh < 0,0001\)",
    "902": r"\(Năm 2022: {before}\), chỉ số hài lòng chung giảm {points} điểm phần trăm; mức giảm có ý nghĩa thống kê "
    r"\(p hiệu chỉnh = 0,0123\)",
    "903": r"cao hơn cùng kỳ năm trước \(Năm 2022: {before}\) {points} điểm phần trăm, nhưng chưa đủ bằng chứng",
    "905": r"Không so sánh với cùng kỳ năm trước \(Năm 2022\) vì thay đổi phương pháp: bộ câu hỏi mới\.",
    "906": r"Không so sánh với cùng kỳ năm trước \(Năm 2022\) vì kỳ đó có ít hơn 10 phiếu trả lời\.",
    DISTRICT: r"cao hơn cùng kỳ năm trước \(Năm 2022: {before}\) {points} điểm phần trăm; chênh lệch không được kiểm định",
}


@pytest.mark.parametrize("code", WITH_FORMS)
def test_change_against_a_year_before(marts: SurveyMarts, code: str) -> None:
    [row] = marts.rows(
        "SELECT index_pct, previous_index_pct, abs(index_pct - previous_index_pct) AS points FROM marts.sipas_change "
        f"WHERE unit_code = '{code}' AND edition_id = '2023' AND node_code = 'overall'"
    )
    pattern = CHANGES[code].format(before=percent(row["previous_index_pct"]), points=percent(row["points"])[:-1])
    form = fill(marts, code)
    assert re.search(pattern, text_of(form))
    if code in ("905", "906"):
        # Nothing is computed across a method break, nor against too few forms: there is no table of changes either.
        assert not any("Thay đổi (điểm phần trăm)" in str(block) for block in form.blocks)
        return
    lines = {line.values[0]: line.values for line in table_of(form, "Thay đổi (điểm phần trăm)").lines}
    for change in marts.rows(
        "SELECT change.node_code, change.previous_index_pct, change.index_pct, change.change_pct "
        "FROM marts.sipas_change AS change INNER JOIN marts.sipas_index AS now ON change.unit_code = now.unit_code "
        "AND change.edition_id = now.period_id AND change.node_code = now.node_code "
        f"WHERE change.unit_code = '{code}' AND edition_id = '2023' AND now.n_forms_answered >= {MINIMUM}"
    ):
        node = "" if change["node_code"] == "overall" else change["node_code"]
        figures = (change["previous_index_pct"], change["index_pct"], change["change_pct"])
        assert lines.pop(node)[2:5] == pytest.approx(figures)
    assert not lines


@pytest.mark.parametrize("period", BOTH, ids=["year", "nine_months"])
@pytest.mark.parametrize("code", ["901", "902", "903", "905", "906"])
def test_rank(marts: SurveyMarts, code: str, period: Period) -> None:
    by_index = marts.rows(
        "SELECT unit_code, rank() OVER (ORDER BY index_pct DESC) AS place, count(*) OVER (PARTITION BY index_pct) AS n_same "
        f"FROM marts.sipas_index WHERE period_id = '{period.period_id}' AND node_code = 'overall' AND unit_code <> '{DISTRICT}'"
    )
    [own] = [row for row in by_index if row["unit_code"] == code]
    text = text_of(fill(marts, code, period))
    place = "nhất" if own["place"] == 1 else own["place"]
    shared = f" (đồng hạng với {own['n_same'] - 1} đơn vị khác)" if own["n_same"] > 1 else ""
    assert f"xếp thứ {place}{shared} trong {len(by_index)} đơn vị cấp xã được xếp hạng của huyện Sông Mẫu." in text
    assert (own["n_same"] > 1) == (code in ("905", "906"))
    low, high = max(1, own["place"] - 1), min(len(by_index), own["place"] + 1)
    assert f"thứ hạng nằm trong khoảng từ {low} đến {high}." in text


@pytest.mark.parametrize("code", WITH_FORMS)
def test_criteria_below_target(marts: SurveyMarts, code: str) -> None:
    items = index(marts, code, YEAR, f"node_level = 'item' AND n_forms_answered >= {MINIMUM}")
    below = {row["node_code"]: row for row in items if row["pct"] < 90}
    form = fill(marts, code)
    text = text_of(form)
    limit = " được nêu chỉ số" if len(items) < 5 else ""
    if not below:
        assert f"Trong {len(items)} tiêu chí{limit}, không có tiêu chí nào thấp hơn chỉ tiêu" in text
        return
    counted = f"Cả {len(items)}" if len(below) == len(items) else f"Có {len(below)} trong số {len(items)}"
    assert f"{counted} tiêu chí{limit}" in text and "thấp hơn chỉ tiêu 90,00%." in text
    lines = {line.values[0]: line.values for line in table_of(form, "Còn thiếu (điểm phần trăm)").lines}
    assert lines.keys() == below.keys()
    for node, row in below.items():
        assert lines[node][2:5] == pytest.approx((90, row["pct"], 90 - row["pct"]))
    beside = {line.values[0]: line.values[1:] for line in table_of(form, "Đơn vị chủ trì").lines}
    for row in marts.rows(f"SELECT * FROM marts.improvement_plan WHERE unit_code = '{code}' AND period_id = '2023'"):
        if row["node_code"] in below:
            counts = [row[name] for name in ("n_complaints", "n_complaints_late", "n_cases_late")]
            stated = tuple(Mark.NOT_APPLICABLE if n is None else n for n in counts)
            assert beside[row["node_code"]] == (*stated, "Trưởng bộ phận", "Bộ phận TN&TKQ")


@pytest.mark.parametrize("code", WITH_FORMS)
def test_overall_index_and_factors_beside_their_target(marts: SurveyMarts, code: str) -> None:
    form = fill(marts, code)
    text = text_of(form)
    [row] = index(marts, code, YEAR, "node_level = 'overall'")
    gap = percent(abs(row["pct"] - TARGET))[:-1]
    words = (
        f"thấp hơn chỉ tiêu 90,00%, còn thiếu {gap}"
        if row["pct"] < TARGET
        else f"đạt chỉ tiêu 90,00%, cao hơn chỉ tiêu {gap}"
    )
    assert f"Chỉ số hài lòng chung {words} điểm phần trăm." in text
    factors = index(marts, code, YEAR, f"node_level = 'factor' AND n_forms_answered >= {MINIMUM}")
    below = [factor["node_code"] for factor in factors if factor["pct"] < TARGET]
    [named] = re.findall(r"Trong (\d) yếu tố có chỉ tiêu và được nêu chỉ số, (.*?)(?:\. |\.\n|\.$)", text)
    assert int(named[0]) == len(factors)
    assert re.findall(r"\bI{1,2}(?= “)", named[1]) == below
    assert "Căn cứ của chỉ tiêu 90,00%: Kế hoạch năm 2023." in form.notes


def test_a_unit_without_a_target_is_said_to_have_none() -> None:
    marts = make_marts()
    for mart in ("sipas_target", "improvement_plan"):
        marts.connection.execute(f"DELETE FROM marts.{mart}")
    form = fill(marts, "902")
    text = text_of(form)
    assert "Không có chỉ tiêu nào áp dụng cho chỉ số hài lòng chung trong kỳ." in text
    assert "Không có chỉ tiêu nào áp dụng cho các tiêu chí trong kỳ." in text
    assert not any("Căn cứ của chỉ tiêu" in note for note in form.notes)
    assert "Chỉ tiêu" not in str(form.blocks)


@pytest.mark.parametrize("code", WITH_FORMS)
def test_complaints_beside_the_criteria_by_class_and_topic(marts: SurveyMarts, code: str) -> None:
    form = fill(marts, code)
    listed = {
        row["node_code"]
        for row in index(marts, code, YEAR, f"node_level = 'item' AND n_forms_answered >= {MINIMUM}")
        if row["pct"] < TARGET and row["node_code"].startswith("II.")
    }
    expected: list[tuple[Any, ...]] = []
    if listed:
        criteria = ", ".join(sorted(listed))
        expected = [
            ("Tiếp nhận trong kỳ", None, None, None),
            ("Quy định, chính sách, thủ tục hành chính", 1, "Hộ tịch: 1", criteria),
            ("Hành vi của cán bộ, công chức", 12, "không nêu nội dung: 7; Đất đai: 5", criteria),
        ]
    if "II.3" in listed:
        expected += [
            ("Xử lý xong quá hạn trong kỳ", None, None, None),
            ("Không rõ phân loại", 2, "không nêu nội dung: 2", "II.3"),
        ]
    tables = [block for block in form.blocks if isinstance(block, Table)]
    found = [table for table in tables if any(cell.text == "Phân loại phản ánh, kiến nghị" for cell in table.head[0])]
    assert [line.values for table in found for line in table.lines] == expected


def test_the_largest_part_of_the_shortfall(marts: SurveyMarts) -> None:
    for code in WITH_FORMS:
        items = index(marts, code, YEAR, "node_level = 'item'")
        total = sum(row["n_answers"] for row in items)
        lacks = {row["node_code"]: row["n_answers"] - row["n_satisfied"] for row in items}
        first = max(lacks, key=lambda node: lacks[node])
        stated = re.search(
            r"còn thiếu ([\d,]+) điểm phần trăm .* thuộc tiêu chí (\S+) “.*?: ([\d,]+) điểm", text_of(fill(marts, code))
        )
        if stated:
            assert stated[1] == percent(100 * sum(lacks.values()) / total)[:-1]
            assert (stated[2], stated[3]) == (first, percent(100 * lacks[first] / total)[:-1])


@pytest.mark.parametrize(
    ("code", "period", "sentence"),
    [
        ("901", YEAR, "đã tổ chức 3 cuộc đối thoại với công dân, 105 lượt người tham dự. Kết quả này đạt mức tối thiểu 2 cuộc/năm."),
        ("902", YEAR, "đã tổ chức 2 cuộc đối thoại với công dân, 70 lượt người tham dự. Kết quả này đạt mức tối thiểu 2 cuộc/năm."),
        ("903", YEAR, "Kết quả này chưa đạt mức tối thiểu 2 cuộc/năm, còn thiếu 1 cuộc."),
        ("904", YEAR, "chưa ghi nhận cuộc đối thoại nào với công dân. Kết quả này chưa đạt mức tối thiểu 2 cuộc/năm, còn thiếu 2"),
        ("905", YEAR, "trên địa bàn xã Năm chưa ghi nhận cuộc đối thoại nào với công dân."),
        ("901", NINE_MONTHS, "Mức tối thiểu của cả năm là 2 cuộc; từ nay đến hết năm còn phải tổ chức ít nhất 1 cuộc."),
        ("901", NINE_MONTHS, "Theo kế hoạch có 2 cuộc đối thoại đến hạn: 0 cuộc thực hiện đúng hạn, 1 cuộc thực hiện muộn, 1 cuộc"),
        (DISTRICT, YEAR, "Có 2 trong số 4 đơn vị phải tổ chức đối thoại đạt mức tối thiểu của năm (50,00%)."),
    ],
)  # fmt: skip
def test_dialogues(marts: SurveyMarts, code: str, period: Period, sentence: str) -> None:
    assert sentence in text_of(fill(marts, code, period))


@pytest.mark.parametrize(
    ("code", "minimum"),
    [("901", "Mức tối thiểu theo kế hoạch là 2 cuộc/năm."), (DISTRICT, "của mỗi đơn vị cấp xã là 2 cuộc/năm.")],
)
def test_dialogues_without_a_source(code: str, minimum: str) -> None:
    marts = make_marts()
    marts.connection.execute("DELETE FROM marts.activity_compliance")
    text = text_of(fill(marts, code))
    assert "Chưa có nguồn số liệu về đối thoại với công dân" in text and minimum in text


def test_the_adjustment_of_tests_is_noted_where_there_is_a_test(marts: SurveyMarts) -> None:
    for code in ("901", "905"):
        tested = "p hiệu chỉnh" in text_of(fill(marts, code))
        assert any("Holm" in note for note in fill(marts, code).notes) == tested
    untested = make_marts()
    untested.connection.execute("DELETE FROM marts.sipas_change")
    form = fill(untested, "901")
    assert form.notes and not any("Holm" in note for note in form.notes)


def test_other_activities_stand_in_the_table(marts: SurveyMarts) -> None:
    [line] = table_of(fill(marts, "905"), "Hoạt động").lines
    assert line.values == ("Tập huấn", 3, 0, 1, 1, 1, 1, 35)


def test_too_few_forms_are_counted_and_nothing_else(marts: SurveyMarts) -> None:
    form = fill(marts, "904")
    [row] = index(marts, "904", YEAR, "node_level = 'overall'")
    text = text_of(form)
    assert f"Chỉ có {row['n_forms_answered']} phiếu có câu trả lời hợp lệ, ít hơn mức tối thiểu 10 phiếu" in text
    assert "%" not in text.replace("(50,00%)", "") and "xếp thứ" not in text
    headings = [block.text for block in form.blocks if isinstance(block, Heading)]
    assert headings == [
        "I. KẾT QUẢ KHẢO SÁT",
        "1. Chỉ số hài lòng chung",
        "II. ĐỐI THOẠI VÀ CÁC HOẠT ĐỘNG THEO KẾ HOẠCH",
    ]
    # With a minimum of one nothing is held back.
    assert "Chỉ số hài lòng chung đạt" in text_of(fill(marts, "904", minimum=1))


def test_a_unit_without_forms_reports_that(marts: SurveyMarts) -> None:
    form = fill(marts, "907")
    assert "Trong kỳ, trên địa bàn xã Bảy chưa ghi nhận phiếu khảo sát nào." in text_of(form)
    assert not any(isinstance(block, Table) for block in form.blocks)


@pytest.mark.parametrize("period", BOTH, ids=["year", "nine_months"])
def test_communes_of_a_district(marts: SurveyMarts, period: Period) -> None:
    form = fill(marts, DISTRICT, period)
    lines = {line.values[1]: line.values for line in table_of(form, "Hạng").lines}
    places = [line[0] for line in lines.values() if isinstance(line[0], int)]
    assert places == sorted(places)
    # After the ranked units: one of too few forms, whose place would tell its rank, and one without any.
    assert list(lines)[-2:] == [NAMES["904"], NAMES["907"]]
    text = text_of(form)
    ranked = [code for code in COMMUNES if code not in ("904", "907")]
    first = 0
    n_below = 0
    for code in ranked:
        [row] = index(marts, code, period, "node_level = 'overall'")
        [rank] = marts.rows(
            f"SELECT * FROM marts.sipas_ranking WHERE unit_code = '{code}' AND edition_id = '{period.period_id}'"
        )
        below = [
            item
            for item in index(marts, code, period, f"node_level = 'item' AND n_forms_answered >= {MINIMUM}")
            if item["pct"] < 90
        ]
        line = lines[NAMES[code]]
        assert line[0] == rank["index_rank"]
        assert line[2] == row["n_forms_answered"]
        assert line[3:6] == pytest.approx((row["pct"], row["ci_low_pct"], row["ci_high_pct"]))
        assert line[6:9] == (rank["rank_low_simultaneous"], rank["rank_high_simultaneous"], len(below))
        first += rank["rank_low_simultaneous"] == 1
        n_below += bool(below)
    assert (
        f"có {first} trong số 5 đơn vị cấp xã ({percent(100 * first / 5)}) có khoảng thứ hạng gồm cả hạng nhất" in text
    )
    assert f"{n_below} trong số 5 đơn vị cấp xã được nêu chỉ số có ít nhất một tiêu chí" in text or n_below == 5
    assert set(lines[NAMES["904"]][3:]) == {Mark.HIDDEN}
    assert lines[NAMES["907"]] == (None, NAMES["907"], 0, *[None] * 8)
    # Communes: one up, one down, one without evidence; two do not compare.
    assert (
        "Có 3 đơn vị cấp xã so sánh được với cùng kỳ năm trước. Tăng có ý nghĩa thống kê: xã Đầu. Giảm có ý nghĩa"
        in text
    )
    assert "quá ít phiếu ở kỳ trước: 2 đơn vị cấp xã." in text


def test_who_owes_the_section() -> None:
    kind = sipas_section(MINIMUM)
    assert (kind.levels, kind.period_kinds) == ({"commune", "district", "city"}, {"nine_months", "year"})


def test_several_instruments_stand_one_after_the_other() -> None:
    form = fill(make_marts(instruments=("A", "B")), "901")
    headings = [block.text for block in form.blocks if isinstance(block, Heading) and block.level == 1]
    assert headings == [
        "I. KẾT QUẢ KHẢO SÁT – BỘ PHIẾU A",
        "II. TIÊU CHÍ CẦN CẢI THIỆN, ĐƠN VỊ CHỦ TRÌ VÀ THỰC HIỆN – BỘ PHIẾU A",
        "III. KẾT QUẢ KHẢO SÁT – BỘ PHIẾU B",
        "IV. TIÊU CHÍ CẦN CẢI THIỆN, ĐƠN VỊ CHỦ TRÌ VÀ THỰC HIỆN – BỘ PHIẾU B",
        "V. ĐỐI THOẠI VÀ CÁC HOẠT ĐỘNG THEO KẾ HOẠCH",
    ]
    assert "Bộ phiếu B: danh mục tiêu chí chưa đầy đủ hoặc chưa được xác nhận." in form.notes


def test_files_hold_the_figures_of_the_marts(marts: SurveyMarts) -> None:
    """From the marts to what somebody opens: text in DOCX and PDF, numbers in XLSX."""
    form = fill(marts, "901")
    renderer = Renderer(noto_serif())
    [row] = index(marts, "901", YEAR, "node_level = 'overall'")
    sentence = f"Chỉ số hài lòng chung đạt {percent(row['pct'])}"
    word = docx.Document(io.BytesIO(renderer.render(form, "docx")))
    paragraphs = [paragraph.text for paragraph in word.paragraphs]
    assert sentence in "\n".join(paragraphs)
    assert {block.text for block in form.blocks if isinstance(block, Paragraph | Heading)} <= set(paragraphs)
    pages = pypdf.PdfReader(io.BytesIO(renderer.render(form, "pdf"))).pages
    assert "".join(sentence.split()) in "".join("".join(page.extract_text().split()) for page in pages)
    sheet = openpyxl.load_workbook(io.BytesIO(renderer.render(form, "xlsx"))).worksheets[0]
    cells = [cell.value for line in sheet.iter_rows() for cell in line]
    for node in index(marts, "901", YEAR, f"n_forms_answered >= {MINIMUM}"):
        # A percentage is a number in the sheet; which power of ten it is kept in, the number format says.
        assert any(
            isinstance(v, float) and v in (pytest.approx(node["pct"]), pytest.approx(node["pct"] / 100)) for v in cells
        )


def test_english_has_the_same_blocks_and_figures(marts: SurveyMarts) -> None:
    for code in (*COMMUNES, DISTRICT):
        vi, en = fill(marts, code), fill(marts, code, language="en")
        assert [type(block) for block in vi.blocks] == [type(block) for block in en.blocks]
        for here, there in zip(vi.blocks, en.blocks, strict=True):
            if isinstance(here, Table) and isinstance(there, Table):
                for line, other in zip(here.lines, there.lines, strict=True):
                    assert [v for v in line.values if not isinstance(v, str)] == [
                        v for v in other.values if not isinstance(v, str)
                    ]
            if isinstance(here, Paragraph) and isinstance(there, Paragraph):
                plain = [re.sub(r"(?<=\d)[.,](?=\d{3}\b)", "", block.text).replace(",", ".") for block in (here, there)]
                # Percentages stand in the same order in both; counts may not.
                assert sorted(re.findall(r"\d+\.\d\d%", plain[0])) == sorted(re.findall(r"\d+\.\d\d%", plain[1]))
