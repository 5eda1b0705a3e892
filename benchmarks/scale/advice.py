"""What to do at each order of magnitude, each with the figure that says so and the curve that it comes from."""

# ruff: noqa: RUF001 - the typographic signs are meant
from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.scale.tables import packed, size, time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Parts = Mapping[str, dict[str, Any]]

_DAY = 86_400  # seconds


class Advice(NamedTuple):
    """Where you are, what to do, why, and the curves that say it."""

    where: str
    do: str
    why: str
    curves: tuple[str, ...]


def lines(parts: Parts) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| you have | do | because | `--only` |"
    yield "| --- | --- | --- | --- |"
    for one in advice(parts):
        yield f"| {one.where} | {one.do} | {one.why} | {', '.join(f'`{curve}`' for curve in one.curves)} |"


def advice(parts: Parts) -> Iterator[Advice]:
    """Yield all of it."""
    rows = {name: part["rows"] for name, part in parts.items()}
    yield from _of_versions(rows["versions"])
    yield from _of_models(rows["models"])
    yield _of_growth(rows["growth"])
    yield from _of_writers(rows["push"])
    yield from _of_readers(rows["clone"])
    yield _of_another_tool(rows)


def _of_versions(rows: list[dict[str, Any]]) -> Iterator[Advice]:
    few, some, more, many = rows[0], _at(rows, "versions", 1_000), _at(rows, "versions", 10_000), rows[-1]
    yield Advice(
        f"{few['versions']:,} to {some['versions']:,} versions of a model", "nothing",
        f"at {some['versions']:,}, `register` takes {_times(some, 'register')}, `promote` {_times(some, 'promote')}, a cold `get` {_times(some, 'get')} what each takes at {few['versions']:,}", ("versions",),
    )  # fmt: skip
    yield Advice(
        f"{many['versions']:,} versions of a model", "ask for the one that you want, by stage or number; list them only where you want all",
        f"`register` takes {_times(many, 'register')}, `promote` {_times(many, 'promote')}, a cold `get` {_times(many, 'get')}, `list MODEL` {_time(many, 'list, first')} first and {_time(many, 'list, again')} again", ("versions",),
    )  # fmt: skip
    yield Advice(
        "a stage that thousands of versions have held", "begin another model when promotions get slow",
        f"a promotion takes {_time(some, 'promote, worn')} where {some['versions']:,} versions have left the stage, {_time(more, 'promote, worn')} after {more['versions']:,}, {_time(many, 'promote, worn')} after {many['versions']:,}; a cold `get` {_time(some, 'get, worn')}, {_time(more, 'get, worn')}, {_time(many, 'get, worn')}", ("versions",),
    )  # fmt: skip


def _of_models(rows: list[dict[str, Any]]) -> Iterator[Advice]:
    flat = [row for row in rows if not row["namespaces"]]
    few, some, many, spread = flat[0], _at(flat, "models", 1_000), flat[-1], rows[-1]
    yield Advice(
        f"up to {some['models']:,} models", "nothing",
        f"at {some['models']:,}, `register` takes {_times(some, 'register')}, a cold `get` {_times(some, 'get')} what they take at {few['models']:,}; `list` {_time(some, 'list, first')} first and {_time(some, 'list, again')} again", ("models",),
    )  # fmt: skip
    yield Advice(
        f"{many['models']:,} models", "name them in namespaces from the start: `team/iris`. Models are not renamed",
        f"a registration adds {size(many['register_bytes'])} in one folder and {size(spread['register_bytes'])} in {spread['namespaces']:,} namespaces, and takes {_times(many, 'register')} and {_times(spread, 'register')} what it takes at {few['models']:,} models; `history MODEL` takes {_time(many, 'history')} and {_time(spread, 'history')}", ("models",),
    )  # fmt: skip
    yield Advice(
        f"{many['models']:,} models of teams that share nothing", "several registries, each a repository",
        f"`list` takes {_time(many, 'list, first')} first and {_time(many, 'list, again')} again, {size(many['peak_bytes']['list'])} of memory, and `check` {_time(many, 'check')}; of {some['models']:,} models {_time(some, 'list, first')}, {_time(some, 'list, again')}, {size(some['peak_bytes']['list'])} and {_time(some, 'check')}", ("models",),
    )  # fmt: skip


