"""sipas.yml: the settings of a workspace, checked strictly. What the settings mean stands where they are used."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from assets.delivery.options import Destination
from assets.disclosure.rules import DisclosureRules
from assets.estimates.options import EstimateOptions
from assets.forms.options import FormOptions
from assets.ingest.object_store import ObjectFolder
from assets.ingest.plan import Folder
from assets.keys import Keyring
from assets.workspace import Workspace
from pipelines.alerts.options import AlertOptions
from quality.contract import Bilingual, Strict, load_contracts
from quality.gate import GateThresholds
from quality.problem import Problem, did_you_mean
from quality.validation import NotValid, validation_problems
from quality.yaml_keys import repeated_keys

MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class Engine(Strict):
    """The warehouse engine; a PostgreSQL URL comes from the environment, for it holds a password."""

    kind: Literal["duckdb", "postgres"] = "duckdb"
    url_env: str | None = None

    @model_validator(mode="after")
    def url_where_needed(self) -> Self:
        if (self.kind == "postgres") != (self.url_env is not None):
            raise NotValid(
                "loại postgres cần url_env, loại duckdb thì không",
                "kind postgres needs url_env, kind duckdb takes none",
            )
        return self


class Key(Strict):
    """Where the secret of the keyed hashes stands: a file outside version control, or an environment variable."""

    file: str | None = None
    env: str | None = None

    @model_validator(mode="after")
    def one_place(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise NotValid("khai báo đúng một trong file, env", "give exactly one of file, env")
        return self


class FolderFrom(Strict):
    """A folder outside the workspace, or in an object store, that source paths may begin with."""

    env: str


class Disclosure(Strict):
    """The rule set of disclosure control of the open tables."""

    minimum_n: int = Field(default=10, ge=0)
    possible_values: int = Field(default=5, ge=1)
    earlier_revisions: bool = True

    def rules(self) -> DisclosureRules:
        return DisclosureRules(self.minimum_n, self.possible_values, self.earlier_revisions)


class Submission(Strict):
    """How many working days after the cut-off a delivery is on time (reference rule: 2)."""

    working_days: int = Field(default=2, ge=0)


class Months(Strict):
    """The reporting months that ingest partitions exist for."""

    first: str = "2010-01"
    last: str = "2035-12"

    @field_validator("first", "last")
    @classmethod
    def is_month(cls, value: str) -> str:
        if not MONTH.fullmatch(value):
            raise NotValid("viết tháng dạng 2023-06", "write a month as 2023-06")
        return value

    @model_validator(mode="after")
    def in_order(self) -> Self:
        if self.first > self.last:
            raise NotValid("first đứng sau last", "first is after last")
        return self


class Settings(Strict):
    """The settings of one workspace."""

    name: str
    title: Bilingual
    roots: tuple[str, ...] = Field(min_length=1)
    time_zone: str = "Asia/Ho_Chi_Minh"
    cut_off_day: int = Field(default=14, ge=0, le=27)
    engine: Engine = Engine()
    key: Key
    folders: Mapping[str, FolderFrom] = {}
    months: Months = Months()
    disclosure: Disclosure = Disclosure()
    retention: Mapping[str, Annotated[int, Field(ge=1)]] = {}
    gate: GateThresholds = GateThresholds()
    submission: Submission = Submission()
    estimates: EstimateOptions = EstimateOptions()
    forms: FormOptions = FormOptions()
    alerts: AlertOptions = AlertOptions()
    destinations: tuple[Destination, ...] = ()
    languages: tuple[Literal["vi", "en"], ...] = ("vi", "en")
    simulated: bool = False

    @field_validator("time_zone")
    @classmethod
    def is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise NotValid(
                "không phải múi giờ trong danh sách IANA, ví dụ Asia/Ho_Chi_Minh",
                "not a time zone of the IANA list, such as Asia/Ho_Chi_Minh",
            ) from None
        return value

    @field_validator("destinations")
    @classmethod
    def have_their_own_names(cls, value: tuple[Destination, ...]) -> tuple[Destination, ...]:
        names = [destination.name for destination in value]
        if repeated := sorted(name for name in names if names.count(name) > 1):
            raise NotValid(f"có hai nơi nhận tên “{repeated[0]}”", f"two destinations are named “{repeated[0]}”")
        return value

    @field_validator("retention")
    @classmethod
    def are_datasets(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        known = [name for name, contract in load_contracts().items() if contract.kind == "record"]
        for name in value:
            if name not in known:
                hint = did_you_mean(name, known)
                raise NotValid(
                    f"không có loại bản ghi “{name}”.{hint.vi}", f"there is no record dataset “{name}”.{hint.en}"
                )
        return value


class SettingsError(Exception):
    """The settings cannot be used; the problems say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.render() for problem in problems))
        self.problems = problems


