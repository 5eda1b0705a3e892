"""Replay the commits of a branch on another base, as operations: one new commit each, and then one move of the branch.

Nothing is changed until all commits are made. An author, a date, a reason and the id of the operation stay with a
commit; its number and its subject may not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from gitreg import history, names
from gitreg.errors import BusyError, ConflictError, GitregError, NotFoundError, UsageError
from gitreg.operations import events, message, replay
from gitreg.operations.renumbering import Renumbering, Work
from gitreg.records import Rebased, Renumbered, Stages
from gitreg.store import comments, commits, layout, lineage, lock, notes, worktree
from gitreg.store import plan as plans
from gitreg.store.gitrepo import LoggedCommit
from gitreg.store.objects import ObjectWriter
from gitreg.store.trees import FILE, Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gitreg.operations.replay import Choice
    from gitreg.records import Event, Occasion
    from gitreg.store.lineage import Commit
    from gitreg.store.plan import Plan
    from gitreg.store.snapshot import Snapshot
    from gitreg.store.transaction import Target
    from gitreg.view import View

_REGISTRY = ("card", "stages", "manifest")


class Asked(NamedTuple):
    """What the person who replays decided: who wins a stage that both sides moved, and new names by model and name."""

    stages: Choice | None = None
    renames: Mapping[tuple[str, str], str] = {}

    def all_used(self, renamed: frozenset[tuple[str, str]]) -> None:
        """Raise where a version that is to be *renamed* is none of those that are replayed."""
        for model, name in self.renames:
            if (model, name) not in renamed:
                raise UsageError("{model}@{name} is no version that is new on this side: it keeps its name", model=model, name=name, hint=f"gitreg show {model}@{name}")


def asked(stages: Choice | None, renames: Mapping[str, str]) -> Asked:
    """Return what is asked with *renames* as a person writes them: ``{"fraud@v2": "v2-b"}``.

    Raises:
        UsageError: a key is not ``MODEL@NAME``, or a value no name for a version.
    """
    found = {}
    for what, name in renames.items():
        model, at, old = what.rpartition("@")
        if not at or not model or not old:
            raise UsageError("{what!r} names no version: write MODEL@OLD=NEW", what=what, hint="gitreg sync --rename iris@v2=v2-b")
        found[model, old] = names.version_name(name, ())
    return Asked(stages, found)


class Replayed(NamedTuple):
    """What came of it: the new tip, how many commits were made and how many *onto* had already, and who is who."""

    tip: str
    made: int = 0
    landed: int = 0
    numbers: Renumbering = Renumbering()
    disputes: tuple[str, ...] = ()
    renamed: frozenset[tuple[str, str]] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def renumbered(self) -> tuple[Renumbered, ...]:
        """The versions that are called otherwise now."""
        return tuple(Renumbered(model=model, from_number=old, number=new) for model, old, new in self.numbers.moved())


def rebased(target: Target, onto: str | None, wish: Asked, occasion: Occasion, *, rehearsal: bool = False) -> Rebased:
    """Move the branch of *target* onto *onto* (default: the branch that is the truth), its own commits replayed there.

    Raises:
        ConflictError: this is the branch that is the truth, both sides changed the same thing, or an edit is in the way.
        NotFoundError: there is no such revision, or nothing says which branch is the truth.
        PolicyError: a gate of the new base does not hold.
        BusyError: the repository cannot be written now.
    """
    with lock.held(target.repo.common_dir) as descriptor:
        healed = worktree.heal(target.repo, descriptor)
        tip = tip_of(target)
        name, base = _base(target, tip, onto)
        if target.repo.is_ancestor(base, tip):
            wish.all_used(frozenset())
            return Rebased(branch=_short(target.ref), onto=name, commit=tip, notes=healed)
        made = replayed(target, tip, base, wish, occasion)
        done = Rebased(
            branch=_short(target.ref), onto=name, commit=made.tip, changed=True, replayed=made.made, landed=made.landed,
            renumbered=made.renumbered, contested=made.disputes, notes=(*healed, *made.notes),
        )  # fmt: skip
        if rehearsal:
            return done
        outcome = commits.brought(target.repo, commits.Step(target.ref, tip, tip, commits.made(made.tip)), f"rebase onto {name}", descriptor)
        if outcome is not commits.Outcome.DONE:
            raise BusyError("another git command moved {branch} meanwhile", branch=done.branch, hint="gitreg rebase")
        return replace(done, notes=(*done.notes, *notes.of_commit(target.repo, None, outcome)))


def tip_of(target: Target) -> str:
    """Return the commit that the branch of *target* is at.

    Raises:
        ConflictError: the branch is gone.
    """
    found = target.repo.reader.info(target.ref)
    if found is None:
        raise ConflictError("branch {ref} is gone", ref=target.ref)
    return found.id


def _base(target: Target, tip: str, onto: str | None) -> tuple[str, str]:
    """Return what to rebase onto, as a person calls it, and its commit."""
    config, repo = target.snapshot(tip).config, target.repo
    truth = config.branch or repo.default_branch(config.remote)
    if target.ref == f"refs/heads/{truth}":
        raise ConflictError("{branch} is the branch that is shared: it is not rebased, but exchanged", branch=truth, hint="gitreg sync")
    if onto is None and truth is None:
        raise NotFoundError("nothing says which branch is the truth: gitreg.yaml has no 'branch'", hint="gitreg rebase BRANCH")
    found = repo.commit(onto) if onto is not None else None
    if onto is None:
        assert truth
        tracking = f"refs/remotes/{config.remote or 'origin'}/{truth}"
        local, remote = repo.commit(f"refs/heads/{truth}"), repo.commit(tracking)
        newer = remote is not None and (local is None or not repo.is_ancestor(remote, local))
        onto, found = (_short(tracking), remote) if newer else (truth, local)
    if found is None:
        raise NotFoundError("there is no revision {rev!r}", rev=onto, hint="git branch --all")
    return onto, found


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")


def replayed(target: Target, tip: str, onto: str, wish: Asked, occasion: Occasion) -> Replayed:
    """Make the first-parent commits of *tip* that *onto* has not on top of *onto*; no ref is moved.

    A commit whose operation is in the history of *onto* has landed, and is left out; so is one of which nothing is left
    to do, with a note. One that was empty from the start stays empty.

    Raises:
        ConflictError: both sides changed the same thing, or have no common history.
        PolicyError: a gate of the new base does not hold.
        InvalidError: a file of the registry is invalid in one of the commits.
    """
    chain = lineage.chain(target.repo, onto, tip)
    if lineage.merge_base(target.repo, tip, onto) is None or any(not commit.parents for commit in chain):
        raise ConflictError("{tip} and {onto} have no common history", tip=tip[:12], onto=onto[:12], hint="git fetch --unshallow" if target.repo.cut_off() else "")
    if not chain:
        wish.all_used(frozenset())
        return Replayed(onto)
    landed = {operation: commit for commit, text in lineage.messages(target.repo, chain[0].parents[0], onto) for operation in message.operations_in(text)}
    walk = _Walk(target, onto, wish, occasion)
    for commit in chain:
        there = landed.get(message.operation_in(commit.message) or commit.id)
        try:
            walk.step(commit, there)
        except GitregError as error:
            error.message = f"{commit.id[:8]} ({commit.subject}): {error.message}"
            raise
    wish.all_used(walk.so_far.renamed)
    return walk.so_far


class _Walk:
    """A chain of commits on its way: what was made of it so far."""

    def __init__(self, target: Target, onto: str, wish: Asked, occasion: Occasion) -> None:
        self.target, self.onto, self.stages, self.occasion = target, onto, wish.stages, occasion
        self.so_far = Replayed(onto, numbers=Renumbering(names=wish.renames))

    def step(self, commit: Commit, landed: str | None) -> None:
        """Replay one commit, unless it *landed* on the new base before."""
        if landed:
            done, there = _Difference(self.target, commit), _Difference(self.target, lineage.read(self.target.repo, landed))
            numbers = self.so_far.numbers.paired(done.work, there.work)
            if numbers is None or not there.covers(done, numbers):
                raise ConflictError("{landed} on the new base has the same Gitreg-Op, but did not do all of this: was one of them amended, or squashed with others?", landed=landed[:8], hint="git log -p, and git rebase --interactive to drop what is there already")
            self._note(done, landed=self.so_far.landed + 1, numbers=numbers)
        elif lineage.is_own(self.target.repo, commit, self.onto):
            self._replay(_Difference(self.target, commit))

    def _note(self, done: _Difference, **facts: Any) -> None:
        """Enter what came of one commit, and which of its versions get another name."""
        self.so_far = self.so_far._replace(renamed=self.so_far.renamed | self.so_far.numbers.named(done.work), **facts)

    def _replay(self, done: _Difference) -> None:
        base = self.target.snapshot(self.so_far.tip)
        terms = self._terms(done, base)
        told = tuple(f"{self.stages} wins: {error}" for error in replay.disputes(base, done.work, terms)) if self.stages else ()
        self._note(done, disputes=self.so_far.disputes + told, numbers=terms.numbers)
        plan = self._plan(base, done, terms)
        tip = self._written(base, done, plan)
        if tip:
            self.so_far = self.so_far._replace(tip=tip, made=self.so_far.made + 1)
        elif not done.is_empty and not told:
            note = f"{done.commit.id[:8]} ({done.commit.subject}) is left out: the new base has all of it"
            self.so_far = self.so_far._replace(landed=self.so_far.landed + 1, notes=(*self.so_far.notes, note))

    def _written(self, base: Snapshot, done: _Difference, plan: Plan | None) -> str | None:
        """Return the new commit, its objects written durably; None where nothing is left to do.

        A commit that a person made empty says something by its message alone; a merge that changes nothing does not.
        """
        writer = ObjectWriter(self.target.repo.common_dir, self.target.repo.algorithm)
        try:
            changes: dict[str, Entry | None] = {base.prefix + path: Entry(FILE, writer.add("blob", data)) for path, data in done.texts(base, plan, self.so_far.numbers)}
            changes |= done.others(base)
            if not changes and (not done.is_empty or len(done.commit.parents) > 1):
                return None
            root = self.target.cache.root(base.commit)
            root = lineage.transplanted(writer, self.target.cache, root, changes) or writer.add("tree", b"") if changes else root
            text = message.reworded(done.commit.message, self._subject(done, plan), done.operation, plan.events if plan else ())
            return lineage.written(self.target.repo, writer, root, base.commit, done.commit._replace(message=text), self.occasion)
        finally:
            writer.drop()

    def _terms(self, done: _Difference, base: Snapshot) -> replay.Terms:
        forced = frozenset((claim.model, claim.stage) for claim in message.claims_in(done.commit.message) if claim.forced)
        by = done.commit.author.rpartition(">")[0] + ">"
        return replay.Terms(self.so_far.numbers.grown(done.work, base), self.stages, forced, by, self._mover)

    def _mover(self, model: str, stage: str) -> str:
        """Return who moved a stage last on the new base."""
        return next((event.by or "" for event in history.history(self.target.snapshot(self.onto), model, stage)), "")

    def _plan(self, base: Snapshot, done: _Difference, terms: replay.Terms) -> Plan | None:
        if not done.work.touched:
            return None
        return plans.plan(base, replay.operations(done.work, terms), plans.Wording(), guarded=self.target.guarded(base))

    def _subject(self, done: _Difference, plan: Plan | None) -> str:
        """Return the subject anew, where gitreg gave it; a person's own stays."""
        return plan.subject if plan and done.commit.subject == events.summary(done.told()) else done.commit.subject


