"""What lies between two commits: who wrote what on which parent, and one commit's files put into another's tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import ConflictError, InvalidError
from gitreg.store.trees import FOLDER, Entry, Tree, tree_bytes, with_entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gitreg.records import Occasion
    from gitreg.store.cache import Cache
    from gitreg.store.gitrepo import GitRepo
    from gitreg.store.objects import ObjectWriter


class Commit(NamedTuple):
    """A commit as it stands; ``author`` is the whole line: name, address, seconds since 1970, offset from UTC."""

    id: str
    parents: tuple[str, ...]
    author: str
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.strip().partition("\n")[0]


def read(repo: GitRepo, commit: str) -> Commit:
    """Return a commit by its id.

    Raises:
        InvalidError: git has no such commit.
    """
    found = repo.reader.read(commit)
    if found is None or found.data is None or found.type != "commit":
        raise repo.reader.damaged(f"git has no commit {commit}: the repository is damaged")
    head, _, message = found.data.partition(b"\n\n")
    lines = [line.partition(b" ")[::2] for line in head.split(b"\n")]
    named = dict(lines)
    encoding = named.get(b"encoding", b"utf-8").decode("ascii", "replace")
    parents = tuple(value.decode() for key, value in lines if key == b"parent")
    return Commit(commit, parents, _text(named[b"author"], encoding), _text(message, encoding))


def _text(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return data.decode("utf-8", "replace")


def merge_base(repo: GitRepo, one: str, other: str) -> str | None:
    """Return the newest commit that both have in their history, or None."""
    return repo.output("merge-base", one, other, ok=(0, 1)) or None


def chain(repo: GitRepo, onto: str, tip: str) -> list[Commit]:
    """Return the first-parent commits of *tip* that are not in the history of *onto*, the oldest first."""
    return [read(repo, commit) for commit in repo.output("rev-list", "--first-parent", "--reverse", tip, f"^{onto}").split()]


def count(repo: GitRepo, since: str | None, until: str) -> int:
    """Return how many commits *until* has in its history that *since* has not."""
    return int(repo.output("rev-list", "--count", until, *([f"^{since}"] if since else [])))


def messages(repo: GitRepo, since: str, until: str) -> Iterator[tuple[str, str]]:
    """Yield id and message of the commits in the history of *until* that are not in that of *since*, the newest first."""
    fields = repo.output("log", "--no-show-signature", "--encoding=UTF-8", "--format=%H%x00%B%x00", "--end-of-options", until, f"^{since}").split("\0")
    yield from ((commit.strip(), message) for commit, message in zip(fields[::2], fields[1::2], strict=False))


def is_own(repo: GitRepo, commit: Commit, onto: str) -> bool:
    """Tell whether *commit* brings something of its own: a merge of what *onto* has anyway does not.

    Raises:
        ConflictError: it merges some of both, or was completed by hand, so that nobody can tell what is its own.
    """
    first, *others = commit.parents or ("",)
    if not others:
        return True
    merged = repo.output("rev-list", *others, f"^{first}").split()
    unknown = repo.output("rev-list", *others, f"^{first}", f"^{onto}").split()
    if unknown == merged:
        return True
    code, out, _ = repo.git("merge-tree", "--write-tree", "--no-messages", first, *others) if len(others) == 1 else (1, b"", b"")
    tree = repo.reader.info(f"{commit.id}^{{tree}}")
    if unknown or code or tree is None or out.decode().strip() != tree.id:
        raise ConflictError("merge {commit} mixes what the new base has with what it has not", commit=commit.id[:12], hint=f"git merge {onto[:12]}")
    return False


def entry(cache: Cache, commit: str, path: str) -> Entry | None:
    """Return what *commit* has at *path*, or in its way; None where nothing is."""
    found: Entry | None = Entry(FOLDER, cache.root(commit) or "")
    for part in path.split("/"):
        if found is None or found.mode != FOLDER:
            return found
        found = cache.tree(found.id).get(part.encode("utf-8", "surrogateescape"))
    return found


def transplanted(writer: ObjectWriter, cache: Cache, root: str | None, changes: Mapping[str, Entry | None]) -> str | None:
    """Return the id of the tree *root* with *changes* by path (None: removed), or None where nothing is left in it.

    Raises:
        InvalidError: a path leads through something that is not a folder.
    """
    tree = cache.tree(root) if root else Tree()
    here: dict[bytes, Entry | None] = {}
    below: dict[bytes, dict[str, Entry | None]] = {}
    for path, change in changes.items():
        head, slash, tail = path.partition("/")
        name = head.encode("utf-8", "surrogateescape")
        if slash:
            below.setdefault(name, {})[tail] = change
        else:
            here[name] = change
    for name, inner in below.items():
        old = tree.get(name)
        if old and old.mode != FOLDER and name not in here:
            raise InvalidError("this is not a folder", path=name.decode("utf-8", "replace"), rule="R07")
        made = transplanted(writer, cache, old.id if old and old.mode == FOLDER else None, inner)
        if made or not here.get(name):
            here[name] = Entry(FOLDER, made) if made else None
    left = Tree({name: each for name, each in tree.items() if here.get(name, each) is not None})
    result = with_entries(left, {name: each for name, each in here.items() if each})
    if not result:
        return None
    object_id = writer.add("tree", tree_bytes(result))
    cache.keep_tree(object_id, result)
    return object_id


def written(repo: GitRepo, writer: ObjectWriter, root: str, parent: str, content: Commit, occasion: Occasion) -> str:
    """Write a commit of the tree *root* on *parent* with the author and message of *content*, durably; returns its id.

    It is signed where the person's git signs.

    Raises:
        BusyError: the disk is full or read-only, or the signing program refuses.
    """
    if repo.signs():
        writer.flush()
        return repo.signed_commit(root, parent, content.message, occasion, content.author)
    committer = f"{occasion.by} {int(occasion.now.timestamp())} +0000"
    lines = (f"tree {root}", f"parent {parent}", f"author {content.author}", f"committer {committer}", "", content.message)
    commit = writer.add("commit", "\n".join(lines).encode())
    writer.flush()
    return commit
