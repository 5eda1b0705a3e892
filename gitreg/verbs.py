"""The write methods, once, for :class:`~gitreg.registry.Registry` (one commit each) and for a transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any

from gitreg import names

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from gitreg.operations.stages import Expected
    from gitreg.records import Change, ModelVersion, Occasion, Receipt
    from gitreg.view import View

    FromFile = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None


_SPOKEN = ("params", "metadata", "description", "links", "audience", "use_cases", "limitations", "trade_offs", "ethics")  # where a secret could stand


class Verbs(ABC):
    """What can be done to a registry. Every method commits once, or not at all where nothing has to change."""

    @abstractmethod
    def _run(self, operation: Callable[[View], Change], reason: str = "") -> Receipt:
        """Carry *operation* out, or record it."""

    def perform(self, operation: Callable[[View], Change], reason: str = "") -> Receipt:
        """Carry out an operation of ``gitreg.operations``: a pure function from what is seen to what shall be changed."""
        return self._run(operation, reason)

    @abstractmethod
    def occasion(self) -> Occasion:
        """Return who acts, and when."""

    @abstractmethod
    def artifacts(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return artifacts as the manifest records them: local files hashed."""

    def register(
        self,
        model: str,
        version: str | None = None,
        *,
        metrics: Mapping[str, float] | None = None,
        params: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Sequence[str] | None = None,
        description: str | None = None,
        artifacts: Mapping[str, Any] | None = None,
        links: Mapping[str, Any] | None = None,
        run: Mapping[str, Any] | None = None,
        status: str | None = None,
        from_file: FromFile = None,
    ) -> ModelVersion:
        """Add a version to *model*, which is made if it is new; returns the version with its number.

        An artifact is a path or address, or a map of ``kind`` (``model``, ``data``, ``service``), ``uri`` and,
        where they are known, ``sha256`` and ``size`` in bytes; a local file is hashed. A link is an address or a
        map of ``uri`` and ``title``. Where ``artifacts:`` of ``gitreg.yaml`` names a store, local files are copied there. *status* is ``ready``, or ``running`` for a version completed later.

        *from_file* is a path, or several, of what is there already: a file of metrics, the folder of an MLflow run, a model
        card; see :func:`gitreg.intake.read`. What is given beside it wins. What the header of a local model file says is
        recorded in the metadata, below ``files`` and the artifact's name.

        Raises:
            UsageError: a name is malformed or reserved, a metric is not a finite number, a file does not exist, two disagree.
            ConflictError: the model has a version of that name, or was deleted, or its card says something else.
            NotFoundError: there is nothing at *from_file*.
            InvalidError: what is there is not understood, or not sound.
        """
        given = _given(
            metrics=metrics, params=params, metadata=metadata, tags=tags, description=description, run=run, status=status,
            artifacts=artifacts or {}, links=_links(links or {}),
        )  # fmt: skip
        facts, beside = self._with_files(given, from_file)
        if beside:
            from gitreg.operations.found import register
        else:
            from gitreg.operations.register import register  # type: ignore[assignment]
        occasion = self.occasion()
        version_made = self._run(partial(register, model=model, name=version, facts=facts, occasion=occasion, **beside)).version
        assert version_made
        return version_made

    def _with_files(self, given: dict[str, Any], from_file: FromFile, tags: str = "tags") -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the facts *given* over those in the files, local artifacts hashed; and ``card`` and ``headers``, if there are any.

        The tags in the files become those of the fact called *tags*.
        """
        facts = given
        if from_file is not None:
            from gitreg import intake

            facts = intake.merged(from_file, given, tags=tags)
        card, headers, artifacts = facts.pop("card", {}), {}, facts.get("artifacts")
        if artifacts:
            from gitreg.formats import headers as read

            facts["artifacts"], headers = self.artifacts(artifacts), read(artifacts)
        return _without_secrets(facts), {"card": card, "headers": headers} if card or headers else {}

    def record(self, model: str, /, **facts: Any) -> ModelVersion:
        """Add a version that was made elsewhere or before: its facts are those of :meth:`register`, and its past.

        That is ``version`` (its name), ``created_at``, ``created_by``, ``status`` (``failed`` too), ``later_runs`` and
        ``yanked``. It gets the next number of the model, which is made if it is new; digits as a name mean none.

        Raises:
            UsageError: a name is malformed or reserved, or a fact is not what its field allows.
            ConflictError: the model has a version of that name, or was deleted.
        """
        from gitreg.operations.register import record

        given = _given(**facts | {"artifacts": self.artifacts(facts.get("artifacts") or {}), "links": _links(facts.get("links") or {})})
        made = self._run(partial(record, model=model, facts=given, occasion=self.occasion())).version
        assert made
        return made

    def promote(self, selector: str, stage: str, *, force: bool = False, expect: Expected = None, reason: str = "") -> Receipt:
        """Point *stage* at one version, in one commit; its former holder becomes archived.

        Promoting the holder to the stage it holds makes no commit, and the receipt says so. *expect* names the
        holder that the caller believes in, a number or ``"none"``. *force* overrides the registry's rules.

        Raises:
            UsageError: the stage is unknown, or is ``latest``.
            NotFoundError: the model or version does not exist.
            ConflictError: the version is not ready or is yanked, or the stage is not held by *expect*.
            PolicyError: a gate or rule of this registry does not hold.
        """
        from gitreg.operations import stages

        parsed = names.selector(selector)
        return self._run(partial(stages.promote, selector=parsed, stage=str(stage), force=force, expect=expect), reason)

    def rollback(self, model: str, stage: str, *, expect: Expected = None, reason: str = "", force: bool = False) -> Receipt:
        """Give *stage* back to its previous holder; the present one becomes archived. A second goes further back.

        Raises:
            NotFoundError: the model does not exist, or nobody is left to go back to.
            ConflictError: the stage is not held by *expect*.
            PolicyError: the stage changes only through review, and *force* is not given.
        """
        from gitreg.operations import stages

        return self._run(partial(stages.rollback, model=model, stage=str(stage), expect=expect, force=force), reason)

    def archive(self, selector: str, *, reason: str = "", force: bool = False) -> Receipt:
        """Archive a version by hand; a stage it holds becomes vacant.

        Raises:
            NotFoundError: the model or version does not exist.
            PolicyError: its stage changes only through review, and *force* is not given.
        """
        from gitreg.operations import stages

        parsed = names.selector(selector)
        return self._run(partial(stages.archive, selector=parsed, force=force), reason)

    def archive_all(self, model: str, numbers: Sequence[int], *, reason: str = "", force: bool = False) -> Receipt:
        """Archive many versions of *model* at once; stages they hold become vacant.

        Raises:
            NotFoundError: the model or a version does not exist.
            PolicyError: a stage changes only through review, and *force* is not given.
        """
        from gitreg.operations import stages

        return self._run(partial(stages.archive_all, model=model, numbers=list(numbers), force=force), reason)

    def yank(self, selector: str, *, reason: str, force: bool = False) -> Receipt:
        """Mark a version as not to be used; its manifest stays, its number is never used again.

        Raises:
            NotFoundError: the model or version does not exist.
            ConflictError: the version holds a stage, and *force*, which vacates it, is not given.
        """
        from gitreg.operations import amend

        parsed, occasion = names.selector(selector), self.occasion()
        return self._run(partial(amend.yank, selector=parsed, reason=reason, occasion=occasion, force=force), reason)

    def unyank(self, selector: str, *, reason: str = "") -> Receipt:
        """Take a yank back. It does not restore a stage.

        Raises:
            NotFoundError: the model or version does not exist.
        """
        from gitreg.operations import amend

        parsed = names.selector(selector)
        return self._run(partial(amend.unyank, selector=parsed), reason)

    def update(self, selector: str, *, reason: str = "", from_file: FromFile = None, **facts: Any) -> Receipt:
        """Add to what is recorded of a version: fields of the manifest by keyword.

        ``metrics``, ``artifacts``, ``metadata`` and ``links`` are merged by key (a metadata key or a link set to
        None goes away), ``description`` and ``tags`` replaced. A version that is ready only grows: a recorded
        metric or artifact does not change. ``status`` completes a running version. *from_file* is as for :meth:`register`;
        its tags are added.

        Raises:
            NotFoundError: the model or version does not exist, or there is nothing at *from_file*.
            ConflictError: something recorded would change, or the model's card says something else.
            UsageError: a fact is not what its field allows, or two files disagree.
            InvalidError: what is at *from_file* is not understood, or not sound.
        """
        parsed = names.selector(selector)
        if facts.get("links"):
            facts["links"] = _links(facts["links"])
        given, beside = self._with_files(_given(**facts), from_file, tags="add_tags")
        if beside:
            from gitreg.operations.found import update
        else:
            from gitreg.operations.amend import update  # type: ignore[assignment]
        return self._run(partial(update, selector=parsed, facts=given, **beside), reason)

    def create_model(self, model: str, **facts: Any) -> Receipt:
        """Make a model without versions; *facts* are fields of ``model.yaml``.

        Raises:
            ConflictError: the name is taken or collides with another.
            UsageError: the name is malformed, or a fact is not a field.
        """
        from gitreg.operations import cards

        occasion = self.occasion()
        return self._run(partial(cards.create, model=model, facts=_card(facts), occasion=occasion))

    def update_model(self, model: str, *, reason: str = "", **facts: Any) -> Receipt:
        """Set fields of ``model.yaml``; what is set already makes no commit.

        ``links`` are merged by key, and one set to None goes away; a link is an address or a map of ``uri`` and ``title``.

        Raises:
            NotFoundError: the model does not exist.
            ConflictError: it was deleted.
            UsageError: a fact is not a field that can be set.
        """
        from gitreg.operations import cards

        return self._run(partial(cards.update, model=model, facts=_card(facts)), reason)

    def describe_model(self, model: str, **facts: Any) -> Receipt:
        """Make a model with these fields of ``model.yaml``, or set them where it is there already.

        Raises:
            ConflictError: the model was deleted, or its name collides with another.
            UsageError: the name is malformed, or a fact is not a field that can be set.
        """
        from gitreg.operations import cards

        occasion = self.occasion()
        return self._run(partial(cards.describe, model=model, facts=_card(facts), occasion=occasion))

    def delete_model(self, model: str, *, reason: str = "", force: bool = False) -> Receipt:
        """Mark a model deleted: its versions are yanked, its stages vacated, its name is not reused.

        Raises:
            NotFoundError: the model does not exist.
            ConflictError: it was deleted before, or still holds a stage and *force* is not given.
        """
        from gitreg.operations import cards

        occasion = self.occasion()
        return self._run(partial(cards.delete, model=model, reason=reason, occasion=occasion, force=force), reason)


def _without_secrets(facts: dict[str, Any]) -> dict[str, Any]:
    if facts.keys().isdisjoint(_SPOKEN):
        return facts
    from gitreg.secrets import without

    return without(facts)


def _given(**facts: Any) -> dict[str, Any]:
    return {name: fact for name, fact in facts.items() if fact is not None}


def _card(facts: dict[str, Any]) -> dict[str, Any]:
    """Return fields of a card, its links as the file has them."""
    return _without_secrets(facts | {"links": _links(facts["links"])} if facts.get("links") else facts)


def _links(given: Any) -> Any:
    """Return links as the manifest has them; what is no map of them is refused later, with its field."""
    if not isinstance(given, dict):
        return given
    return {name: {"uri": link} if isinstance(link, str) else link for name, link in given.items()}
