"""Comments that a person wrote survive gitreg's writes.

A whole-line comment belongs to the key or item below it, a trailing one to the first key or item of its
line. Where that key is gone, the comment moves up to the nearest one above it that is still there. Comments
after the last key stay at the end.
"""

from __future__ import annotations

from typing import NamedTuple

from gitreg.store import codec


class Comment(NamedTuple):
    """One line of comment: above its node, at the end of its line, or (without a path) at the file's end."""

    path: codec.Path
    text: str
    trailing: bool


def kept(old: bytes, new: str) -> str:
    """Return *new* with the comments of *old*; both are documents that the strict reader takes."""
    head, _, rest = old.partition(b"\n")
    if head.startswith(b"# yaml-language-server:") and b"#" not in rest and b"\r" not in head:
        return new  # nobody's comments: the usual case, and a write should not pay for looking where they would stand
    header = new.split("\n", 1)[0] if new.startswith("#") else ""
    found = [c for c in comments(old) if c.text != header and not c.text.startswith("# yaml-language-server:")]
    return _inserted(new, found) if found else new


def carried(before: bytes | None, after: bytes, new: str) -> str:
    """Return *new* with the comments that a person added between *before* and *after*."""
    known = [comment.text for comment in comments(before)] if before else []
    header = new.split("\n", 1)[0]
    found = [c for c in comments(after) if c.text not in (header, *known) and not c.text.startswith("# yaml-language-server:")]
    return _inserted(new, found) if found else new


def merged(base: bytes, ours: bytes, theirs: bytes, new: str) -> str:
    """Return *new* with the comments of *ours* and *theirs*, but for those of *base* that either took out."""
    header = new.split("\n", 1)[0]
    was, here, there = (comments(data) for data in (base, ours, theirs))
    known, kept_here, kept_there = ([comment.text for comment in each] for each in (was, here, there))
    found = [c for c in here if c.text not in known or c.text in kept_there]
    found += [c for c in there if c.text not in known and c.text not in kept_here]
    own = [c for c in found if c.text != header and not c.text.startswith("# yaml-language-server:")]
    return _inserted(new, own) if own else new


def comments(data: bytes) -> list[Comment]:
    """Return the comments of a document, in file order."""
    if b"#" not in data:
        return []
    ends = codec.token_ends(data)
    named = _named(data)
    found = []
    for index, line in enumerate(codec.lines_of(data)):
        end = ends.get(index, 0)
        text = line[end:].strip() if end >= 0 else ""
        if text.startswith("#"):
            whole = not line[:end].strip()
            path = next((p for p, at in named if at >= index), ()) if whole else _first_on(named, index)
            found.append(Comment(path, text, trailing=not whole))
    return found


def _named(data: bytes) -> list[tuple[codec.Path, int]]:
    """Return path and line of each node; a list's item is known by what it says, not by where it stands."""
    value = codec.load(data, "")
    return [(_identity(place.path, value), place.line) for place in codec.places(data)]


def _identity(path: codec.Path, value: object) -> codec.Path:
    result: codec.Path = ()
    for part in path:
        value = value[part]  # type: ignore[index]
        result = (*result, part if isinstance(part, str) else f"- {value}")
    return result


def _first_on(named: list[tuple[codec.Path, int]], index: int) -> codec.Path:
    """Return the first node of line *index*, or the last one above it (a text of several lines ends there)."""
    before = [(path, at) for path, at in named if at <= index]
    line = before[-1][1] if before else 0
    return next((path for path, at in before if at == line), ())


def _inserted(new: str, found: list[Comment]) -> str:
    lines = new.split("\n")
    at: dict[codec.Path, int] = {}
    for path, line in _named(new.encode()):
        at.setdefault(path, line)
    above: dict[int, list[str]] = {}
    after: list[str] = []
    for comment in found:
        path = comment.path
        while path and path not in at:
            path = path[:-1]
        if not path:
            after.append(comment.text)
        elif comment.trailing and path == comment.path:
            lines[at[path]] += f"  {comment.text}"
        else:
            above.setdefault(at[path], []).append(comment.text)
    return "\n".join(_with_above(lines, above)).rstrip("\n") + "\n" + "".join(f"{text}\n" for text in after)


def _with_above(lines: list[str], above: dict[int, list[str]]) -> list[str]:
    result = []
    for index, line in enumerate(lines):
        indent = line[: len(line) - len(line.lstrip(" "))]
        result += [f"{indent}{text}" for text in above.get(index, ())]
        result.append(line)
    return result
