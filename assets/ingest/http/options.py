"""What a source spec may say under `location.http`. How the services are asked stands in the modules beside this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator, model_validator

from quality.contract import Bilingual, Strict
from quality.validation import NotValid

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Secret(Strict):
    """Where a secret stands: an environment variable, or a file outside the workspace. Never the secret itself."""

    env: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def one_place(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise NotValid("khai báo đúng một trong file, env", "give exactly one of file, env")
        return self


class Auth(Strict):
    """How the server is told who asks: a token in a header, or a user with a password."""

    token: Secret | None = None
    header: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    user: str | None = None
    user_env: str | None = None
    password: Secret | None = None

    @model_validator(mode="after")
    def one_way(self) -> Self:
        users = sum(name is not None for name in (self.user, self.user_env))
        by_token = self.token is not None and not users and self.password is None
        by_password = self.token is None and users == 1 and self.password is not None and self.header is None
        if not (by_token or by_password):
            raise NotValid(
                "khai báo token, hoặc user (hay user_env) cùng password",
                "give a token, or a user (or user_env) and a password",
            )
        return self


class Limits(Strict):
    """How long a server is waited for, how often it is asked again, and how much it may send at a time."""

    connect_seconds: float = Field(default=10, gt=0, le=600)
    read_seconds: float = Field(default=60, gt=0, le=3600)
    page_seconds: float = Field(default=300, gt=0, le=86_400)
    page_mb: float = Field(default=32, gt=0, le=64)
    tries: int = Field(default=6, ge=1, le=20)
    first_wait_seconds: float = Field(default=1, ge=0, le=60)
    longest_wait_seconds: float = Field(default=120, ge=0, le=3600)


class _Server(Strict):
    """What every service needs: its address, and how patient one is with it."""

    url: str | None = None
    url_env: str | None = None
    allow_http: bool = False
    ca_file: str | None = None
    page_size: int = Field(default=1000, ge=1, le=10_000)
    limits: Limits = Limits()

    @field_validator("url")
    @classmethod
    def usable(cls, url: str | None) -> str | None:
        if url is not None and (fault := address_fault(url)) is not None:
            raise NotValid(fault.vi, fault.en)
        return url

    @model_validator(mode="after")
    def one_address(self) -> Self:
        if (self.url is None) == (self.url_env is None):
            raise NotValid("khai báo đúng một trong url, url_env", "give exactly one of url, url_env")
        if self.url is not None and (fault := plain_text_fault(self.url, self.allow_http)) is not None:
            raise NotValid(fault.vi, fault.en)
        return self


class OdkOptions(_Server):
    """A form of ODK Central; with `repeat`, one row per element of that repeat, beside the fields of its submission."""

    service: Literal["odk"]
    project: int = Field(ge=1)
    form: str = Field(min_length=1)
    repeat: str | None = None
    auth: Auth

    @model_validator(mode="after")
    def with_password(self) -> Self:
        _check_password(self.auth)
        return self


class KoboOptions(_Server):
    """A project (asset) of KoboToolbox."""

    service: Literal["kobo"]
    asset: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    auth: Auth

    @model_validator(mode="after")
    def with_token(self) -> Self:
        if self.auth.token is None or self.auth.header is not None:
            raise NotValid("KoboToolbox cần auth: {token: …}", "KoboToolbox needs auth: {token: …}")
        return self


class LimeSurveyOptions(_Server):
    """The completed responses of a LimeSurvey survey; `url` is the RemoteControl address, …/admin/remotecontrol."""

    service: Literal["limesurvey"]
    survey: int = Field(ge=1)
    auth: Auth

    @model_validator(mode="after")
    def with_password(self) -> Self:
        _check_password(self.auth)
        return self


class OffsetPaging(Strict):
    """The request says how many records to pass over."""

    kind: Literal["offset"]
    offset: str = "offset"
    limit: str = "limit"


class NumberPaging(Strict):
    """The request says which page, counted from `first`."""

    kind: Literal["page"]
    page: str = "page"
    first: int = Field(default=1, ge=0, le=1)
    size: str = "page_size"


class CursorPaging(Strict):
    """Each page says what the next request must say: `next` is the path to it in the page, `cursor` the parameter."""

    kind: Literal["cursor"]
    next: str
    cursor: str = "cursor"
    size: str | None = None


class LinkPaging(Strict):
    """Each page says where the next is: at the path `next` in the page, else in the header Link."""

    kind: Literal["link"]
    next: str | None = None
    size: str | None = None


Paging = Annotated[OffsetPaging | NumberPaging | CursorPaging | LinkPaging, Field(discriminator="kind")]


class JsonOptions(_Server):
    """Any API that gives lists of JSON objects. `records`, `id` and `total` are paths of keys joined by dots."""

    service: Literal["json"]
    params: Mapping[str, str] = {}
    records: str | None = None
    id: str
    total: str | None = None
    total_header: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    paging: Paging | None = None
    auth: Auth | None = None

    @model_validator(mode="after")
    def one_total(self) -> Self:
        if self.total is not None and self.total_header is not None:
            raise NotValid("khai báo một trong total, total_header", "give one of total, total_header")
        return self


HttpOptions = Annotated[OdkOptions | KoboOptions | LimeSurveyOptions | JsonOptions, Field(discriminator="service")]

# The models of each part of `location.http`, by the key it stands under.
PARTS: Mapping[str, tuple[type[BaseModel], ...]] = {
    "http": (OdkOptions, KoboOptions, LimeSurveyOptions, JsonOptions),
    "auth": (Auth,),
    "token": (Secret,),
    "password": (Secret,),
    "limits": (Limits,),
    "paging": (OffsetPaging, NumberPaging, CursorPaging, LinkPaging),
}


def known_keys(within: str) -> list[str]:
    """Return the keys that may stand in the part of `location.http` of that name (``http`` for the whole)."""
    return sorted({key for model in PARTS[within] for key in model.model_fields})


def address_fault(url: str) -> Bilingual | None:
    """Return what is wrong with an address; the text does not repeat it, for it may hold a password."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or any(ord(letter) <= 32 for letter in url):
        return Bilingual(
            vi="địa chỉ phải như https://may_chu/duong_dan", en="an address reads like https://server/path"
        )
    if "@" in parts.netloc:
        return Bilingual(
            vi="địa chỉ không được chứa tên đăng nhập hay mật khẩu; dùng auth",
            en="an address holds no user and no password; they belong under auth",
        )
    return None


def plain_text_fault(url: str, allowed: bool) -> Bilingual | None:
    """Return the fault of an address without encryption, unless that is allowed or the server is this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or allowed or parts.hostname in LOOPBACK:
        return None
    return Bilingual(
        vi="http:// gửi mật khẩu và phiếu không mã hoá; dùng https:// hoặc ghi allow_http: true",
        en="http:// sends passwords and answers unencrypted; use https://, or say allow_http: true",
    )


def _check_password(auth: Auth) -> None:
    if auth.password is None:
        raise NotValid(
            "dịch vụ này cần auth: {user: …, password: …}", "this service needs auth: {user: …, password: …}"
        )
