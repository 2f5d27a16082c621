"""Deliveries into a folder, an S3-compatible store and an SFTP server: readers see one revision, whole, whatever happens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from delivery_places import Place, contents, make_revision

from assets.delivery.deliver import deliver
from assets.delivery.folder import FolderTree
from assets.delivery.outcome import DeliveryFailed, Outcome
from assets.delivery.s3 import S3Tree
from assets.delivery.sftp import SftpTree
from assets.workspace import Workspace

TREES = {"folder": FolderTree, "s3": S3Tree, "sftp": SftpTree}


def is_open(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in files.items() if path.startswith("open/")}


def delivered(outcome: Outcome) -> tuple[int, int]:
    assert outcome.sent is not None, outcome.message.en
    return outcome.sent.sent, outcome.sent.kept


def test_only_the_open_files_arrive_and_a_second_delivery_sends_nothing(place: Place, workspace: Workspace) -> None:
    files = contents("r1")
    revision = make_revision(workspace, "r1", files)
    assert delivered(deliver(place.destination(), workspace, revision, dry_run=True)) == (8, 0)
    assert place.files() == {}
    assert delivered(deliver(place.destination(), workspace, revision)) == (8, 0)
    assert place.seen() == ("r1", is_open(files))
    standing = place.files()
    assert standing.keys() == {"current.json", "revisions/r1/revision.json"} | {
        f"revisions/r1/{path}" for path in is_open(files)
    }
    again = deliver(place.destination(), workspace, revision)
    assert again.sent is not None and again.sent.is_current and "already" in again.message.en
    assert place.files() == standing


def test_other_audiences_only_when_named(place: Place, workspace: Workspace) -> None:
    files = contents("r1")
    revision = make_revision(workspace, "r1", files)
    deliver(place.destination(), workspace, revision)
    deliver(place.destination(audiences=["open", "office"]), workspace, revision)
    assert place.seen()[1] == {path: content for path, content in files.items() if not path.startswith("analyst/")}
    deliver(place.destination(audiences=["open"]), workspace, revision)
    assert place.seen()[1] == is_open(files)
    assert not any("office" in path for path in place.files()), "what is no longer for this place goes"
    assert deliver(place.destination(audiences=["quality"]), workspace, revision).failure is not None


def test_the_next_revision_sends_what_changed_and_old_ones_go(place: Place, workspace: Workspace) -> None:
    counts = []
    for number in range(1, 5):
        revision = make_revision(workspace, f"r{number}", contents(f"r{number}"))
        counts.append(delivered(deliver(place.destination(keep=2), workspace, revision)))
        assert place.seen() == (f"r{number}", is_open(contents(f"r{number}")))
    # An SFTP server cannot copy: unchanged files are taken from the revision that goes, once there is one.
    assert counts == ([(8, 0), (8, 0), (5, 3), (5, 3)] if place.settings["kind"] == "sftp" else [(8, 0), *[(5, 3)] * 3])
    assert {path.split("/")[1] for path in place.files() if "/" in path} == {"r3", "r4"}
    assert json.loads(place.read("current.json"))["earlier"] == ["r3"]
    # An earlier revision can be made the current one again.
    assert delivered(deliver(place.destination(keep=2), workspace, workspace.published / "revisions/r3")) == (0, 8)
    assert place.seen()[0] == "r3"


@contextmanager
def failing_at(place: Place, action: str, number: int) -> Iterator[None]:
    """Break a delivery after so many calls of one of the tree's actions, as a lost connection or a full disk does."""
    tree = TREES[place.settings["kind"]]
    real, lock, calls = getattr(tree, action), threading.Lock(), [0]

    def failing(self: Any, *arguments: Any) -> Any:
        with lock:
            calls[0] += 1
            if calls[0] > number:
                raise DeliveryFailed("đứt", "cut")
        return real(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tree, action, failing)
        patch.setattr(tree, "lanes", 1)
        yield


@pytest.mark.parametrize(
    ("action", "number"), [("send", 0), ("send", 2), ("replace", 0), ("replace", 1), ("replace", 2), ("move", 0)]
)
def test_a_failure_leaves_the_old_revision_whole_and_the_next_delivery_repairs(
    place: Place, workspace: Workspace, action: str, number: int
) -> None:
    if action == "move" and place.settings["kind"] == "s3":
        action = "copy"  # objects are not moved
    first, second, third = (make_revision(workspace, f"r{n}", contents(f"r{n}")) for n in (1, 2, 3))
    deliver(place.destination(), workspace, first)
    with failing_at(place, action, number):
        outcome = deliver(place.destination(), workspace, second)
    assert outcome.failure is not None and outcome.failure.en == "cut"
    assert place.seen() == ("r1", is_open(contents("r1")))
    again = third if number == 2 else second  # the same revision, or one published meanwhile
    assert deliver(place.destination(), workspace, again).failure is None
    assert place.seen() == (again.name, is_open(contents(again.name)))
    assert {path.split("/")[1] for path in place.files() if "/" in path} == {"r1", again.name}, "nothing is left over"


def test_what_arrived_before_a_failure_is_not_sent_again(place: Place, workspace: Workspace) -> None:
    revision = make_revision(workspace, "r1", contents("r1"))
    with failing_at(place, "send", 5):
        assert deliver(place.destination(), workspace, revision).failure is not None
    assert delivered(deliver(place.destination(), workspace, revision)) == (3, 5)


def test_a_revision_damaged_there_is_made_whole(place: Place, workspace: Workspace) -> None:
    revision = make_revision(workspace, "r1", contents("r1"))
    deliver(place.destination(), workspace, revision)
    place.write("revisions/r1/open/marts/1.csv", b"cut off")
    assert deliver(place.destination(), workspace, revision).failure is None
    assert place.seen() == ("r1", is_open(contents("r1")))
    place.write("current.json", b"{not json")
    assert deliver(place.destination(), workspace, revision).failure is None
    assert place.seen() == ("r1", is_open(contents("r1")))


def test_a_published_file_that_was_damaged_is_not_delivered(place: Place, workspace: Workspace) -> None:
    deliver(place.destination(), workspace, make_revision(workspace, "r1", contents("r1")))
    second = make_revision(workspace, "r2", contents("r2"))
    (second / "open/marts/2.csv").write_bytes(b"r2" + b"!" * 2000)  # as long as it was
    for _ in range(2):
        outcome = deliver(place.destination(), workspace, second)
        assert outcome.failure is not None and "open/marts/2.csv" in outcome.failure.en
        assert place.seen()[0] == "r1"


def test_readers_see_one_revision_while_others_are_delivered(place: Place, workspace: Workspace) -> None:
    revisions = [make_revision(workspace, f"r{number}", contents(f"r{number}")) for number in range(3)]
    deliver(place.destination(keep=9), workspace, revisions[0])
    seen: list[str] = []
    faults: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                name, found = place.seen()
                marks = {content[:2] for path, content in found.items() if "/old/" not in path}
                assert marks == {name.encode()}
                seen.append(name)
        except BaseException as fault:
            faults.append(fault)

    reader = threading.Thread(target=read)
    reader.start()
    for revision in revisions * 2:
        assert deliver(place.destination(keep=9), workspace, revision).failure is None
    done.set()
    reader.join()
    assert not faults and len(seen) > 2
