"""Typed values of workbooks, databases and JSON as canonical text. Reading that text back into types is the mapping's work."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Below this every integral double has a repr in plain digits that ends in ".0".
_PLAIN_DIGITS = 1e16

# One point before three digits: as a number it is a decimal point, in a text it can also stand between thousands.
_LIKE_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}\.\d{3}")

# How a datetime without a zone ends when it is only a date.
_MIDNIGHT = " 00:00:00"

# A column of more kinds of values than this is turned into text one value at a time.
_MOST_KINDS = 4

# Offsets of a string array have 32 bits.
_MOST_BYTES = 2**31 - 1


class BinaryValueError(ValueError):
    """A value is bytes, which has no text."""


def cell_text(value: Any) -> str | None:
    """The canonical text of one value; None stays None.

    123.0 is "123", other floats their shortest repr, Decimals plain digits (both with one more zero where a text could be
    read as thousands: 7.125 is "7.1250"), booleans "true"/"false", dates
    "2023-06-01", datetimes "2023-06-01 10:30:00[.ffffff][+07:00]" (a naive midnight is the date alone), times
    "10:30:00", durations hours:minutes:seconds, lists and objects compact JSON. Bytes raise BinaryValueError.
    """
    return _TEXT_OF[type(value)](value)


def text_column(values: Sequence[Any]) -> pa.Array:
    """The canonical text of a column of values as a string array of the same length."""
    kinds = set(map(type, values))
    if kinds == {str}:
        return _joined_strings(values)
    if kinds <= {str, type(None)}:
        return _strings(values)
    if kinds == {float}:
        numbers = np.array(values, dtype=np.float64) + 0.0  # turns -0.0 into 0.0
        if bool(np.all(np.abs(numbers) < _PLAIN_DIGITS)) and bool(np.all(numbers == np.floor(numbers))):
            return pc.cast(pa.array(numbers.astype(np.int64)), pa.string())
        return _joined_strings([_number(repr(number)) for number in numbers.tolist()])
    if kinds == {dt.date}:
        return pc.cast(pa.array(values, pa.date32()), pa.string())
    if kinds == {dt.datetime}:
        return _moments(values)
    if 1 < len(kinds) <= _MOST_KINDS:
        return _by_kind(values, kinds)
    return _strings([_TEXT_OF[type(value)](value) for value in values])


def _by_kind(values: Sequence[Any], kinds: set[type]) -> pa.Array:
    """Each kind of value as a column of its own, then all back in their places: a blank among dates is "", not a date."""
    of_value = list(map(type, values))
    columns, places = [], []
    for kind in kinds:
        at = [place for place, found in enumerate(of_value) if found is kind]
        columns.append(text_column([values[place] for place in at]))
        places += at
    order = np.empty(len(values), dtype=np.int64)
    order[places] = np.arange(len(values))
    return pa.concat_arrays(columns).take(pa.array(order))


def _moments(values: Sequence[dt.datetime]) -> pa.Array:
    if {value.tzinfo for value in values} != {None} or {value.microsecond for value in values} != {0}:
        return _joined_strings([_datetime(value) for value in values])
    column = pc.cast(pa.array(values, pa.timestamp("s")), pa.string())
    return pc.if_else(pc.ends_with(column, _MIDNIGHT), pc.utf8_slice_codeunits(column, 0, len("2023-06-01")), column)


def _joined_strings(values: Sequence[str]) -> pa.Array:
    """Strings without nulls, encoded in one piece: several times as fast as one by one where they are not ASCII."""
    try:
        data = "\0".join(values).encode()
    except UnicodeEncodeError:
        return _strings(values)
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 0)
    if len(ends) != len(values) - 1 or len(data) > _MOST_BYTES:
        return _strings(values)  # a string holds a NUL itself
    offsets = np.zeros(len(values) + 1, dtype=np.int32)
    offsets[1:-1] = ends - np.arange(len(ends))
    offsets[-1] = len(data) - len(ends)
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(offsets), pa.py_buffer(data.replace(b"\0", b"")))


def _strings(values: Sequence[str | None]) -> pa.Array:
    try:
        column = pa.array(values, pa.string())
    except UnicodeEncodeError:
        # JSON can spell half a surrogate pair, which is no character.
        column = pa.array([v and v.encode("utf-8", "replace").decode() for v in values], pa.string())
    if isinstance(column, pa.ChunkedArray):  # more than 2 GB of text in one batch
        raise OverflowError("one batch holds more than 2 GB of text")
    return column


def _number(text: str) -> str:
    """The text of a number, never in the form in which a text could mean thousands: 7.125 is "7.1250"."""
    return f"{text}0" if _LIKE_THOUSANDS.fullmatch(text) else text.removesuffix(".0")


def _float(value: float) -> str:
    return _number(repr(value + 0.0))


def _decimal(value: Decimal) -> str:
    text = format(value, "f")
    return f"{text}0" if _LIKE_THOUSANDS.fullmatch(text) else text


def _datetime(value: dt.datetime) -> str:
    return str(value).removesuffix(_MIDNIGHT)


def _duration(value: dt.timedelta) -> str:
    sign, value = ("-", -value) if value < dt.timedelta(0) else ("", value)
    minutes, seconds = divmod(value.days * 86_400 + value.seconds, 60)
    fraction = f".{value.microseconds:06d}" if value.microseconds else ""
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{fraction}"


def _binary(value: Any) -> str:
    raise BinaryValueError


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=cell_text)


class _ByType(dict[type, Callable[[Any], "str | None"]]):
    def __missing__(self, kind: type) -> Callable[[Any], str | None]:
        # Drivers bring their own subclasses; what is none of ours has the text it gives itself (UUID, ranges).
        known = next((self[base] for base in kind.__mro__[1:] if base in self), str)
        self[kind] = known
        return known


_TEXT_OF = _ByType(
    {
        type(None): lambda _: None,
        str: lambda value: value,
        float: _float,
        int: str,
        bool: lambda value: "true" if value else "false",
        Decimal: _decimal,
        dt.date: str,
        dt.datetime: _datetime,
        dt.time: str,
        dt.timedelta: _duration,
        bytes: _binary,
        bytearray: _binary,
        memoryview: _binary,
        list: _json,
        tuple: _json,
        dict: _json,
    }
)
