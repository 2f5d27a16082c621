"""Every kind of official form there is. What a form holds stands in fill/."""

from __future__ import annotations

from assets.forms.fill.submissions import SUBMISSIONS
from assets.forms.kind import FormKind

KINDS: tuple[FormKind, ...] = (SUBMISSIONS,)
