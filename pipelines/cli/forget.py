"""`sipas forget`: find the token of a person, and take the person out. A number is asked for, never taken from the command line."""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import typer

from assets.keys import DIGITS
from assets.workspace import Workspace
from pipelines.cli.tables import say, show_table
from pipelines.settings import load_settings
from quality.personal import identifiers

if TYPE_CHECKING:
    from assets.office import Office
    from assets.privacy.forget import Forgotten

_ASKED = "Phone number, ID number or e-mail (số điện thoại, số giấy tờ hoặc thư điện tử): "


def find_person(workspace: Workspace) -> None:
    """Ask for a number or address on standard input, unseen, and print its tokens with the rows found by each."""
    with _office(workspace) as office:
        text = getpass.getpass(_ASKED) if sys.stdin.isatty() else sys.stdin.readline()
        readings = dict.fromkeys(identifiers(text.strip()))
        if not readings:
            raise typer.BadParameter("that is no phone number, ID number or e-mail address (không đọc được)")
        found = [(kind, _look(office, office.keys.token(kind, normal))) for kind, normal in readings]
    seen = [(kind, one) for kind, one in found if one.rows] or found
    show_table(
        ["token", "as", "records", "rows in inbox", "landed", "in quarantine", "files in returns"],
        [(*one.tokens, kind, *_counts(one)) for kind, one in seen],
        whole=["token"],
    )
    linked = sorted({token for _, one in seen for token in one.linked})
    if linked:
        say(f"Other tokens in the same rows: {', '.join(linked)}")
    say(
        "Next: sipas forget TOKEN --dry-run, then without it. (Không có dòng nào vẫn có thể đặt dấu để sau này không nạp.)"
    )


def forget_person(workspace: Workspace, tokens: Iterable[str], dry_run: bool) -> bool:
    """Forget the people of the tokens, or count; return whether nothing is left to be done by hand."""
    wanted = frozenset(tokens)
    if wrong := [token for token in wanted if not re.fullmatch(rf"[0-9a-f]{{{DIGITS}}}", token)]:
        what = "a number or address" if list(identifiers(wrong[0])) else "this"
        raise typer.BadParameter(f"{what} is no token: sipas forget --find asks for a number and prints the token")
    with _office(workspace) as office:
        from assets.privacy.forget import forget

        found = forget(office, wanted, dry_run=dry_run)
    records, inbox, landed, quarantined, returned = _counts(found)
    verb = "would be taken out" if dry_run else "taken out"
    say(
        f"{verb}: {records} record(s); rows: {inbox} in inbox, {landed} landed, {quarantined} in quarantine; "
        f"{returned} file(s) in returns, {found.files_published} in published/"
    )
    for line in found.by_hand:
        say(f"  by hand: {line}", "yellow")
    if found.linked:
        say(f"  other tokens in the same rows: {', '.join(sorted(found.linked))}")
    if not dry_run:
        say("A tombstone keeps the person out. Run `sipas run`: the marts are built without these records.")
        say(
            "Revisions that are published already keep their figures, which hold no identifier. (Bản đã công bố giữ số liệu.)"
        )
    return not found.by_hand


def _office(workspace: Workspace) -> AbstractContextManager[Office]:
    from pipelines.resources import office_at_work

    return office_at_work(workspace, load_settings(workspace), lambda line: None)


def _look(office: Office, token: str) -> Forgotten:
    from assets.privacy.forget import forget

    return forget(office, [token], dry_run=True)


def _counts(found: Forgotten) -> tuple[int, int, int, int, int]:
    return len(found.records), found.rows_inbox, found.rows_landing, found.rows_quarantine, found.files_returned
