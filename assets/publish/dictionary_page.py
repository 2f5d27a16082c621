"""The data dictionary as pages of the site, one per language, for readers who have no tools: each stands on its own.

The pages depend on the models and the settings alone, so that revisions share them. What they say is read from the
manifest by dictionary.py; the same content for readers of the repository is written by scripts/generate_dictionary.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assets.publish.context import PublishContext
from assets.publish.dictionary import Entry, dictionary_of
from assets.publish.disclosure import HIDDEN_COLUMN
from assets.publish.marts import Column, Mart

_WORDS: Mapping[str, Mapping[str, str]] = {
    "vi": {
        "title": "Từ điển dữ liệu",
        "skip": "Đến danh sách bảng",
        "back": "Về trang chính",
        "other": "English",
        "dbt": "Câu lệnh SQL và sơ đồ (dbt, tiếng Anh)",
        "version": "phiên bản",
        "simulated": "DỮ LIỆU MÔ PHỎNG, không phải số liệu thật.",
        "lead": "Mọi bảng kết quả và mọi cột: nghĩa, kiểu, đơn vị, phép kiểm tra, được tính từ đâu và dùng ở đâu.",
        "open": "công khai",
        "open_means": "công bố trong open/, ô nhỏ bị ẩn; cũng có trong cơ sở dữ liệu của người phân tích.",
        "analyst": "phân tích",
        "analyst_means": "chỉ có trong cơ sở dữ liệu của người phân tích.",
        "hidden_means": "Cột “ẩn” cho biết số liệu bị bỏ trống trong open/ khi dòng dựa trên ít hơn {minimum_n} bản ghi; "
        "tệp công khai khi đó có thêm cột hidden: {hidden_column}",
        "units": "Tỷ lệ tính từ 0 đến 100. Ngày là ngày địa phương của nguồn; cột kết thúc bằng _at theo giờ UTC.",
        "filter": "Lọc theo bảng, cột hoặc từ",
        "contents": "Mục lục",
        "grain": "Mỗi dòng một",
        "hidden_by": "Dòng bị ẩn theo số bản ghi ở",
        "columns": "Các cột",
        "column": "cột",
        "label": "tên",
        "kind": "kiểu",
        "empty": "có thể trống",
        "hidden": "ẩn",
        "meaning": "giải thích",
        "yes": "có",
        "no": "không",
        "lineage": "Nguồn gốc",
        "sources": "Dữ liệu gốc",
        "made_from": "Tính trực tiếp từ",
        "used_by": "Các bảng dùng bảng này",
        "shown_in": "Trang và biểu mẫu dùng bảng này",
        "tests": "Kiểm tra mỗi lần chạy",
        "none": "không có",
        "percent": "phần trăm",
        "text": "chữ",
        "bigint": "số nguyên",
        "double precision": "số",
        "decimal": "số",
        "boolean": "đúng hoặc sai",
        "date": "ngày",
        "timestamp": "thời điểm (UTC)",
    },
    "en": {
        "title": "Data dictionary",
        "skip": "To the marts",
        "back": "Back to the front page",
        "other": "Tiếng Việt",
        "dbt": "SQL and graph (dbt)",
        "version": "version",
        "simulated": "SIMULATED DATA, not real figures.",
        "lead": "Every mart and every column: meaning, type, unit, tests, what it is made from and where it is used.",
        "open": "open",
        "open_means": "published under open/ with small cells hidden, and in the analysts' database.",
        "analyst": "analyst",
        "analyst_means": "in the analysts' database only.",
        "hidden_means": "“Hidden” says whether the figure is left blank in open/ when its row rests on fewer than {minimum_n} "
        "records; the open files then have one more column, hidden: {hidden_column}",
        "units": "Percentages run from 0 to 100. Days are local days of the source; columns that end in _at are UTC.",
        "filter": "Filter by mart, column or word",
        "contents": "Contents",
        "grain": "One row per",
        "hidden_by": "A row is hidden by the number of records in",
        "columns": "Columns",
        "column": "column",
        "label": "name",
        "kind": "type",
        "empty": "may be blank",
        "hidden": "hidden",
        "meaning": "meaning",
        "yes": "yes",
        "no": "no",
        "lineage": "Lineage",
        "sources": "Landed data",
        "made_from": "Made directly from",
        "used_by": "Marts made from it",
        "shown_in": "Pages and forms made from it",
        "tests": "Tested by every run",
        "none": "none",
        "percent": "percent",
        "text": "text",
        "bigint": "whole number",
        "double precision": "number",
        "decimal": "number",
        "boolean": "true or false",
        "date": "day",
        "timestamp": "moment (UTC)",
    },
}


def write_dictionary(manifest: Mapping[str, Any], context: PublishContext, folder: Path) -> None:
    """Write `<folder>/vi.html` and `<folder>/en.html`; the page of the site lies one folder above, dbt's own beside them."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    template = environment.get_template("dictionary.html.j2")
    entries = dictionary_of(manifest)
    names = {entry.mart.name for entry in entries}
    folder.mkdir(parents=True, exist_ok=True)
    for language, words in _WORDS.items():
        hidden = HIDDEN_COLUMN.description_vi if language == "vi" else HIDDEN_COLUMN.description
        w = dict(words)
        w["hidden_means"] = words["hidden_means"].format(
            minimum_n=context.minimum_n, hidden_column=f"{hidden[0].lower()}{hidden[1:]}"
        )

        def codes(listed: Sequence[str], w: Mapping[str, str] = w) -> Markup:
            return _codes(listed, names, w["none"])

        def label(one: Mart | Column, language: str = language) -> str:
            return one.label_vi if language == "vi" else one.label_en

        def kind(entry: Entry, column: Column, w: Mapping[str, str] = w) -> str:
            if column.format == "percent":
                return w["percent"]
            declared = entry.types.get(column.name, "")
            return w.get(declared.partition("(")[0], declared)

        page = template.render(
            language=language,
            other="en" if language == "vi" else "vi",
            w=w,
            title=context.title(language),
            version=context.version,
            simulated=context.simulated,
            entries=entries,
            codes=codes,
            label=label,
            kind=kind,
        )
        (folder / f"{language}.html").write_text(page + "\n", encoding="utf-8")


def _codes(listed: Sequence[str], marts: set[str], none: str) -> Markup:
    """Names, those of marts leading to their sections."""
    parts = [
        Markup('<a href="#{0}"><code>{0}</code></a>' if name in marts else "<code>{0}</code>").format(name)
        for name in listed
    ]
    return Markup(", ").join(parts) if parts else Markup("{0}").format(none)
