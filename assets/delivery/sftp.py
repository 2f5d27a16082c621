"""Delivery to an SFTP server whose host key is known. Files go into a folder beside, which is then renamed into its place.

The channel itself vouches for what arrives (RFC 4253, section 6.4); sizes are compared all the same.
"""

from __future__ import annotations

import contextlib
import logging
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import paramiko

from assets.delivery.options import SftpDestination
from assets.delivery.outcome import DeliveryFailed
from assets.delivery.tree import STAGING, send_checked

CONNECT_SECONDS = 15
ANSWER_SECONDS = 60
_LINK = "current"
# It writes tracebacks of its threads to the terminal; what went wrong is raised besides.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class SftpTree:
    """The files below a folder of the server, which is there already.

    A lane has a channel of its own: what a small file costs is the way to the server and back, several times.
    """

    lanes = 4
    copies = False

    def __init__(self, client: paramiko.SSHClient, root: str) -> None:
        self._ssh = client
        self._channels = threading.local()
        self._root = root.rstrip("/")
        self._folders: set[str] = set()
        with _told():
            try:
                is_folder = stat.S_ISDIR(self._client.stat(root).st_mode or 0)
            except FileNotFoundError:
                is_folder = False
        if not is_folder:
            raise DeliveryFailed(
                "thư mục của nơi nhận không có trên máy chủ SFTP", "the destination's folder is not on the SFTP server"
            )

    @property
    def _client(self) -> paramiko.SFTPClient:
        if not hasattr(self._channels, "client"):
            opened = self._ssh.open_sftp()
            opened.get_channel().settimeout(ANSWER_SECONDS)
            self._channels.client = opened
        return self._channels.client

    def staging(self, final: str) -> str:
        return STAGING

    def read(self, path: str) -> bytes | None:
        with _told():
            try:
                with self._client.open(self._at(path), "rb") as file:
                    content: bytes = file.read()
                    return content
            except FileNotFoundError:
                return None

    def sizes(self, folder: str) -> dict[str, int]:
        found: dict[str, int] = {}
        waiting = [""]
        with _told():
            while waiting:
                above = waiting.pop()
                try:
                    entries = self._client.listdir_attr(self._at(f"{folder}/{above}".rstrip("/")))
                except FileNotFoundError:
                    continue
                for entry in entries:
                    path = f"{above}{entry.filename}"
                    if stat.S_ISDIR(entry.st_mode or 0):
                        waiting.append(f"{path}/")
                    else:
                        found[path] = entry.st_size or 0
        return found

    def send(self, source: Path, path: str) -> str:
        target = self._at(path)
        with _told():
            self._make_folder(PurePosixPath(target).parent)
            # In the staging folder a file that was cut off is told by its size.
            with self._client.open(target, "wb") as file:
                file.set_pipelined(True)
                digest = send_checked(source, file)
        return digest

    def copy(self, source: str, path: str) -> bool:
        return False  # the protocol has no copy that servers share

    def replace(self, path: str, content: bytes) -> None:
        target = self._at(path)
        with _told():
            self._make_folder(PurePosixPath(target).parent)
            with self._client.open(f"{target}.part", "wb") as file:
                file.write(content)
            try:
                self._client.posix_rename(f"{target}.part", target)
            except FileNotFoundError:
                raise
            except OSError as error:
                if "unsupported" not in str(error).lower():
                    raise
                raise DeliveryFailed(
                    "máy chủ SFTP không có phần mở rộng posix-rename@openssh.com nên không thể đổi bản trong một bước",
                    "the SFTP server lacks posix-rename@openssh.com, so a revision cannot be made current in one step",
                ) from None

    def move(self, folder: str, target: str) -> None:
        with _told():
            self._client.posix_rename(self._at(folder), self._at(target))
            self._folders.clear()

    def remove(self, path: str) -> None:
        with _told():
            self._remove(self._at(path))
            self._folders.clear()

    def _remove(self, place: str) -> None:
        try:
            mode = self._client.lstat(place).st_mode or 0
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(mode):
            self._client.remove(place)
            return
        for name in self._client.listdir(place):
            self._remove(f"{place}/{name}")
        self._client.rmdir(place)

    def show(self, folder: str) -> None:
        aside = self._at(f".{_LINK}.part")
        with contextlib.suppress(OSError):  # a server without symbolic links goes without
            with contextlib.suppress(FileNotFoundError):
                self._client.remove(aside)
            self._client.symlink(folder, aside)
            self._client.posix_rename(aside, self._at(_LINK))

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if self._root else path

    def _make_folder(self, folder: PurePosixPath) -> None:
        for part in [*reversed(folder.parents), folder]:
            name = str(part)
            if name in self._folders or len(name) <= len(self._root):
                continue
            with contextlib.suppress(OSError):  # it is there; where it is not, the file's own error tells
                self._client.mkdir(name)
            self._folders.add(name)


