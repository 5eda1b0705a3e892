"""A transaction: several operations as one commit, or as one proposal. Its methods are those of a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from gitreg.errors import ConflictError, NotFoundError, UsageError
from gitreg.records import ModelVersion, Receipt, settled
from gitreg.verbs import Verbs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from gitreg.draft import Draft
    from gitreg.operations.script import Script
    from gitreg.proposals import propose
    from gitreg.proposals.records import Proposed
    from gitreg.records import Change, Occasion
    from gitreg.registry import Registry
    from gitreg.rehearsal import Stage
    from gitreg.store.transaction import Start
    from gitreg.view import View

    Way = propose.Way | Stage


class Transaction(Verbs):
    """Several operations as one commit; see :meth:`Registry.transaction`. ``receipt`` is there at its end.

    ``message`` is the subject of the commit, where it is not empty. ``proposed`` is there at the end of :meth:`Registry.proposal`.
    """

    def __init__(
        self, registry: Registry, wording: tuple[str, str], *, replay: bool = False, watch: Callable[[str, int], None] | None = None, way: Way | None = None
    ) -> None:
        message, reason = wording
        if "\n" in message:
            raise UsageError("the message of a transaction is one line", hint="give the rest as reason")
        self.message = message.strip()
        self._registry, self._reasons = registry, [reason] if reason else []
        self._way = way
        self._used = False
        self._replay, self._watch = replay, watch
        self._script: Script | None = None
        self._told = WeakValueDictionary[int, ModelVersion]()  # those that the caller kept
        self._begun: Start | None = None
        self._draft: Draft | None = None
        self.receipt: Receipt = Receipt()
        self.proposed: Proposed | None = None

    def __enter__(self) -> Transaction:
        from gitreg.draft import Draft
        from gitreg.operations.script import Script

        if self._used:
            raise ConflictError("this transaction was used before", hint="with registry.transaction() as tx: ...")
        self._used = True
        self._begun, base = (self._way or self._registry).begin()
        self._draft, self._script = Draft(base), Script()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        draft, self._draft, script, self._script = self._draft, None, self._script, None
        if kind is None and draft is not None and script is not None:
            assert self._begun
            self.receipt = self._concluded(script, self._begun._replace(draft=draft), (self.message, "\n\n".join(self._reasons)))
            told = list(self._told.values())
            states = {model: draft.stages(model).states() for model in {version.model for version in told}}
            for version in told:
                settled(version, self.receipt.commit, states[version.model].get(version.number))

    def _concluded(self, script: Script, begun: Start, wording: tuple[str, str]) -> Receipt:
        if self._way is None:
            return self._registry.commit(script, wording, tuple if self._replay else script.outcomes, begun, self._watch)
        from gitreg.store.plan import Wording

        self.proposed = self._way.proposed(begun, Wording(*wording))
        return self.proposed.receipt

    def _run(self, operation: Callable[[View], Change], reason: str = "") -> Receipt:
        draft, script = self._open(), self._script
        assert script is not None
        try:
            change = operation(draft)
        except NotFoundError as error:
            raise (self._way.missing(error) if self._way else error) from None
        draft.put(change)
        script.add(operation, change)
        if reason:
            self._reasons.append(reason)
        version = draft.version(change.model, change.number) if change.number else None
        if version:
            self._told[id(version)] = version
        return Receipt(changed=bool(change.card or change.stages or change.manifests), version=version)

    def get(self, selector: str) -> ModelVersion:
        """Return a version as this transaction has it so far; see :meth:`Registry.get`."""
        return self._open().get(selector)

    def _open(self) -> Draft:
        if self._draft is None:
            raise ConflictError("this transaction is not open", hint="with registry.transaction() as tx: ...")
        return self._draft

    def occasion(self) -> Occasion:
        """See :meth:`Registry.occasion`."""
        return self._registry.occasion()

    def artifacts(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """See :meth:`Registry.artifacts`."""
        return self._registry.artifacts(given)
