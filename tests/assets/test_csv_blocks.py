"""Blocks for pyarrow's CSV reader: nothing lost, no line end parted."""

from __future__ import annotations

import io
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from assets.csv_blocks import CsvBlocks


@given(content=st.text("\r\na").map(str.encode), size=st.integers(2, 9), buffer=st.integers(1, 9))
@example(content=b"a\r\n", size=2, buffer=1)
@example(content=b"\r\r\n\r", size=2, buffer=9)
def test_no_read_ends_within_a_line_end(content: bytes, size: int, buffer: int) -> None:
    file = CsvBlocks(io.BytesIO(content), buffer)
    blocks = list(iter(lambda: file.read(size), b""))
    assert b"".join(blocks) == content
    assert all(len(block) <= size for block in blocks)
    assert not any(one.endswith(b"\r") and other.startswith(b"\n") for one, other in pairwise(blocks))


def test_a_read_without_a_size_gives_the_rest() -> None:
    file = CsvBlocks(io.BytesIO(b"a\r\nb"))
    assert (file.read(2), file.read(), file.read()) == (b"a", b"\r\nb", b"")
