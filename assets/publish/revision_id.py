"""The name of a revision: a hash of everything that decides its contents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from assets.ingest.spec import SourceSpec
from assets.ledger import InputRecord, RuleCount


def revision_id(
    records: Sequence[InputRecord],
    rules: Sequence[RuleCount],
    specs: Sequence[SourceSpec],
    reference_hash: str,
    corrections: str,
    settings: Mapping[str, object],
    version: str,
) -> str:
    """Return 16 hexadecimal digits that are equal for equal inputs, settings and version of the software.

    `corrections` is the text of the file that states them.
    """
    content = {
        "inputs": [asdict(record) for record in records],
        "rules": [asdict(count) for count in rules],
        "specs": {spec.name: spec.digest for spec in specs},
        "reference": reference_hash,
        "corrections": corrections,
        "settings": settings,
        "version": version,
    }
    text = json.dumps(content, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
