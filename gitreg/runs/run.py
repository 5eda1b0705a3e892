"""A run under way: what it is, and the versions it works on. One commit at its end, or nothing.

It may be sent to another process, where it goes on with a registry of its own; what is logged there is handed back with
the step's value.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

from gitreg import names
from gitreg.errors import GitregError, UsageError
from gitreg.records import timestamp
from gitreg.registry import Registry, now
from gitreg.runs.tracked import Tracked, merged_by_key
from gitreg.store import marks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gitreg.records import Occasion
    from gitreg.runs.handed import Folder
    from gitreg.runs.surroundings import Surroundings
    from gitreg.runs.wanted import Wanted

_LONGEST_ERROR = 500  # characters
UNDER_WAY: WeakSet[Run] = WeakSet()


class Place(NamedTuple):
    """Where a run's registry is, also for a process that works in another folder."""

    path_or_url: str | None
    branch: str | None
    offline: bool = False

    @classmethod
    def found(cls, path_or_url: str | os.PathLike[str] | None = None) -> Place:
        """Return what :meth:`Registry.open` would open here: a folder is named in full."""
        given = os.fspath(path_or_url) if path_or_url is not None else None
        branch = None
        if given is None:
            given, branch = os.environ.get("GITREG_REGISTRY") or os.getcwd(), os.environ.get("GITREG_BRANCH") or None
        return cls(os.path.abspath(given) if os.path.exists(given) else given, branch)

    def open(self) -> Registry:
        """Return the registry."""
        return Registry.open(self.path_or_url, branch=self.branch, offline=self.offline)


