"""Cells and headings that show the bytes of an old Vietnamese character set as Latin letters, read as the text they mean.

A workbook whose cells are in a font such as .VnTime holds "Céng hßa" where "Cộng hòa" is seen. What the sets are stands in
assets/text; bytes that are no text yet are decoded in text.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.readers.arrow_text import holds_marks, text_bytes
from assets.ingest.readers.refusal import InputRefused
from assets.text import Detection, convert, detect_charset

UNICODE = "unicode"

# Letters that no old set shows: ă đ ĩ ũ ơ ư, all of U+1E00 to U+1EFF, and marks that stand apart.
_VIETNAMESE = re.compile(
    rb"\xc4[\x82\x83\x90\x91\xa8\xa9]|\xc5[\xa8\xa9]|\xc6[\xa0\xa1\xaf\xb0]|\xe1[\xb8-\xbb]|[aeiouyAEIOUY]\xcc[\x80-\xa3]"
)
# Signs of U+00A8 to U+00BE, which are letters in TCVN3 and in VISCII.
_SIGN = re.compile(rb"\xc2[\xa8-\xbe]")


class LegacyText:
    """Reads the text columns of one table; a column is in one set or in Unicode throughout.

    `stated` is the set that the spec states, "unicode", or None when it is to be found by content. Found or stated, a
    column that holds letters of Unicode's Vietnamese is in Unicode. Raises InputRefused: text.ambiguous when the content
    does not tell, text.mixed when one column holds both.
    """

    def __init__(self, stated: str | None) -> None:
        self.stated = stated
        self.kinds: dict[int, str] = {}

    def headings(self, headings: Sequence[str], first: Sequence[pa.Array]) -> list[str] | None:
        """The headings as they are meant, in the light of the first rows; None when they are so already."""
        texts = pa.array(headings, pa.string())
        if self.stated == UNICODE or not holds_marks(texts) or _VIETNAMESE.search(text_bytes(texts).data):
            return None
        self._decide([*first, texts])
        kind = self.kinds.pop(len(first), UNICODE)
        return None if kind == UNICODE else _converted(texts, kind).to_pylist()

    def read(self, columns: Sequence[pa.Array]) -> list[pa.Array]:
        """The columns as they are meant; those that are so already are the same objects."""
        if self.stated == UNICODE:
            return list(columns)
        self._decide(columns)
        return [
            column if self.kinds.get(index, UNICODE) == UNICODE else _converted(column, self.kinds[index])
            for index, column in enumerate(columns)
        ]

    def _decide(self, columns: Sequence[pa.Array]) -> None:
        """Find the kind of each column that has marked letters and is not decided yet; check those that are."""
        open_: dict[int, list[str]] = {}
        for index, column in enumerate(columns):
            text = text_bytes(column)
            if not len(text) or text.max() < 0x80:
                continue
            known = self.kinds.get(index)
            if known == UNICODE or _VIETNAMESE.search(text.data):
                if known not in (None, UNICODE) or (_SIGN.search(text.data) and _holds_old_text_too(column)):
                    raise _mixed()
                self.kinds[index] = UNICODE
            elif known is None:
                open_[index] = pc.unique(column).drop_null().to_pylist()
        if self.stated is not None:
            self.kinds |= dict.fromkeys(open_, self.stated)
        elif open_:
            self._find(open_)

    def _find(self, texts: dict[int, list[str]]) -> None:
        whole = detect_charset(text for column in texts.values() for text in column)
        in_unicode = UNICODE in self.kinds.values()
        for index, column in texts.items():
            found = detect_charset(column)
            if whole.encoding in found.candidates and not (in_unicode and found.encoding == UNICODE):
                # Too little for itself, or as good a text in Unicode: it is in the set of the columns beside it.
                found = whole
            elif whole.encoding in found.candidates:
                found = Detection(None, (str(whole.encoding), UNICODE))
            if found.encoding is None and in_unicode and found.few:
                # A strange word or two in a table that is in Unicode.
                found = Detection(UNICODE)
            if found.encoding is None:
                raise ambiguous_text("legacy_text", found.candidates)
            self.kinds[index] = found.encoding


def _holds_old_text_too(column: pa.StringArray) -> bool:
    """Whether a column in Unicode, with signs that stand in no word of Unicode, has cells that are not."""
    others = [text for text in pc.unique(column).drop_null().to_pylist() if not _VIETNAMESE.search(text.encode())]
    return detect_charset(others).encoding not in (UNICODE, None)


def _converted(column: pa.StringArray, charset: str) -> pa.StringArray:
    """A cell that holds what the set has not stays as it is."""
    coded = column.dictionary_encode()
    values = [text if (new := convert(text, charset)) is None else new for text in coded.dictionary.to_pylist()]
    return pa.array(values, pa.string()).take(coded.indices)


def _mixed() -> InputRefused:
    return InputRefused(
        "text.mixed",
        "Một cột có cả chữ Unicode và chữ của bảng mã cũ (TCVN3, VNI, …). Hãy chuyển cả cột sang Unicode rồi gửi lại tệp.",
        "One column holds text in Unicode and in an old character set (TCVN3, VNI, …). Convert it to Unicode and send the "
        "file again.",
    )


def ambiguous_text(option: str, candidates: Iterable[str]) -> InputRefused:
    """The refusal of text of which two readings hold, or too little stands there to tell; `option` settles it."""
    listed = ", ".join(candidates)
    return InputRefused(
        "text.ambiguous",
        f"Không rõ chữ trong tệp ghi theo bảng mã nào ({listed}). Hãy ghi {option} vào phần reader của khai báo nguồn.",
        f"Which encoding the text is in cannot be told ({listed}). State {option} under reader in the source spec.",
    )
