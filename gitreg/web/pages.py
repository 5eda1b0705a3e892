"""The pages: each is its facts, laid into its template."""

from __future__ import annotations

import os
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gitreg.web import words
from gitreg.web.drawing import lineage
from gitreg.web.facts import history as past_facts
from gitreg.web.facts.comparison import comparison as comparison_facts
from gitreg.web.facts.model import model as model_facts
from gitreg.web.facts.on_date import on_date as on_date_facts
from gitreg.web.facts.overview import overview as overview_facts
from gitreg.web.facts.problems import problems as problems_facts
from gitreg.web.facts.version import version as version_facts
from gitreg.web.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gitreg.store.snapshot import Snapshot
    from gitreg.web.links import Links
    from gitreg.web.scene import Scene

FOLDER = os.path.dirname(os.path.abspath(__file__))
TEMPLATES, STATIC = os.path.join(FOLDER, "templates"), os.path.join(FOLDER, "static")


KINDS = ("promoted", "cleared", "archived", "registered", "completed", "failed", "yanked", "unyanked", "updated", "model_created", "model_updated", "model_deleted", "policy_changed")
_ROWS = 20_000  # rows of the first page that a server keeps, a kilobyte each


class Document(NamedTuple):
    """A page: its title, what makes its HTML piece by piece, and the facts that it shows, which are its JSON."""

    title: str
    pieces: Callable[[], Iterable[str]]
    data: dict[str, Any]

    @property
    def html(self) -> str:
        """The page as a whole."""
        return "".join(self.pieces())


@cache
def environment() -> Environment:
    """Return the templates: everything in them is escaped unless it was made to be markup, and a name that is missing is an error."""
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False)
    made.filters.update(words.FILTERS)
    made.globals["m"] = made.get_template("macros.html").module
    made.globals.update(lineage_svg=lineage, timeline_svg=timeline)
    return made


def rendered(scene: Scene, template: str, title: str, facts: dict[str, Any], **more: Any) -> Document:
    """Return the page that *template* makes of *facts*; *more* is what the page has and its JSON has not."""
    made = partial(environment().get_template(template).generate, scene=scene, links=scene.links, live=scene.live, title=title, facts=facts, **more)
    return Document(title, made, facts)


def overview(scene: Scene) -> Document:
    """Return the page of all models."""
    make = _kept_row if scene.live else _row

    def drawn(row: dict[str, Any]) -> Markup:
        return make(scene.links, scene.stages, msgspec.json.encode(row))

    return rendered(scene, "overview.html", scene.name, overview_facts(scene), page=scene.links.overview(), drawn=drawn)


def _row(links: Links, stages: tuple[str, ...], row: bytes) -> Markup:
    """Return a model's row on the first page."""
    html = environment().get_template("row.html").render(links=links, stages=stages, row=msgspec.json.decode(row))
    return Markup(html)  # noqa: S704 - a template made it


_kept_row = lru_cache(_ROWS)(_row)


def model(scene: Scene, name: str) -> Document:
    """Return the page of a model.

    Raises:
        NotFoundError: there is no such model.
        InvalidError: a file of it is invalid.
    """
    return rendered(scene, "model.html", name, model_facts(scene, name), page=scene.links.model(name))


def version(scene: Scene, name: str, number: int) -> Document:
    """Return the page of a version.

    Raises:
        NotFoundError: there is no such version.
        InvalidError: a file on the way is invalid.
    """
    facts = version_facts(scene, name, number)
    return rendered(scene, "version.html", f"{name}@{number}", facts, page=scene.links.version(name, number), versions=_linked(facts["lineage"]))


def _linked(graph: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """Return by address which versions the root of a lineage links to."""
    versions = {node["id"]: (node["model"], node["number"]) for node in graph["nodes"] if node["kind"] == "version"}
    return {edge["uri"]: versions[edge["from"]] for edge in graph["edges"] if edge["kind"] == "parent" and edge["to"] == graph["root"] and edge["from"] in versions}


def comparison(scene: Scene, name: str, numbers: Sequence[int] = ()) -> Document:
    """Return the page of versions side by side; without *numbers*, of those that one would compare first.

    Raises:
        NotFoundError: there is no such model or version.
        InvalidError: a file of the model is invalid.
    """
    return rendered(scene, "compare.html", f"Compare versions of {name}", comparison_facts(scene, name, numbers), page=scene.links.comparison(name, numbers))


def history(scene: Scene, page: int | None = None, filters: past_facts.Filters | None = None) -> Document:
    """Return a page of what happened; without *page* the newest."""
    facts = past_facts.history(scene, page, filters or past_facts.Filters())
    return rendered(scene, "history.html", "History", facts, page=scene.links.history(page, facts["filters"]), kinds=KINDS)


def on_date(scene: Scene, date: str | None = None) -> Document:
    """Return the page of who held what on a *date*; without one, now.

    Raises:
        UsageError: *date* is none.
    """
    return rendered(scene, "on.html", f"In stages on {date}" if date else "In stages on a date", on_date_facts(scene, date), page=scene.links.on(date))


def problems(scene: Scene, sound: Snapshot | None = None) -> Document:
    """Return the page of what ``check`` finds; where an earlier commit is known to be *sound*, in what changed since."""
    return rendered(scene, "problems.html", "Problems", problems_facts(scene, sound), page=scene.links.problems())