class Run:
    """A run: its id, when it began, what it runs on, and its versions by what was asked for."""

    def __init__(self, place: Place, pipeline: str | None = None, around: Surroundings | None = None, folder: Folder | None = None) -> None:
        self.id = os.urandom(16).hex()
        self.place, self.pipeline, self.folder = place, pipeline, folder
        self.started_at = timestamp(now())
        self.facts: dict[str, Any] = around.as_dict() if around else {}
        self.params: dict[str, Any] = {}
        self.tracked: dict[tuple[str, str | None], Tracked] = {}
        self.outer: Run | None = None
        self.remote = False  # a copy, sent to where a step runs: another process, or another thread of this one
        self.over = False
        self._begin()

    def _begin(self) -> None:
        self.turn = threading.RLock()
        self.process = os.getpid()
        self._registry: Registry | None = None
        self._marked: str | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("turn", "process", "outer", "_registry", "_marked")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.outer, self.remote = None, True
        self._begin()

    # -- versions -----------------------------------------------------------------------------------------

    def bind(self, wanted: Wanted) -> Tracked:
        """Return the version that is *wanted* in this run: one for all who ask for the same. A run around this one goes first.

        Raises:
            NotFoundError: a stage is vacant, a number does not exist, or creating is not allowed.
            ConflictError: the version failed, or its name cannot be taken.
        """
        with self.turn:
            return self.known(wanted) or self._bound(wanted)

    def _bound(self, wanted: Wanted) -> Tracked:
        if self.remote:
            raise UsageError("a step that runs in another process cannot begin with model {model!r}: give it to a step of the pipeline", model=wanted.model, hint="@step(model=Model(NAME))")
        made = Tracked(self, wanted.filled(now()))
        with self.opened() as registry:
            made.settle(registry)
            same = next((each for each in self.tracked.values() if made.found and each.found and each.found.id == made.found.id), None)
            if same:  # by its stage here and by its number there
                return same
            if made.found is None:
                self._mark(registry)
        self.tracked[wanted.model, wanted.asked] = made
        return made

    def known(self, wanted: Wanted) -> Tracked | None:
        """Return the version that is *wanted* where this run, or one around it, works on it; else None."""
        return self._known(wanted) or (self.outer.known(wanted) if self.outer else None)

    def _known(self, wanted: Wanted) -> Tracked | None:
        """Look for it by what was asked, else by number or name; who asks for nothing means the only one there is."""
        same = [each for (model, _), each in self.tracked.items() if model == wanted.model]
        exact = self.tracked.get((wanted.model, wanted.asked))
        if exact or wanted.asked is None:
            return exact or (same[0] if len(same) == 1 else None)
        number = names.number(wanted.asked)
        return next((each for each in same if wanted.asked == each.wanted.asked or (number is not None and number == each.number)), None)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Registry]:
        """Give the run's registry, kept open until the run ends."""
        with self.turn:
            if self._registry is None:
                self._registry = self.place.open()
        yield self._registry

    def _mark(self, registry: Registry) -> None:
        if self._marked is None and self.folder is None:
            self._marked = registry.location.repo.common_dir
            marks.begin(self._marked, self.id)

    @property
    def is_ours(self) -> bool:
        """True in the process that the run is in, False in one that was forked from it."""
        return os.getpid() == self.process

    def check_process(self) -> None:
        """Refuse in a forked process, whose memory nobody reads.

        Raises:
            UsageError: this is not the process that the run is in.
        """
        if not self.is_ours:
            raise UsageError("this process was forked from the run's: what it logs would be lost", hint="return it from the step, or hand the pipeline an executor")

    def gathered(self, tracked: Tracked) -> dict[str, Any]:
        """Return what was logged of a version, by this process or by another one of the same run that hands it over."""
        facts = dict(tracked.facts)
        for more in self.folder.read(tracked.wanted.model) if self.folder else ():
            facts = merged_by_key(facts, more)
        return facts

    def hand_over(self, tracked: Tracked, facts: dict[str, Any]) -> None:
        """Give *facts* to the process that this run began in, if that is another one."""
        if self.folder:
            self.folder.write(tracked.wanted.model, facts)

    def note(self, tracked: Tracked | None, step: str | None, params: Mapping[str, Any]) -> None:
        """Take down that *step* works on a version, and with which parameters."""
        if tracked is None:
            return
        with self.turn:
            if step and step not in tracked.steps:
                tracked.steps.append(step)
            if tracked.found is None and params and not tracked.complete:
                tracked.log(params=params)

    def record(self, tracked: Tracked, *, finished_at: str | None = None, error: str | None = None) -> dict[str, Any]:
        """Return the run as the manifest of *tracked* has it; the step is named where it was only one."""
        step = tracked.steps[0] if len(tracked.steps) == 1 else None
        fields = {"id": self.id, "pipeline": self.pipeline, "step": step, "started_at": self.started_at, "finished_at": finished_at, **self.facts, "error": error}
        return {name: value for name, value in fields.items() if value is not None}

    # -- the end ------------------------------------------------------------------------------------------

    def conclude(self) -> None:
        """Write what the run learned, in one commit. If that fails, it is kept in a file, which the error names.

        Raises:
            BusyError: the registry cannot be written now.
            ConflictError: another took the name, or recorded something else.
        """
        settled = False
        try:
            if self.tracked:
                with self.opened() as registry:
                    self._commit(registry)
            settled = True
        finally:
            self.close(settled=settled)

    def _commit(self, registry: Registry) -> None:
        occasion = registry.occasion()
        try:
            due = [each for each in self.tracked.values() if each.concludes()]
            if due:
                with registry.transaction(replay=True) as tx:
                    for each in due:
                        each.conclude(tx, occasion)
        except BaseException as error:  # Ctrl-C too: the training is over
            self._keep(registry, occasion, error)
            raise
        self._look_back(registry)

    def _look_back(self, registry: Registry) -> None:
        with contextlib.suppress(GitregError):  # what was written is written, whether it can be read now or not
            for each in self.tracked.values():
                each.look_back(registry)

    def _keep(self, registry: Registry, occasion: Occasion, error: BaseException) -> None:
        """Keep what could not be written, so that nothing of a long training is lost."""
        from gitreg.runs import kept

        lines = [each.line(occasion) for each in self.tracked.values() if each.learned()]
        file = kept.written(registry.location.repo.common_dir, self.id, lines) if lines else None
        if file:
            if isinstance(error, GitregError):
                error.hint = error.hint or f"gitreg import {file}"
            error.add_note(f"gitreg: what the run recorded is kept in {file}: gitreg import {file}")

    def fail(self, error: BaseException) -> None:
        """Mark what is reserved as failed, because of *error*; what is not reserved leaves nothing. *error* goes on, with a note."""
        from gitreg.secrets import without_secrets

        reason = without_secrets(_in_a_line(error))
        settled = not self.tracked
        try:
            if self.tracked:
                with self.opened() as registry:
                    self._give_up(registry, error, reason)
                settled = True
        except (GitregError, OSError) as trouble:
            error.add_note(f"gitreg could not record that the run failed: {trouble}")
        finally:
            self.close(settled=settled)

    def _give_up(self, registry: Registry, error: BaseException, reason: str) -> None:
        view, occasion = registry.snapshot(), registry.occasion()
        if isinstance(error, GitregError) and error.code != GitregError.code:  # the training may be in order, and what could not be recorded is
            self._keep(registry, occasion, error)
        reserved = [(each, number) for each in self.tracked.values() if (number := each.reserved(view))]
        if reserved:
            with registry.transaction(replay=True) as tx:
                for each, _ in reserved:
                    each.fail(tx, occasion, reason)
            error.add_note("gitreg: marked as failed: " + ", ".join(f"{each.wanted.model}@{number}" for each, number in reserved))
        done = [f"{each.wanted.model}@{each.number}" for each in self.tracked.values() if each.found is None and each.complete]
        if done:
            error.add_note("gitreg: promoted before, and so ready: " + ", ".join(done))
        self._look_back(registry)

    def close(self, *, settled: bool = True) -> None:
        """End the mark that the run lives, and the registry's processes; what a run that is not *settled* reserved, doctor finds."""
        self.over = not self.remote
        if self._marked is not None:
            marks.end(self._marked, self.id, settled=settled)
            self._marked = None
        if self._registry is not None:
            self._registry.close()
            self._registry = None


def _in_a_line(error: BaseException) -> str:
    from traceback import TracebackException

    said = str(TracebackException.from_exception(error, limit=0))  # a person's own class may not be able to say what it is
    text = " ".join(said.encode("utf-8", "backslashreplace").decode().split())
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return line if len(line) <= _LONGEST_ERROR else line[: _LONGEST_ERROR - 1] + "…"


@contextlib.contextmanager
def under_way(run: Run) -> Iterator[Run]:
    """Be in *run*: it concludes at the end, or fails with the error that ends it."""
    UNDER_WAY.add(run)
    try:
        yield run
    except BaseException as error:
        if not run.is_ours:
            run.close()
        elif isinstance(error, SystemExit) and error.code in (None, 0):  # a script that has done what it was to do
            run.conclude()
        else:
            run.fail(error)
        raise
    run.check_process()
    run.conclude()
