"""The merge driver of pointer files: three files to one, and how a repository comes to use it.

git's own merge comes first: where it is clean and sound, that is the result. Only where it is not are the three read as records.
"""

from __future__ import annotations

import os
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import BusyError, InvalidError
from gitreg.operations import merging
from gitreg.records import Stages
from gitreg.store import comments, documents, layout, process

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitreg.operations.merging import Contest
    from gitreg.store.gitrepo import GitRepo
    from gitreg.store.snapshot import Snapshot

ATTRIBUTES = ".gitattributes"
_NAMES = "models/**/stages.yaml merge=gitreg"
_HEADER = "# yaml-language-server:"
MERGED, CONTESTED = 80, 81  # what no shell, no Python and no empty script says: a gitreg that cannot run has not answered
# what this gitreg cannot merge, or where none runs, is git's to merge; %X and %Y are known from git 2.44 on
_COMMAND = (
    f"gitreg merge-file --driver --marker-size %L --path %P --ours %X --theirs %Y %O %A %B; case $? in {MERGED}) exit 0;; {CONTESTED}) exit 1;; esac; "
    "git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B"
)
_CONFIG = {"merge.gitreg.name": "who holds which stage, merged by gitreg", "merge.gitreg.driver": _COMMAND}


class Labels(NamedTuple):
    """What conflict markers say: the names of both sides, and how many characters a marker has."""

    ours: str = "ours"
    theirs: str = "theirs"
    size: int = 7


class Outcome(NamedTuple):
    """A merged file: *clean* where nobody has to look; *contests* are what the sides disagree about, as far as that is known."""

    data: bytes
    clean: bool
    contests: tuple[Contest, ...] = ()


def merged(base: str, ours: str, theirs: str, labels: Labels) -> Outcome:
    """Return the merge of three pointer files, given by their paths; nothing is written.

    Raises:
        BusyError: one of them cannot be read.
        InvalidError: git cannot merge them, for they are no text.
    """
    text = _as_text(base, ours, theirs, labels)
    try:
        sides = [_decoded(path) for path in (base, ours, theirs)]
    except InvalidError:
        return text
    if any(fault for side in sides for fault in merging.unsound(side)) or (text.clean and _sound(text.data, sides)):
        return text
    found = merging.merged(*sides)
    if merging.faults(found.ours, *sides) if not found.contests else found.ours == found.theirs:
        return text._replace(clean=False)
    data = [_read(path).replace(b"\r\n", b"\n") for path in (base, ours, theirs)]
    written = [_written(data, end) for end in ((found.ours, found.theirs) if found.contests else (found.ours,))]
    result = (_conflicting(written[0], written[1], labels) if found.contests else written[0]).encode()
    return Outcome(result.replace(b"\n", b"\r\n") if b"\r\n" in _read(ours) else result, not found.contests, found.contests)


def _as_text(base: str, ours: str, theirs: str, labels: Labels) -> Outcome:
    names = [word for label in (labels.ours, "base", labels.theirs) for word in ("-L", label)]
    code, out, err = process.run((), ("merge-file", "-p", f"--marker-size={labels.size}", *names, "--", ours, base, theirs))
    if code > 127:
        raise InvalidError(f"git cannot merge this: {err.decode(errors='replace').strip().removeprefix('error: ')}", path=ours)
    return Outcome(out, code == 0)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(layout.LARGEST + 1)
    except OSError as error:
        raise BusyError("cannot read {path!r}: {reason}", path=path, reason=error.strerror or str(error)) from None


def _decoded(path: str) -> Stages:
    data = _read(path)
    return documents.decode_stages(data, path) if data else Stages()  # both sides made the file


def _sound(data: bytes, sides: Sequence[Stages]) -> bool:
    try:
        return not merging.faults(documents.decode_stages(data, ""), *sides)
    except InvalidError:
        return False


def _written(data: Sequence[bytes], end: Stages) -> str:
    """Return the text of *end*, with the first line of ours, and the comments that a person wrote on either side."""
    base, ours, theirs = data
    first, _, _ = ours.decode().partition("\n")
    _, _, body = documents.encode_stages(end, end.pointers, "").partition("\n")
    return comments.merged(base, ours, theirs, (f"{first}\n" if first.startswith(_HEADER) else "") + body)


def _conflicting(ours: str, theirs: str, labels: Labels) -> str:
    """Return both texts as one: what is the same once, and each block that is not in conflict markers."""
    blocks = [text.rstrip("\n").split("\n\n") for text in (ours, theirs)]
    if len(blocks[0]) != len(blocks[1]):
        blocks = [["\n\n".join(each)] for each in blocks]
    return "\n\n".join(one if one == other else _marked(one, other, labels) for one, other in zip(*blocks, strict=True)) + "\n"


def _marked(ours: str, theirs: str, labels: Labels) -> str:
    lines = [ours.split("\n"), theirs.split("\n")]
    same = [pair[0] for pair in takewhile(lambda pair: pair[0] == pair[1], zip(*lines, strict=False))]
    left, right = (each[len(same) :] for each in lines)
    start, middle, end = (mark * labels.size for mark in "<=>")
    return "\n".join([*same, f"{start} {labels.ours}", *left, middle, *right, f"{end} {labels.theirs}"])


# -- installing it --------------------------------------------------------------------------------------------


def attributes(repo: GitRepo, tip: str | None, prefix: str, folder: str | None) -> dict[str, bytes]:
    """Return the file that names the driver for a registry below *prefix*; nothing where a person has such a file, in *tip* or in *folder*."""
    path = prefix + ATTRIBUTES
    known = bool(tip and repo.reader.info(f"{tip}:{path}")) or bool(folder and os.path.lexists(os.path.join(folder, ATTRIBUTES)))
    return {} if known else {path: f"{_NAMES}\n".encode()}


def named(snapshot: Snapshot) -> bool:
    """Tell whether the registry asks for the driver."""
    return b"merge=gitreg" in (snapshot.bytes_of(ATTRIBUTES) or b"")


def installed(repo: GitRepo) -> bool:
    """Tell whether git knows the driver here, in whichever configuration."""
    return repo.config("merge.gitreg.driver") is not None


def outdated(repo: GitRepo) -> bool:
    """Tell whether what git knows is the line of an older gitreg, which took the failure of a broken one for a conflict, and lost their side."""
    line = repo.config("merge.gitreg.driver") or ""
    return line.startswith("gitreg merge-file ") and " --driver " not in line


def install(repo: GitRepo) -> None:
    """Tell the repository's own configuration what the driver is.

    Raises:
        BusyError: it cannot be written.
    """
    for key, value in _CONFIG.items():
        repo.set_config(key, value)
