"""One delivery of a published revision to one destination, whatever its kind; tried again where that can help."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tenacity

from assets.delivery.folder import FolderTree
from assets.delivery.options import (
    Destination,
    FilesDestination,
    FolderDestination,
    PostgresDestination,
    S3Destination,
)
from assets.delivery.outcome import DeliveryFailed, Outcome, Sent
from assets.delivery.parcel import parcel_of
from assets.delivery.s3 import S3Tree
from assets.delivery.tree import Tree, deliver_tree
from assets.workspace import Workspace
from quality.contract import Bilingual

ATTEMPTS = 3
_WAIT = tenacity.wait_exponential_jitter(initial=1, max=20)


def deliver(destination: Destination, workspace: Workspace, folder: Path, dry_run: bool = False) -> Outcome:
    """Bring the revision of `folder` to the destination and make it the current one there; never raises for its sake.

    The next delivery takes up what a failed one left.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, DeliveryFailed) and error.passing),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=_WAIT,
        reraise=True,
    )
    try:
        return Outcome(destination.name, folder.name, retrying(_deliver, destination, workspace, folder, dry_run))
    except DeliveryFailed as failure:
        return Outcome(destination.name, folder.name, None, failure.message)
    except Exception as error:  # what is published stands, whatever becomes of its copies
        told = Bilingual(
            vi=f"lỗi của phần mềm ({type(error).__name__}), đề nghị báo lại",
            en=f"a fault of the software ({type(error).__name__}), please report it",
        )
        return Outcome(destination.name, folder.name, None, told)


def _deliver(destination: Destination, workspace: Workspace, folder: Path, dry_run: bool) -> Sent:
    if isinstance(destination, PostgresDestination):
        from assets.delivery.postgres import deliver_marts

        return deliver_marts(from_environment(destination.url_env), destination, folder, dry_run)
    parcel = parcel_of(folder, destination.audiences)
    with _open(destination, workspace) as tree:
        return deliver_tree(tree, parcel, destination.keep, dry_run)


@contextmanager
def _open(destination: FilesDestination, workspace: Workspace) -> Iterator[Tree]:
    if isinstance(destination, FolderDestination):
        yield FolderTree(local_path(destination.path, workspace))
    elif isinstance(destination, S3Destination):
        keys = {"access_key": destination.access_key_env, "secret_key": destination.secret_key_env}
        given = {name: from_environment(variable) for name, variable in keys.items() if variable is not None}
        yield S3Tree(from_environment(destination.url_env), **given)
    else:
        secret = destination.password_env or destination.passphrase_env
        from assets.delivery.sftp import open_sftp  # paramiko takes a while to import

        with open_sftp(
            destination,
            local_path(destination.key_file, workspace) if destination.key_file is not None else None,
            from_environment(secret) if secret is not None else None,
        ) as tree:
            yield tree


def local_path(path: str, workspace: Workspace) -> Path:
    """The place of this machine that a setting names; a relative one begins at the workspace."""
    return workspace.root / Path(path).expanduser()


def from_environment(variable: str) -> str:
    """The value of a variable that holds a secret. Raises DeliveryFailed where it is not set."""
    value = os.environ.get(variable)
    if not value:
        raise DeliveryFailed(f"biến môi trường {variable} chưa được đặt", f"the variable {variable} is not set")
    return value
