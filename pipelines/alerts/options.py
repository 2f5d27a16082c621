"""What sipas.yml may say under `alerts`: whom to tell, and from where on. Passwords and webhook URLs come from the environment."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from quality.contract import Strict
from quality.validation import NotValid

Address = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class EmailOptions(Strict):
    """A mail server and whom to write to."""

    host: str
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_env: str | None = None
    sender: Address
    to: tuple[Address, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def whole_login(self) -> Self:
        if (self.user is None) != (self.password_env is None):
            raise NotValid(
                "khai báo cả user và password_env, hoặc không khai báo", "give both user and password_env, or none"
            )
        if self.user is not None and self.security == "none":
            raise NotValid(
                "không gửi mật khẩu qua kết nối không mã hoá; đặt security: starttls hoặc tls",
                "a password is not sent over a connection in clear; set security to starttls or tls",
            )
        return self


class WebhookOptions(Strict):
    """An address that takes a JSON message by POST; it may hold a token, so the environment has it."""

    url_env: str


class AlertOptions(Strict):
    """Whom to tell of what."""

    email: EmailOptions | None = None
    webhooks: tuple[WebhookOptions, ...] = ()
    # Share of the rows of a source's last batch in quarantine, and the fewest rows a share is taken of.
    quarantine_share: float = Field(default=0.1, ge=0, le=1)
    quarantine_rows: int = Field(default=20, ge=1)
    # Days without a new input; a month and its deadline, with room.
    stale_after_days: int = Field(default=45, ge=1)
