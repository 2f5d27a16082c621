"""The guide's table of forms is the list of kinds that runs write."""

from __future__ import annotations

import re
from pathlib import Path

from assets.forms.kinds import form_kinds
from assets.forms.options import FormOptions

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "official-forms.md"


def test_every_form_stands_in_the_guide() -> None:
    written = {
        code: (audience, set(levels.split(", ")), set(periods.split(", ")))
        for code, audience, levels, periods in re.findall(
            r"^\| `(\w+)` \| [^|]+ \| (office|open) \| ([\w, ]+) \| ([\w, ]+) \|$",
            GUIDE.read_text(encoding="utf-8"),
            re.M,
        )
    }
    kinds = {kind.code: (kind.audience, set(kind.levels), set(kind.period_kinds)) for kind in form_kinds(FormOptions())}
    assert written == kinds
