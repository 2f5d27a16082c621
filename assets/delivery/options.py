"""What sipas.yml may say under `destinations`: where revisions are delivered to, and which of their parts.

Secrets come from the environment; a setting names the variable. What each kind does stands in the module of its name.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from quality.contract import Strict
from quality.validation import NotValid

# Folders of a revision. Only `open` holds nothing but figures under disclosure control.
Audience = Literal["open", "office", "analyst", "quality"]

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
# A name of PostgreSQL that needs no quotes and leaves room for what is put behind it.
Identifier = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,39}$")]


class _Destination(Strict):
    """`keep`: revisions that stay there, the current one included; two at least, so that nobody who has just looked the
    current one up loses it while reading."""

    name: Name
    keep: int = Field(default=3, ge=2)


class _Files(_Destination):
    """A destination that takes the files of a revision as they are."""

    audiences: tuple[Audience, ...] = Field(default=("open",), min_length=1)

    @field_validator("audiences")
    @classmethod
    def each_once(cls, value: tuple[Audience, ...]) -> tuple[Audience, ...]:
        return tuple(sorted(set(value)))


class FolderDestination(_Files):
    """A folder of this machine or of a network drive; a relative path begins at the workspace."""

    kind: Literal["folder"]
    path: str


class S3Destination(_Files):
    """A folder in an S3-compatible store, ``s3://bucket/folder?endpoint_override=…``; the variable holds the URL.

    Without a pair of keys the store's client looks for credentials where it always does (``AWS_…``).
    """

    kind: Literal["s3"]
    url_env: str
    access_key_env: str | None = None
    secret_key_env: str | None = None

    @model_validator(mode="after")
    def whole_pair(self) -> Self:
        if (self.access_key_env is None) != (self.secret_key_env is None):
            raise NotValid(
                "khai báo cả access_key_env và secret_key_env, hoặc không khai báo",
                "give both access_key_env and secret_key_env, or none",
            )
        return self


class SftpDestination(_Files):
    """A folder of an SFTP server, whose host key is known: ``host_key: SHA256:…`` as `ssh-keygen -l` prints it."""

    kind: Literal["sftp"]
    host: str
    port: int = Field(default=22, ge=1, le=65535)
    user: str
    path: str
    host_key: Annotated[str, Field(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")] | None = None
    password_env: str | None = None
    key_file: str | None = None
    passphrase_env: str | None = None

    @model_validator(mode="after")
    def one_login(self) -> Self:
        if (self.password_env is None) == (self.key_file is None):
            raise NotValid(
                "khai báo đúng một trong password_env, key_file", "give exactly one of password_env, key_file"
            )
        if self.passphrase_env is not None and self.key_file is None:
            raise NotValid("passphrase_env đi cùng key_file", "passphrase_env goes with key_file")
        return self


class PostgresDestination(_Destination):
    """Views of the current revision's marts in one schema of a PostgreSQL database; the variable holds the URL.

    `audience`: ``open`` as published to everybody, or ``analyst`` with nothing hidden. `marts`: some of them only.
    """

    kind: Literal["postgres"]
    url_env: str
    db_schema: Identifier = Field(default="sipas", alias="schema")
    audience: Literal["open", "analyst"] = "open"
    marts: tuple[Identifier, ...] = ()


FilesDestination = FolderDestination | S3Destination | SftpDestination
Destination = Annotated[FilesDestination | PostgresDestination, Field(discriminator="kind")]
