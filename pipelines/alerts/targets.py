"""Whom alerts are sent to: by e-mail (SMTP) and by webhook. What is told stands in conditions.py."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Protocol

import requests

from pipelines.alerts.conditions import Alert
from pipelines.alerts.options import AlertOptions, EmailOptions

TIMEOUT_SECONDS = 20
# Alerts in one message; the rest is counted.
LISTED = 50


class NotSent(Exception):
    """A target did not take the message; the reason never holds an address, a password or a URL."""


class Target(Protocol):
    """Someone to be told."""

    @property
    def name(self) -> str: ...

    def send(self, title: str, alerts: Sequence[Alert], languages: Sequence[str]) -> None:
        """Send one message. Raises NotSent."""


@dataclass(frozen=True)
class Email:
    """One message to all receivers."""

    options: EmailOptions
    name: str = "email"

    def send(self, title: str, alerts: Sequence[Alert], languages: Sequence[str]) -> None:
        message = EmailMessage()
        message["Subject"] = f"[sipas] {title}: {len(alerts)}"
        message["From"] = self.options.sender
        message["To"] = ", ".join(self.options.to)
        message.set_content(as_text(alerts, languages))
        try:
            self._deliver(message)
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"{self.name}: {type(error).__name__}") from None

    def _deliver(self, message: EmailMessage) -> None:
        place, context = (self.options.host, self.options.port), ssl.create_default_context()
        if self.options.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(*place, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(*place, timeout=TIMEOUT_SECONDS)
        with server:
            if self.options.security == "starttls":
                server.starttls(context=context)
            if self.options.user is not None:
                password = os.environ.get(str(self.options.password_env))
                if password is None:
                    raise NotSent(f"{self.name}: the variable {self.options.password_env} is not set")
                server.login(self.options.user, password)
            server.send_message(message)


@dataclass(frozen=True)
class Webhook:
    """A JSON message by POST: `text` as chat services show it, and the alerts one by one."""

    url_env: str

    @property
    def name(self) -> str:
        return f"webhook {self.url_env}"

    def send(self, title: str, alerts: Sequence[Alert], languages: Sequence[str]) -> None:
        url = os.environ.get(self.url_env)
        if not url:
            raise NotSent(f"{self.name}: the variable is not set")
        listed = [
            {"kind": alert.kind, "key": alert.key}
            | {language: getattr(alert.message, language) for language in languages}
            for alert in alerts
        ]
        body: Any = {"title": title, "text": f"{title}\n{as_text(alerts, languages)}", "alerts": listed}
        try:
            answer = requests.post(url, json=body, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            raise NotSent(f"{self.name}: {type(error).__name__}") from None
        if not 200 <= answer.status_code < 300:
            raise NotSent(f"{self.name}: HTTP status {answer.status_code}")


def targets_of(options: AlertOptions) -> list[Target]:
    """Return everybody whom the settings name."""
    targets: list[Target] = [Webhook(webhook.url_env) for webhook in options.webhooks]
    return [Email(options.email), *targets] if options.email is not None else targets


def as_text(alerts: Sequence[Alert], languages: Sequence[str]) -> str:
    """Return a line per alert, in each of the languages."""
    parts = []
    for language in languages:
        lines = [f"- {getattr(alert.message, language)}" for alert in alerts[:LISTED]]
        if len(alerts) > LISTED:
            lines.append(f"- … +{len(alerts) - LISTED}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
