"""How a delivery ends, for all kinds of destinations."""

from __future__ import annotations

from dataclasses import dataclass

from quality.contract import Bilingual


class DeliveryFailed(Exception):
    """The destination stays on the revision it had. The message holds no secret and no URL.

    `passing`: whether trying again can help, as with a connection that broke.
    """

    def __init__(self, vi: str, en: str, passing: bool = False) -> None:
        super().__init__(en)
        self.message = Bilingual(vi=vi, en=en)
        self.passing = passing


@dataclass(frozen=True)
class Sent:
    """What a delivery did, or would do. `kept`: what stood there already, or was taken over from an earlier revision there.

    The units are files; for a database, marts.
    """

    sent: int
    kept: int
    bytes: int
    is_current: bool  # whether all stood there before


@dataclass(frozen=True)
class Outcome:
    """One delivery: to which destination, of which revision, and what came of it."""

    destination: str
    revision: str
    sent: Sent | None
    failure: Bilingual | None = None

    @property
    def message(self) -> Bilingual:
        """What came of it in one line."""
        if self.failure is not None:
            return Bilingual(
                vi=f"{self.destination}: chưa chuyển được: {self.failure.vi}",
                en=f"{self.destination}: not delivered: {self.failure.en}",
            )
        assert self.sent is not None
        if self.sent.is_current:
            return Bilingual(
                vi=f"{self.destination}: đã có bản {self.revision}",
                en=f"{self.destination}: has {self.revision} already",
            )
        megabytes = f"{self.sent.bytes / 1e6:.1f} MB"
        return Bilingual(
            vi=f"{self.destination}: bản {self.revision}, gửi {self.sent.sent}, giữ {self.sent.kept}, {megabytes}",
            en=f"{self.destination}: {self.revision}, {self.sent.sent} sent, {self.sent.kept} kept, {megabytes}",
        )
