"""The figures of each curve as a Markdown table."""

# ruff: noqa: RUF001 - the typographic signs are meant
from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Row = dict[str, Any]

_WIDE = 5  # jobs of one table: the library's, then the commands
_UNITS = ("bytes", "KB", "MB", "GB")


def lines(name: str, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of the curve's tables."""
    yield from CURVES[name](rows)


def size(count: float) -> str:
    """Return *count* bytes in the unit that fits."""
    unit = 0
    while count >= 1000 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.0f} {_UNITS[unit]}" if unit == 0 or count >= 10 else f"{count:.1f} {_UNITS[unit]}"


def time(ms: float) -> str:
    """Return *ms* milliseconds in the unit that fits."""
    return f"{ms / 1000:.3g} s" if ms >= 1000 else f"{ms:.0f} ms" if ms >= 20 else f"{ms:.2g} ms"


def job(found: Row) -> str:
    """Return a cell: the median, and how many times the smallest size it is."""
    return f"{time(found['ms'])} ({found['times']:.2f} ×)"


def models(row: Row) -> str:
    """Return what a row of the models' curve is of."""
    return f"{row['models']:,}" + (f" in {row['namespaces']:,} namespaces" if row["namespaces"] else "")


def _table(head: Sequence[str], cells: Iterator[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join(['---:'] * len(head))} |"
    yield from (f"| {' | '.join(row)} |" for row in cells)


def _jobs(first: str, rows: Sequence[Row], label: Callable[[Row], str], names: Sequence[str]) -> Iterator[str]:
    yield from _table((first, *(f"`{name}`" for name in names)), ((label(row), *(job(row["jobs"][name]) for name in names)) for row in rows))
    yield ""


def _versions(rows: Sequence[Row]) -> Iterator[str]:
    names = list(rows[0]["jobs"])
    for some in (names[:_WIDE], names[_WIDE:]):
        yield from _jobs("versions", rows, lambda row: f"{row['versions']:,}", some)
    head = ("versions", "tree of the newest folder", "tree of the folder above it", "a registration adds", "a promotion adds")
    yield from _table(head, ((f"{row['versions']:,}", size(row["newest_tree"]), size(row["other_tree"]) if row["other_tree"] else "–", size(row["register_bytes"]), size(row["promote_bytes"])) for row in rows))


def _models(rows: Sequence[Row]) -> Iterator[str]:
    yield from _jobs("models", rows, models, list(rows[0]["jobs"]))
    head = ("models", *(f"peak memory of `{command}`" for command in rows[0]["peak_bytes"]), "tree of `models/`", "tree of the model's own folder", "a registration adds", "a promotion adds")
    yield from _table(head, ((models(row), *map(size, row["peak_bytes"].values()), size(row["models_tree"]), size(row["owner_tree"]), size(row["register_bytes"]), size(row["promote_bytes"])) for row in rows))


def _growth(rows: Sequence[Row]) -> Iterator[str]:
    commits = f"{rows[0]['commits']:,} commits"
    head = ("versions before", f"loose objects after {commits}", "their bytes", "on the disk", "the same, packed", "all packs then, a version", "cold `get`, loose against packed")
    yield from _table(head, (_uncollected(row) for row in rows))
    yield ""
    head = ("versions before", "with upkeep: most loose objects at a look", f"loose objects after {commits}", "repository on the disk", "without upkeep")
    yield from _table(head, ((f"{row['versions']:,}", f"{row['upkeep_most']:,}", f"{row['upkeep_left']:,}", size(row["upkeep_disk"]), size(row["pack_before"] + row["loose_disk"])) for row in rows))


def _uncollected(row: Row) -> Sequence[str]:
    each = row["packed_bytes"] / (row["versions"] + row["commits"] // 2)
    return f"{row['versions']:,}", f"{row['loose']:,}", size(row["loose_bytes"]), size(row["loose_disk"]), size(packed(row)), size(each), job(row["get"]["loose"])


def packed(row: Row) -> int:
    """Return the bytes that the commits of a growing registry take in a pack."""
    return int(row["packed_bytes"] - row["pack_before"])


def one_folder(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of what a registration leaves of its folders of manifests, and what it would leave of one folder of all."""
    head = ("versions", "one folder of all", "gitreg's folders")
    yield from _table(head, ((f"{row['versions']:,}", size(row["flat_tree"]), size(row["own_trees"])) for row in rows))


def _push(rows: Sequence[Row]) -> Iterator[str]:
    head = ("clones", "writes a second, in all", "git alone", "tries a write", "git alone", "slowest against fastest clone", "git alone", "a write of the slowest takes")
    yield from _table(head, (_crowd(row) for row in rows if "gitreg" in row))
    for row in (row for row in rows if "bulk" in row):
        found = row["bulk"]
        yield ""
        yield f"One clone, a transaction of {found['versions']:,} versions, pushed: {time(found['ms'])}, {found['times']:.2f} × one version ({time(found['against_ms'])})."


def _crowd(row: Row) -> Sequence[str]:
    ours, git = row["gitreg"], row["git"]
    return (
        f"{row['clones']}", f"{ours['a_second']:.1f} ({ours['times']:.2f} ×)", f"{git['a_second']:.1f} ({git['times']:.2f} ×)", f"{ours['tries']:.1f}", f"{git['tries']:.1f}", _spread(ours), _spread(git), time(ours["slowest_ms"]),
    )  # fmt: skip


def _spread(found: Row) -> str:
    return f"{found['slowest']:.1f} ×" if found["least"] else "one got nothing done"


def _clone(rows: Sequence[Row]) -> Iterator[str]:
    ways = list(rows[0]["clones"])
    yield from _table(("registry", *(f"clone, {way}" for way in ways), "kept by `-R URL`"), ((_registry(row), *(_fetched(row["clones"][way]) for way in ways), size(row["kept_bytes"])) for row in rows))
    yield ""
    yield from _table(("registry", "`gitreg -R URL get`, first", "again", "with `--no-fetch`"), ((_registry(row), *(time(row["get"][name]["ms"]) for name in ("first", "again", "offline"))) for row in rows))


def _registry(row: Row) -> str:
    return f"{row['models']:,} models, {row['versions']:,} versions" if row["models"] > 1 else row["shape"]


def _fetched(found: Row) -> str:
    return f"{size(found['bytes'])}, {time(found['ms'])}"


CURVES: dict[str, Callable[[Sequence[Row]], Iterator[str]]] = {"versions": _versions, "models": _models, "growth": _growth, "push": _push, "clone": _clone}
