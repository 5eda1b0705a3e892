"""Lay into a version what was found in files: facts for the model's card, and the headers of model files. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gitreg.errors import ConflictError
from gitreg.operations import amend
from gitreg.operations import register as registering
from gitreg.records import ModelCard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitreg import names
    from gitreg.records import Artifact, Change, Manifest, Occasion
    from gitreg.view import View

KEY = "files"  # of the metadata: the headers by the artifact's name


def register(view: View, model: str, name: str | None, facts: Mapping[str, Any], occasion: Occasion, card: Mapping[str, Any], headers: Mapping[str, Any]) -> Change:
    """Return the change that adds a version, as :func:`gitreg.operations.register.register` does, with *card* and *headers*.

    Raises:
        ConflictError: the model's card says something else than *card*.
    """
    change = registering.register(view, model, name, _with_headers(facts, headers, {}, set()), occasion)
    return replace(change, card=_filled(model, change.card or view.live_card(model), card) or change.card)


def update(view: View, selector: names.Selector, facts: Mapping[str, Any], card: Mapping[str, Any], headers: Mapping[str, Any]) -> Change:
    """Return the change that lays *facts* over a version, as :func:`gitreg.operations.amend.update` does, with *card* and *headers*.

    Raises:
        ConflictError: the model's card says something else than *card*.
    """
    manifest = view.manifest(selector.model, view.number(selector))
    kept = {name for name in headers if _is_recorded(manifest, name, facts)}
    change = amend.update(view, selector, _with_headers(facts, headers, manifest.metadata, kept))
    return replace(change, card=_filled(selector.model, view.live_card(selector.model), card))


def beside(manifest: Manifest, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return *facts* whose headers, in their metadata, stand beside those that *manifest* has."""
    metadata = facts.get("metadata")
    there, more = manifest.metadata.get(KEY), metadata.get(KEY) if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(there, dict) or not isinstance(more, dict):
        return dict(facts)
    return {**facts, "metadata": {**metadata, KEY: {**there, **more}}}


def _with_headers(facts: Mapping[str, Any], headers: Mapping[str, Any], there: Mapping[str, Any], kept: set[str]) -> dict[str, Any]:
    """Return *facts* with *headers* in their metadata, beside those *there*; a person's own win, and those *kept*."""
    given = facts.get("metadata") or {}
    before = there.get(KEY, {})
    own = given.get(KEY, {}) if isinstance(given, dict) else None
    if not headers or not isinstance(before, dict) or not isinstance(own, dict):
        return dict(facts)
    news = {name: header for name, header in headers.items() if not (name in kept and name in before)}
    return {**facts, "metadata": {**given, KEY: {**before, **news, **own}}}


def _is_recorded(manifest: Manifest, name: str, facts: Mapping[str, Any]) -> bool:
    """Tell whether the artifact that a header is of was there before, with the same bytes."""
    artifact = name if name in facts["artifacts"] else name.partition("/")[0]
    there: Artifact | None = manifest.artifacts.get(artifact)
    return there is not None and there.sha256 == facts["artifacts"].get(artifact, {}).get("sha256")


def _filled(model: str, there: ModelCard, given: Mapping[str, Any]) -> ModelCard | None:
    """Return the card with what it lacked, or None where it lacks nothing; what a person wrote there is not overwritten.

    Raises:
        ConflictError: it says something else.
    """
    for field, value in given.items():
        says = getattr(there, field, "")
        if says and says != value:
            raise ConflictError(
                "{field} of model {model!r} is {says!r}, and the file says {value!r}", field=field, model=model, says=says, value=value,
                hint=f"gitreg model update {model} --{field} TEXT",
            )  # fmt: skip
    lacking = {field: value for field, value in given.items() if not getattr(there, field, "")}
    return amend.built(ModelCard, amend.fields_of(there) | lacking) if lacking else None
