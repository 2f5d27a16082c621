"""`sipas key rotate`: another secret, and everything that was hashed brought under it."""

from __future__ import annotations

from contextlib import closing

import typer

from assets.landing.land import sweep
from assets.ledger import Ledger
from assets.privacy.rotation import OtherKey, rotate
from assets.workspace import Workspace
from pipelines.cli.tables import say
from pipelines.lock import run_lock
from pipelines.settings import add_secret, key_file, load_settings, read_keys
from quality.contract import load_contracts


def rotate_key(workspace: Workspace) -> None:
    """Add a secret where the key is a file and none is waiting; bring landing, tombstones and ledger under the newest.

    Raises SettingsError, WorkspaceBusy, and typer.BadParameter when the key is another than the workspace began with.
    """
    settings = load_settings(workspace)
    with run_lock(workspace), closing(Ledger.of_folder(workspace.state)) as ledger:
        keys = read_keys(settings, workspace)
        sweep(workspace, ledger)
        if ledger.key_mark() in (None, keys.key_id):
            if settings.key.file is None:
                raise typer.BadParameter(
                    f"${settings.key.env} has no new secret: put one on a line of its own behind the old "
                    "(thêm khoá mới vào dòng cuối của biến, giữ các dòng cũ)"
                )
            add_secret(key_file(settings, workspace))
            keys = read_keys(settings, workspace)
        try:
            files = rotate(workspace, ledger, keys, load_contracts())
        except OtherKey:
            raise typer.BadParameter(
                "this is not the key the workspace began with; put the old one back, before the new one "
                "(không phải khoá cũ; đặt lại khoá cũ ở dòng trước)"
            ) from None
    say(f"The key has {len(keys.secrets)} secret(s) now; {files} file(s) were brought under the newest.")
    say("Keep all lines of the key and copy them to the safe place: hashes are made with every one of them.")
    say("(Giữ mọi dòng của khoá và sao lưu: mã băm được tạo từ tất cả các dòng.)")
