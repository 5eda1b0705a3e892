"""What a person asks for with a button, out of a form's fields: the change, the state they saw, and how it is carried out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import parse_qsl, urlencode

from gitreg import names
from gitreg.errors import ConflictError, UsageError
from gitreg.operations.stages import rollback_target
from gitreg.records import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitreg.records import Config, Manifest, ModelCard
    from gitreg.verbs import Verbs
    from gitreg.view import View

Action = Literal["promote", "rollback", "archive", "edit"]
ACTIONS: tuple[Action, ...] = ("promote", "rollback", "archive", "edit")

_MOST_FIELDS = 20
_LONGEST_REASON = 5_000  # characters


class Seen(NamedTuple):
    """What of a registry a person's decision rests on: who holds the stage, what state the version is in, and what is recorded of it.

    ``number`` is the version that the change is about: of a rollback the one that the stage would go back to. ``rules`` are those of
    the registry where they are overridden, ``records`` the model's card and the manifests of that version and of the holder: what was compared, and what gates see.
    """

    holder: int | None = None
    number: int | None = None
    state: str | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    rules: Config | None = None
    records: tuple[ModelCard | Manifest | None, ...] = ()


class Asked(NamedTuple):
    """A change that a person asks for. *pr* says that it shall be proposed, and *force* that rules are overridden."""

    action: Action
    model: str
    number: int | None = None
    stage: str = ""
    reason: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    force: bool = False
    pr: bool = False

    @property
    def address(self) -> str:
        """Where its form is."""
        return address(self.action, self.model, self.number, self.stage)

    def seen(self, view: View) -> Seen:
        """Return what the decision rests on, as *view* has it.

        Raises:
            NotFoundError: there is no such model or version.
            UsageError: there is no such stage.
        """
        stages = view.stages(self.model)
        holder = stages.pointer(view.known_stage(self.stage)).number if self.stage else None
        if self.action == "rollback":
            target = rollback_target(view, self.model, self.stage)
            return Seen(holder=holder, number=target, rules=self._rules(view), records=self._records(view, target, holder))
        version = view.version(self.model, self.number or 0)
        if self.action == "edit":
            return Seen(number=version.number, description=version.description, tags=version.tags)
        return Seen(holder=holder, number=version.number, state=version.stage, rules=self._rules(view), records=self._records(view, version.number, holder))

    def _rules(self, view: View) -> Config | None:
        return view.config if self.force else None  # without it the rules answer for themselves

    def _records(self, view: View, *numbers: int | None) -> tuple[ModelCard | Manifest | None, ...]:
        return view.find_card(self.model), *(view.find_manifest(self.model, number) if number else None for number in numbers)

    def carried_out(self, tx: Verbs, seen: Seen) -> None:
        """Do it in *tx*, if what a person saw is so still.

        Raises:
            ConflictError: it is not.
            GitregError: the operation refuses.
        """
        tx.perform(partial(unmoved, asked=self, seen=seen))
        selector = f"{self.model}@{self.number}"
        if self.action == "promote":
            tx.promote(selector, self.stage, force=self.force, expect=seen.holder or "none", reason=self.reason)
        elif self.action == "rollback":
            tx.rollback(self.model, self.stage, expect=seen.holder or "none", reason=self.reason, force=self.force)
        elif self.action == "archive":
            tx.archive(selector, reason=self.reason, force=self.force)
        else:
            tx.update(selector, reason=self.reason, **self._edits(seen))

    def _edits(self, seen: Seen) -> dict[str, Any]:
        """Return what was edited: a field that comes back as a browser showed it is not."""
        same = _lines(seen.description).rstrip() == self.description, _tags("\n".join(seen.tags)) == self.tags
        return {name: value for name, value, kept in zip(("description", "tags"), (self.description, list(self.tags)), same, strict=True) if not kept}


def unmoved(view: View, asked: Asked, seen: Seen) -> Change:
    """Return no change, if what a decision rests on is in *view* as it was *seen*; that a change was made already is no hindrance.

    Raises:
        ConflictError: it is not; the sentence says what it is now.
    """
    now = asked.seen(view)
    done = asked.action == "promote" and now.holder == asked.number
    if now != seen and not done:
        raise ConflictError("{moved}", moved=_moved(asked, seen, now), hint="look at what it would do now")
    return Change(model=asked.model, number=now.number)


def _moved(asked: Asked, seen: Seen, now: Seen) -> str:
    if now.holder != seen.holder:
        return f"{asked.stage} of {asked.model!r} moved since this was shown: it was {_held(seen.holder)}, and is {_held(now.holder)} now"
    if asked.action == "rollback":
        return f"{asked.stage} of {asked.model!r} would go back to {now.number or 'nobody'} now, not to {seen.number}"
    if now.state != seen.state:
        return f"{asked.model}@{asked.number} moved since this was shown: it was in {seen.state or 'no stage'}, and is in {now.state or 'no stage'} now"
    if now.rules != seen.rules:
        return "the rules of this registry were changed since this was shown"
    pairs = zip((asked.model, f"{asked.model}@{now.number}", f"{asked.model}@{now.holder}"), seen.records, now.records, strict=True) if now.records else ()
    edited = next((name for name, before, after in pairs if before != after), f"{asked.model}@{now.number}")
    return f"{edited} was edited since this was shown"


def _held(number: int | None) -> str:
    return "vacant" if number is None else f"held by {number}"


def address(action: Action, model: str, number: int | None = None, stage: str = "") -> str:
    """Return where the form of an action is."""
    facts = {"model": model, "number": number, "stage": stage}
    return f"/change/{action}?{urlencode({name: fact for name, fact in facts.items() if fact})}"


def fields(body: bytes) -> dict[str, str]:
    """Return the fields of a form as it was sent.

    Raises:
        UsageError: it is none, has very many fields, or one twice.
    """
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:  # of a decoder, too
        raise UsageError("this is not a form that gitreg ui made") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UsageError("a field is there twice")
    return found


def begun(action: str, given: Mapping[str, str]) -> Asked:
    """Return what the form of *action* is about, by the query of its address.

    Raises:
        UsageError: there is no such action, or a name is malformed.
    """
    wish = Asked(_action(action), names.model_name(given.get("model", "")), stage=given.get("stage", ""))
    return wish if action == "rollback" else wish._replace(number=_number(given.get("number", "")))


def _action(text: str) -> Action:
    for action in ACTIONS:
        if action == text:
            return action
    raise UsageError("there is no action {action!r}", action=text[:100])


def asked(action: str, given: Mapping[str, str]) -> Asked:
    """Return what a person asks for with *action*, by the fields of its form.

    Raises:
        UsageError: there is no such action, or a field is malformed.
    """
    kind, model, reason = _action(action), names.model_name(given.get("model", "")), _lines(given.get("reason", "")).strip()
    if len(reason) > _LONGEST_REASON:
        raise UsageError("a reason has at most {most} characters", most=_LONGEST_REASON)
    stage = given.get("stage", "") if action in ("promote", "rollback") else ""
    number = None if action == "rollback" else _number(given.get("number", ""))
    wish = Asked(kind, model, number, stage, reason, force=given.get("force") == "yes", pr=given.get("way") == "pr")
    if wish.force and not reason:
        raise UsageError("to override the rules of a registry needs a reason", hint="say why, it stands in the commit")
    if action == "edit":
        return wish._replace(description=_lines(given.get("description", "")).rstrip(), tags=_tags(given.get("tags", "")))
    return wish


def _lines(given: str) -> str:
    """Return a text with the line ends that files have; browsers send others."""
    return given.replace("\r\n", "\n").replace("\r", "\n")


def _tags(given: str) -> tuple[str, ...]:
    """Return tags, one a line, each once."""
    return tuple(dict.fromkeys(tag for line in _lines(given).split("\n") if (tag := line.strip())))


def _number(given: str) -> int:
    number = names.number(given)
    if number is None:
        raise UsageError("{given!r} is not the number of a version", given=given[:100])
    return number


def again(wish: Asked) -> dict[str, Any]:
    """Return the fields that ask for the same once more."""
    facts: dict[str, Any] = {"model": wish.model, "number": wish.number, "stage": wish.stage, "reason": wish.reason}
    if wish.action == "edit":
        facts |= {"description": wish.description, "tags": "\n".join(wish.tags)}
    return {name: fact for name, fact in facts.items() if fact not in (None, "")} | ({"description": ""} if wish.action == "edit" and not wish.description else {})
