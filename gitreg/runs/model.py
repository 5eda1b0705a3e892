"""``Model``: what training code holds in its hands. It names a version, and resolves it when it is touched.

A name is got or created, None creates a new version, a number or a stage must exist. Resolved once, it stays
with that version when stages move on. Looking at it (``repr``, ``==``, completion) never resolves. Inside a run it is the
run's version, if the run works on what it names: what is logged is then written when the run ends.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gitreg import names, warned
from gitreg.errors import ConflictError, NotFoundError, UsageError
from gitreg.registry import Registry
from gitreg.runs.current import current, live
from gitreg.runs.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.operations.stages import Expected
    from gitreg.records import Artifact, ModelVersion, Receipt
    from gitreg.runs.run import Place, Run
    from gitreg.runs.tracked import Tracked
    from gitreg.transactions import Transaction

_CARD = ("license", "description", "audience", "use_cases", "limitations", "trade_offs", "ethics", "tags")


class Model:
    """A version of a model, by name, number or stage; ``None`` makes a new one when it is first touched.

    The descriptive arguments are the model's card: they are recorded when this creates the model, and where
    they are given for a model that exists, they are set on it when this first writes. With ``create=False``, or
    ``GITREG_READONLY=1`` in the environment, creating is a NotFoundError instead.
    """

    def __init__(
        self,
        name: str,
        version: str | int | None = None,
        license: str | None = None,  # noqa: A002 - the field's name
        description: str | None = None,
        audience: str | None = None,
        use_cases: str | None = None,
        limitations: str | None = None,
        trade_offs: str | None = None,
        ethics: str | None = None,
        tags: list[str] | tuple[str, ...] | None = None,
        save_models_to_registry: bool = True,
        create: bool = True,
    ) -> None:
        self.name = names.model_name(name)
        given = (license, description, audience, use_cases, limitations, trade_offs, ethics, tags)
        card: dict[str, Any] = {field: value for field, value in zip(_CARD, given, strict=True) if value is not None}
        if not save_models_to_registry:
            card["save_models_to_registry"] = False
        self._wanted = Wanted(self.name, None if version is None else str(version), card, create)
        self._tracked: Tracked | None = None
        self._place: Place | None = None  # where the registry of the run was
        self._last: Tracked | None = None  # what it was in the last run that it was given to
        self._found: ModelVersion | None = None
        self._turn = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_turn", "_tracked", "_last")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._tracked, self._last, self._turn = None, None, threading.RLock()

    def __repr__(self) -> str:
        asked = "" if self._wanted.asked is None else f", version={self._wanted.asked!r}"
        return f"Model(name={self.name!r}{asked})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model):
            return NotImplemented
        if self._found and other._found:
            return self._found.id == other._found.id
        if self._tracked or other._tracked:
            return self._tracked is other._tracked
        asked = self._wanted.asked
        return self is other or (asked is not None and (self.name, asked, self._found) == (other.name, other._wanted.asked, other._found))

    def __hash__(self) -> int:
        return hash(self.name)

    # -- what resolves ------------------------------------------------------------------------------------

    @property
    def number(self) -> int:
        """The version's number: 1, 2, 3 … in the order of registration."""
        return self._resolved().number

    @property
    def id(self) -> str:
        """``iris@7``: the selector that always names this version."""
        return self._resolved().id

    @property
    def version(self) -> str:
        """The version's name; a version without one is called by its number."""
        return self._resolved().version

    @property
    def stage(self) -> str | None:
        """The stage that this version holds now, ``"archived"``, or None."""
        return self._now().stage

    @property
    def metadata(self) -> dict[str, Any]:
        """What was logged with :meth:`log_metadata`."""
        return self._now().metadata

    @property
    def metrics(self) -> dict[str, Any]:
        """What was logged with :meth:`log_metrics`."""
        return self._now().metrics

    def set_stage(self, stage: str, force: bool = False, expect: Expected = None, reason: str = "") -> Receipt:
        """Promote this version to *stage*; its former holder becomes archived. A new version is made and promoted in one commit.

        Raises:
            UsageError: the stage is unknown, or is ``latest``.
            ConflictError: the version is not ready or is yanked, or the stage is not held by *expect*.
            PolicyError: a gate or rule of the registry refuses, and *force* is not given.
        """
        home = self._home()
        if home:
            return home.set_stage(str(stage), force, expect, reason)
        with self._turn, self._registry() as registry:
            if self._settled is None:
                self._found = self._wanted.existing(registry)
            if self._settled is None:
                tx = self._new(registry, lambda tx: tx.promote(self._newest, str(stage), force=force, expect=expect), reason)
                if tx is not None:
                    return tx.receipt
            found = self._resolved()
            with registry.transaction(reason=reason, replay=True) as tx:
                self._describe(tx)
                tx.promote(found.id, str(stage), force=force, expect=expect)
            return tx.receipt

    def log_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add to the version's metadata, key by key; None takes a key away.

        Raises:
            UsageError: a value is not JSON-like.
        """
        self._update(metadata=_map("metadata", metadata))

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Add metrics; a recorded one of a ready version does not change.

        Raises:
            UsageError: a metric is not a finite number.
            ConflictError: the metric is recorded with another value.
        """
        self._update(metrics=_map("metrics", metrics))

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Add parameters of the training, key by key; those named like a secret are masked, with a warning.

        Raises:
            UsageError: a value is not JSON-like.
            ConflictError: the version is ready, so that its parameters are recorded for good.
        """
        self._update(params=_map("params", params))

    def link(self, name: str, uri: str, title: str = "") -> None:
        """Record something that belongs to this version and is no file: a ticket, a dashboard, another version.

        Raises:
            UsageError: the name or the address is empty.
        """
        self._update(links={name: {"uri": uri, "title": title} if title else {"uri": uri}})

    def link_artifact(self, name: str, path_or_uri: str | os.PathLike[str], kind: str = "model") -> None:
        """Record a file, folder or address that belongs to this version; a local file is hashed.

        Raises:
            UsageError: there is no such file, or *kind* is not ``model``, ``data`` or ``service``.
            ConflictError: another file is recorded under this name.
        """
        given = {name: {"kind": kind, "uri": os.fspath(path_or_uri)}}
        home = self._home()
        self._update(artifacts=home.described(given) if home else given)

    def get_artifact(self, name: str) -> Artifact:
        """Return what is recorded of an artifact.

        Raises:
            NotFoundError: this version has no artifact of that name.
        """
        found = self._now()
        if name not in found.artifacts:
            known = ", ".join(found.artifacts) or "none"
            raise NotFoundError("{id} has no artifact {name!r}: it has {known}", id=found.id, name=name, known=known)
        return found.artifacts[name]

    def get_model_artifact(self, name: str) -> Artifact:
        """Return :meth:`get_artifact` of an artifact of kind ``model``."""
        return self._of_kind(name, "model")

    def get_data_artifact(self, name: str) -> Artifact:
        """Return :meth:`get_artifact` of an artifact of kind ``data``."""
        return self._of_kind(name, "data")

    def load_artifact(self, name: str) -> str:
        """Return the path of an artifact on this machine, its digest verified; what lies elsewhere is fetched into the cache folder.

        In a run of another version, that one links to this.

        Raises:
            NotFoundError: there is no such artifact, or its file is gone.
            ConflictError: the file is not the one that was registered.
        """
        artifact = self.get_artifact(name)
        with self._registry() as registry:
            path = registry.fetched(name, artifact)
        here = current()
        if here and here.tracked and here.tracked is not self._home():
            here.tracked.used(self._resolved())
        return path

    def _of_kind(self, name: str, kind: str) -> Artifact:
        artifact = self.get_artifact(name)
        if artifact.kind != kind:
            raise NotFoundError("{name!r} of {id} is a {found} artifact, not a {kind}", name=name, id=self.id, found=artifact.kind, kind=kind)
        return artifact

    # -- resolving ----------------------------------------------------------------------------------------

    def _registry(self) -> Registry:
        """Return the registry: that of the run that this was given to, else the one of this folder."""
        return self._place.open() if self._place else Registry.open()

    def _home(self) -> Tracked | None:
        """Return the version of the run under way that this is, or None: then it speaks to the registry itself."""
        if self._tracked is not None:
            if not self._tracked.run.over:
                return self._tracked
            if self._tracked.final is None:
                raise NotFoundError("the run is over, and it left no version of {model!r}", model=self.name, hint=f"gitreg list {self.name}")
            self._found, self._tracked = self._tracked.final, None
        here = current() if self._found is None else None
        return here.run.known(self._wanted) if here else None

    def _resolved(self) -> ModelVersion:
        home = self._home()
        if home:
            return home.resolved()
        with self._turn:
            if self._settled is None:
                with self._registry() as registry:
                    self._found = self._wanted.existing(registry)
                    if self._found is None:
                        self._new(registry)
            assert self._settled
            return self._settled

    @property
    def _settled(self) -> ModelVersion | None:
        """What this is for good, or what it was in the last run that is over; None where it has to be looked for."""
        return self._found or (self._last.final if self._last and self._last.run.over else None)

    def _now(self) -> ModelVersion:
        home = self._home()
        if home:
            return home.now()
        version = self._resolved()
        with self._registry() as registry:
            return registry.get(version.id)

    @property
    def _newest(self) -> str:
        """The selector of the version that a transaction just made: by its name, else the latest."""
        asked = self._wanted.asked
        return self.name if asked is None or "{" in asked else f"{self.name}@{asked}"

    def _new(self, registry: Registry, then: Callable[[Transaction], object] | None = None, reason: str = "") -> Transaction | None:
        """Create the version and do *then* in one commit; None where another was first to create that name, which is taken.

        Raises:
            NotFoundError: creating is not allowed here.
        """
        self._wanted.may_create()
        elsewhere = live(self._wanted)
        if elsewhere:
            warned.warn(f"a run of {self.name!r} is under way in another thread, and this is not it: hand the run's model to the thread, or start it with contextvars.copy_context().run")
        try:
            with registry.transaction(reason=reason, replay=True) as tx:
                self._describe(tx)
                tx.register(self.name, self._wanted.asked)
                if then:
                    then(tx)
        except ConflictError:
            self._found = self._wanted.existing(registry)
            if self._found is None:
                raise
            return None
        self._found = tx.receipt.version
        return tx

    def _describe(self, tx: Transaction) -> None:
        """Set the card's fields that were given, where they are not set already."""
        if self._wanted.card:
            tx.describe_model(self.name, **self._wanted.card)

    def _update(self, **facts: Any) -> None:
        home = self._home()
        if home:
            home.log(**facts)
            return
        version = self._resolved()
        with self._registry() as registry, registry.transaction(replay=True) as tx:
            self._describe(tx)
            tx.update(version.id, **facts)


