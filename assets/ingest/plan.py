"""What there is to take in: every input the specs point at, its identity, and whether the ledger knows it already."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assets.ingest.extract import Extract, extract
from assets.ingest.readers.options import DatabaseOptions
from assets.ingest.readers.table import InputRefused
from assets.ingest.returned import is_return
from assets.ingest.spec import GROUP, GROUP_PATTERNS, SourceSpec
from assets.ledger import InputRecord
from assets.workspace import Workspace
from quality.contract import Bilingual, Contract
from quality.problem import Problem

MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class AnswerTo:
    """The return that an input answers, the numbers of the returned rows it holds, or why it cannot be taken."""

    return_id: str
    rows: tuple[int, ...] = ()
    refusal: InputRefused | None = None


@dataclass(frozen=True)
class PlannedInput:
    """One input of one source. `path` is relative to the workspace (or starts with a ``{folder}``); `file` is what to read."""

    spec: SourceSpec
    path: str
    file: Path
    groups: Mapping[str, str]
    content_sha: str
    reading_hash: str
    reference_hash: str
    office: str
    # Counts the readings of one input whose spec or reference tables went away and came back.
    reading: int = 1
    # The number of the reading that this one replaces: what arrived later stays later.
    replaced_seq: int | None = None
    # The day of the reading that this one replaces: read again, an input is as old as it was.
    first_seen: dt.date | None = None
    # Of a corrected return: what it answers, and the place of the delivery it adds to (None when that was replaced).
    answer: AnswerTo | None = None
    answered_seq: int | None = None

    @property
    def delivery_kind(self) -> str:
        """What the spec says of its deliveries; an answer adds to one whatever the spec says."""
        return "answer" if self.answer is not None else self.spec.delivery.kind

    @property
    def scope_id(self) -> str | None:
        """What a snapshot replaces, as text; None for the other deliveries."""
        if self.spec.delivery.kind != "snapshot":
            return None
        return "|".join(self.groups[name] for name in self.spec.delivery.scope)

    @property
    def input_id(self) -> str:
        parts = (
            self.spec.name,
            self.path,
            self.scope_id or "",
            self.content_sha,
            self.reading_hash,
            self.reference_hash,
        )
        name = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
        return name if self.reading == 1 else f"{name}-{self.reading}"

    @property
    def same_delivery(self) -> tuple[str, ...]:
        """Equal for inputs that would change nothing: source, scope, bytes, and what the path says about the rows."""
        return _delivery(self.spec, self.groups, self.scope_id, self.content_sha)

    @property
    def period_id(self) -> str | None:
        return self.groups.get("period")

    def sent_on(self, today: dt.date) -> dt.date:
        """Return the day in the path's ``sent`` group, else the day it was first seen, which for a new input is `today`."""
        # The day in the path of an answer's groups is that of the file it answers.
        sent = self.groups.get("sent") if self.answer is None else None
        return dt.datetime.strptime(sent, "%Y%m%d").date() if sent else self.first_seen or today


@dataclass(frozen=True)
class Plan:
    """What a run has to do: inputs to read, copies to note, readings to retire."""

    to_read: tuple[PlannedInput, ...]
    copies: tuple[tuple[PlannedInput, str], ...]
    retired: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not self.to_read and not self.copies

    def __add__(self, other: Plan) -> Plan:
        return Plan(self.to_read + other.to_read, self.copies + other.copies, self.retired + other.retired)