def _of_growth(rows: list[dict[str, Any]]) -> Advice:
    worst = max(rows, key=lambda row: row["loose_bytes"])
    return Advice(
        "many writes a day", "leave `gc.auto` as git has it; in a clone that only a server's process writes to, too",
        f"{worst['commits']:,} commits at {worst['versions']:,} versions leave {worst['loose']:,} loose objects that take {size(worst['loose_disk'])}, and {size(packed(worst))} when they are packed", ("growth",),
    )  # fmt: skip


def _of_writers(rows: list[dict[str, Any]]) -> Iterator[Advice]:
    crowds = [row for row in rows if "gitreg" in row]
    one, most = crowds[0], crowds[-1]
    bulk = next(row["bulk"] for row in rows if "bulk" in row)
    yield Advice(
        f"{one['clones']} to {_fair(crowds)['clones']} clones that write", "nothing: a lost race is written again by itself",
        f"{_fair(crowds)['clones']} clones try {_fair(crowds)['gitreg']['tries']:.1f} pushes a write and get {_fair(crowds)['gitreg']['a_second']:.1f} writes a second done between them, {_fair(crowds)['gitreg']['times']:.2f} × one alone; the slowest waits {time(_fair(crowds)['gitreg']['slowest_ms'])} for each", ("push",),
    )  # fmt: skip
    yield Advice(
        "more clones that write at once", "one writer: a queue (in CI, a concurrency group), or a transaction of what has gathered",
        f"{most['clones']} clones try {most['gitreg']['tries']:.1f} pushes a write and get {most['gitreg']['times']:.2f} × the writes of one alone done, and the slowest waits {time(most['gitreg']['slowest_ms'])} for each; a transaction of {bulk['versions']:,} versions takes {bulk['times']:.2f} × one", ("push",),
    )  # fmt: skip


def _of_readers(rows: list[dict[str, Any]]) -> Iterator[Advice]:
    small, large = rows[0], rows[-1]
    yield Advice(
        "CI jobs and servers that read", "a registry by URL, its cache folder kept between jobs; where that cannot be, a shallow clone",
        f"of {large['versions']:,} versions the first `get` takes {time(large['get']['first']['ms'])}, the next {time(large['get']['again']['ms'])}; it keeps {size(large['kept_bytes'])}, a shallow clone {size(large['clones']['shallow']['bytes'])}, a whole one {size(large['clones']['full']['bytes'])}", ("clone",),
    )  # fmt: skip
    yield Advice(
        "a fleet that asks all the time", "[the index](../how-to/serve-a-fleet.md) that `gitreg export` writes, from any web server",
        f"each question to git starts processes there and here, {time(small['get']['again']['ms'])} on one machine, and a stage that has not moved costs the same; a file with an ETag is asked for in one request, which any cache answers", ("clone",),
    )  # fmt: skip


def _of_another_tool(rows: Mapping[str, list[dict[str, Any]]]) -> Advice:
    best = max(row["gitreg"]["a_second"] for row in rows["push"] if "gitreg" in row)
    many = rows["versions"][-1]
    return Advice(
        "writes every second, or questions over all versions at once", "a database. Register what is worth keeping, when it is",
        f"one branch on a server took {best:.1f} writes a second at most, some {round(best * _DAY, -4):,.0f} a day with nothing else to do; reading every version of {many['versions']:,} takes {_time(many, 'list, first')}, and {_time(many, 'list, again')} again", ("push", "versions"),
    )  # fmt: skip


def _fair(crowds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the largest crowd in which each clone got something done and a write was tried less than three times, else the smallest."""
    return [crowds[0], *(row for row in crowds if row["gitreg"]["least"] and row["gitreg"]["tries"] < 3)][-1]


def _at(rows: list[dict[str, Any]], key: str, count: int) -> dict[str, Any]:
    """Return the row of *count*, else the last."""
    return next((row for row in rows if row[key] == count), rows[-1])


def _times(row: dict[str, Any], job: str) -> str:
    return f"{row['jobs'][job]['times']:.2f} ×"


def _time(row: dict[str, Any], job: str) -> str:
    return time(row["jobs"][job]["ms"])