def _map(name: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise UsageError("{name}: expected a map of names and values, found {given!r}", name=name, given=given)
    return dict(given)


def as_model(given: Model | str | None, what: str) -> Model | None:
    """Return the model that a step or pipeline was given: itself, or by its name.

    Raises:
        UsageError: it is neither.
    """
    if given is None or isinstance(given, Model):
        return given
    if isinstance(given, str):
        return Model(given)
    raise UsageError("model of {what}: expected a Model or a name, found {given!r}", what=what, given=given, hint='model=Model("NAME")')


def bound_in(run: Run, model: Model) -> Tracked:
    """Return the version that *model* means in *run*; when that is over, it is what the model means."""
    model._last, model._place = run.bind(model._wanted), run.place  # noqa: SLF001 - a part of the model's own module
    return model._last  # noqa: SLF001


def known_in(run: Run, model: Model) -> bool:
    """Tell whether *run*, or one around it, works on what *model* means."""
    return run.known(model._wanted) is not None  # noqa: SLF001 - a part of the model's own module


def bound_to(tracked: Tracked) -> Model:
    """Return a model that is the version *tracked* of a run."""
    model = Model(tracked.wanted.model, tracked.wanted.asked)
    model._tracked, model._place = tracked, tracked.run.place  # noqa: SLF001 - a part of the model's own module
    return model
