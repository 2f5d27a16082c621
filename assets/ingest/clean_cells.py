"""Clean copies of the cells that are read: what is one text is written in one way. Nothing here knows what a column means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.changes import DOUBLE_UTF8, FULL_WIDTH, NFC
from assets.ingest.readers.arrow_text import text_bytes
from assets.ingest.readers.table import SEQ
from assets.text.mend import plain_digits, undo_double_utf8

# Characters that stand around a value without belonging to it; the last two are the no-break space and the BOM.
EDGES = " \t\r\n\u00a0\ufeff"
_EDGE_BYTES = np.isin(np.arange(256), list({edge.encode()[at] for edge in EDGES for at in (0, -1)}))
# What the name of a clean column begins with; readers give no heading such a name.
CLEAN = "_clean "
# Rows in one of a chunk's batches, which the engine's threads take in turn.
BATCH_ROWS = 25_000

# What follows in UTF-8 on à, á, Ã, Ä, Æ and the like where each is half of a letter encoded twice: C2 80-BF, or one of the
# other signs of Windows.
_SECOND_LEADS = frozenset(b"\xc2\xc5\xc6\xcb\xe2")
# A decimal digit that is not 0-9.
_OTHER_DIGIT = r"[^\P{Nd}0-9]"


def with_clean_cells(chunk: pa.Table, headings: Iterable[str]) -> tuple[pa.Table, Counter[tuple[int, str]]]:
    """Return the chunk with a clean copy beside each of its cells read, and the cells changed by delivery and kind.

    Clean is NFC, without edges, blank as null, digits as 0-9, UTF-8 once. The chunk comes in batches that the engine's
    threads share out. This stands here and not in SQL because nearly all cells are clean already, which their bytes show.
    """
    chunk = chunk.combine_chunks()
    changes: Counter[tuple[int, str]] = Counter()
    seqs = chunk[SEQ].to_numpy()
    for heading in headings:
        parts, start = [], 0
        for cells in chunk[heading].chunks:
            parts.append(_clean(cells, seqs[start : start + len(cells)], changes))
            start += len(cells)
        chunk = chunk.append_column(f"{CLEAN}{heading}", pa.chunked_array(parts, pa.string()))
    return pa.Table.from_batches(chunk.to_batches(max_chunksize=BATCH_ROWS), chunk.schema), changes


def _clean(cells: pa.StringArray, seqs: npt.NDArray[np.int64], changes: Counter[tuple[int, str]]) -> pa.StringArray:
    text = text_bytes(cells)
    if len(text) and text.max() >= 0x80:
        if _may_be_twice_utf8(text):
            cells = _changed(DOUBLE_UTF8, cells, _by_value(cells, undo_double_utf8), seqs, changes)
            text = text_bytes(cells)
        if not _is_plainly_nfc(text):
            cells = _changed(NFC, cells, pc.utf8_normalize(cells, form="NFC"), seqs, changes)
            if pc.any(pc.match_substring_regex(cells, _OTHER_DIGIT)).as_py():
                cells = _changed(FULL_WIDTH, cells, _by_value(cells, plain_digits), seqs, changes)
    if _may_have_edges(cells):
        cells = pc.utf8_trim(cells, characters=EDGES)
    blank = pc.equal(pc.binary_length(cells), 0)
    return pc.if_else(blank, pa.scalar(None, pa.string()), cells) if pc.any(blank).as_py() else cells


def _may_have_edges(cells: pa.StringArray) -> bool:
    """Whether a cell begins or ends with a byte that one of EDGES begins or ends with; most columns have none."""
    if cells.buffers()[2] is None or not len(cells):
        return False
    text = text_bytes(cells)
    offsets = np.frombuffer(cells.buffers()[1], dtype=np.int32)[cells.offset : cells.offset + len(cells) + 1]
    offsets = offsets - offsets[0]
    filled = offsets[1:] > offsets[:-1]
    first, last = text[offsets[:-1][filled]], text[offsets[1:][filled] - 1]
    return bool(np.any(_EDGE_BYTES[first] | _EDGE_BYTES[last]))


def _is_plainly_nfc(text: npt.NDArray[np.uint8]) -> bool:
    """Whether no character can change under NFC by its bytes: all below U+0300 or from U+1E00 to U+1EFF, as in Vietnamese."""
    above = np.flatnonzero(text >= 0xCC)
    return bool(np.all(text[above] == 0xE1)) and bool(np.all((text[above + 1] & 0xFC) == 0xB8))


def _may_be_twice_utf8(text: npt.NDArray[np.uint8]) -> bool:
    """Whether a letter of Latin-1 that begins a UTF-8 sequence as Windows shows it stands before one that goes on with it."""
    head = text[:-2]
    first = np.flatnonzero((head == 0xC3) | (head == 0xC4))
    second = text[first + 1]
    # Â-ß begin two bytes, à-ï three: in UTF-8 their own second bytes are 82-9F and A0-AF. Windows in Vietnamese has Ă for Ã.
    is_lead = np.where(text[first] == 0xC3, (second >= 0x82) & (second <= 0xAF), second == 0x82)
    first = first[is_lead]
    return any(bool(np.any(text[first + 2] == lead)) for lead in _SECOND_LEADS)


def _by_value(cells: pa.StringArray, change: Callable[[str], str]) -> pa.StringArray:
    """The cells changed; each different text is changed once."""
    coded = cells.dictionary_encode()
    values = pa.array(
        [value if value.isascii() else change(value) for value in coded.dictionary.to_pylist()], pa.string()
    )
    return values.take(coded.indices)


def _changed(
    kind: str,
    before: pa.StringArray,
    after: pa.StringArray,
    seqs: npt.NDArray[np.int64],
    changes: Counter[tuple[int, str]],
) -> pa.StringArray:
    """The cells after a change, counted by delivery."""
    differs = pc.not_equal(before, after).fill_null(False).to_numpy(zero_copy_only=False)
    for seq, number in zip(*np.unique(seqs[differs], return_counts=True), strict=True):
        changes[int(seq), kind] += int(number)
    return after
