"""Faults to plant in gitreg: what it must not be like. A harness that does not notice them proves nothing."""

# ruff: noqa: ARG001, ARG005, SLF001 - a fault takes what the function takes that it replaces
from __future__ import annotations

import contextlib
import os
import sys
import zlib
from typing import TYPE_CHECKING

from gitreg.cli import boundary
from gitreg.operations import message as messages
from gitreg.store import gitrepo, journal, objects, packs, remote, worktree

if TYPE_CHECKING:
    from collections.abc import Iterator


def no_journal() -> None:
    """Forget to write down what a write is about to do to a checkout."""
    journal.write = lambda common_dir, entry: None


def refresh_before_the_ref() -> None:
    """Bring the checkout to a commit that the branch may never reach."""
    checked, apply = worktree.Refresh.checked, worktree.Refresh.apply

    @contextlib.contextmanager
    def eager(self: worktree.Refresh, before: dict[str, str | None]) -> Iterator[None]:
        with checked(self, before):
            yield
        apply(self, list(before))

    worktree.Refresh.checked = eager
    worktree.Refresh.apply = lambda self, paths: True


def no_refresh() -> None:
    """Leave the checkout behind its branch."""
    worktree.Refresh.apply = lambda self, paths: True


def objects_in_place() -> None:
    """Write objects under their final names, as if a write could not be cut short."""

    def careless(self: objects.ObjectWriter, some: list[tuple[str, bytes]]) -> None:
        for object_id, whole in some:
            final = os.path.join(self._folder, object_id[:2], object_id[2:])
            descriptor = os.open(final, os.O_CREAT | os.O_WRONLY)
            os.write(descriptor, zlib.compress(whole))
            os.close(descriptor)

    objects.ObjectWriter._write = careless


def packs_in_place() -> None:
    """Write a pack and its index under names that git looks at, as if that could not be cut short."""
    begin = packs.PackWriter.__init__

    def careless(self: packs.PackWriter, objects: str, algorithm: str, mode: int) -> None:
        begin(self, objects, algorithm, mode)
        final = os.path.join(self._folder, f"pack-{os.urandom(20).hex()}")
        os.rename(self._names["pack"], f"{final}.pack")
        self._names = {"pack": f"{final}.pack", "idx": f"{final}.idx"}

    packs.PackWriter.__init__ = careless


def no_sync_of_packs() -> None:
    """Let the disk decide when a pack is written."""
    finish = packs.PackWriter.finish

    def careless(self: packs.PackWriter) -> None:
        real, os.fsync = os.fsync, lambda descriptor: None
        try:
            finish(self)
        finally:
            os.fsync = real

    packs.PackWriter.finish = careless


def landed_unseen() -> None:
    """Move the branch here before the remote has taken the commit."""
    push = remote.Remote.push

    def eager(self: remote.Remote, commit: str, *how: str) -> bool:
        self.repo.git("update-ref", f"refs/heads/{self.branch}", commit)
        return push(self, commit, *how)

    remote.Remote.push = eager


def no_old_value() -> None:
    """Move the branch from wherever it is by now, not from the commit that the write was decided from."""
    move = gitrepo.RefUpdate.move

    def blind(self: gitrepo.RefUpdate, ref: str, new: str, old: str) -> bool:
        now_at = self._repo.reader.info(ref)
        return move(self, ref, new, now_at.id if now_at else old)

    gitrepo.RefUpdate.move = blind


def no_sync_of_the_ref_s_folder() -> None:
    """Let the disk decide when the branch is renamed to its new place."""
    gitrepo.GitRepo.sync_folder_of = lambda self, ref: None


def no_sync_of_objects() -> None:
    """Let the disk decide when objects are written."""

    def careless(self: objects.ObjectWriter) -> None:
        real, objects.os.fsync = objects.os.fsync, lambda descriptor: None
        try:
            flush(self)
        finally:
            objects.os.fsync = real

    flush = objects.ObjectWriter.flush
    objects.ObjectWriter.flush = careless


def refusals_end_with_0() -> None:
    """Say what went wrong, and then that nothing did."""
    said = boundary.said
    boundary.said = lambda error, args: 0 * said(error, args)


def edits_are_overlooked() -> None:
    """Write over what a person has not committed."""

    @contextlib.contextmanager
    def blind(self: worktree.Refresh, before: dict[str, str | None]) -> Iterator[None]:
        yield

    def apply(self: worktree.Refresh, paths: list[str]) -> bool:
        self.repo.git("--git-dir", self.checkout.git_dir, "--work-tree", self.checkout.folder, "checkout", "-q", "-f", self.new, "--", *paths, env={"GIT_INDEX_FILE": self._copy})
        self.settle(paths)
        return True

    worktree.Refresh.checked = blind
    worktree.Refresh.apply = apply


def forced_pushes() -> None:
    """Push over what others have pushed."""
    ask = remote.Remote.ask

    def pushy(self: remote.Remote, *args: str) -> tuple[int, str, str]:
        return ask(self, *args[:-1], f"+{args[-1]}") if args[0] == "push" else ask(self, *args)

    remote.Remote.ask = pushy


def rejections_taken_for_success() -> None:
    """Believe that every push went well."""
    push = remote.Remote.push
    remote.Remote.push = lambda self, commit, *how: push(self, commit, *how) or True


def no_operation_id() -> None:
    """Let two writers who do the same in the same second make the same commit."""
    written = messages.written
    messages.written = lambda subject, reason, operation, events: written(subject, reason, "0", events)


PLANTED = {
    "forced pushes": forced_pushes,
    "rejections taken for success": rejections_taken_for_success,
    "no operation id": no_operation_id,
    "no journal": no_journal,
    "refresh before the ref": refresh_before_the_ref,
    "no refresh": no_refresh,
    "objects in place": objects_in_place,
    "no old value": no_old_value,
    "no sync of the ref's folder": no_sync_of_the_ref_s_folder,
    "no sync of objects": no_sync_of_objects,
    "packs in place": packs_in_place,
    "no sync of packs": no_sync_of_packs,
    "the branch before the remote": landed_unseen,
    "refusals end with 0": refusals_end_with_0,
    "edits are overlooked": edits_are_overlooked,
}


def plant(name: str | None) -> None:
    """Break gitreg in this process, if a name is given."""
    if name:
        PLANTED[name]()


if __name__ == "__main__":  # python -m benchmarks.faults.planted FAULT COMMAND…: gitreg, broken
    _, fault, *command = sys.argv
    sys.argv = ["gitreg", *command]
    plant(fault)
    boundary.main()
