"""What operations would commit: they are run on a draft, the end is judged, and the commit's files and message follow.

However many versions there are, few of them are in memory: the draft keeps the others on disk, files are encoded
when they are asked for, and events found anew each time.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from gitreg import policy, records
from gitreg.draft import Draft
from gitreg.errors import ConflictError
from gitreg.operations import events as eventlog
from gitreg.operations import message as messages
from gitreg.operations import script
from gitreg.operations.stages import without_fleeting
from gitreg.store import comments, documents, layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gitreg.records import Change, Event, Manifest, ModelCard, Stages
    from gitreg.store.snapshot import Snapshot
    from gitreg.view import View

    Operation = Callable[[View], Change]
    Watch = Callable[[str, int], None]
    Text = tuple[bytes | None, str]
    Pair = tuple[Manifest | None, Manifest | None]

OFTEN = 100  # steps of a long work between two words about it
_MOST_SHOWN = 1000  # files in a diff


class Plan(NamedTuple):
    """A commit that could be made: the files it writes (old bytes and new text), what it means, and its message."""

    base: Snapshot
    draft: Draft
    last: Change | None
    files: Mapping[str, Text]
    events: Sequence[Event]
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message[: self.message.find("\n")]

    @property
    def reason(self) -> str:
        """The free text of the message."""
        at = self.message.find(f"\n{messages.CHANGE}: ")
        return messages.reason_in(self.message[:at] if at > 0 else self.message)

    @property
    def diff(self) -> str:
        """The plan as a unified diff; of very many files the first ones, and how many there are."""
        shown = "".join(_diff(path, *text) for path, text in islice(self.texts(), _MOST_SHOWN))
        left = sum(1 for _ in islice(self.files, _MOST_SHOWN, None))
        return shown + (f"# and {left:,} more files\n" if left else "")

    def texts(self) -> Iterator[tuple[str, Text]]:
        """Yield path, old bytes and new text of each file, those of a folder together."""
        return self.files.texts() if isinstance(self.files, Files) else iter(sorted(self.files.items()))

    def before(self) -> dict[str, str | None]:
        """Return by path from the repository's top which blob each file was, None for a new one."""
        return {self.base.prefix + path: None if _is_new(self.base, layout.place(path)) else self.base.blob_id(path) for path in self.files}


class Wording(NamedTuple):
    """What a person wants the commit to say: a subject instead of the usual one, and the reason."""

    subject: str = ""
    reason: str = ""


def plan(base: Snapshot, operations: Iterable[Operation], wording: Wording, *, guarded: bool, told: Iterable[bytes] = (), watch: Watch | None = None) -> Plan:
    """Return what *operations* would commit on top of *base*; they see each other, the end state is judged.

    *told* is what the caller was told that they come to (see :func:`script.outcome`); *watch* hears how far it is.

    Raises:
        ConflictError: an operation comes to something else than the caller was told.
        GitregError: an operation or the policy refuses.
    """
    draft, expected = Draft(base), iter(told)
    for done, operation in enumerate(operations, 1):
        change = operation(draft)
        _same_outcome(change, next(expected, None))
        draft.put(change)
        if watch and done % OFTEN == 0:
            watch("checked", done)
    return concluded(base, draft, wording, guarded=guarded)


def concluded(base: Snapshot, draft: Draft, wording: Wording, *, guarded: bool) -> Plan:
    """Return what would be committed on top of *base*, once operations were carried out on *draft*; the end state is judged.

    Raises:
        GitregError: the policy refuses.
    """
    for model, pointers in draft.pointers.items():
        draft.pointers[model] = without_fleeting(base.find_stages(model), pointers)
    found = _judged(base, draft, guarded)
    text = messages.written(wording.subject or eventlog.summary(found), wording.reason, os.urandom(16).hex(), found)
    return Plan(base, draft, draft.last, Files(base, draft), found, text)


def _same_outcome(change: Change, told: bytes | None) -> None:
    if told is not None and script.outcome(change) != told:
        number = script.number_in(told)
        raise ConflictError("{model!r} changed while this transaction was open: {what} would come out differently", model=change.model, what=f"{change.model}@{number}")


