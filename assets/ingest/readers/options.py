"""What a source spec may say under `reader`. Where the input lies and what its columns mean stand elsewhere in the spec."""

from __future__ import annotations

import codecs
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

import assets.text.charsets  # noqa: F401 (makes the old character sets known as encodings)
from quality.validation import NotValid


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


# The old character set that cells of Unicode text show as Latin letters; "unicode" says that they show none.
LegacyCharset = Literal["unicode", "tcvn3", "vni", "viscii", "vps"]


def _known_encoding(encoding: str | None) -> str | None:
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise NotValid(
                f"không có bảng mã {encoding!r}; thường dùng utf-8, utf-16, cp1258, tcvn3, vni và viscii",
                f"unknown encoding {encoding!r}; utf-8, utf-16, cp1258, tcvn3, vni and viscii are usual",
            ) from None
    return encoding


class SkipRule(_Strict):
    """Rows to leave out on purpose (totals, signatures): by a pattern found in a column, or by the column being blank.

    The cell is compared trimmed and in NFC. Patterns are RE2: no look-around and no back-references.
    """

    column: str
    matches: str | None = None
    blank: Literal[True] | None = None

    @field_validator("matches")
    @classmethod
    def _pattern_compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                pc.match_substring_regex(pa.array([""]), pattern)
            except pa.ArrowInvalid as error:
                raise NotValid("không phải mẫu mà RE2 hiểu", f"not a pattern RE2 accepts: {error}") from None
        return pattern

    @model_validator(mode="after")
    def _one_condition(self) -> SkipRule:
        if (self.matches is None) == (self.blank is None):
            raise NotValid(
                "khai báo `matches: <mẫu>` hoặc `blank: true` (một trong hai)",
                "give either `matches: <pattern>` or `blank: true`",
            )
        return self


class CsvOptions(_Strict):
    """Delimited text. Encoding and delimiter are found when not stated; `header_line` counts physical lines from 1."""

    kind: Literal["csv"]
    encoding: str | None = None
    delimiter: str | None = None
    header_line: Annotated[int, Field(ge=1)] = 1
    legacy_text: LegacyCharset | None = None
    skip: list[SkipRule] = []

    @field_validator("encoding")
    @classmethod
    def _encoding_known(cls, encoding: str | None) -> str | None:
        return _known_encoding(encoding)

    @field_validator("delimiter")
    @classmethod
    def _delimiter_usable(cls, delimiter: str | None) -> str | None:
        if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0'):
            raise NotValid(
                'dấu phân cách là một ký tự, như "," ";" "|" hoặc "\\t"',
                'the delimiter is one character, such as "," ";" "|" or "\\t"',
            )
        return delimiter


class WorkbookOptions(_Strict):
    """An Excel workbook. `sheet` is a name or a pattern with * and ?; left out, the first visible sheet is read."""

    kind: Literal["workbook"]
    sheet: str | None = None
    header_rows: Annotated[int, Field(ge=1, le=3)] = 1
    header_start: Literal["auto"] | Annotated[int, Field(ge=1)] = "auto"
    legacy_text: LegacyCharset | None = None
    skip: list[SkipRule] = []


class JsonLinesOptions(_Strict):
    """One JSON object a line."""

    kind: Literal["jsonl"]
    legacy_text: LegacyCharset | None = None
    skip: list[SkipRule] = []


class JsonOptions(_Strict):
    """One JSON document; `path` names the lists to descend, outermost first."""

    kind: Literal["json"]
    path: list[str] = []
    legacy_text: LegacyCharset | None = None
    skip: list[SkipRule] = []


class ParquetOptions(_Strict):
    """A Parquet file."""

    kind: Literal["parquet"]
    legacy_text: LegacyCharset | None = None
    skip: list[SkipRule] = []


class SpssOptions(_Strict):
    """An SPSS file (SAV, ZSAV). `encoding` is that of its texts, if the file does not say."""

    kind: Literal["spss"]
    encoding: str | None = None
    legacy_text: LegacyCharset | None = None
    skip: list[SkipRule] = []

    @field_validator("encoding")
    @classmethod
    def _encoding_known(cls, encoding: str | None) -> str | None:
        return _known_encoding(encoding)


class DatabaseOptions(_Strict):
    """A table or query of a database; which one is part of the location."""

    kind: Literal["database"]
    skip: list[SkipRule] = []


ReaderOptions = Annotated[
    CsvOptions | WorkbookOptions | JsonLinesOptions | JsonOptions | ParquetOptions | SpssOptions | DatabaseOptions,
    Field(discriminator="kind"),
]
