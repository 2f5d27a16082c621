"""A file handed to pyarrow's CSV reader in blocks that part no line end. What the cells mean is not known here."""

from __future__ import annotations

import io


class CsvBlocks(io.BufferedReader):
    r"""A binary file of which no read ends between the \r and the \n of a \r\n.

    Where the edge of a block falls there, pyarrow takes the \n for the rest of a row's end and drops it, also out of a
    quoted cell (apache/arrow#51368).
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 2:
            return super().read(size)
        block = super().read(size - 1)
        if block.endswith(b"\r") and self.peek(1).startswith(b"\n"):
            block += super().read(1)
        return block