def find_inputs(
    workspace: Workspace,
    specs: Sequence[SourceSpec],
    contracts: Mapping[str, Contract],
    folders: Mapping[str, Path | None],
    months: Callable[[str], bool],
    reference_hash: str,
    roots: tuple[str, ...],
    extracts: dict[str, Extract | Problem],
) -> tuple[list[PlannedInput], list[Problem]]:
    """Return every input of the specs whose period `months` wants, in order of arrival, and problems of whole sources.

    `extracts` remembers, by source, what a database gave; a source found there is not asked again.
    """
    planned: list[PlannedInput] = []
    problems: list[Problem] = []
    for spec in specs:
        office = spec.office or roots[0]
        reading = reading_hash(spec, contracts)
        if isinstance(spec.reader, DatabaseOptions):
            found = extracts.setdefault(spec.name, extracts.get(spec.name) or extract(spec, workspace))
            if isinstance(found, Problem):
                problems.append(found)
            else:
                planned.append(
                    PlannedInput(
                        spec,
                        found.label,
                        found.file,
                        {},
                        found.content_sha,
                        reading,
                        reference_hash,
                        office,
                    )
                )
            continue
        matches, found_problems = _match(workspace, spec, folders)
        problems += found_problems
        for path, file, groups in matches:
            if "period" in groups and not months(groups["period"]):
                continue
            planned.append(PlannedInput(spec, path, file, groups, _sha256(file), reading, reference_hash, office))
    return planned, problems


def reading_hash(spec: SourceSpec, contracts: Mapping[str, Contract]) -> str:
    """Return a hash of what decides how an input's bytes are read: the spec and the contracts of its datasets."""
    reading = hashlib.sha256(spec.digest.encode())
    for dataset in spec.datasets:
        reading.update(contracts[dataset].model_dump_json(by_alias=True).encode())
    return reading.hexdigest()[:16]


def plan(inputs: Iterable[PlannedInput], known: Sequence[InputRecord], retired_ids: frozenset[str]) -> Plan:
    """Compare the inputs with the ledger.

    An input is read when its bytes are new for its source and scope, when its spec or contract changed since, or when
    rows of it were refused and the reference tables changed since. The same bytes at another path are a copy. But what
    another delivery has replaced since is a new delivery when it comes again: the sender went back to it.
    """
    # In order of arrival, so that the last reading of each stays.
    by_path = {(record.source, record.path, record.scope_id or "", record.content_sha): record for record in known}
    last_at_path = {(record.source, record.path, record.scope_id or ""): record.content_sha for record in known}
    last_in_scope = {
        (record.source, record.scope_id): record.content_sha
        for record in known
        if record.delivery_kind == "snapshot" and record.status == "landed"
    }
    known_ids = retired_ids | {record.input_id for record in known}
    inputs = tuple(inputs)
    specs = {item.spec.name: item.spec for item in inputs}
    # A copy is a copy of a reading made under the present spec, whose counts it shares.
    by_delivery = {
        _delivery(spec, groups, record.scope_id, record.content_sha): record.input_id
        for record in known
        if record.status != "duplicate"
        and record.delivery_kind != "answer"
        and (spec := specs.get(record.source)) is not None
        and (groups := groups_in(spec, record.path)) is not None
    }
    to_read: list[PlannedInput] = []
    copies: list[tuple[PlannedInput, str]] = []
    retired: list[str] = []
    for item in inputs:
        at = (item.spec.name, item.path, item.scope_id or "")
        scope = (item.spec.name, item.scope_id)
        record = by_path.get((*at, item.content_sha))
        if record is not None and last_at_path[at] == item.content_sha:
            refused = record.status == "refused" or record.rows_quarantined > 0
            stale = record.reading_hash != item.reading_hash or (
                refused and record.reference_hash != item.reference_hash
            )
            if record.status == "duplicate" or not stale:
                continue
            retired.append(record.input_id)
            item = replace(item, replaced_seq=record.delivery_seq, first_seen=record.sent_on)
            item = unread(item, known_ids)
            to_read.append(item)
            by_delivery[item.same_delivery] = item.input_id
        elif (
            record is None
            and item.same_delivery in by_delivery
            and last_in_scope.get(scope, item.content_sha) == item.content_sha
        ):
            copies.append((item, by_delivery[item.same_delivery]))
        else:
            item = unread(item, known_ids)
            to_read.append(item)
            by_delivery[item.same_delivery] = item.input_id
            if item.scope_id is not None:
                last_in_scope[scope] = item.content_sha
    return Plan(tuple(to_read), tuple(copies), tuple(retired))


def unread(item: PlannedInput, known_ids: frozenset[str]) -> PlannedInput:
    """Return the item with the number of its reading that no earlier reading of it has."""
    while item.input_id in known_ids:
        item = replace(item, reading=item.reading + 1)
    return item


