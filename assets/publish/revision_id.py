"""What a revision is made of: its name, a hash of all that, and the digests by which two revisions are told apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from assets.ingest.spec import SourceSpec
from assets.ledger import InputRecord, PeriodChange, RuleCount


@dataclass(frozen=True)
class MadeOf:
    """Everything that decides the contents of a revision.

    `reference` is the hash of all reference tables, `reference_digests` that of each; `corrections` the text of the file
    that states them, `decisions` those about reporting periods, `carried` the digest of what the revision before makes this
    one hide.
    """

    records: Sequence[InputRecord]
    rules: Sequence[RuleCount]
    specs: Sequence[SourceSpec]
    reference: str
    reference_digests: Mapping[str, str]
    corrections: str
    decisions: Sequence[PeriodChange]
    settings: Mapping[str, object]
    version: str
    carried: str | None = None

    @property
    def revision(self) -> str:
        """16 hexadecimal digits that are equal for equal inputs, settings and version of the software."""
        return _digest(
            {
                "inputs": [asdict(record) for record in self.records],
                "rules": [asdict(count) for count in self.rules],
                "specs": self._specs,
                "reference": self.reference,
                "corrections": self.corrections,
                "periods": self._periods,
                "settings": self.settings,
                "version": self.version,
                **({} if self.carried is None else {"carried": self.carried}),
            }
        )

    @property
    def provenance(self) -> dict[str, object]:
        """What a later revision is held against to find why its figures differ: digests alone, no setting and no path."""
        return {
            "version": self.version,
            "settings": {name: _digest(value) for name, value in sorted(self.settings.items())},
            "reference": dict(sorted(self.reference_digests.items())),
            "specs": dict(sorted(self._specs.items())),
            "corrections": _digest(self.corrections),
            "decisions": _digest(self._periods),
        }

    @property
    def _specs(self) -> dict[str, str]:
        return {spec.name: spec.digest for spec in self.specs}

    @property
    def _periods(self) -> list[dict[str, object]]:
        # The figures of what was accepted follow from the rest, and stand in the ledger only when a run has made them.
        return [asdict(replace(change, figures=None, last_seq=None)) for change in self.decisions]


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