class _Difference:
    """What one commit changed, against its first parent: files of the registry, and others."""

    def __init__(self, target: Target, commit: Commit) -> None:
        self.commit, self._cache = commit, target.cache
        self.operation = message.operation_in(commit.message) or commit.id
        self.before, self.after = (target.snapshot(each) for each in (commit.parents[0], commit.id))
        self._prefix = self.after.prefix
        self._changed = target.repo.changed(commit.parents[0], commit.id)
        self._places = {path: place for path in self._changed if (place := self._place(path)).kind in _REGISTRY}
        self.work = Work(self.before, self.after, self._touched())

    @property
    def is_empty(self) -> bool:
        """Whether the commit changed no file at all."""
        return not self._changed

    def _place(self, path: str) -> layout.Place:
        return layout.place(path.removeprefix(self._prefix)) if path.startswith(self._prefix) else layout.Place("")

    def _touched(self) -> Mapping[str, frozenset[int]]:
        touched: dict[str, set[int]] = {}
        for path, place in self._places.items():
            if self._changed[path].new is None:
                raise ConflictError("{path} was removed: a record stays, and its number with it", path=path, hint=f"drop this commit: git rebase --interactive {self.commit.parents[0][:12]}")
            touched.setdefault(place.model, set()).update([place.number] if place.kind == "manifest" else [])
        return {model: frozenset(numbers) for model, numbers in touched.items()}

    def told(self) -> tuple[Event, ...]:
        """Return what the commit did, as history tells it."""
        files = tuple((change.old, change.new, path) for path, change in self._changed.items())
        return history.events_of(self.after, LoggedCommit(self.commit.id, 0, "", self.commit.message, files))

    def texts(self, base: Snapshot, plan: Plan | None, numbers: Renumbering) -> Iterator[tuple[str, bytes]]:
        """Yield the files of the registry that differ from *base*, by path in it: as *plan* has them, with a person's comments.

        Where nobody else changed a file it is as the commit has it, byte by byte.
        """
        if plan is None:
            return
        sources = {_path(place._replace(number=numbers.number(place.model, place.number))): place for place in self._places.values()}
        for path in sorted({*plan.files, *sources}):
            there = base.bytes_of(path)
            text = plan.files[path][1].encode() if path in plan.files else there or b""
            if path in sources:
                text = self._by_hand(plan, path, sources[path], text)
            if text != there:
                yield path, text

    def _by_hand(self, plan: Plan, path: str, source: layout.Place, text: bytes) -> bytes:
        """Return *text* with what is a person's in the commit's own file: its comments, and all of it where nobody else changed it."""
        old, new = self.before.bytes_of(_path(source)), self.after.bytes_of(_path(source))
        alone = plan.base.blob_id(path) == self.before.blob_id(_path(source)) and _record(plan.draft, layout.place(path)) == _record(self.after, source)
        return new if alone and new is not None else comments.carried(old, new or b"", text.decode()).encode()

    def covers(self, other: _Difference, numbers: Renumbering) -> bool:
        """Tell whether all that *other* did, in these *numbers*, was done here too; its new versions are paired already."""
        new = {layout.manifest(model, number) for model, registered in other.work.registered() for number in registered}
        return all(
            self._has(other, place, numbers) if path in other._places else self._changed.get(path, ())[2:] == change[2:]
            for path, change in other._changed.items()
            if not (place := other._places.get(path, layout.Place(""))).kind or _path(place) not in new
        )

    def _has(self, other: _Difference, place: layout.Place, numbers: Renumbering) -> bool:
        there = place._replace(number=numbers.number(place.model, place.number))
        before, after, here = _record(other.before, place), _record(other.after, place), _record(self.after, there)
        said = [{comment.text for comment in comments.comments(view.bytes_of(_path(at)) or b"")} for view, at in ((other.before, place), (other.after, place), (self.after, there))]
        if here is None or not said[1] - said[0] <= said[2]:
            return False
        if isinstance(after, Stages):
            return _moved_too(numbers.of_stages(place.model, before), numbers.of_stages(place.model, after), here)
        return all(_holds(getattr(before, field, None), getattr(after, field), getattr(here, field)) for field in after.__struct_fields__ if field != "links")

    def others(self, base: Snapshot) -> dict[str, Entry | None]:
        """Return what the commit changed beside models, by path from the repository's top: taken over as it is.

        Where a file became a folder, or a folder a file, what stands in the way is looked at as well.

        Raises:
            ConflictError: the new base has another content there than the commit's parent had.
        """
        found = {}
        for path, change in self._changed.items():
            if path in self._places:
                continue
            there, old, new = (lineage.entry(self._cache, commit, path) for commit in (base.commit, self.commit.parents[0], self.commit.id))
            if there not in (old, new):
                raise ConflictError("{path} was changed on both sides, and is no file of a model", path=path, hint="git rebase")
            if there != new:
                found[path] = Entry(change.new_mode.lstrip("0").encode(), change.new) if change.new_mode and change.new else None
        return found


