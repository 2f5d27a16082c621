"""A MariaDB server of the tests' own: a folder, a socket, no port. It ends with the context."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

SERVER = shutil.which("mariadbd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/sbin")
INSTALL = shutil.which("mariadb-install-db")
START_SECONDS = 60
DATABASE = "mot_cua"


@contextmanager
def mariadb_server() -> Iterator[sa.Engine]:
    """Start a server with one empty database; yield an engine of its administrator. Skips where none is installed."""
    if SERVER is None or INSTALL is None:
        pytest.skip("MariaDB is not installed (apt install mariadb-server)")
    # The path of a socket may have 107 bytes: pytest's own folders can be longer.
    with tempfile.TemporaryDirectory(prefix="sipas-") as name:
        folder = Path(name)
        common = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={getpass.getuser()}"]
        install = [INSTALL, *common, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, check=True, capture_output=True)
        small = ["--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0"]
        socket = folder / "socket"
        server = subprocess.Popen(
            [SERVER, *common, "--skip-networking", f"--socket={socket}", f"--pid-file={folder / 'pid'}", *small],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            query = {"unix_socket": str(socket), "charset": "utf8mb4"}
            url = sa.URL.create("mariadb+pymysql", "root", host="localhost", query=query)
            _wait(url, server)
            engine = sa.create_engine(url.set(database=DATABASE), poolclass=sa.NullPool)
            yield engine
        finally:
            server.terminate()
            server.wait(START_SECONDS)


def _wait(url: sa.URL, server: subprocess.Popen[bytes]) -> None:
    """Make the database as soon as the server answers."""
    end = time.monotonic() + START_SECONDS
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    while True:
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
            return
        except sa.exc.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.1)
