"""Secrets from where a spec says they stand. They go into requests and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from assets.ingest.http.fault import HttpFault
from assets.ingest.http.options import Auth, Secret
from assets.workspace import Workspace


def secret_text(secret: Secret, workspace: Workspace) -> str:
    """Return the secret. Raises HttpFault http.secret, which says where it was looked for and never what it is."""
    if secret.env is not None:
        text = os.environ.get(secret.env, "").strip()
        if not text:
            raise _fault(f"biến môi trường {secret.env} chưa được đặt", f"set the environment variable {secret.env}")
        return _printable(text, f"${secret.env}")
    path = (workspace.root / Path(str(secret.file)).expanduser()).resolve()
    if path.is_relative_to(workspace.root.resolve()):
        raise _fault(
            f"tệp bí mật {secret.file} phải nằm ngoài không gian làm việc",
            f"the secret file {secret.file} must stand outside the workspace",
        )
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text:
        raise _fault(
            f"tệp bí mật {secret.file} không có, trống hoặc không đọc được",
            f"the secret file {secret.file} is missing, empty or cannot be read",
        )
    return _printable(text, str(secret.file))


def user_and_password(auth: Auth, workspace: Workspace) -> tuple[str, str]:
    """Return who logs in and the password. Raises HttpFault http.secret."""
    assert auth.password is not None
    user = auth.user or secret_text(Secret(env=auth.user_env), workspace)
    return user, secret_text(auth.password, workspace)


def _printable(text: str, place: str) -> str:
    if not text.isprintable():
        raise _fault(
            f"bí mật ở {place} có ký tự không in được hoặc nhiều dòng",
            f"the secret at {place} holds several lines or characters that cannot be printed",
        )
    return text


def _fault(vi: str, en: str) -> HttpFault:
    return HttpFault("http.secret", vi, en)