@contextmanager
def open_sftp(options: SftpDestination, key_file: Path | None, password: str | None) -> Iterator[SftpTree]:
    """Connect; `password` opens the account, or the key where there is one. Raises DeliveryFailed."""
    key = _key(key_file, password) if key_file is not None else None
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(_KnownHost(options.host_key))
        with _told():
            client.connect(
                options.host,
                options.port,
                options.user,
                password=None if key else password,
                pkey=key,
                allow_agent=False,
                look_for_keys=False,
                timeout=CONNECT_SECONDS,
                banner_timeout=CONNECT_SECONDS,
                auth_timeout=CONNECT_SECONDS,
            )
        yield SftpTree(client, options.path)


def _key(path: Path, passphrase: str | None) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(path, passphrase.encode() if passphrase is not None else None)
    except (paramiko.SSHException, paramiko.pkey.UnknownKeyType, OSError, ValueError, TypeError):
        raise DeliveryFailed(
            "không mở được tệp khoá SSH (key_file): không có tệp, hoặc sai passphrase_env",
            "the SSH key of key_file cannot be opened: there is no such file, or passphrase_env does not fit",
        ) from None


class _KnownHost(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]
    """Lets pass the one key whose fingerprint the settings hold."""

    def __init__(self, fingerprint: str | None) -> None:
        self._fingerprint = fingerprint

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        shown = f"{key.get_name()} {key.fingerprint}"
        if self._fingerprint is None:
            raise DeliveryFailed(
                f"chưa biết máy chủ {hostname}: nó đưa ra khoá {shown}; hỏi người quản trị máy chủ, nếu đúng thì ghi vào host_key",
                f"the server {hostname} is not known: it shows the key {shown}; ask whoever runs it, and if they say the same,"
                " set host_key to it",
            )
        if key.fingerprint != self._fingerprint:
            raise DeliveryFailed(
                f"khoá của máy chủ {hostname} khác host_key: nó đưa ra {shown}; không gửi gì, hãy hỏi người quản trị máy chủ",
                f"the server {hostname} shows another key than host_key says: {shown}; nothing was sent, ask whoever runs it",
            )


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (paramiko.AuthenticationException, paramiko.PasswordRequiredException):
        raise DeliveryFailed(
            "máy chủ SFTP không nhận tài khoản, mật khẩu hoặc khoá này",
            "the SFTP server does not take this account, password or key",
        ) from None
    except PermissionError:
        raise DeliveryFailed(
            "tài khoản SFTP không có quyền ghi ở thư mục này", "the SFTP account may not write in this folder"
        ) from None
    except (paramiko.SSHException, OSError, EOFError) as error:
        # The words of a server or of the client are not repeated: they may quote what was sent.
        raise DeliveryFailed(
            f"không làm việc được với máy chủ SFTP ({type(error).__name__})",
            f"the SFTP server cannot be worked with ({type(error).__name__})",
            passing=True,
        ) from None
