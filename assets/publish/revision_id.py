"""The name of a revision: a hash of everything that decides its contents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from assets.ingest.spec import SourceSpec
from assets.ledger import InputRecord, PeriodChange, RuleCount


def revision_id(
    records: Sequence[InputRecord],
    rules: Sequence[RuleCount],
    specs: Sequence[SourceSpec],
    reference_hash: str,
    corrections: str,
    decisions: Sequence[PeriodChange],
    settings: Mapping[str, object],
    version: str,
    carried: str | None = None,
) -> str:
    """Return 16 hexadecimal digits that are equal for equal inputs, settings and version of the software.

    `corrections` is the text of the file that states them, `decisions` those about reporting periods, `carried` the
    digest of what the revision before makes this one hide.
    """
    content = {
        "inputs": [asdict(record) for record in records],
        "rules": [asdict(count) for count in rules],
        "specs": {spec.name: spec.digest for spec in specs},
        "reference": reference_hash,
        "corrections": corrections,
        # The figures of what was accepted follow from the rest, and stand in the ledger only when a run has made them.
        "periods": [asdict(replace(change, figures=None, last_seq=None)) for change in decisions],
        "settings": settings,
        "version": version,
    }
    if carried is not None:
        content["carried"] = carried
    text = json.dumps(content, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
