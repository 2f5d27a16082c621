"""The rule set of disclosure control. How it is carried out stands beside; the workspace's settings say which rules hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DisclosureRules:
    """`minimum_n`: figures on fewer records are hidden; 0 or 1 hides nothing. `possible_values`: that many values a hidden
    count must at least be able to have for someone who has all open tables and those of the previous revision; 1 leaves
    totals out of account and hides small figures alone. `earlier_revisions`: whether the previous revision counts."""

    minimum_n: int = 10
    possible_values: int = 5
    earlier_revisions: bool = True

    @property
    def hides(self) -> bool:
        return self.minimum_n > 1

    @property
    def reach(self) -> int:
        """How far a hidden count must be able to lie from its true value, both directions taken together."""
        return self.possible_values - 1