def _judged(base: Snapshot, draft: Draft, guarded: bool) -> Sequence[Event]:
    """Return what happens, with what ``force`` overrode; only moves of stages are judged."""
    delta = eventlog.Delta(tuple(_model_delta(base, draft, model) for model in draft.touched()))

    def label(model: str, number: int) -> str:
        manifest = draft.find_manifest(model, number)
        return manifest.version if manifest else str(number)

    judged = policy.judge(base, draft, eventlog.moves(delta, label), draft.moves.by_model(), guarded=guarded)
    forced = {(event.event, event.model, event.stage): event.forced for event in judged if event.forced}
    return eventlog.seen(lambda: (records.with_forced(event, forced.get((event.event, event.model, event.stage), ())) for event in eventlog.flow(delta, label)))


def _model_delta(base: Snapshot, draft: Draft, model: str) -> eventlog.ModelDelta:
    cards, stages = (base.find_card(model), draft.find_card(model)), (base.find_stages(model), draft.find_stages(model))
    return eventlog.ModelDelta(model, cards, stages, Pairs(base, draft, model))


class Pairs:
    """The manifests of a model that a draft holds, by number, each as it was and as it is."""

    def __init__(self, base: Snapshot, draft: Draft, model: str) -> None:
        self._base, self._draft, self._model = base, draft, model

    def items(self) -> Iterator[tuple[int, Pair]]:
        """Yield number, and before and after; before is None for a new one."""
        for manifest in self._draft.made.of(self._model):
            yield manifest.number, (_former(self._base, self._model, manifest.number), manifest)


def _former(base: Snapshot, model: str, number: int) -> Manifest | None:
    """Return the manifest as *base* has it; a number above the count is new, or ``register`` would have refused it."""
    return base.find_manifest(model, number) if number <= base.count(model) else None


def _is_new(base: Snapshot, place: layout.Place) -> bool:
    """Tell whether a file is a new manifest: nobody has to look for what was there."""
    return place.number > base.count(place.model) if place.kind == "manifest" else False


class Files(Mapping[str, "Text"]):
    """Each file whose record a draft changes, with its old bytes and its new text; a person's comments are kept."""

    def __init__(self, base: Snapshot, draft: Draft) -> None:
        self._base, self._draft = base, draft

    def __iter__(self) -> Iterator[str]:
        return (path for path, _ in self._changed())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return any(True for _ in self)

    def __getitem__(self, path: str) -> Text:
        kind, model, number = layout.place(path)
        found = {"card": self._card, "stages": self._stages}.get(kind, lambda _: self._manifest(model, number))(model)
        if found is None:
            raise KeyError(path)
        return self._text(path, found)

    def texts(self) -> Iterator[tuple[str, Text]]:
        """Yield each file by path, those of a folder together."""
        return ((path, self._text(path, record)) for path, record in self._changed())

    def _changed(self) -> Iterator[tuple[str, ModelCard | Stages | Manifest]]:
        for model in self._draft.touched():
            card, stages = self._card(model), self._stages(model)
            if card:
                yield layout.card(model), card
            if stages:
                yield layout.stages(model), stages
            for number, (old, manifest) in Pairs(self._base, self._draft, model).items():
                if manifest and manifest != old:
                    yield layout.manifest(model, number), manifest

    def _card(self, model: str) -> ModelCard | None:
        card = self._draft.cards.get(model)
        return card if card and card != self._base.find_card(model) else None

    def _stages(self, model: str) -> Stages | None:
        stages = self._draft.pointers.get(model)
        return stages if stages and stages != self._base.find_stages(model) else None

    def _manifest(self, model: str, number: int) -> Manifest | None:
        manifest = self._draft.made.get(model, number)
        return manifest if manifest and manifest != _former(self._base, model, number) else None

    def _text(self, path: str, record: ModelCard | Stages | Manifest) -> Text:
        if isinstance(record, records.Stages):
            text = documents.encode_stages(record, self._draft.config.stages, path)
        elif isinstance(record, records.Manifest):
            text = documents.encode_manifest(documents.checked(record), path)
        else:
            text = documents.encode_card(documents.checked(record), path)
        old = None if _is_new(self._base, layout.place(path)) else self._base.bytes_of(path)
        return old, documents.sized(comments.kept(old, text), path) if old else text


def _diff(path: str, old: bytes | None, new: str) -> str:
    before = (old or b"").decode("utf-8", "replace").splitlines(keepends=True)
    return "".join(difflib.unified_diff(before, new.splitlines(keepends=True), f"a/{path}" if old else "/dev/null", f"b/{path}"))
