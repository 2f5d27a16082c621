"""The bytes behind a column of text. What they mean is not known here."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def text_bytes(column: pa.StringArray) -> npt.NDArray[np.uint8]:
    """Return the UTF-8 text of all cells of a column, one after the other; no copy."""
    data = column.buffers()[2]
    if data is None or not len(column):
        return np.empty(0, dtype=np.uint8)
    ends = np.frombuffer(column.buffers()[1], dtype=np.int32)
    return np.frombuffer(data, dtype=np.uint8)[ends[column.offset] : ends[column.offset + len(column)]]


def holds_marks(column: pa.StringArray) -> bool:
    """Return whether any cell holds a character beyond ASCII."""
    text = text_bytes(column)
    return bool(len(text)) and int(text.max()) >= 0x80
