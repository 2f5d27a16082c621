"""The source spec: one strict YAML file per source that says where rows are and what they mean. Reading rows stands in readers/."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
import pyarrow.compute as pc
import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from assets.ingest.dates import EXCEL_FORMATS, DateText, is_short_year
from assets.ingest.http.options import PARTS, HttpOptions, known_keys
from assets.ingest.numbers import DecimalMark
from assets.ingest.readers.options import DatabaseOptions, JsonLinesOptions, ReaderOptions
from assets.ingest.watermark import Watermark
from quality.contract import Bilingual, Contract, Strict
from quality.problem import Problem, did_you_mean
from quality.validation import NotValid, validation_problems
from quality.yaml_keys import line_of, repeated_keys

GROUP = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
# Where filled templates lie, relative to the workspace; their sources are made in templates/.
TEMPLATES = "inbox/templates"
GROUP_PATTERNS = {"period": r"\d{4}-\d{2}", "sent": r"\d{8}"}
# The marks of a date format that the engine reads; an offset stands in ISO timestamps only, where it is always read.
FORMAT_MARKS = frozenset("aAbBdfgGHIjmMnpSuUVwWyY%")
YEAR_MARKS = frozenset("GyY")


class Location(Strict):
    """Where the inputs are: a path pattern with named groups, a database and a table or query, or a server's list."""

    path: str | None = None
    http: HttpOptions | None = None
    url: str | None = None
    url_env: str | None = None
    table: str | None = None
    query: str | None = None
    watermark: Watermark | None = None

    @model_validator(mode="after")
    def one_place(self) -> Self:
        if sum(place is not None for place in (self.path, self.http, self.url, self.url_env)) != 1:
            raise NotValid(
                "khai báo đúng một trong path, http, url, url_env", "give exactly one of path, http, url, url_env"
            )
        if self.is_database and (self.table is None) == (self.query is None):
            raise NotValid(
                "cơ sở dữ liệu cần table hoặc query (một trong hai)", "a database needs either a table or a query"
            )
        if self.path is not None and self.watermark is not None:
            raise NotValid("watermark chỉ dùng cho cơ sở dữ liệu", "a watermark belongs to a database, not to files")
        return self

    @field_validator("path")
    @classmethod
    def path_can_be_matched(cls, path: str | None) -> str | None:
        if path is not None:
            if path.startswith("/"):
                raise NotValid(
                    "đường dẫn tính từ không gian làm việc, hoặc bắt đầu bằng tên thư mục trong ngoặc nhọn",
                    "the path starts at the workspace, or with the name of a folder in braces",
                )
            if any("**" in part and part != "**" for part in path.split("/")):
                raise NotValid("** phải đứng một mình giữa hai dấu gạch chéo", "** stands alone between two slashes")
            if path.casefold().count(".zip!/") > 1:
                raise NotValid("chỉ một tệp nén, không nén lồng nhau", "one archive only, none within another")
            names = GROUP.findall(path)
            if repeated := [name for name in names if names.count(name) > 1]:
                raise NotValid(
                    f"nhóm {{{repeated[0]}}} có hai lần; đặt mỗi nhóm một tên",
                    f"the group {{{repeated[0]}}} stands twice; give each its own name",
                )
        return path

    @property
    def is_database(self) -> bool:
        return self.path is None and self.http is None

    @property
    def folder(self) -> str | None:
        """The folder of sipas.yml that the path begins with, if it begins with a name in braces."""
        first = GROUP.match(self.path or "")
        return first.group(1) if first else None

    @property
    def groups(self) -> tuple[str, ...]:
        """The named groups of the path, without the folder it begins with."""
        names: list[str] = GROUP.findall(self.path or "")
        return tuple(names[1:] if self.folder else names)


class Deletes(Strict):
    """How records that a database no longer holds are seen: all keys are read and compared with those landed.

    `refuse_above` is the share of the records (0 to 1) that may be gone at once; beyond it the source is taken for broken.
    """

    compare_keys: Literal["each_run", "full_read"] = "each_run"
    refuse_above: Annotated[float, Field(ge=0, le=1)] = 0.2

    @model_validator(mode="before")
    @classmethod
    def short_form(cls, data: Any) -> Any:
        return {} if data == "compare_keys" else data


