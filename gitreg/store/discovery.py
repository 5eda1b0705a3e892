"""Find the repository that holds a folder: what git says of it, asked in the background where there is something else to do."""

from __future__ import annotations

import os

from gitreg.errors import NotFoundError, UsageError
from gitreg.store import process, reader
from gitreg.store.gitrepo import GitRepo

_ASKED = ("--git-dir", "--git-common-dir", "--is-inside-work-tree", "--show-object-format", "--show-prefix")


def discover(start: str) -> GitRepo:
    """Return the repository that holds the folder *start*.

    Raises:
        NotFoundError: the folder does not exist, or no repository holds it.
    """
    return Discovery(start).repo()


class Discovery:
    """A git that looks for the repository of *start*; with *reading*, one that will read from it is started as well.

    Raises:
        NotFoundError: the folder does not exist.
    """

    def __init__(self, start: str, *, reading: bool = False) -> None:
        if not os.path.isdir(start):
            raise NotFoundError("there is no folder {folder!r}", folder=start)
        self.start = start
        self._asked = process.begun(("-C", start), ("rev-parse", "--path-format=absolute", *_ASKED))
        self._reading = reader.kept(("-C", start)) if reading else None

    def repo(self) -> GitRepo:
        """Return what was found; it can be asked for once.

        Raises:
            NotFoundError: no repository holds the folder.
        """
        with self._asked as git:
            out, err = git.communicate()
        try:
            return self._found(os.fsdecode(out).split("\n")[:-1], git.returncode, err.decode(errors="replace").strip())
        except BaseException:
            self._end()
            raise

    def _found(self, answers: list[str], code: int, said: str) -> GitRepo:
        if code and "dubious ownership" in said:
            raise NotFoundError("git refuses to read {folder!r}: somebody else owns it", folder=self.start, hint=f"git config --global --add safe.directory {self.start}")
        if code:
            raise NotFoundError("there is no git repository in {folder!r} or above it", folder=self.start, hint="gitreg init")
        folder = os.path.realpath(self.start)
        if len(answers) != len(_ASKED):
            raise UsageError("{folder!r} has a line break in its path", folder=folder)
        git_dir, common_dir, inside, algorithm, prefix = answers
        top = folder[: len(folder) - len(prefix)] if prefix else folder
        return GitRepo(git_dir, common_dir, worktree=top if inside == "true" else None, prefix=prefix, algorithm=algorithm, reading=self._reading)

    def _end(self) -> None:
        if self._reading:
            reader.ended(self._reading)
