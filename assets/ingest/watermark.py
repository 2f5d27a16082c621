"""The watermark of a database source: the column that says which rows are new or changed, as the spec names it and as a value.

What was read up to which value is kept by the ledger; reading stands in extract.py.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError, field_validator

from assets.ingest.readers.database import WatermarkKind, WatermarkValue
from quality.contract import Strict
from quality.validation import NotValid

# The engine's type of each kind. Text is taken only in ISO form, which sorts as the moments do; bytes come as hexadecimal.
SQL_TYPES: dict[WatermarkKind, str] = {
    "instant": "TIMESTAMPTZ",
    "datetime": "TIMESTAMP",
    "date": "DATE",
    "integer": "BIGINT",
    "text": "TIMESTAMP",
    "bytes": "VARCHAR",
}
ISO = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?"
_TEMPORAL: tuple[WatermarkKind, ...] = ("instant", "datetime", "date", "text")
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_DURATION = TypeAdapter(dt.timedelta)


class WatermarkMismatch(ValueError):
    """An overlap or start that does not go with the kind of values the column holds."""


class Watermark(Strict):
    """Which column rises with every change of a row, how far below the last value to read again, and where to begin.

    `overlap` is a duration (``2 days``, ``PT2H``) for moments and days, a whole number for numbers and row versions.
    """

    column: str
    overlap: dt.timedelta | int = 0
    start: str | int | None = None

    @field_validator("overlap", mode="before")
    @classmethod
    def is_length(cls, overlap: Any) -> dt.timedelta | int:
        if isinstance(overlap, int) and not isinstance(overlap, bool) and overlap >= 0:
            return overlap
        if isinstance(overlap, str):
            if found := re.fullmatch(r"(\d+)\s*(second|minute|hour|day|week)s?", overlap.strip()):
                return dt.timedelta(seconds=int(found[1]) * _UNITS[found[2]])
            if overlap.startswith("P"):
                try:
                    return _DURATION.validate_python(overlap)
                except ValidationError:
                    pass
        raise NotValid(
            "viết như 2 days, 3 hours, PT2H; với cột số thì một số nguyên",
            "write it like 2 days, 3 hours or PT2H; for a column of numbers a whole number",
        )

    @field_validator("start", mode="before")
    @classmethod
    def is_value(cls, start: Any) -> Any:
        return (
            start.isoformat(sep=" ")
            if isinstance(start, dt.datetime)
            else str(start)
            if isinstance(start, dt.date)
            else start
        )


def is_temporal(kind: WatermarkKind) -> bool:
    return kind in _TEMPORAL


def bound(kind: WatermarkKind, text: str, zone: str) -> WatermarkValue:
    """Return a value's text as what is put to the database. Raises WatermarkMismatch."""
    position = _position(kind, text, zone)
    if isinstance(position, int):
        return bytes.fromhex(text) if kind == "bytes" else position
    if kind == "date":
        return position.date()
    if kind == "text":
        # The least of the spellings of a moment: no text of a later one sorts before it.
        return str(position.replace(microsecond=0)).removesuffix(" 00:00:00")
    return position


def below(kind: WatermarkKind, text: str, overlap: dt.timedelta | int, zone: str) -> str:
    """Return the text of the value that lies `overlap` below another, from which on rows are read. Raises WatermarkMismatch."""
    position = _position(kind, text, zone)
    if not overlap:
        return text
    if isinstance(position, dt.datetime) and isinstance(overlap, dt.timedelta):
        return str(position - overlap)
    if isinstance(position, int) and isinstance(overlap, int):
        if kind == "bytes":
            return max(position - overlap, 0).to_bytes(len(text) // 2, "big").hex()
        return str(position - overlap)
    raise WatermarkMismatch(f"overlap for a column of kind {kind}")


def latest(kind: WatermarkKind, today: dt.date, zone: str) -> str | None:
    """Return the text of the last moment that a clock somewhat fast may have written; None for what is no time."""
    if not is_temporal(kind):
        return None
    end = dt.datetime.combine(today + dt.timedelta(days=2), dt.time())
    return str(end.replace(tzinfo=ZoneInfo(zone)) if kind == "instant" else end)


def _position(kind: WatermarkKind, text: str, zone: str) -> dt.datetime | int:
    try:
        if kind == "integer":
            return int(text)
        if kind == "bytes":
            return int.from_bytes(bytes.fromhex(text), "big")
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise WatermarkMismatch(f"{text!r} for a column of kind {kind}") from None
    if kind == "instant":
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))
    return moment.replace(tzinfo=None)