def _moved_too(before: Stages, after: Stages, here: Stages) -> bool:
    """Tell whether *here* every version is, or was, where it went between *before* and *after*."""
    for stage, pointer in after.pointers.items():
        known = (here.pointer(stage).number, *here.pointer(stage).previous, *here.archived)
        if pointer.number is not None and pointer.number != before.pointer(stage).number and pointer.number not in known:
            return False
    return all(here.state_of(number) is not None for number in after.archived if number not in before.archived)


def _holds(before: Any, after: Any, here: Any) -> bool:
    """Tell whether what changed between *before* and *after* is so *here*: of a map, the keys that changed."""
    if isinstance(after, dict) and isinstance(here, dict):
        was = before if isinstance(before, dict) else {}
        return all(key in here and here[key] == value for key, value in after.items() if key not in was or was[key] != value) and not any(key in here for key in was if key not in after)
    return bool(after in (before, here))


def _path(place: layout.Place) -> str:
    """Return the path of what *place* says."""
    if place.kind == "manifest":
        return layout.manifest(place.model, place.number)
    return layout.card(place.model) if place.kind == "card" else layout.stages(place.model)


def _record(view: View, place: layout.Place) -> Any:
    """Return the record of what *place* says."""
    if place.kind == "manifest":
        return view.find_manifest(place.model, place.number)
    return view.find_card(place.model) if place.kind == "card" else view.find_stages(place.model)
