"""What a spec may say under `reader`, and what is told to who says something else."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from assets.ingest.readers.options import CsvOptions, DatabaseOptions, ReaderOptions, WorkbookOptions

ADAPTER: TypeAdapter[Any] = TypeAdapter(ReaderOptions)


def test_kind_decides_and_defaults_hold() -> None:
    assert ADAPTER.validate_python({"kind": "csv"}) == CsvOptions(kind="csv", header_line=1)
    assert ADAPTER.validate_python({"kind": "database"}) == DatabaseOptions(kind="database")
    rules = [{"column": "STT", "matches": "^(Tổng|Cộng)"}, {"column": "X", "blank": True}]
    options = ADAPTER.validate_python(
        {"kind": "workbook", "sheet": "Phiếu*", "header_rows": 2, "header_start": 5, "skip": rules}
    )
    assert isinstance(options, WorkbookOptions) and options.header_start == 5
    assert [rule.column for rule in options.skip] == ["STT", "X"]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"kind": "excel"}, ()),
        ({"kind": "csv", "delimeter": ";"}, ("csv", "delimeter")),
        ({"kind": "csv", "delimiter": "||"}, ("csv", "delimiter")),
        ({"kind": "csv", "delimiter": '"'}, ("csv", "delimiter")),
        ({"kind": "csv", "encoding": "utf-88"}, ("csv", "encoding")),
        ({"kind": "csv", "header_line": 0}, ("csv", "header_line")),
        ({"kind": "workbook", "header_rows": 4}, ("workbook", "header_rows")),
        ({"kind": "workbook", "header_rows": "2"}, ("workbook", "header_rows")),
        ({"kind": "workbook", "header_start": "first"}, ("workbook", "header_start")),
        ({"kind": "jsonl", "skip": [{"column": "a"}]}, ("jsonl", "skip", 0)),
        ({"kind": "jsonl", "skip": [{"column": "a", "matches": "x", "blank": True}]}, ("jsonl", "skip", 0)),
        ({"kind": "jsonl", "skip": [{"column": "a", "blank": False}]}, ("jsonl", "skip", 0, "blank")),
        ({"kind": "json", "skip": [{"column": "a", "matches": "(?=x)"}]}, ("json", "skip", 0, "matches")),
        ({"kind": "json", "path": "District"}, ("json", "path")),
        ({"kind": "database", "table": "x"}, ("database", "table")),
    ],
)
def test_mistakes_are_told_with_their_place(given: dict[str, Any], place: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        ADAPTER.validate_python(given)
    assert caught.value.errors()[0]["loc"][: len(place)] == place
