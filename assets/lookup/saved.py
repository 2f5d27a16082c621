"""The saved queries of examples/queries: what each answers, and its SQL for one period or unit. Running it is database.py's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from assets.ingest.shape import literal
from assets.lookup.subject import NotFound
from quality.contract import Bilingual
from quality.problem import did_you_mean

FOLDER = Path(__file__).parents[2] / "examples" / "queries"
_HEAD = re.compile(r"^-- (vi|en|grain|caveat): (.+)$", re.MULTILINE)
_ORDER = re.compile(r"\norder by ", re.IGNORECASE)


@dataclass(frozen=True)
class SavedQuery:
    """One file: what it answers, what one row is, what to mind, and a SELECT whose last clause is its order."""

    name: str
    answers: Bilingual
    grain: str
    caveats: tuple[str, ...]
    sql: str

    def narrowed(self, period_id: str | None, unit_code: str | None) -> str:
        """The SQL, of one period and unit where they are given. Raises NotFound where the answer does not name them."""
        wanted = []
        for column, value in (("period_id", period_id), ("unit_code", unit_code)):
            if value is not None and column not in self.sql:
                raise NotFound(f"The saved query {self.name} has no {column} (truy vấn này không theo kỳ hay đơn vị)")
            wanted += [] if value is None else [f"{column} = {literal(value)}"]
        if not wanted:
            return self.sql
        *_, last = _ORDER.finditer(self.sql)
        return (
            f"select * from (\n{self.sql[: last.start()]}\n) as saved where {' and '.join(wanted)}"
            f"\norder by {self.sql[last.end() :]}"
        )


def saved_queries() -> dict[str, SavedQuery]:
    """Every saved query by name, in the order of the names."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.sql"))}


def saved_query(name: str) -> SavedQuery:
    """The saved query of a name. Raises NotFound."""
    queries = saved_queries()
    if name in queries:
        return queries[name]
    raise NotFound(
        f"There is no saved query “{name}”.{did_you_mean(name, queries).en} There are {', '.join(queries)}"
        " (không có truy vấn này)"
    )


def _read(path: Path) -> SavedQuery:
    text = path.read_text(encoding="utf-8")
    head: dict[str, list[str]] = {"vi": [], "en": [], "grain": [], "caveat": []}
    for key, value in _HEAD.findall(text):
        head[key].append(value.strip())
    (vi,), (en,), (grain,) = head["vi"], head["en"], head["grain"]
    return SavedQuery(path.stem, Bilingual(vi=vi, en=en), grain, tuple(head["caveat"]), text.strip().rstrip(";"))
