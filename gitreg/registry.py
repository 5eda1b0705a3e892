"""The library's own face: one short method a verb. It supplies the clock and the author, and decides nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from gitreg.errors import NotFoundError, UsageError
from gitreg.reads import Reads, RegistryAt
from gitreg.records import Occasion, Receipt
from gitreg.store.cache import Cache
from gitreg.store.mutex import Mutex
from gitreg.store.snapshot import Snapshot
from gitreg.store.turns import Turns
from gitreg.verbs import Verbs
from gitreg.where import Location, index_address, locate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime
    from types import TracebackType

    from gitreg.artifacts.store import Store
    from gitreg.operations.replay import Choice
    from gitreg.proposals.ground import Ground
    from gitreg.proposals.pulls import Proposals
    from gitreg.records import Change, Finding, ModelCard, ModelSummary, ModelVersion, Rebased, Synced
    from gitreg.rehearsal import Rehearsal
    from gitreg.review.meaning import Meaning
    from gitreg.store.remote import Remote
    from gitreg.store.transaction import Start, Target
    from gitreg.transactions import Transaction
    from gitreg.view import View


class Registry(Reads, Verbs):
    """A registry in a git repository. Reads see one commit each; a write is one commit.

    It may be used by several threads at once, and closed when it is no longer needed (or used in a ``with``).
    """

    def __init__(self, location: Location, *, dry_run: bool = False, offline: bool = False) -> None:
        self._location = location
        self._dry_run, self._offline = dry_run, offline
        self._cache, self._turns = Cache(location.repo), Turns()
        self._last: Snapshot | None = None
        self._turn = Mutex()
        self.watch: Callable[[str, int, int | None], None] | None = None  # hears of files that are hashed and copied: a step, its bytes so far, and of how many

    @classmethod
    def init(cls, path: str | os.PathLike[str] = ".", *, branch: str | None = None, ci: str | None = None, package: str | None = None) -> Registry:
        """Make a registry in the folder *path*, and the repository where there is none, in one commit.

        With *branch* the registry lives on a branch of its own, which is kept in no worktree. With *ci*, ``github`` or
        ``gitlab``, the commit has the workflows that review and deploy there; *package* is what pip installs in them
        (default: the repository and commit that this gitreg was installed from, if they are known).

        Raises:
            ConflictError: there is a registry already, or a file is in the way.
            BusyError: the folder cannot be written.
        """
        from gitreg import setup

        return cls(setup.initialised(os.fspath(path), branch, now(), ci, package))

    @classmethod
    def open(
        cls, path_or_url: str | os.PathLike[str] | None = None, *, branch: str | None = None, dry_run: bool = False, offline: bool = False, fetch: bool = True, since: str | None = None
    ) -> Registry:
        """Return the registry at *path_or_url*, else the one that the environment names, else the nearest upward.

        With *dry_run* nothing is committed: receipts carry the ``diff`` that would be. With *offline* a write stays
        here although the registry has a remote, until :meth:`sync`. What is at a URL is fetched now; without *fetch*
        it is as it was fetched last. A URL whose path ends in ``/index`` is that of an index: see :class:`Index`. To look at a change *since* a revision, the folder is the one of that revision.

        Raises:
            NotFoundError: there is no registry.
            BusyError: the URL cannot be reached.
        """
        path = os.fspath(path_or_url) if path_or_url is not None else None
        index = index_address(path, branch)
        if index is not None:
            return Index(index, fetch=fetch)
        return cls.located(locate(path, branch, fetch=fetch, since=since), dry_run=dry_run, offline=offline)

    @classmethod
    def located(cls, location: Location, *, dry_run: bool = False, offline: bool = False) -> Registry:
        """Return the registry at *location*, once what a crash left in it is finished; see :meth:`open`."""
        if location.remote and offline:
            location.repo.close()
            raise UsageError("a registry by URL cannot be written offline: there is nothing here but a cache", hint="git clone URL")
        registry = cls(location, dry_run=dry_run, offline=offline)
        if any(os.path.exists(os.path.join(location.repo.common_dir, "gitreg", name)) for name in ("journal", "moving")):
            registry._heal()
        return registry

    def close(self) -> None:
        """End the git process that reads are made through, and write what the next process is to know; a later read starts another."""
        self._cache.close()
        self._location.repo.close()

    def leave_no_trace(self) -> None:
        """Keep what reads find out in memory alone from now on, not beside git's files: then nothing but a write writes."""
        self._cache.leave_no_trace()

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Registry({self.path!r}, ref={self._location.ref!r})"

    @property
    def path(self) -> str:
        """The repository's folder, or its git folder where there is no worktree."""
        return self._location.repo.worktree or self._location.repo.common_dir

    @property
    def root(self) -> str | None:
        """The repository's folder on disk, where it has one: what artifacts inside the repository are relative to."""
        return self._location.repo.worktree

    @property
    def location(self) -> Location:
        """The repository, ref and folder of this registry."""
        return self._location

    # -- reads --------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return the registry as its branch has it now: read-only, and always the same afterwards.

        Raises:
            NotFoundError: the branch is gone.
        """
        tip = self._location.repo.tip(self._location.ref)
        if tip is None:
            raise NotFoundError("{ref} is gone", ref=self._location.ref)
        last = self._last
        if last is None or last.commit != tip:
            last = self._last = self._at(tip)
        return last

    def _at(self, commit: str) -> Snapshot:
        return Snapshot(self._location.repo, commit, self._location.prefix, self._cache)

    def at(self, when: str | date) -> RegistryAt:
        """Return the registry as a revision has it, or as its branch had it at a date; with the same read methods.

        A date is a :class:`~datetime.date`, a :class:`~datetime.datetime` or a text like ``2026-11-22`` (the end of that day, UTC) or
        ``2026-11-22T07:24:31Z``. It means the newest first-parent commit whose committer time is not later.

        Raises:
            NotFoundError: there is no such revision, or the registry did not exist then.
        """
        from gitreg import times

        moment = times.moment(when)
        if moment is not None:
            return RegistryAt(self._at(times.commit_at(self._location, self.snapshot().commit, moment)))
        commit = self._location.repo.commit(str(when))
        if commit is None:
            raise NotFoundError("there is no revision {rev!r}, and a date is written 2026-11-22", rev=when, hint="git log --oneline")
        return RegistryAt(self._at(commit))

    def check(self, base: str | None = None, head: str = "HEAD") -> tuple[Finding, ...]:
        """Return everything that is wrong with the registry's files; with *base*, with the change from there to *head*.

        Empty means sound. State rules R01 to R09, and for a change T01 to T08, judged by the rules of *base* on what the merge of the two would be.

        Raises:
            NotFoundError: there is no such revision.
            InvalidError: ``gitreg.yaml`` of *base* is invalid, or git cannot merge the two.
        """
        if base is None:
            return super().check()
        from gitreg.review import judge, ranges

        span = ranges.parsed(self._location.repo, f"{base}..{head}")
        return tuple(judge.check_range(self._location.repo, self._location.prefix, self._cache, span))

    def diff(self, base: str, head: str = "HEAD") -> Meaning:
        """Return what the change from *base* to *head* means for a reviewer: each stage move, and what stands for and against it.

        Raises:
            NotFoundError: there is no such revision.
            InvalidError: ``gitreg.yaml`` of *base* is invalid, or git cannot merge the two.
        """
        from gitreg.review import judge, ranges

        span = ranges.parsed(self._location.repo, f"{base}..{head}")
        return judge.explained(self._location.repo, self._location.prefix, self._cache, span, now())

    def doctor(self, *, fix: bool = False) -> tuple[Finding, ...]:
        """Return what a crash or a hand left behind, and heal it where *fix* is given; what is left is returned."""
        from gitreg import doctor, driver

        occasion = self.occasion()
        if fix:
            doctor.heal(self._location.repo, occasion.now)
            self._give_up(occasion)
            if doctor.wants_driver(self.snapshot()):
                driver.install(self._location.repo)
            if doctor.lost(self.snapshot()):
                self._restore(lambda base: doctor.restored(base, occasion), occasion)
        return tuple(doctor.findings(self.snapshot(), occasion.now))

    # -- writes -------------------------------------------------------------------------------------------

    def transaction(self, message: str = "", *, reason: str = "", replay: bool = False, watch: Callable[[str, int], None] | None = None) -> Transaction:
        """Return a context with the same write methods: one commit at its end, or none if it raises.

        *message* becomes the commit's subject. Operations see each other; only the end state is judged. If the
        branch moved meanwhile they are run again, and if one then gives another result it is a conflict; with
        *replay* the new result counts, for who looks at the receipt and not at what the methods returned.

        It may hold any number of versions: they are kept on disk until the end. *watch* then hears now and then how
        many files were ``written`` and, where another writer was first, how many operations ``checked`` again.
        """
        from gitreg.transactions import Transaction

        return Transaction(self, (message, reason), replay=replay, watch=watch)

    def proposal(self, message: str = "", *, reason: str = "", via: str | None = None) -> Transaction:
        """Return a transaction that ends as a pull request: its one commit goes to a branch of its own at the remote.

        It is built on what the remote's branch is now. ``proposed`` says then what became of it; the same change proposed
        again brings what is open up to date. Rules are judged as ever, but what asks for review is let through, for this is
        one. With *via* the person's own tool speaks to the forge.

        Raises:
            NotFoundError: there is no remote, or no registry on its branch.
        """
        from gitreg.proposals import propose
        from gitreg.transactions import Transaction

        if self._offline:
            raise UsageError("a proposal cannot be made offline: it goes to the remote")
        return Transaction(self, (message, reason), way=propose.Way(self._ground(), via, rehearsal=self._dry_run))

    def rehearse(self, write: Callable[[Transaction], Any], *, reason: str = "", proposal: bool = False, ask: bool = False) -> Rehearsal:
        """Return what a transaction in which *write* is called would mean, and what the rules answer to it; nothing is written.

        It is judged as this branch is now; with *ask* the remote is asked first, as a write does. With *proposal* it is judged
        as one: what asks for review is let through.

        Raises:
            ConflictError: this is no branch that can be written, or an operation is in conflict with what is there.
            GitregError: an operation refuses otherwise. A rule that refuses is the rehearsal's ``refusal``.
        """
        from gitreg.rehearsal import Stage
        from gitreg.transactions import Transaction

        def here() -> tuple[Start, Snapshot]:
            self._location.writable_ref()
            found = self.snapshot()
            return Start(found.commit, found.commit, None), found

        from gitreg.store.transaction import Start

        stage = Stage(self.begin if ask else here, lambda view: not proposal and self._guarded(view), now())
        with Transaction(self, ("", reason), way=stage) as tx:
            write(tx)
        return stage.seen

    def proposals(self, *, via: str | None = None) -> Proposals:
        """Return the pull requests that are open to this registry's branch: which there are, how one stands, waiting for it."""
        from gitreg.proposals.pulls import Proposals

        return Proposals(self._ground(), via)

    def _ground(self) -> Ground:
        from gitreg.proposals.ground import Ground

        return Ground(self._location, self._cache, lambda: self.snapshot().config, self.occasion, self._turn)

    def _run(self, operation: Callable[[View], Change], reason: str = "") -> Receipt:
        return self.commit([operation], ("", reason))

    def begin(self) -> tuple[Start, Snapshot]:
        """Return where a write begins, with a remote at its newest state, and the registry as it is there."""
        from gitreg.store import transaction

        begun = transaction.start(self._target())
        return begun, self._at(begun.base)

    def commit(
        self, operations: Iterable[Callable[[View], Change]], wording: tuple[str, str], told: Callable[[], Iterable[bytes]] = tuple,
        begun: Start | None = None, watch: Callable[[str, int], None] | None = None,
    ) -> Receipt:  # fmt: skip
        """Carry *operations* out in one commit, its subject and reason given by *wording*; see ``store/transaction.py``."""
        from gitreg.store import transaction

        target = self._target()._replace(watch=watch)
        words = transaction.Wording(*wording)
        with self._turn:
            if self._dry_run:
                base = self._at((begun or transaction.start(target)).base)
                return transaction.receipt(transaction.plan(base, operations, words, guarded=target.guarded(base), watch=watch), None, self.occasion())
            done = transaction.commit(target, operations, words, told, self.occasion(), begun)
        if done.commit:
            from gitreg.store import upkeep

            upkeep.begin(target.repo)
        return done

    def rebase(self, onto: str | None = None, *, stages: Choice | None = None, renames: Mapping[str, str] | None = None) -> Rebased:
        """Move this branch onto a moved base, its new versions renumbered, its stages and links following them.

        *onto* is a revision, by default the branch that is the truth. Each commit is replayed as operations. *stages* says
        who wins a stage that both sides moved, ``"ours"`` or ``"theirs"``; by default that is a conflict. *renames* gives new
        versions another name, ``{"fraud@v2": "v2-b"}``.

        Raises:
            ConflictError: this is the branch that is the truth, both sides changed the same thing, or an edit is in the way.
            NotFoundError: there is no such revision, or nothing says which branch is the truth.
            PolicyError: a gate of the new base does not hold.
        """
        from gitreg import rebase

        if self._location.remote:
            raise UsageError("a branch that is read by its address cannot be rebased", hint="git clone, and gitreg rebase there")
        with self._turn:
            return rebase.rebased(self._target(), onto, rebase.asked(stages, renames or {}), self.occasion(), rehearsal=self._dry_run)

    def sync(self, *, stages: Choice | None = None, renames: Mapping[str, str] | None = None) -> Synced:
        """Exchange with the remote: what is new there comes here, what was written offline is replayed on top and pushed.

        *stages* says who wins a stage that both sides moved, ``"ours"`` or ``"theirs"``; by default that is a conflict.
        *renames* gives versions that are new here another name, ``{"fraud@v2": "v2-b"}``, as where both sides took one.

        Raises:
            ConflictError: both sides changed the same thing, this branch is not the one that is shared, or an edit is in the way.
            NotFoundError: no remote is named, or this repository has none of that name.
            PolicyError: a gate does not hold, or the remote's rules refuse.
            BusyError: the remote cannot be reached.
        """
        from gitreg import rebase, sync

        with self._turn:
            return sync.synced(self._target()._replace(remote=self._shared), rebase.asked(stages, renames or {}), self.occasion(), rehearsal=self._dry_run)

    def add_ci(self, host: str, package: str | None = None) -> Receipt:
        """Commit the workflows that *host*, ``github`` or ``gitlab``, reviews and deploys this registry with; those that are there stay.

        *package* is what pip installs in them (default: the repository and commit that this gitreg was installed from, if they are known).

        Raises:
            ConflictError: a file of that name says something else; nothing is changed.
        """
        from gitreg import setup

        with self._turn:
            return setup.equipped(self._target(), self._location, host, self.occasion(), package=package, rehearsal=self._dry_run)

    def _give_up(self, occasion: Occasion) -> None:
        """Mark the running versions whose processes are gone as failed, in one commit."""
        from functools import partial

        from gitreg import unfinished
        from gitreg.names import Selector
        from gitreg.operations.runs import given_up
        from gitreg.store.marks import Life

        gone = [Selector(each.model, str(each.manifest.number)) for each in unfinished.found(self.snapshot()) if each.life is Life.GONE]
        if gone:
            with self.transaction(reason="gitreg doctor --fix", replay=True) as tx:
                for selector in gone:
                    tx.perform(partial(given_up, selector=selector, reason=unfinished.REASON, occasion=occasion))
        unfinished.sweep(self._location.repo)

    def _restore(self, texts: Callable[[Snapshot], dict[str, str]], occasion: Occasion) -> None:
        """Commit files as *texts* gives them for a snapshot, past all rules: what a hand removed comes back."""
        from gitreg.draft import Draft
        from gitreg.operations import message
        from gitreg.store import transaction

        def planned(base: Snapshot) -> transaction.Plan:
            files = texts(base)
            text = message.written(f"registry: restore {len(files)} files", "gitreg doctor --fix", os.urandom(16).hex(), ())
            return transaction.Plan(base, Draft(base), None, {path: (None, file) for path, file in files.items()}, (), text)

        with self._turn:
            transaction.commit_plan(self._target(), planned, occasion)

    def _target(self) -> Target:
        from gitreg.store.transaction import Target

        return Target(self._location.repo, self._location.writable_ref(), self._at, self._guarded, self._remote, self._cache, self._turns)

    def _remote(self, view: View) -> Remote | None:
        """Return the remote that a write goes to, or None: it stays here, or nobody shares this branch."""
        return None if self._offline else self._shared(view)

    def _shared(self, view: View) -> Remote | None:
        """Return the remote that shares this registry's branch, or None: there is none, or this branch is not the one."""
        name, branch = self._location.remote or view.config.remote, self._location.ref.removeprefix("refs/heads/")
        if name is None:
            return None
        from gitreg.store import remote

        shared = remote.configured(self._location.repo, name, branch)
        if self._location.remote:
            return shared
        truth = view.config.branch or remote.head(self._location.repo, name) or branch
        return shared if branch == truth else None

    def _guarded(self, view: View) -> bool:
        """Tell whether this branch is the one that review protects; git is asked only where a stage wants review."""
        if not any(rule.review for rule in view.config.stages.values()):
            return False
        repo = self._location.repo
        truth = view.config.branch or repo.default_branch(view.config.remote) or (repo.head_ref() or "").removeprefix("refs/heads/")
        return self._location.ref == f"refs/heads/{truth}"

    def occasion(self) -> Occasion:
        """Return who acts, and when: the git identity of this repository, and the clock."""
        return Occasion(now(), str(self._location.repo.identity()))

    def artifacts(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return artifacts as the manifest records them: local files hashed, and copied where ``gitreg.yaml`` names a store."""
        if not given:
            return {}
        from gitreg.artifacts import describe, places, reach

        snapshot = self.snapshot()
        found = reach.reach_of(snapshot)

        def keeper() -> Store | None:
            at = places.store_of(snapshot, found.near)
            return found.store(at) if at else None

        return describe.described(given, describe.Home(self.root, snapshot), keeper, keep=not self._dry_run, watch=self.watch)

    def _heal(self) -> tuple[str, ...]:
        """Finish what a crash left, unless another process is at work right now (then the journal is its own)."""
        from gitreg.errors import BusyError
        from gitreg.store import lock, worktree

        try:
            with lock.held(self._location.repo.common_dir, patience=0) as descriptor:
                return worktree.heal(self._location.repo, descriptor, patience=0)
        except BusyError:
            return ()


class Index(Registry):
    """A registry as its index tells of it (see ``gitreg export``): :meth:`get`, :meth:`models`, :meth:`stages` and :meth:`model` ask the server.

    What it says is kept in memory for as long as its ``Cache-Control`` says, then revalidated, and kept in the person's cache folder. A server that is
    away, or answers what no index says, changes nothing: the last answer is used, with a :class:`~gitreg.errors.StaleWarning`. All else that a registry
    can do is a :class:`~gitreg.errors.UsageError`.
    """

    def __init__(self, url: str, *, fetch: bool = True) -> None:
        from gitreg.index.reader import Reader

        self._reader = Reader(url, lambda: now().timestamp(), fetch=fetch)
        self.watch = None

    def __repr__(self) -> str:
        return f"Index({self.path!r})"

    @property
    def path(self) -> str:
        """The index's address, without a password."""
        return self._reader.address.base

    def close(self) -> None:
        """Do nothing: no connection is kept open."""

    def get(self, selector: str) -> ModelVersion:
        """Return the version that *selector* names: the latest, the holder of a stage, or one of these by its number or name; its ``commit`` is None.

        Raises:
            NotFoundError: no such model, the stage is vacant, or it is none of the versions that an index tells of.
            UsageError: the selector is malformed, or names no single version.
            BusyError: the server gives no answer, and gave none before.
            InvalidError: the server answers what no index says, and gave no answer before.
        """
        return self._reader.get(selector)

    def models(self) -> tuple[ModelSummary, ...]:
        """See :meth:`Registry.models`; raises what :meth:`get` does."""
        return self._reader.models()

    def stages(self) -> tuple[str, ...]:
        """See :meth:`Registry.stages`; raises what :meth:`get` does."""
        return self._reader.stages()

    def model(self, name: str) -> ModelCard:
        """Return the card of a model that was not deleted; raises what :meth:`get` does."""
        return self._reader.model(name)

    def transaction(self, message: str = "", *, reason: str = "", replay: bool = False, watch: Callable[[str, int], None] | None = None) -> Transaction:  # noqa: ARG002 - the registry's signature
        """Raise an error: an index cannot be written."""
        raise self._refusal()

    def __getattr__(self, name: str) -> Any:
        """Refuse what needs the repository: a registry's own parts, all but those above."""
        if name.startswith("_") and not name.startswith("__"):
            raise self._refusal()
        raise AttributeError(name)

    def _refusal(self) -> UsageError:
        return UsageError(
            "{url} is an index: get, show and list read the latest versions and those that hold a stage, and all else needs the repository",
            url=self.path, hint="the same command with -R and the repository's address",
        )  # fmt: skip


def now() -> datetime:
    """Return this moment: the one place that asks the clock."""
    from datetime import UTC, datetime

    return datetime.now(UTC)
