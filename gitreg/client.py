"""ZenML's names for the same: a client whose methods are thin over :class:`~gitreg.registry.Registry`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitreg import names
from gitreg.registry import Registry

if TYPE_CHECKING:
    import os
    from types import TracebackType

    from gitreg.operations.stages import Expected
    from gitreg.records import ModelCard, ModelSummary, ModelVersion


class Client:
    """A client of the registry at *path*, found as :meth:`Registry.open` finds it."""

    def __init__(self, path: str | os.PathLike[str] | None = None, *, branch: str | None = None) -> None:
        self.registry = Registry.open(path, branch=branch)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.registry.close()

    def create_model(self, name: str, **facts: Any) -> ModelCard:
        """Make a model; *facts* are fields of ``model.yaml``. Returns its card.

        Raises:
            ConflictError: the name is taken or collides with another.
            UsageError: the name is malformed, or a fact is not a field.
        """
        self.registry.create_model(name, **facts)
        return self.registry.model(name)

    def get_model(self, model: str) -> ModelCard:
        """Return the card of *model*.

        Raises:
            NotFoundError: there is no such model.
        """
        return self.registry.model(model)

    def list_models(self) -> tuple[ModelSummary, ...]:
        """Return the board: each model with its latest version and who holds each stage."""
        return self.registry.models()

    def update_model(self, model: str, **facts: Any) -> ModelCard:
        """Set fields of ``model.yaml``, ``add_tags`` and ``remove_tags``; returns the card.

        Raises:
            NotFoundError: there is no such model.
            UsageError: a fact is not a field that can be set.
        """
        self.registry.update_model(model, **facts)
        return self.registry.model(model)

    def delete_model(self, model: str, *, reason: str = "", force: bool = False) -> None:
        """Mark *model* deleted and yank its versions; with *force* although it holds stages.

        Raises:
            NotFoundError: there is no such model.
            ConflictError: it was deleted before, or still holds a stage.
        """
        self.registry.delete_model(model, reason=reason, force=force)

    def create_model_version(self, model: str, name: str | None = None, **facts: Any) -> ModelVersion:
        """Add a version to a model that exists; *facts* as for :meth:`Registry.register`.

        Raises:
            NotFoundError: there is no such model.
            ConflictError: the model has a version of that name.
        """
        self.registry.model(model)
        return self.registry.register(model, name, **facts)

    def get_model_version(self, model: str, number_name_or_stage: str | int | None = None) -> ModelVersion:
        """Return a version by number, name or stage; without one, the latest.

        Raises:
            NotFoundError: there is no such model or version, or the stage is vacant.
        """
        what = names.LATEST if number_name_or_stage is None else str(number_name_or_stage)
        return self.registry.get(f"{model}@{what}")

    def list_model_versions(self, model: str) -> tuple[ModelVersion, ...]:
        """Return all versions of *model*, the first one first.

        Raises:
            NotFoundError: there is no such model.
        """
        return self.registry.versions(model)

    def update_model_version(
        self,
        model: str,
        version: str | int | None = None,
        *,
        stage: str | None = None,
        force: bool = False,
        expect: Expected = None,
        reason: str = "",
        **facts: Any,
    ) -> ModelVersion:
        """Move a version to *stage*, and lay *facts* over it, in one commit; without *version*, the latest.

        Raises:
            NotFoundError: there is no such model or version.
            ConflictError: something recorded would change, or the version cannot hold a stage.
            PolicyError: a rule of the registry refuses, and *force* is not given.
        """
        found = self.get_model_version(model, version)
        with self.registry.transaction(reason=reason) as tx:
            if facts:
                tx.update(found.id, **facts)
            if stage is not None:
                tx.promote(found.id, stage, force=force, expect=expect)
        return self.registry.get(found.id)

    def delete_model_version(self, model: str, version: str | int, *, reason: str = "deleted", force: bool = False) -> ModelVersion:
        """Yank a version: its manifest stays, its number is never used again.

        Raises:
            NotFoundError: there is no such model or version.
            ConflictError: it holds a stage, and *force*, which vacates it, is not given.
        """
        found = self.get_model_version(model, version)
        self.registry.yank(found.id, reason=reason, force=force)
        return self.registry.get(found.id)
