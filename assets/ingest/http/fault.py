"""Why a page could not be had, told to a person, and whether asking again may help. Who asks again stands in attempts.py."""

from __future__ import annotations

from quality.contract import Bilingual
from quality.problem import Problem


class HttpFault(Exception):
    """One request, or the whole reading, failed. The texts hold nothing that the server sent and no secret.

    `tries` limits how often the same request is made in all: 1 is not again, None as often as the spec allows.
    `wait` is what the server asked for in seconds.
    """

    def __init__(self, rule: str, vi: str, en: str, *, tries: int | None = 1, wait: float | None = None) -> None:
        super().__init__(f"{rule}: {en}")
        self.rule = rule
        self.text = Bilingual(vi=vi, en=en)
        self.tries = tries
        self.wait = wait

    def problem(self, source: str, where: Bilingual, kept: int = 0) -> Problem:
        """Return the fault as a problem of the source; `where` names the service, its address and the page.

        `kept` is the number of pages that the next run need not ask for.
        """
        vi, en = f"{where.vi}: {self.text.vi}", f"{where.en}: {self.text.en}"
        if kept:
            vi += f". Đã giữ {kept} trang; lần chạy sau đọc tiếp từ đó"
            en += f". {kept} page(s) are kept; the next run goes on from there"
        text = Bilingual(vi=vi, en=en)
        return Problem(self.rule, text, file=f"sources/{source}.yml")


class Moved(HttpFault):
    """What was read so far does not fit together, most likely because the list changed meanwhile: read it anew."""
