"""The commands that tell where versions came from, and what lies between two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gitreg.cli import completion, options, render
from gitreg.cli.render import cell
from gitreg.names import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.lineage.graph import Graph


def _asked() -> options.Settings:
    asked = options.settings()
    options.refuse(asked, dry_run=True)
    return asked


@click.command()
@click.argument("selector", shell_complete=completion.selectors)
@click.option("--depth", type=click.IntRange(min=0), default=10, metavar="N", help="How many generations of parents (default: 10).")
@click.option("--downstream", is_flag=True, help="Also what names it as a parent, or used the same data; looks through all manifests.")
@options.drawing
def lineage(selector: str, depth: int, downstream: bool) -> None:
    """Show what a version was made of.

    Its run, code and data, and its parents, and theirs. A parent is a link whose address is a version's selector.

    \b
    Example:
      gitreg lineage iris@production
      gitreg lineage iris@7 --format mermaid
      gitreg lineage base@3 --downstream --format dot | dot -Tsvg
    """
    from gitreg.lineage import drawing, text
    from gitreg.lineage.walk import lineage as walked

    asked = _asked()
    graph = walked(asked.snapshot(), selector, depth=depth, downstream=downstream)
    drawn = {"table": text.tree, "mermaid": drawing.mermaid, "dot": drawing.dot}.get(asked.format)
    if drawn:
        render.write(drawn(graph))
    else:
        render.show(asked, graph.as_dict(), text.COLUMNS, text.rows(graph))
    _told(asked, graph, depth)


def _told(asked: options.Settings, graph: Graph, depth: int) -> None:
    from gitreg.lineage.walk import MOST

    for node in graph.missing():
        render.remark(asked, f"note: {shown(node.facts['uri'])} is linked to, and is not there: {shown(node.facts['problem'])}")
    if len(graph.nodes) >= MOST:
        render.remark(asked, f"note: the first {MOST:,} things are told, and there are more")
    elif graph.cut:
        render.remark(asked, f"note: there is more beyond {shown(', '.join(graph.cut[:5]))}{' …' if graph.cut[5:] else ''}: --depth {depth * 2 or 1}")


@click.command()
@click.argument("first", metavar="SELECTOR", shell_complete=completion.selectors)
@click.argument("second", metavar="SELECTOR", shell_complete=completion.selectors)
@click.option("--code", metavar="PATH", type=click.Path(), help="The repository of their code. Default: the registry's, else the one here.")
@options.reading
def compare(first: str, second: str, code: str | None) -> None:
    """Compare two versions side by side.

    Their metrics, parameters, artifacts, links, runs, code and environment. Which way a metric is better stands in model.yaml. Where
    a repository that has the commits of both is at hand, the commits between them are listed.

    \b
    Example:
      gitreg compare iris@production iris@latest
      gitreg compare iris@6 iris@7 --code ~/iris
    """
    from gitreg.comparison import comparison

    asked = _asked()
    data = comparison(asked.snapshot(), (first, second), code)
    render.show(asked, data, ["field", data["a"], data["b"], "difference", "verdict"], list(_side_by_side(data)))
    found = data["code"]
    if found["a"] and found["b"] and found["a"]["commit"] and found["b"]["commit"] and found["log"] is None:
        render.remark(asked, "note: the commits between their code are not known, no repository at hand has both: --code PATH")
    elif code is not None and found["log"] is None:
        render.remark(asked, "note: --code is of no use here: not both versions say which commit they were made from")
    if found["log"] and not found["log"]["whole"]:
        render.remark(asked, "note: this clone of the code is shallow, earlier commits are not counted: git fetch --unshallow")


def _side_by_side(data: dict[str, Any]) -> Iterator[list[Any]]:
    for name, metric in data["metrics"].items():
        better = {"a": "worse", "b": "better", "same": "same"}.get(metric["better"], "")
        difference = None if metric["difference"] is None else float(f"{metric['difference']:.6g}")
        yield [f"metrics.{name}", _or_missing(metric["a"]), _or_missing(metric["b"]), difference, better]
    for group in ("params", "artifacts", "links", "run"):
        yield from _pairs(group, data[group])
    yield from _pairs("environment", {name: pair for name, pair in data["environment"].items() if name != "packages"})
    yield from _pairs("environment.packages", data["environment"]["packages"])
    yield from _code(data["code"])


def _pairs(group: str, pairs: dict[str, Any]) -> Iterator[list[Any]]:
    for name, pair in pairs.items():
        verdict = {True: "same", False: "differs"}.get(pair["same"], "")
        yield [f"{group}.{name}", _cut(_or_missing(pair["a"])), _cut(_or_missing(pair["b"])), None, verdict]


def _code(code: dict[str, Any]) -> Iterator[list[Any]]:
    a, b = code["a"] or {}, code["b"] or {}
    for name in ("repository", "commit", "dirty"):
        sides = [a.get(name), b.get(name)]
        if sides != [None, None]:
            verdict = {True: "same", False: "differs"}.get(code["same"], "") if name == "commit" else ""
            yield [f"code.{name}", *(_or_missing(side)[:40] if name == "commit" else _or_missing(side) for side in sides), None, verdict]
    for name in ("only_a", "only_b") if code["log"] else ():
        side = code["log"][name]
        for commit in side["commits"]:
            yield _one_side(name, f"code.log.{commit['commit'][:8]}", f"{(commit['at'] or '?')[:10]} {commit['author']}: {commit['subject']}")
        if side["count"] > len(side["commits"]):
            yield _one_side(name, "code.log", f"and {side['count'] - len(side['commits'])} more")


def _one_side(name: str, field: str, said: str) -> list[Any]:
    return [field, *((said, None) if name == "only_a" else (None, said)), None, None]


def _or_missing(value: Any) -> str:
    return "missing" if value is None else cell(value)


def _cut(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"
