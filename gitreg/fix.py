"""Complete and format what a person edited by hand in the worktree. It commits nothing.

The one part of gitreg that reads and writes files of the worktree: those of the registry that differ from a commit, regular
ones, and through no link.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Any

from gitreg.errors import BusyError, ConflictError, InvalidError, NotFoundError
from gitreg.operations.complete import completed
from gitreg.records import Stages
from gitreg.store import codec, comments, documents, layout, lineage
from gitreg.store.disk import sync

if TYPE_CHECKING:
    from gitreg.records import Config
    from gitreg.store.gitrepo import GitRepo
    from gitreg.store.snapshot import Snapshot

_CONFLICT = re.compile(rb"^(?:<{7}|={7}|>{7})", re.MULTILINE)
_SCRAP = re.compile(r"\.yaml\.gitreg-\d+$")
_ENCODERS: dict[str, Any] = {
    "card": (documents.decode_card, documents.encode_card),
    "manifest": (documents.decode_manifest, documents.encode_manifest),
}


def fixed(base: Snapshot, *, write: bool = True) -> tuple[str, ...]:
    """Complete and format the files of the worktree that differ from *base*; returns the paths of those that changed.

    All are read before the first is written. Without *write* it only tells.

    Raises:
        ConflictError: there is no worktree.
        InvalidError: a file cannot be read as what it is; nothing is written.
        BusyError: a file cannot be written.
    """
    repo = base.repo
    if repo.worktree is None:
        raise ConflictError("there is no worktree here whose files could be fixed", hint="gitreg promote, in a bare repository")
    root = os.path.join(repo.worktree, base.prefix)
    paths = _edited(repo, base)
    data = {path: found for path in paths if layout.place(path).kind in ("stages", *_ENCODERS) and (found := _read(root, path)) is not None}
    data = {path: found for path, found in data.items() if _plain(found) != _plain(base.bytes_of(path) or b"")}  # git may list what was only touched
    config = _config(root, base)
    texts = {path: _mended(base, config, path, found) for path, found in data.items()}
    for path in (path for path in data if layout.place(path).kind == "stages"):
        _known(base, root, path, _plain(data[path]))
    changed = {path: text for path, text in texts.items() if text != data[path]}
    for path in filter(_SCRAP.search, paths if write else ()):
        _drop(os.path.join(root, path))
    for path, text in changed.items() if write else ():
        _write(os.path.join(root, path), text)
    return tuple(sorted(changed))


def start(repo: GitRepo, ref: str, config: Config) -> str:
    """Return the commit that edits are compared with: where HEAD left the branch that is the truth, HEAD itself on that branch.

    Raises:
        NotFoundError: there is no commit yet.
    """
    head = repo.commit(ref)
    if head is None:
        raise NotFoundError("{ref} is gone", ref=ref)
    branch = config.branch or repo.default_branch(config.remote)
    truth = branch and (repo.commit(f"refs/heads/{branch}") or repo.commit(f"refs/remotes/{config.remote or 'origin'}/{branch}"))
    return (truth and lineage.merge_base(repo, head, truth)) or head


def _edited(repo: GitRepo, base: Snapshot) -> list[str]:
    """Return the files of models that may differ from *base* in the worktree, new ones too.

    Not by ``git diff``: it writes the index, and if it is killed then, its lock stays.

    Raises:
        InvalidError: git cannot tell.
    """
    below = base.prefix + layout.MODELS
    plain = ("--no-ext-diff", "--no-renames", "--no-relative", "--ignore-submodules")
    changed = repo.output("diff-index", "--name-only", "-z", *plain, base.commit, "--", below, folder=repo.worktree)
    new = repo.output("ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", below, folder=repo.worktree)
    paths = f"{changed}{new}".split("\0")[:-1]
    return sorted({path.removeprefix(base.prefix) for path in paths})


def _read(root: str, path: str) -> bytes | None:
    """Return the bytes of a regular file, or None where it was removed.

    Raises:
        InvalidError: it, or a folder on the way, is a link, or it is too large.
    """
    at = root
    for part in path.split("/"):
        at = os.path.join(at, part)
        if os.path.islink(at):
            raise InvalidError("this is a symbolic link: only regular files belong here", path=path, rule="R07")
    if not os.path.isfile(at):
        return None
    layout.checked_size(os.path.getsize(at), path)
    with open(at, "rb") as file:
        return file.read()


def _config(root: str, base: Snapshot) -> Config:
    data = _read(root, layout.CONFIG)
    return documents.decode_config(data) if data is not None else base.config


def _mended(base: Snapshot, config: Config, path: str, data: bytes) -> bytes:
    """Return a file as a command would have written it; an error says what a person does then, for what is edited is in no commit yet."""
    try:
        return _text(base, config, path, data)
    except InvalidError as error:
        error.hint = error.hint or ("keep one side of each block there, then: gitreg fix" if _CONFLICT.search(data) else "mend it there, then: gitreg fix")
        raise


def _known(base: Snapshot, root: str, path: str, data: bytes) -> None:
    """Raise where a stage is given to a version that is neither in *base*, nor in HEAD, nor in the worktree."""
    model = layout.place(path).model
    for stage, pointer in documents.decode_stages(data, path).pointers.items():
        manifest = layout.manifest(model, pointer.number or 0)
        if pointer.number is None or base.blob_id(manifest) or _read(root, manifest) is not None or base.repo.reader.info(f"HEAD:{base.prefix}{manifest}"):
            continue
        line = codec.line_of(data, (stage, "number"))
        raise InvalidError(f"version {pointer.number} does not exist", path=path, line=line, field=f"{stage}.number", rule="R05", hint=f"gitreg list {model}")


def _text(base: Snapshot, config: Config, path: str, data: bytes) -> bytes:
    """Return a file as a command would have written it, the person's comments kept."""
    place = layout.place(path)
    plain = _plain(data)
    if place.kind == "stages":
        hand = documents.decode_stages(plain, path)
        was = base.find_stages(place.model) if base.blob_id(path) else None
        text = documents.encode_stages(completed(was or Stages(), hand, {**config.stages, **hand.pointers}), config.stages, path)
    else:
        decode, encode = _ENCODERS[place.kind]
        text = encode(decode(plain, path), path)
    kept = comments.kept(plain, text).encode()
    return kept.replace(b"\n", b"\r\n") if b"\r\n" in data else kept


def _plain(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _drop(scrap: str) -> None:
    """Remove what a crash left of a file that was to be put in place, if its writer is provably gone."""
    if os.path.exists("/proc/self") and not os.path.exists(f"/proc/{scrap.rpartition('-')[2]}"):
        with contextlib.suppress(OSError):
            os.unlink(scrap)


def _write(file: str, data: bytes) -> None:
    """Put *data* in place of a file at once, durably: whoever reads it meanwhile sees one or the other."""
    temporary = f"{file}.gitreg-{os.getpid()}"
    try:
        with open(temporary, "xb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        os.chmod(temporary, os.stat(file).st_mode & 0o7777)
        os.replace(temporary, file)
        sync(os.path.dirname(file))
    except OSError as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise BusyError("cannot write {file!r}: {reason}", file=file, reason=error.strerror or str(error)) from None
