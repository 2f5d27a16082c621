"""An SFTP server on this machine: a folder, one account, and the extension posix-rename as OpenSSH has it."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import Any

import paramiko
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface

USER, PASSWORD = "so_noi_vu", "mat-khau-thu-nghiem-7Q"


class Server:
    """Accepts connections until it is stopped. `write_fails_after`: files that may be opened for writing, then errors;
    `drops`: connections are cut at that point instead."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.host_key = paramiko.ECDSAKey.generate()
        self.user_key = paramiko.ECDSAKey.generate()
        self.write_fails_after: int | None = None
        self.drops = False
        self.renames = True
        self.logins = 0
        self._transports: list[paramiko.Transport] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def fingerprint(self) -> str:
        return self.host_key.fingerprint

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            # In a thread of its own: a client that goes in the middle of the handshake must not keep others waiting.
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        transport = paramiko.Transport(connection)
        transport.add_server_key(self.host_key)
        transport.set_subsystem_handler("sftp", SFTPServer, _Files, self)
        self._transports.append(transport)
        try:
            transport.start_server(server=_Accounts(self))
        except (paramiko.SSHException, EOFError, OSError):
            transport.close()

    def cut(self) -> None:
        for transport in self._transports:
            transport.close()
        self._transports.clear()

    def stop(self) -> None:
        self._socket.close()
        self.cut()


class _Accounts(paramiko.ServerInterface):
    def __init__(self, server: Server) -> None:
        self._server = server

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_auth_password(self, username: str, password: str) -> int:
        self._server.logins += 1
        return paramiko.AUTH_SUCCESSFUL if (username, password) == (USER, PASSWORD) else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return paramiko.AUTH_SUCCESSFUL if key == self._server.user_key else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Files(SFTPServerInterface):
    def __init__(self, connection: Any, server: Server) -> None:
        super().__init__(connection)
        self._server = server

    def _at(self, path: str) -> str:
        return str(self._server.root / self.canonicalize(path).lstrip("/"))

    def list_folder(self, path: str) -> Any:
        try:
            found = []
            for name in os.listdir(self._at(path)):
                about = SFTPAttributes.from_stat(os.lstat(f"{self._at(path)}/{name}"))
                about.filename = name
                found.append(about)
            return found
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)

    def stat(self, path: str) -> Any:
        try:
            return SFTPAttributes.from_stat(os.stat(self._at(path)))
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)

    def lstat(self, path: str) -> Any:
        try:
            return SFTPAttributes.from_stat(os.lstat(self._at(path)))
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)

    def open(self, path: str, flags: int, attr: Any) -> Any:
        if flags & os.O_WRONLY and self._server.write_fails_after is not None:
            self._server.write_fails_after -= 1
            if self._server.write_fails_after < 0:
                if self._server.drops:
                    self._server.write_fails_after = None
                    self._server.cut()
                return paramiko.SFTP_FAILURE
        try:
            descriptor = os.open(self._at(path), flags, 0o644)
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)
        handle = SFTPHandle(flags)
        if flags & os.O_WRONLY:
            handle.writefile = os.fdopen(descriptor, "wb")  # type: ignore[attr-defined]
        else:
            handle.readfile = os.fdopen(descriptor, "rb")  # type: ignore[attr-defined]
        return handle

    def _do(self, action: Any, *arguments: Any) -> int:
        try:
            action(*arguments)
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)
        return paramiko.SFTP_OK

    def remove(self, path: str) -> int:
        return self._do(os.remove, self._at(path))

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        if not self._server.renames:
            return paramiko.SFTP_OP_UNSUPPORTED
        return self._do(os.rename, self._at(oldpath), self._at(newpath))

    def mkdir(self, path: str, attr: Any) -> int:
        return self._do(os.mkdir, self._at(path))

    def rmdir(self, path: str) -> int:
        return self._do(os.rmdir, self._at(path))

    def symlink(self, target_path: str, path: str) -> int:
        return self._do(os.symlink, target_path, self._at(path))
