"""Every command that writes, each with a repository to disturb it in, and what must be true of that afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.faults import judges, look, scenes, shared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PLAIN = look.Judge()


class Scene(NamedTuple):
    """A folder, the command that is disturbed there, and who judges what became of it; ``{folder}`` in a word is the folder."""

    make: Callable[[Path], None]
    words: tuple[str, ...]
    judge: look.Judge = _PLAIN

    def command(self, folder: Path) -> tuple[str, ...]:
        """Return the command, as it is typed in *folder*."""
        return tuple(word.replace("{folder}", str(folder)) for word in self.words)


SCENES = {
    "promote": Scene(scenes.checkout, ("promote", "iris@3", "production")),
    "promote after a crash": Scene(scenes.crashed, ("promote", "iris@3", "production")),
    "promote, bare": Scene(scenes.bare, ("promote", "iris@3", "production")),
    "register": Scene(scenes.checkout, ("register", "iris", "--metric", "accuracy=0.9")),
    "register a model": Scene(scenes.checkout, ("register", "team/new", "--version", "1.0")),
    "run": Scene(scenes.checkout, ("run", "--model", "iris", "--param", "C=1", "--", "true")),
    "rollback": Scene(scenes.checkout, ("rollback", "iris", "production")),
    "archive": Scene(scenes.checkout, ("archive", "iris@3")),
    "yank": Scene(scenes.checkout, ("yank", "iris@3", "--reason", "leak")),
    "unyank": Scene(scenes.checkout, ("unyank", "iris@4")),
    "update": Scene(scenes.checkout, ("update", "iris@3", "--tag", "nightly")),
    "model register": Scene(scenes.checkout, ("model", "register", "rose")),
    "model update": Scene(scenes.checkout, ("model", "update", "iris", "--description", "flowers")),
    "model delete": Scene(scenes.checkout, ("model", "delete", "iris", "--yes", "--force")),
    "model version update": Scene(scenes.checkout, ("model", "version", "update", "iris", "3", "--stage", "staging")),
    "model version delete": Scene(scenes.checkout, ("model", "version", "delete", "iris", "3")),
    "init": Scene(scenes.empty, ("init",)),
    "import": Scene(scenes.history, ("import", "../history.jsonl")),
    "import, many": Scene(scenes.long_history, ("import", "../history.jsonl")),
    "import, many, bare": Scene(scenes.long_history_for_bare, ("import", "../history.jsonl")),
    "rebase": Scene(scenes.feature, ("rebase", "main"), judges.Rebase()),
    "fix": Scene(scenes.by_hand, ("fix",), judges.Fix()),
    "doctor": Scene(scenes.ill, ("doctor", "--fix"), judges.Doctor()),
    "promote, remote": Scene(shared.pushed, ("promote", "iris@3", "production", "-R", shared.CLONE), judges.Remote()),
    "sync": Scene(shared.apart, ("sync", "-R", shared.CLONE), judges.Remote(2, ("sync", "here", "there"))),
    "register, by URL": Scene(shared.address, ("register", "iris", "-R", f"file://{{folder}}/{shared.REMOTE}"), judges.Remote()),
}