def load_settings(workspace: Workspace) -> Settings:
    """Read sipas.yml. Raises SettingsError with every problem when it is missing or not valid."""
    file = workspace.settings_file.name
    try:
        content = workspace.settings_file.read_text(encoding="utf-8")
        data = yaml.safe_load(content)
        tree = yaml.compose(content)
        repeated = repeated_keys(tree)
    except FileNotFoundError:
        text = Bilingual(
            vi="Không thấy sipas.yml; tạo không gian làm việc bằng “sipas init”",
            en="There is no sipas.yml here; make a workspace with “sipas init” or name one with --workspace",
        )
        raise SettingsError([Problem("settings.missing", text, file=str(workspace.settings_file))]) from None
    except (yaml.YAMLError, ValueError) as error:  # an impossible date is a ValueError
        mark = getattr(error, "problem_mark", None)
        text = Bilingual(
            vi="sipas.yml không phải YAML hợp lệ", en="sipas.yml is not valid YAML; correct the line named"
        )
        raise SettingsError([Problem("settings.yaml", text, file=file, line=mark.line + 1 if mark else None)]) from None
    if repeated:
        raise SettingsError([key.problem("settings.repeated_key", file) for key in repeated])
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError(validation_problems(error, "settings", file, tree, _known_keys)) from None


def _known_keys(loc: tuple[str | int, ...]) -> Iterable[str]:
    """The keys that may stand where an unknown one stood."""
    field = Settings.model_fields.get(str(loc[0])) if len(loc) > 1 else None
    annotation = field.annotation if field is not None else None
    return getattr(annotation, "model_fields", FolderFrom.model_fields if len(loc) > 2 else Settings.model_fields)


def read_keys(settings: Settings, workspace: Workspace) -> Keyring:
    """Return the secrets, one per line of where they stand, the oldest first, each of at least 16 bytes.

    Raises SettingsError, also for a file inside a workspace that is not simulated; the message never holds a key.
    """
    key = settings.key
    if key.env is not None:
        value = os.environ.get(key.env, "").encode()
        place = f"${key.env}"
    else:
        path = key_file(settings, workspace)
        if not settings.simulated and path.is_relative_to(workspace.root.resolve()):
            text = Bilingual(
                vi=f"Tệp khoá {key.file} nằm trong không gian làm việc, nơi được sao chép và gửi đi; chuyển ra ngoài, "
                "ví dụ ~/.config/sipas-warehouse/, rồi sửa key.file",
                en=f"The key file {key.file} lies in the workspace, which is copied and sent; move it outside, such as "
                "to ~/.config/sipas-warehouse/, and change key.file",
            )
            raise SettingsError([Problem("settings.key_inside", text, file="sipas.yml", column="key.file")])
        value = path.read_bytes() if path.is_file() else b""
        place = str(key.file)
    secrets_there = [line.strip() for line in value.splitlines() if line.strip()]
    if not secrets_there or min(map(len, secrets_there)) < 16:
        text = Bilingual(
            vi=f"Khoá bí mật ở {place} chưa có hoặc ngắn hơn 16 ký tự",
            en=f"The secret key at {place} is missing or shorter than 16 characters; “sipas init” makes one",
        )
        raise SettingsError([Problem("settings.key", text, file="sipas.yml", column="key")])
    # HMAC takes keys of up to one block as they are (RFC 2104).
    return Keyring(tuple(secret[:64] for secret in secrets_there))


def key_file(settings: Settings, workspace: Workspace) -> Path:
    """Return the file of the secret key; a relative path starts at the workspace."""
    return (workspace.root / Path(str(settings.key.file)).expanduser()).resolve()


def make_key(path: Path) -> None:
    """Write a new random key that only its owner can read; an existing one is kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32) + "\n", encoding="ascii")


def add_secret(path: Path) -> None:
    """Add a new random secret to a key file, as its last line; the file is whole at every moment."""
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    aside.touch(mode=0o600)
    earlier = path.read_text(encoding="utf-8").rstrip("\n")
    with aside.open("w", encoding="utf-8") as file:
        file.write(f"{earlier}\n{secrets.token_hex(32)}\n")
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def folder_paths(settings: Settings) -> dict[str, Folder]:
    """Return the outside folders by name, URLs as folders of an object store; None where the variable is not set."""
    found: dict[str, Folder] = {}
    for name, setting in settings.folders.items():
        value = os.environ.get(setting.env)
        found[name] = None if not value else ObjectFolder(value) if "://" in value else Path(value)
    return found


def unset_folders(settings: Settings) -> list[Problem]:
    """Return one problem per outside folder whose environment variable is not set or names no folder.

    Taken for empty folders they would leave whole sources out of what is published. An object store that does not answer
    is a problem of its sources alone, as a database is.
    """
    problems = []
    for name, path in folder_paths(settings).items():
        if path is None or (isinstance(path, Path) and not path.is_dir()):
            variable = settings.folders[name].env
            text = Bilingual(
                vi=f"Biến môi trường {variable} chưa được đặt là một thư mục có thật (hoặc địa chỉ kho đối tượng)",
                en=f"Set the environment variable {variable} to a folder that exists (or the URL of an object store)",
            )
            problems.append(Problem("settings.folder", text, file="sipas.yml", column=f"folders.{name}"))
    return problems


def months_between(first: str, last: str) -> list[str]:
    """Return every month from first to last, both included, as ``2023-06``."""
    year, month = (int(part) for part in first.split("-"))
    months = []
    while (name := f"{year:04d}-{month:02d}") <= last:
        months.append(name)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return months