def _delivery(spec: SourceSpec, groups: Mapping[str, str], scope_id: str | None, content_sha: str) -> tuple[str, ...]:
    return (spec.name, scope_id or "", content_sha, *(groups.get(name, "") for name in spec.telling_groups))


def groups_in(spec: SourceSpec, path: str) -> dict[str, str] | None:
    """Return the named groups of an input's path as the ledger keeps it; None when the spec's pattern is another now."""
    pattern = spec.location.path
    if pattern is None:
        return {}
    prefix = f"{{{spec.location.folder}}}/" if spec.location.folder else ""
    found = re.fullmatch(_regex(pattern.removeprefix(prefix)), path.removeprefix(prefix))
    return found.groupdict() if found else None


def _match(
    workspace: Workspace, spec: SourceSpec, folders: Mapping[str, Path | None]
) -> tuple[list[tuple[str, Path, dict[str, str]]], list[Problem]]:
    pattern = spec.location.path
    assert pattern is not None
    shown = f"sources/{spec.name}.yml"
    base = workspace.root
    prefix = ""
    if (name := spec.location.folder) is not None:
        folder = folders.get(name)
        if folder is None or not folder.is_dir():
            text = Bilingual(
                vi=f"Chưa có thư mục “{name}”; khai báo trong folders của sipas.yml và đặt biến môi trường",
                en=f"The folder “{name}” is not there; name it under folders in sipas.yml and set its variable",
            )
            return [], [Problem("location.folder", text, file=shown)]
        prefix = f"{{{name}}}/"
        base, pattern = folder, pattern.removeprefix(prefix)
    glob = GROUP.sub("*", pattern)
    regex = re.compile(_regex(pattern))
    matches: list[tuple[str, Path, dict[str, str]]] = []
    problems: list[Problem] = []
    for file in base.glob(glob):
        path = file.relative_to(base).as_posix()
        if not file.is_file() or file.name.startswith("~$") or is_return(prefix + path):
            continue
        if found := regex.fullmatch(path):
            groups = found.groupdict()
            if "period" in groups and not MONTH.fullmatch(groups["period"]):
                text = Bilingual(
                    vi=f"Tháng “{groups['period']}” trong đường dẫn không có thật; đổi tên tệp hoặc thư mục",
                    en=f"The month “{groups['period']}” in the path does not exist; rename the file or folder",
                )
                problems.append(Problem("location.period", text, file=prefix + path))
                continue
            if "sent" in groups and not _is_day(groups["sent"]):
                text = Bilingual(
                    vi=f"Ngày gửi “{groups['sent']}” trong tên tệp không có thật; đổi tên tệp",
                    en=f"The day “{groups['sent']}” in the file's name does not exist; rename the file",
                )
                problems.append(Problem("location.sent", text, file=prefix + path))
                continue
            matches.append((prefix + path, file, groups))
    if not matches:
        text = Bilingual(
            vi=f"Không có tệp nào khớp với “{spec.location.path}”; kiểm tra inbox/ và mẫu đường dẫn",
            en=f"No file matches “{spec.location.path}”; look into inbox/ and at the path pattern",
        )
        problems.append(Problem("file.missing", text, file=shown))
    return sorted(matches, key=lambda match: (match[2].get("sent", ""), natural(match[0]))), problems


def natural(path: str) -> list[tuple[int, str]]:
    """Return a sort key in which ``part10`` follows ``part9``."""
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in re.split(r"(\d+)", path)]


def _regex(pattern: str) -> str:
    out = []
    for piece in re.split(r"(\{[a-z_][a-z0-9_]*\}|\*\*/|\*|\?)", pattern):
        if group := GROUP.fullmatch(piece):
            name = group.group(1)
            out.append(f"(?P<{name}>{GROUP_PATTERNS.get(name, '[^/_]+')})")
        else:
            out.append({"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece)))
    return "".join(out)


def _is_day(text: str) -> bool:
    try:
        dt.datetime.strptime(text, "%Y%m%d")
    except ValueError:
        return False
    return True


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