class Delivery(Strict):
    """What a delivery means: it replaces its scope (snapshot), updates records by key (upsert) or adds records."""

    kind: Literal["snapshot", "upsert", "append"]
    scope: tuple[str, ...] = ()
    deletes: Deletes | None = None


class UnitFrom(Strict):
    """Where the unit's code or name stands: in a column, a named group of the path, or the same for the whole source."""

    column: str | None = None
    group: str | None = None
    constant: str | None = None

    @model_validator(mode="after")
    def one_origin(self) -> Self:
        if sum(origin is not None for origin in (self.column, self.group, self.constant)) != 1:
            raise NotValid(
                "khai báo đúng một trong column, group, constant", "give exactly one of column, group, constant"
            )
        return self


class ColumnMap(Strict):
    """How one contract field is filled from a source row."""

    column: str | None = None
    constant: str | None = None
    group: str | None = None
    present: str | None = None
    then: str | None = None
    otherwise: str | None = None
    values: Mapping[str, str] = {}
    patterns: Mapping[str, str] = {}
    formats: tuple[str, ...] = ()
    two_digit_years_from: Annotated[int, Field(ge=1800, le=2100)] | None = None
    letter_case: Literal["upper"] | None = None

    @model_validator(mode="before")
    @classmethod
    def short_form(cls, data: Any) -> Any:
        return {"column": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def one_origin(self) -> Self:
        origins = (self.column, self.constant, self.group, self.present)
        if sum(origin is not None for origin in origins) != 1:
            raise NotValid(
                "khai báo đúng một trong column, constant, group, present",
                "give exactly one of column, constant, group, present",
            )
        if (self.present is None) != (self.then is None):
            raise NotValid("present và then phải đi cùng nhau", "present and then belong together")
        if self.letter_case is not None and self.column is None:
            raise NotValid("letter_case đi với column", "letter_case belongs to a column")
        short = [form for form in self.formats if is_short_year(form)]
        if bool(short) != (self.two_digit_years_from is not None):
            raise NotValid(
                "dạng ngày có %y cần two_digit_years_from: năm đầu của 100 năm mà hai chữ số có thể chỉ, và ngược lại",
                "a format with %y needs two_digit_years_from, the first of the 100 years it can mean, and only such a format",
            )
        self._serials_stand_alone()
        return self

    def _serials_stand_alone(self) -> None:
        """Refuse a serial number beside what could be read as one: another count of days, or digits without marks."""
        serials = [form for form in self.formats if form in EXCEL_FORMATS]
        bare = [form for form in self.formats if form not in EXCEL_FORMATS and not re.sub(r"%-?.", "", form)]
        if len(serials) > 1 or (serials and bare):
            other = (serials[1:] + bare)[0]
            raise NotValid(
                f"{serials[0]} và {other} đọc cùng một số thành hai ngày; chỉ khai báo một",
                f"{serials[0]} and {other} read the same digits as two dates; state only one",
            )

    @field_validator("patterns")
    @classmethod
    def patterns_compile(cls, patterns: Mapping[str, str]) -> Mapping[str, str]:
        for pattern in patterns:
            try:
                pc.match_substring_regex(pa.array([""]), pattern)
            except pa.ArrowInvalid:
                raise NotValid(
                    f"{pattern!r} không phải mẫu mà RE2 hiểu", f"{pattern!r} is not a pattern RE2 accepts"
                ) from None
        return patterns

    @field_validator("formats")
    @classmethod
    def formats_are_known(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        for form in formats:
            if form in EXCEL_FORMATS:
                continue
            marks = re.findall(r"%-?(.?)", form)
            if not YEAR_MARKS.intersection(marks):
                raise NotValid(
                    f"{form!r} không phải dạng ngày; viết %d/%m/%Y, %d/%m/%Y %H:%M:%S hoặc excel_1900",
                    f"{form!r} is not a date format; write %d/%m/%Y, %d/%m/%Y %H:%M:%S or excel_1900",
                )
            if unknown := [mark for mark in marks if mark not in FORMAT_MARKS]:
                raise NotValid(
                    f"{form!r}: không đọc được %{unknown[0]}; viết ngày như %d/%m/%Y %H:%M:%S",
                    f"{form!r}: %{unknown[0]} is not read; write a date like %d/%m/%Y %H:%M:%S",
                )
        return formats

    @property
    def codes(self) -> tuple[str, ...]:
        """Every value that the spec itself states for the field."""
        stated = [*self.values.values(), *self.patterns.values(), self.constant, self.then, self.otherwise]
        return tuple(code for code in stated if code is not None)

    @property
    def dates(self) -> DateText:
        """How dates are written in the cells."""
        return DateText(self.formats, self.two_digit_years_from)

    @property
    def heading(self) -> str | None:
        """The source heading the field is read from, if any."""
        return self.column or self.present


class Feed(Strict):
    """One dataset that a source row feeds."""

    dataset: str
    record_id: tuple[str, ...] = ()
    surrogate: tuple[str, ...] = ()
    scope_id_with: tuple[str, ...] = ()
    grain: Literal["row", "many"] = "row"
    only_if: str | None = None
    columns: Mapping[str, ColumnMap] = {}
    items: Mapping[str, str] = {}
    values: Mapping[str, str] = {}
    extra: tuple[str, ...] = ()

    @property
    def headings(self) -> tuple[str, ...]:
        """Every source heading the feed reads, each once, in the order of the spec."""
        names = [*self.record_id, *self.surrogate]
        names += [column.heading for column in self.columns.values() if column.heading is not None]
        names += [*self.items.values(), *self.extra, *([self.only_if] if self.only_if else [])]
        return tuple(dict.fromkeys(names))


class SourceSpec(Strict):
    """One source. `name` is the file's stem and `digest` a hash of the file's bytes; neither stands in the YAML."""

    name: str
    digest: str
    title: Bilingual
    row: str
    office: str | None = None
    authority: str
    delivery: Delivery
    location: Location
    reader: ReaderOptions
    time_zone: str = "Asia/Ho_Chi_Minh"
    deadline_precision: Literal["date", "instant"] = "date"
    decimal_mark: DecimalMark = ","
    unit: UnitFrom | None = None
    feeds: tuple[Feed, ...]
    ignore: tuple[str, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def is_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise NotValid(
                "không phải múi giờ trong danh sách IANA, ví dụ Asia/Ho_Chi_Minh",
                "not a time zone of the IANA list, such as Asia/Ho_Chi_Minh",
            ) from None
        return zone

    @model_validator(mode="after")
    def coherent(self) -> Self:
        if isinstance(self.reader, DatabaseOptions) != self.location.is_database:
            raise NotValid(
                "reader loại database đi với url, các loại khác đi với path hoặc http",
                "reader kind database goes with a url, the other kinds with a path or http",
            )
        if self.location.http is not None and not isinstance(self.reader, JsonLinesOptions):
            raise NotValid("http đi với reader loại jsonl", "http goes with a reader of kind jsonl")
        known = set(self.location.groups)
        used = set(self.delivery.scope) | {group for feed in self.feeds for group in feed.scope_id_with}
        used |= {column.group for feed in self.feeds for column in feed.columns.values() if column.group}
        used |= {self.unit.group} if self.unit and self.unit.group else set()
        if missing := sorted(used - known):
            raise NotValid(f"location không có nhóm {{{missing[0]}}}", f"the location has no group {{{missing[0]}}}")
        if self.delivery.kind == "snapshot" and not self.delivery.scope and known:
            raise NotValid(
                "snapshot gồm nhiều tệp cần scope: các nhóm cho biết nó thay thế phần nào",
                "a snapshot of many files needs a scope: the groups that name what it replaces",
            )
        self._read_by_watermark()
        return self

    def _read_by_watermark(self) -> None:
        """Refuse what does not go with reading only the changed rows. Raises NotValid."""
        if self.location.watermark is None:
            if self.delivery.deletes is not None:
                raise NotValid(
                    "deletes đi với location.watermark; nguồn đọc toàn bộ thì dùng kind: snapshot",
                    "deletes goes with location.watermark; a source read whole each time has kind: snapshot",
                )
            return
        if self.delivery.kind == "snapshot" or self.record_feed is None or self.record_feed.grain == "many":
            raise NotValid(
                "watermark chỉ đọc dòng thay đổi, nên cần kind: upsert hoặc append và mỗi bản ghi một dòng",
                "a watermark reads changed rows only: it needs kind: upsert or append, and records of one row each",
            )
        if self.delivery.kind == "append" and self.delivery.deletes is not None:
            raise NotValid("deletes đi với kind: upsert", "deletes goes with kind: upsert")
        if self.reader.skip:
            raise NotValid(
                "nguồn có watermark không dùng skip; lọc dòng bằng location.query",
                "a source with a watermark takes no skip; leave rows out by location.query",
            )

    @property
    def is_template(self) -> bool:
        """Whether the spec is the software's own, for filled templates, and has no file."""
        return (self.location.path or "").startswith(f"{TEMPLATES}/")

    @property
    def headings(self) -> tuple[str, ...]:
        """Every source heading the spec reads, each once."""
        names = [name for feed in self.feeds for name in feed.headings]
        if self.unit is not None and self.unit.column is not None:
            names.append(self.unit.column)
        return tuple(dict.fromkeys(names))

    @property
    def telling_groups(self) -> tuple[str, ...]:
        """The groups of the path that say something about the rows: their unit, period, record ids or columns."""
        told = {"period"} | {name for feed in self.feeds for name in feed.scope_id_with}
        told |= {column.group for feed in self.feeds for column in feed.columns.values() if column.group}
        told |= {self.unit.group} if self.unit is not None and self.unit.group else set()
        return tuple(name for name in self.location.groups if name in told)

    @property
    def datasets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(feed.dataset for feed in self.feeds))

    @property
    def record_feed(self) -> Feed | None:
        """The feed of the record dataset; None for a source of reference tables."""
        return next((feed for feed in self.feeds if feed.record_id or feed.surrogate), None)

    @property
    def answer_feed(self) -> Feed | None:
        return next((feed for feed in self.feeds if feed.items), None)


@dataclass(frozen=True)
class Specs:
    """The specs that can be used and the problems of those that cannot."""

    usable: tuple[SourceSpec, ...]
    problems: tuple[Problem, ...]


def load_specs(folder: Path, contracts: Mapping[str, Contract], roots: tuple[str, ...]) -> Specs:
    """Read every ``*.yml`` of the folder; a spec with a fault gives problems and does not stop the others."""
    usable: list[SourceSpec] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yml")):
        spec, found = read_spec(path, contracts, roots)
        problems += found
        if spec is not None:
            usable.append(spec)
    return Specs(tuple(usable), tuple(problems))


def read_spec(
    path: Path, contracts: Mapping[str, Contract], roots: tuple[str, ...]
) -> tuple[SourceSpec | None, list[Problem]]:
    """Read one spec file; return it, or None and every problem with its line."""
    file = f"{path.parent.name}/{path.name}"
    content = path.read_bytes()
    try:
        # Headings and values are compared in NFC, and some editors decompose letters.
        content = unicodedata.normalize("NFC", content.decode("utf-8-sig")).encode()
        data = yaml.safe_load(content)
        tree = yaml.compose(content)
    except (yaml.YAMLError, ValueError) as error:  # an impossible date is a ValueError
        mark = getattr(error, "problem_mark", None)
        text = Bilingual(
            vi="Tệp không phải YAML hợp lệ; sửa lại cú pháp", en=f"Not valid YAML: {getattr(error, 'problem', error)}"
        )
        return None, [Problem("spec.yaml", text, file=file, line=mark.line + 1 if mark else None)]
    if repeated := repeated_keys(tree):
        return None, [key.problem("spec.repeated_key", file) for key in repeated]
    if not isinstance(data, dict):
        text = Bilingual(vi="Tệp phải là một bảng khoá: giá trị", en="The file must be a mapping of keys to values")
        return None, [Problem("spec.yaml", text, file=file, line=1)]
    try:
        spec = SourceSpec.model_validate({**data, "name": path.stem, "digest": hashlib.sha256(content).hexdigest()})
    except ValidationError as error:
        return None, validation_problems(error, "spec", file, tree, _known_keys)
    problems = list(_against_contracts(spec, file, tree, contracts, roots))
    return (None if problems else spec), problems


def _against_contracts(
    spec: SourceSpec, file: str, tree: yaml.Node | None, contracts: Mapping[str, Contract], roots: tuple[str, ...]
) -> list[Problem]:
    """What the YAML's shape cannot show: unknown datasets and fields, missing required fields, impossible mixtures."""
    problems: list[Problem] = []

    def tell(rule: str, loc: tuple[str | int, ...], vi: str, en: str) -> None:
        problems.append(Problem(rule, Bilingual(vi=vi, en=en), file=file, line=line_of(tree, loc), column=str(loc[-1])))

    feeds_records = any(c.kind == "record" for feed in spec.feeds if (c := contracts.get(feed.dataset)))
    if spec.office is None and len(roots) > 1 and feeds_records:
        tell("spec.office", ("office",), "Cần khai báo office", f"Say which office: one of {', '.join(roots)}")
    if spec.office is not None and spec.office not in roots:
        hint = did_you_mean(spec.office, roots)
        tell(
            "spec.office",
            ("office",),
            f"office “{spec.office}” không có trong roots.{hint.vi}",
            f"Office “{spec.office}” is not one of the roots in sipas.yml.{hint.en}",
        )
    kinds = set()
    for index, feed in enumerate(spec.feeds):
        at: tuple[str | int, ...] = ("feeds", index)
        contract = contracts.get(feed.dataset)
        if contract is None:
            hint = did_you_mean(feed.dataset, contracts)
            tell(
                "spec.dataset",
                (*at, "dataset"),
                f"Không có loại dữ liệu “{feed.dataset}”.{hint.vi}",
                f"There is no dataset “{feed.dataset}”.{hint.en}",
            )
            continue
        kinds.add(contract.kind)
        for name in feed.columns:
            if name not in contract.field_names:
                hint = did_you_mean(name, contract.field_names)
                tell(
                    "spec.field",
                    (*at, "columns", name),
                    f"“{feed.dataset}” không có trường “{name}”.{hint.vi}",
                    f"“{feed.dataset}” has no field “{name}”.{hint.en}",
                )
                continue
            allowed = contract.field(name).values
            for code in feed.columns[name].codes if allowed else ():
                if code not in allowed:
                    hint = did_you_mean(code, allowed)
                    tell(
                        "spec.code",
                        (*at, "columns", name),
                        f"Trường “{name}” không có giá trị “{code}”.{hint.vi}",
                        f"The field “{name}” has no value “{code}”.{hint.en}",
                    )
        for required in (field for field in contract.fields if field.required):
            if required.name not in _filled(spec, feed, contract):
                tell(
                    "spec.field_missing",
                    (*at, "columns"),
                    f"Chưa khai báo trường bắt buộc “{required.name}”",
                    f"The required field “{required.name}” is not mapped",
                )
        if contract.kind == "record" and bool(feed.record_id) == bool(feed.surrogate):
            tell(
                "spec.record_id",
                (*at, "record_id"),
                "Khai báo record_id hoặc surrogate (một trong hai)",
                "Give either record_id or surrogate",
            )
        if contract.kind == "answer" and not feed.items:
            tell("spec.items", (*at, "items"), "Khai báo items", "Map the items: code of the item → source heading")
    records = [feed for feed in spec.feeds if (c := contracts.get(feed.dataset)) and c.kind == "record"]
    if ("reference" in kinds and len(kinds) > 1) or len(records) > 1:
        tell(
            "spec.feeds",
            ("feeds",),
            "Một nguồn nạp hoặc một loại bản ghi (và câu trả lời), hoặc các bảng danh mục",
            "A source feeds one record dataset (and its answers) or reference tables, not both",
        )
    return problems


def _filled(spec: SourceSpec, feed: Feed, contract: Contract) -> set[str]:
    filled = set(feed.columns)
    if contract.kind == "record":
        filled.add("record_id")
        filled |= {"unit_code"} if spec.unit is not None else set()
    if contract.kind == "answer":
        filled |= {"item_code", "level"}
    return filled


def _known_keys(loc: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand where an unknown one stood."""
    if len(loc) == 1:
        model: Any = SourceSpec
    elif loc[0] == "reader":
        union, _ = get_args(ReaderOptions)
        return sorted({key for option in get_args(union) for key in option.model_fields})
    elif loc[:2] == ("location", "http") and len(loc) > 2:
        return known_keys(str(loc[-2])) if loc[-2] in PARTS else []
    elif loc[0] == "feeds":
        model = ColumnMap if "columns" in loc else Feed
    elif loc[:2] in (("location", "watermark"), ("delivery", "deletes")):
        model = Watermark if loc[1] == "watermark" else Deletes
    else:
        model = {"location": Location, "delivery": Delivery, "unit": UnitFrom}.get(str(loc[0]), SourceSpec)
    return [name for name in model.model_fields if name not in ("name", "digest")]
