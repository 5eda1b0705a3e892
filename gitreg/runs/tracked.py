"""A version that a run works on: what it learned of it, and when that is written.

Nothing is written while nobody asks: a new version is committed once, whole, when its run ends. Who asks for its number
earlier has it reserved, with ``status: running``; who promotes it completes it. What is logged is checked at once.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from gitreg import names, secrets
from gitreg.draft import Draft
from gitreg.errors import ConflictError, NotFoundError, UsageError
from gitreg.formats import headers
from gitreg.operations import runs
from gitreg.operations.amend import built
from gitreg.operations.found import KEY
from gitreg.records import Manifest, Occasion, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gitreg.operations.stages import Expected
    from gitreg.records import Change, ModelVersion, Receipt
    from gitreg.registry import Registry
    from gitreg.runs.run import Run
    from gitreg.runs.wanted import Wanted
    from gitreg.transactions import Transaction
    from gitreg.verbs import Verbs
    from gitreg.view import View

_MAPS = ("metrics", "params", "metadata", "artifacts", "links")


class Tracked:
    """A version in a run: *found* where it was there before, else the run's own, known by its claim."""

    def __init__(self, run: Run, wanted: Wanted) -> None:
        self.run, self.wanted = run, wanted
        self.facts: dict[str, Any] = {}
        self.steps: list[str] = []
        self.found: ModelVersion | None = None
        self.number: int | None = None  # of the run's own, once it is registered
        self.complete = False  # the run's own is ready
        self.final: ModelVersion | None = None  # once the run is over
        self.returned: dict[str, str | None] = {}  # by name: the step that returned it
        self.added: dict[str, Any] = {}  # what of the facts this process added
        self._written: dict[str, Any] | None = None  # what of the facts is committed
        self._headers: dict[str, Any] = {}  # of files that were hashed, by the artifact's name
        self._told: dict[str, Any] = {}  # which of them are in the facts

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "added": {}}

    def described(self, artifacts: Mapping[str, Any]) -> dict[str, Any]:
        """Return *artifacts* as the manifest records them: hashed now, for the run may change them later."""
        self._headers.update(headers(artifacts))
        with self.run.opened() as registry:
            return registry.artifacts(artifacts)

    def kept(self, artifacts: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
        """Return *artifacts* in temporary files as the manifest records them: copied to the store, else into the repository's git folder."""
        from gitreg.artifacts.digest import fingerprint
        from gitreg.runs.outputs import set_aside

        self._headers.update(headers(artifacts))
        with self.run.opened() as registry:
            if registry.snapshot().config.artifacts is None:
                folder = os.path.join(registry.location.repo.common_dir, "gitreg", "artifacts")
                artifacts = {name: {**each, "uri": set_aside(each["uri"], folder, fingerprint(each["uri"]).sha256)} for name, each in artifacts.items()}
            return registry.artifacts(artifacts)

    # -- at the start -------------------------------------------------------------------------------------

    def settle(self, registry: Registry) -> None:
        """Find the version that is meant, or make sure that it can be made; nothing is written.

        Raises:
            NotFoundError: a stage is vacant, a number does not exist, or creating is not allowed.
            ConflictError: the version failed and stays so, another run makes it, or the name cannot be taken.
            UsageError: a name is malformed.
        """
        self.found = self.wanted.existing(registry)
        if self.found:
            if self.found.status == "failed":
                hint = f"Model({self.wanted.model!r}), or another name"
                raise ConflictError("{id} failed, and a version that failed stays so: nothing can be trained into it", id=self.found.id, hint=hint)
            if self.found.status == "running":
                raise ConflictError("{id} is running: another run makes it, or was killed before it ended", id=self.found.id, hint="gitreg doctor")
            return
        self.wanted.may_create()
        self.claim = runs.Claim(self.wanted.model, self.wanted.asked, self.run.id, registry.snapshot().count(self.wanted.model))
        self._draft(registry, self.facts)

    # -- during the run -----------------------------------------------------------------------------------

    def log(self, **facts: Mapping[str, Any]) -> None:
        """Take down *facts*, maps of the manifest, key by key; they are written when the run ends.

        Raises:
            UsageError: one is not what its field allows.
            ConflictError: it is recorded for good with another value.
        """
        with self.run.turn:
            self.run.check_process()
            facts = self._with_headers(secrets.without(facts))
            self._check_params(facts)
            merged = merged_by_key(self.facts, facts)
            self._tried(facts, merged)
            self.facts, self.added = merged, merged_by_key(self.added, facts)
        self.run.hand_over(self, dict(facts))

    def _check_params(self, facts: Mapping[str, Mapping[str, Any]]) -> None:
        """Refuse parameters that come after the promotion, which recorded them for good."""
        late = [name for name, value in facts.get("params", {}).items() if self.complete and self.facts.get("params", {}).get(name, self) != value]
        if late:
            raise ConflictError("parameter {name!r} comes too late: {model}@{number} was promoted, which recorded its parameters for good", name=late[0], model=self.wanted.model, number=self.number, hint="log it before set_stage")

    def _with_headers(self, facts: dict[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
        """Return *facts* with what the files of their artifacts say of themselves, in the metadata; a person's own word stays."""
        artifacts, metadata = facts.get("artifacts", {}), facts.get("metadata", {})
        there, own = self.facts.get("metadata", {}).get(KEY, {}), metadata.get(KEY, {})
        if not isinstance(there, dict) or not isinstance(own, dict):
            return facts
        news = {key: header for key, header in self._headers.items() if key in artifacts or key.partition("/")[0] in artifacts}
        news = {key: header for key, header in news.items() if key not in there or there[key] == self._told.get(key)}
        self._told.update(news)
        return {**facts, "metadata": {**metadata, KEY: {**news, **own}}} if news else facts

    def absorb(self, facts: Mapping[str, Any], number: int | None = None, complete: bool = False) -> None:
        """Take over what another process of this run logged, and whether it registered or completed the version."""
        with self.run.turn:
            self.facts = merged_by_key(self.facts, facts)
            self.number, self.complete = self.number or number, self.complete or complete

    def _tried(self, added: Mapping[str, Any], merged: Mapping[str, Any]) -> None:
        """Refuse now what the commit would refuse at the end of the run; what is not recorded yet may change, so only what is *added* counts."""
        if self.found is None and not self.complete:
            origin = {"number": 1, "version": "1", "status": "running", "created_at": self.run.started_at, "created_by": ""}
            built(Manifest, origin | {name: _without_none(name, fact) for name, fact in added.items()})
        else:
            with self.run.opened() as registry:
                self._draft(registry, merged)

    def _draft(self, registry: Registry, facts: Mapping[str, Any]) -> Draft:
        draft = Draft(registry.snapshot())
        draft.put(self._change(registry.occasion(), facts)(draft))
        return draft

    def _change(self, occasion: Occasion, facts: Mapping[str, Any], status: str = "running", **run: Any) -> Callable[[View], Change]:
        """Return the operation that writes *facts*, with the run as it is now; *run* are more fields of it."""
        record = self.run.record(self, **run)
        if self.found:
            return partial(runs.attached, selector=names.Selector(self.wanted.model, str(self.found.number)), facts=dict(facts), run=record)
        clean = {name: _without_none(name, fact) for name, fact in facts.items()} if self.number is None else dict(facts)
        return partial(runs.written, claim=list(self.claim), facts={**clean, "status": status, "run": record}, occasion=occasion)

    def resolved(self) -> ModelVersion:
        """Return the version with its number, reserved now where it is new.

        Raises:
            BusyError: the registry cannot be written now.
        """
        with self.run.turn:
            if self.found:
                return self.found
            with self.run.opened() as registry:
                if self.number is None:
                    self._own(registry.snapshot())
                if self.number is None:
                    self._reserve(registry)
                return registry.get(f"{self.wanted.model}@{self.number}")

    def _own(self, view: View) -> None:
        """Take notice of the version where another process of this run has made it."""
        manifest = runs.own(view, self.claim)
        if manifest:
            self.number, self.complete = manifest.number, manifest.status == "ready"

    def _reserve(self, registry: Registry) -> None:
        self.run.check_process()
        with registry.transaction(replay=True) as tx:
            self._describe(tx)
            tx.perform(self._change(registry.occasion(), self.run.gathered(self)))
        self._done(tx, "running")

    def _done(self, tx: Transaction, status: str) -> None:
        assert tx.receipt.version
        self.number, self.complete = tx.receipt.version.number, status == "ready"
        self._written = {name: dict(fact) for name, fact in self.facts.items()}

    def now(self) -> ModelVersion:
        """Return the version as it will be: what is recorded, and what was logged since. Nothing is written."""
        with self.run.turn, self.run.opened() as registry:
            draft = self._draft(registry, self.run.gathered(self))
            assert draft.last
            assert draft.last.number
            return draft.version(self.wanted.model, draft.last.number)

    def set_stage(self, stage: str, force: bool, expect: Expected, reason: str) -> Receipt:
        """Promote the version; the run's own is registered or completed in the same commit, and so ready.

        Raises:
            UsageError: the stage is unknown.
            ConflictError: the version is yanked, or the stage is not held by *expect*.
            PolicyError: a gate or rule of the registry refuses.
        """
        with self.run.turn, self.run.opened() as registry:
            self.run.check_process()
            if self.found:
                if self.facts:  # a gate judges what is committed
                    self._flush(registry)
                return registry.promote(self.found.id, stage, force=force, expect=expect, reason=reason)
            with registry.transaction(reason=reason, replay=True) as tx:
                self._describe(tx)
                occasion = registry.occasion()
                tx.perform(self._change(occasion, self.run.gathered(self), "ready", finished_at=occasion.at))
                tx.perform(partial(runs.promoted, claim=list(self.claim), stage=stage, force=force, expect=expect))
            self._done(tx, "ready")
            return tx.receipt

    def _flush(self, registry: Registry) -> None:
        assert self.found
        registry.perform(self._change(registry.occasion(), self.facts))
        self.facts = {}

    def _describe(self, verbs: Verbs) -> None:
        if self.wanted.card:
            verbs.describe_model(self.wanted.model, **self.wanted.card)

    # -- at the end ---------------------------------------------------------------------------------------

    def conclude(self, tx: Transaction, occasion: Occasion) -> None:
        """Write, in *tx*, what is not written yet; the run's own version becomes ready."""
        if self.found is None and self.complete and self._written == self.facts:
            return
        self._describe(tx)
        tx.perform(self._change(occasion, self.facts, "ready", finished_at=occasion.at))

    def concludes(self) -> bool:
        """Tell whether the end of the run has something to write."""
        if self.found and os.environ.get("GITREG_READONLY", "0") not in ("", "0"):
            if self.facts:
                raise NotFoundError("{id} would have to be changed, and this is read-only", id=self.found.id, hint="unset GITREG_READONLY")
            return False
        return self.found is not None or not self.complete or self._written != self.facts

    def learned(self) -> bool:
        """Tell whether more is known than what the run was begun with, and is not written."""
        return any(fact for name, fact in self.facts.items() if name != "params") and self.facts != self._written

    def fail(self, tx: Transaction, occasion: Occasion, error: str) -> None:
        """Mark, in *tx*, the run's own version as failed, if it is reserved."""
        record = self.run.record(self, finished_at=occasion.at, error=error)
        tx.perform(partial(runs.failed, claim=list(self.claim), facts={**self.facts, "run": record}))

    def reserved(self, view: View) -> int | None:
        """Return the number of the run's own version where it is registered and not complete."""
        if self.found:
            return None
        manifest = runs.own(view, self.claim)
        return manifest.number if manifest and manifest.status == "running" else None

    def look_back(self, registry: Registry) -> None:
        """Take notice of what the run has left, now that it is over: ``final``, or None where it left nothing."""
        view = registry.snapshot()
        if self.found is None:
            self._own(view)
        number = self.found.number if self.found else self.number
        self.final = view.version(self.wanted.model, number) if number else None

    def line(self, occasion: Occasion) -> dict[str, Any]:
        """Return what the end of the run would have written, as a line of ``gitreg import``; of a version that was there as a new one that names it."""
        called = {"description": f"what a run learned of {self.found.id}"} if self.found else {"version": self.wanted.asked}
        facts = {name: _without_none(name, fact) for name, fact in self.facts.items()}
        return {"model": self.wanted.model, **called, **facts, "created_at": occasion.at, "created_by": occasion.by, "run": self.run.record(self, finished_at=occasion.at)}

    def used(self, version: ModelVersion) -> None:
        """Note that this version was made with another one: it becomes a link, named after the other's model."""
        if self.found or self.complete or (version.model == self.wanted.model and version.number == self.number):
            return
        links = self.facts.get("links", {})
        uri = version.id
        if any(_uri(link) == uri for link in links.values()):
            return
        base = version.model.rpartition("/")[2]
        name = next(name for n in range(1, len(links) + 2) if (name := base if n == 1 else f"{base}-{n}") not in links)
        self.log(links={name: {"uri": uri, "title": "used by the run"}})


def merged_by_key(facts: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return *facts*, maps of a manifest, with the keys of *more* laid over them."""
    merged = {**facts, **{name: {**facts.get(name, {}), **fact} for name, fact in more.items()}}
    there, news = (each.get("metadata", {}).get(KEY) for each in (facts, more))
    if isinstance(there, dict) and isinstance(news, dict):  # headers of files, from more than one step
        merged["metadata"][KEY] = {**there, **news}
    return merged


def _uri(link: Any) -> Any:
    return link.get("uri") if isinstance(link, dict) else link if isinstance(link, str) else plain(link).get("uri")


def _without_none(name: str, fact: Any) -> Any:
    """Return a map without the keys that were set to None: of a version that is new nothing goes away."""
    if name not in ("metadata", "links") or not isinstance(fact, dict):
        return fact
    return {key: value for key, value in fact.items() if value is not None}


def checked_maps(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return *facts* that another process handed over, if they are maps of a manifest.

    Raises:
        UsageError: they are not.
    """
    for name, fact in facts.items():
        if name not in _MAPS or not isinstance(fact, dict):
            raise UsageError("{name!r} is not a map that a run hands over", name=name)
    return dict(facts)
