"""What there is to take in: every input the specs point at, its identity, and whether the ledger knows it already."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assets.ingest.extract import Extract, extract
from assets.ingest.history import History
from assets.ingest.http.collect import extract_list
from assets.ingest.object_store import ObjectFolder, StoreFailed
from assets.ingest.readers.table import InputRefused
from assets.ingest.returned import is_return
from assets.ingest.spec import GROUP, GROUP_PATTERNS, SourceSpec
from assets.ingest.stamp import FileStamp, sha256_of
from assets.ingest.zipped import INSIDE, Member, is_nested, members, nothing_inside, split_path
from assets.ledger import InputRecord
from assets.workspace import Workspace
from quality.contract import Bilingual, Contract
from quality.problem import Problem

# A folder outside the workspace: on a disk, in an object store, or not there.
Folder = Path | ObjectFolder | None

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
    # The file within `file`, when that is an archive.
    member: Member | None = None
    # Why it cannot be read, where that was found out before it was to be.
    refusal: InputRefused | None = None
    # What the file was like before it was hashed.
    stamp: FileStamp | None = None
    # Counts the readings of one input whose spec or reference tables went away and came back.
    reading: int = 1
    # The number of the reading that this one replaces: what arrived later stays later.
    replaced_seq: int | None = None
    # The day of the reading that this one replaces: read again, an input is as old as it was.
    first_seen: dt.date | None = None
    # What was copied out of a database, with how far it was read.
    extracted: Extract | None = None
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

    @property
    def records_removed(self) -> int:
        """How many landed records a database no longer holds."""
        progress = self.extracted.progress if self.extracted is not None else None
        return progress.records_removed if progress is not None else 0

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


@dataclass(frozen=True)
class _Match:
    """A file, or one in an archive, that a path pattern fits."""

    path: str
    file: Path
    groups: dict[str, str]
    member: Member | None = None
    refusal: InputRefused | None = None

    def identity(self) -> tuple[str, InputRefused | None]:
        """The hash of its bytes; of what cannot be read, a hash of what is known of it, and why it cannot."""
        refusal = self.refusal
        if refusal is None and self.member is not None:
            try:
                return self.member.content_sha(), None
            except InputRefused as found:
                refusal = found
        if refusal is None:
            return sha256_of(self.file), None
        if self.member is not None:
            known = f"{self.member.info.CRC}|{self.member.info.file_size}"
        else:
            known = sha256_of(self.file) if self.file.is_file() else ""
        return hashlib.sha256(f"{known}|{self.path}".encode()).hexdigest(), refusal


def find_inputs(
    workspace: Workspace,
    specs: Sequence[SourceSpec],
    contracts: Mapping[str, Contract],
    folders: Mapping[str, Folder],
    months: Callable[[str], bool],
    reference_hash: str,
    roots: tuple[str, ...],
    extracts: dict[str, Extract | Problem],
    history: Callable[[SourceSpec, str], History],
    trial_rows: int | None = None,
) -> tuple[list[PlannedInput], list[Problem]]:
    """Return every input of the specs whose period `months` wants, in order of arrival, and problems of whole sources.

    `extracts` remembers, by source, what a database or server gave; a source found there is not asked again. `history`
    tells of a source, and the hash of how it is read, what is known of it already. In a trial the first
    `trial_rows` of a database and the first page of a server's list are enough.
    """
    planned: list[PlannedInput] = []
    problems: list[Problem] = []
    for spec in specs:
        office = spec.office or roots[0]
        reading = reading_hash(spec, contracts)
        if spec.location.path is None:
            if spec.name not in extracts:
                extracts[spec.name] = (
                    extract(spec, workspace, history(spec, reading), trial_rows)
                    if spec.location.http is None
                    else extract_list(spec, workspace, first_page_only=trial_rows is not None)
                )
            found = extracts[spec.name]
            if isinstance(found, Problem):
                problems.append(found)
                continue
            problems += found.notes
            if found.is_new:
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
                        extracted=found,
                    )
                )
            continue
        matches, found_problems = _match(workspace, spec, folders)
        problems += found_problems
        for match in matches:
            # An archive that cannot be looked into may be of any month.
            if match.groups.get("period") and not months(match.groups["period"]):
                continue
            stamp = FileStamp.of(match.file)
            content_sha, refusal = match.identity()
            if stamp is not None and match.member is None:
                stamp = replace(stamp, content_sha=content_sha)
            planned.append(
                PlannedInput(
                    spec,
                    match.path,
                    match.file,
                    match.groups,
                    content_sha,
                    reading,
                    reference_hash,
                    office,
                    match.member,
                    refusal,
                    stamp,
                )
            )
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


def _match(workspace: Workspace, spec: SourceSpec, folders: Mapping[str, Folder]) -> tuple[list[_Match], list[Problem]]:
    pattern = spec.location.path
    assert pattern is not None
    shown = f"sources/{spec.name}.yml"
    prefix = ""
    if (name := spec.location.folder) is not None:
        prefix = f"{{{name}}}/"
        pattern = pattern.removeprefix(prefix)
    outer, inner = split_path(pattern)
    try:
        files = list(_files(workspace, name, folders, outer))
    except StoreFailed as failed:
        return [], [failed.problem(shown)]
    except LookupError:
        text = Bilingual(
            vi=f"Chưa có thư mục “{name}”; khai báo trong folders của sipas.yml và đặt biến môi trường",
            en=f"The folder “{name}” is not there; name it under folders in sipas.yml and set its variable",
        )
        return [], [Problem("location.folder", text, file=shown)]
    regex = re.compile(_regex(outer))
    matches: list[_Match] = []
    problems: list[Problem] = []
    for path, file, refusal in files:
        found = regex.fullmatch(path)
        if found is None or file.name.startswith("~$") or is_return(prefix + path):
            continue
        whole = _Match(prefix + path, file, found.groupdict(), refusal=refusal)
        for match in [whole] if inner is None else _inside(whole, prefix, pattern, inner, workspace):
            problem = _impossible_day(match)
            if problem is None:
                matches.append(match)
            else:
                problems.append(problem)
    if not matches:
        text = Bilingual(
            vi=f"Không có tệp nào khớp với “{spec.location.path}”; kiểm tra inbox/ và mẫu đường dẫn",
            en=f"No file matches “{spec.location.path}”; look into inbox/ and at the path pattern",
        )
        problems.append(Problem("file.missing", text, file=shown))
    return sorted(matches, key=lambda match: (match.groups.get("sent", ""), natural(match.path))), problems


def _files(
    workspace: Workspace, name: str | None, folders: Mapping[str, Folder], pattern: str
) -> Iterator[tuple[str, Path, InputRefused | None]]:
    """Yield each file that may fit: its path in the folder, where it is read from, and why it cannot be.

    Raises LookupError when there is no such folder, StoreFailed when an object store cannot be asked.
    """
    base: Folder = workspace.root if name is None else folders.get(name)
    if isinstance(base, ObjectFolder):
        yield from base.files(re.compile(_regex(pattern)), workspace.landing / ".objects" / str(name))
        return
    if base is None or not base.is_dir():
        raise LookupError(name)
    for file in base.glob("/".join(map(_starred, pattern.split("/")))):
        if file.is_file():
            yield file.relative_to(base).as_posix(), file, None


def _starred(part: str) -> str:
    """A part of a path pattern with one star in the place of each group and of the stars beside it."""
    return part if part == "**" else re.sub(r"\*+", "*", GROUP.sub("*", part))


def _inside(archive: _Match, prefix: str, pattern: str, inner: str, workspace: Workspace) -> list[_Match]:
    """What in an archive fits the whole pattern; an archive that cannot be looked into is refused as one input."""
    regex = re.compile(_regex(pattern))
    groups = dict.fromkeys(regex.groupindex, "") | archive.groups
    found = []
    try:
        if archive.refusal is not None:
            raise archive.refusal
        for member in members(archive.file, workspace.landing / ".staging" / "unpacked"):
            path = f"{archive.path}{INSIDE}{member.name}"
            if match := regex.fullmatch(path.removeprefix(prefix)):
                found.append(_Match(path, archive.file, match.groupdict(), member))
            elif is_nested(member):
                found.append(_Match(path, archive.file, groups, member))
        if not found:
            raise nothing_inside(archive.file, inner)
    except InputRefused as refusal:
        return [replace(archive, groups=groups, refusal=refusal)]
    return found


def _impossible_day(match: _Match) -> Problem | None:
    groups = match.groups
    if groups.get("period") and not MONTH.fullmatch(groups["period"]):
        text = Bilingual(
            vi=f"Tháng “{groups['period']}” trong đường dẫn không có thật; đổi tên tệp hoặc thư mục",
            en=f"The month “{groups['period']}” in the path does not exist; rename the file or folder",
        )
        return Problem("location.period", text, file=match.path)
    if groups.get("sent") and not _is_day(groups["sent"]):
        text = Bilingual(
            vi=f"Ngày gửi “{groups['sent']}” trong tên tệp không có thật; đổi tên tệp",
            en=f"The day “{groups['sent']}” in the file's name does not exist; rename the file",
        )
        return Problem("location.sent", text, file=match.path)
    return None


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
