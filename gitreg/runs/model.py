"""``Model``: what training code holds in its hands. It names a version, and resolves it when it is touched.

A name is got or created, None creates a new version, a number or a stage must exist. Resolved once, it stays
with that version when stages move on. Looking at it (``repr``, ``==``, completion) never resolves.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from gitreg import names
from gitreg.errors import NotFoundError
from gitreg.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitreg.operations.stages import Expected
    from gitreg.records import Artifact, ModelVersion, Receipt

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
        self._asked = None if version is None else str(version)
        self._create = create
        given = (license, description, audience, use_cases, limitations, trade_offs, ethics, tags)
        self._card: dict[str, Any] = {field: value for field, value in zip(_CARD, given, strict=True) if value is not None}
        if not save_models_to_registry:
            self._card["save_models_to_registry"] = False
        self._found: ModelVersion | None = None
        self._turn = threading.RLock()

    def __repr__(self) -> str:
        asked = "" if self._asked is None else f", version={self._asked!r}"
        return f"Model(name={self.name!r}{asked})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model):
            return NotImplemented
        if self._found and other._found:
            return self._found.id == other._found.id
        return self is other or (self._asked is not None and (self.name, self._asked, self._found) == (other.name, other._asked, other._found))

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
        with self._turn, Registry.open() as registry:
            if self._found is None:
                self._found = self._existing(registry)
            if self._found is not None:
                return registry.promote(self._found.id, str(stage), force=force, expect=expect, reason=reason)
            with registry.transaction(reason=reason) as tx:
                made = self._made(tx)
                tx.promote(made.id, str(stage), force=force, expect=expect)
            self._found = registry.get(made.id)
            return tx.receipt

    def log_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add to the version's metadata, key by key; None takes a key away.

        Raises:
            UsageError: a value is not JSON-like.
        """
        self._update(metadata=dict(metadata))

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Add metrics; a recorded one of a ready version does not change.

        Raises:
            UsageError: a metric is not a finite number.
            ConflictError: the metric is recorded with another value.
        """
        self._update(metrics=dict(metrics))

    def link_artifact(self, name: str, path_or_uri: str | os.PathLike[str], kind: str = "model") -> None:
        """Record a file, folder or address that belongs to this version; a local file is hashed.

        Raises:
            UsageError: there is no such file, or *kind* is not ``model``, ``data`` or ``service``.
            ConflictError: another file is recorded under this name.
        """
        self._update(artifacts={name: {"kind": kind, "uri": os.fspath(path_or_uri)}})

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
        """Return the path of a local artifact, its digest verified.

        Raises:
            NotFoundError: there is no such artifact, or its file is gone.
            ConflictError: the file is not the one that was registered.
        """
        from gitreg.artifacts import verified

        artifact = self.get_artifact(name)
        with Registry.open() as registry:
            return verified(name, artifact, registry.folder)

    def _of_kind(self, name: str, kind: str) -> Artifact:
        artifact = self.get_artifact(name)
        if artifact.kind != kind:
            raise NotFoundError("{name!r} of {id} is a {found} artifact, not a {kind}", name=name, id=self.id, found=artifact.kind, kind=kind)
        return artifact

    # -- resolving ----------------------------------------------------------------------------------------

    def _resolved(self) -> ModelVersion:
        with self._turn:
            if self._found is None:
                with Registry.open() as registry:
                    self._found = self._existing(registry) or self._new(registry)
            return self._found

    def _now(self) -> ModelVersion:
        version = self._resolved()
        with Registry.open() as registry:
            return registry.get(version.id)

    def _existing(self, registry: Registry) -> ModelVersion | None:
        """Return the version that was asked for, or None where it is to be created."""
        if self._asked is None:
            return None
        must_exist = names.number(self._asked) is not None or self._asked in (names.LATEST, names.ARCHIVED) or self._asked in registry.snapshot().config.stages
        try:
            return registry.get(f"{self.name}@{self._asked}") if "{" not in self._asked else None
        except NotFoundError:
            if must_exist:
                raise
            return None

    def _new(self, registry: Registry) -> ModelVersion:
        with registry.transaction() as tx:
            made = self._made(tx)
        return registry.get(made.id)

    def _made(self, tx: Any) -> ModelVersion:
        """Register the new version in the transaction *tx*, and the model with its card where it is new.

        Raises:
            NotFoundError: creating is not allowed here.
        """
        if not self._create or os.environ.get("GITREG_READONLY") == "1":
            what = "a new version" if self._asked is None else f"version {self._asked!r}"
            raise NotFoundError("{what} of {model!r} would have to be created, and this is read-only", what=what, model=self.name, hint="Model(…, create=True), and no GITREG_READONLY")
        known = tx.knows(self.name)
        if self._card and not known:
            tx.create_model(self.name, **self._card)
        elif self._card:
            tx.update_model(self.name, **self._card)
        made: ModelVersion = tx.register(self.name, self._asked)
        return made

    def _update(self, **facts: Any) -> None:
        version = self._resolved()
        with Registry.open() as registry:
            registry.update(version.id, **facts)

