"""How a return is known again: the ids, names and columns that go out with refused rows and come back with corrected ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

# The columns that stand behind a row's own cells. The words are the office's.
REASON = "Lý do trả lại"
ORIGINAL_LINE = "Dòng trong tệp gốc"
CODE = "Mã trả lại"
MARKS = (REASON, ORIGINAL_LINE, CODE)

# Where corrected returns can be put under any name; under their own name they are known anywhere in inbox/.
INBOX_FOLDER = "inbox/returns"

RETURN_ID = re.compile(r"TL-[0-9a-f]{10}")
ROW_CODE = re.compile(r"(TL-[0-9a-f]{10})-(\d+)")

_FORMULA = re.compile("'*[ \u00a0]*[=+\\-@\t\r\n＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")


def return_id(parts: Iterable[str]) -> str:
    """Return the id of a return, which follows from what is returned: the same refusal is not returned twice."""
    return "TL-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]


def row_code(return_id: str, row_no: int) -> str:
    return f"{return_id}-{row_no}"


def is_return(path: str) -> bool:
    """Return whether a path of the workspace is that of a return, and so of no source."""
    return path.startswith(f"{INBOX_FOLDER}/") or RETURN_ID.search(path.rpartition("/")[2]) is not None


def guarded(text: str) -> str:
    """Return a text as CSV holds it: with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text) else text
