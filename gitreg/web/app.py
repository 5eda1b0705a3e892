"""The application of ``gitreg ui``: each address to its page, each error to a calm page with the right status.

A GET reads one commit and writes nothing. What writes is a POST to ``/confirm``, with a ticket for what was shown.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.routing import Route

from gitreg.errors import BusyError, GitregError, InvalidError, NotFoundError, PolicyError, UsageError
from gitreg.web import forms, pages, security
from gitreg.web.changes import Changes, status
from gitreg.web.facts.history import Filters
from gitreg.web.files import Files
from gitreg.web.links import LiveLinks
from gitreg.web.past import Past
from gitreg.web.scene import Live, scene

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Scope as Asgi

    from gitreg.registry import Registry
    from gitreg.web.changes import Page
    from gitreg.web.pages import Document
    from gitreg.web.scene import Scene
    from gitreg.web.sessions import Sessions

_OWN = os.path.join(pages.FOLDER, "live")  # files that a site does not need
BUG = "this is a bug in gitreg; please report it with what GITREG_DEBUG=1 prints"
_SENTENCES = {404: "there is no page at this address", 405: "this address is not asked in this way"}


class Site:
    """A registry as pages on localhost. It may be asked by several threads at once."""

    def __init__(self, registry: Registry, sessions: Sessions, *, read_only: bool = False) -> None:
        self._registry, self._sessions, self._read_only = registry, sessions, read_only
        self._changes = Changes(registry, sessions)
        self._past, self._turn = Past(), threading.Lock()

    def scene(self, cookie: str) -> Scene:
        """Return the registry as it is now, for one answer."""
        occasion = self._registry.occasion()
        live = Live(self._sessions.form_token(cookie), self._read_only, occasion.by.partition(" <")[0])
        made = scene(self._registry, LiveLinks(), occasion.now, self._past, live)
        with self._turn:
            self._past = made.past
        return made

    # -- looking ------------------------------------------------------------------------------------------

    def looked(self, make: Callable[[Scene, Request], Document]) -> Callable[[Request], Response]:
        """Return what answers with a page, or with its JSON."""

        def answer(request: Request) -> Response:
            document = make(self.scene(request.scope["cookie"]), request)
            if request.url.path.endswith(".json"):
                return JSONResponse(document.data)
            return HTMLResponse(document.html)

        return answer

    def form(self, request: Request) -> Response:
        """Answer with the form of an action."""
        self._writable()
        seen = self.scene(request.scope["cookie"])
        wish = forms.begun(request.path_params["action"], request.query_params)
        return self._page(seen, self._changes.form(seen.snapshot, wish))

    def result(self, request: Request) -> Response:
        """Answer with what was done."""
        cookie = request.scope["cookie"]
        return self._page(self.scene(cookie), self._changes.result(cookie, request.path_params["name"]))

    # -- changing -----------------------------------------------------------------------------------------

    async def shown(self, request: Request) -> Response:
        """Answer with what a change would mean; nothing is written."""
        return await _read(request, self._shown)

    def _shown(self, request: Request, given: Mapping[str, str]) -> Response:
        self._writable()
        cookie = request.scope["cookie"]
        if not self._sessions.is_form_token(cookie, given.get("csrf", "")):
            raise PolicyError("this form is not from a page of this gitreg ui", hint="reload the page that it was on")
        return self._page(self.scene(cookie), self._changes.shown(cookie, forms.asked(request.path_params["action"], given)))

    async def confirmed(self, request: Request) -> Response:
        """Make the change that was shown, and answer where it is told; or with what it would be now."""
        return await _read(request, self._confirmed)

    def _confirmed(self, request: Request, given: Mapping[str, str]) -> Response:
        self._writable()
        cookie = request.scope["cookie"]
        done = self._changes.confirmed(cookie, given.get("csrf", ""))
        if isinstance(done, str):
            return RedirectResponse(f"/done/{quote(done, safe='')}", 303)
        return self._page(self.scene(cookie), done)

    def _writable(self) -> None:
        if self._read_only:
            raise PolicyError("this gitreg ui only shows: it was started with --read-only", hint="gitreg ui")

    @staticmethod
    def _page(seen: Scene, page: Page) -> Response:
        return HTMLResponse(pages.rendered(seen, page.template, page.title, {"commit": seen.snapshot.commit}, page="", wish=page.wish, **page.facts).html, page.status)


async def _read(request: Request, act: Callable[[Request, Mapping[str, str]], Response]) -> Response:
    """Return what *act* answers to a form, in a thread: git is waited for."""
    return await run_in_threadpool(act, request, forms.fields(await request.body()))


# -- errors ---------------------------------------------------------------------------------------------------


def said(scope: Asgi, code: int, error: GitregError) -> Response:
    """Return the page that tells of *error*; to who asked for JSON it is told as on the command line."""
    if isinstance(error, InvalidError) and not error.hint:
        error.hint = "gitreg check"
    if scope["path"].endswith(".json"):
        return JSONResponse({"error": {"code": error.code, "message": error.message, "hint": error.hint}}, code)
    html = pages.environment().get_template("error.html").render(error=error, status=code, links=LiveLinks())
    headers = {"Allow": ", ".join(security.METHODS)} if code == 405 else None
    return HTMLResponse(html, code, headers)


def _of_gitreg(request: Request, error: Exception) -> Response:
    assert isinstance(error, GitregError)
    return said(request.scope, status(error), error)


def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = NotFoundError if error.status_code == 404 else UsageError
    return said(request.scope, error.status_code, kind(_SENTENCES.get(error.status_code, error.detail).replace("{", "{{")))


def _of_disk(request: Request, error: Exception) -> Response:
    assert isinstance(error, OSError)
    return said(request.scope, 503, BusyError("{reason}", reason=error.strerror or str(error)))


def _of_bug(request: Request, error: Exception) -> Response:
    return said(request.scope, 500, GitregError("{kind}: {error}", kind=type(error).__name__, error=error, hint=BUG))


# -- addresses ------------------------------------------------------------------------------------------------


def _numbers(request: Request) -> list[int]:
    """Return the versions that a comparison is asked for."""
    found = [int(text) for text in request.query_params.getlist("v") if text.isascii() and text.isdigit() and len(text) < 10]
    return list(dict.fromkeys(found))


def _filters(request: Request) -> Filters:
    return Filters(**{name: text for name in Filters._fields if (text := request.query_params.get(name))})


def _looks(site: Site) -> list[Route]:
    """Return the pages, each with its JSON beside it."""

    def model(seen: Scene, request: Request) -> Document:
        return pages.model(seen, request.path_params["model"])

    def version(seen: Scene, request: Request) -> Document:
        return pages.version(seen, request.path_params["model"], request.path_params["number"])

    def comparison(seen: Scene, request: Request) -> Document:
        return pages.comparison(seen, request.path_params["model"], _numbers(request))

    def history(seen: Scene, request: Request) -> Document:
        page = request.path_params.get("page")
        document = pages.history(seen, page, _filters(request))
        if page is not None and not document.data["events"]:
            raise NotFoundError("the history has no page {page}", page=page, hint="gitreg history")
        return document

    makers: dict[tuple[str, str], Callable[[Scene, Request], Document]] = {
        ("/", "/index.json"): lambda seen, _: pages.overview(seen),
        ("/models/{model:path}/compare", "/models/{model:path}/compare.json"): comparison,
        ("/models/{model:path}/{number:int}", "/models/{model:path}/{number:int}.json"): version,
        ("/models/{model:path}/", "/models/{model:path}/index.json"): model,
        ("/history/", "/history/index.json"): history,
        ("/history/{page:int}", "/history/{page:int}.json"): history,
        ("/on", "/on.json"): lambda seen, request: pages.on_date(seen, request.query_params.get("date") or None),
        ("/problems", "/problems.json"): lambda seen, _: pages.problems(seen),
    }
    return [Route(path, site.looked(make)) for paths, make in makers.items() for path in paths]


def application(registry: Registry, sessions: Sessions, place: security.Place, *, read_only: bool = False) -> security.Guard:
    """Return what answers requests to *place*: the pages of *registry*, behind what is asked of every request."""
    site, files = Site(registry, sessions, read_only=read_only), Files(pages.STATIC, _OWN)
    routes = [
        *_looks(site),
        Route("/change/{action}", site.form, methods=["GET"]),
        Route("/change/{action}", site.shown, methods=["POST"]),
        Route("/confirm", site.confirmed, methods=["POST"]),
        Route("/done/{name}", site.result),
        Route("/static/{path:path}", files.answer),
    ]
    handlers: Any = {GitregError: _of_gitreg, HTTPException: _of_http, OSError: _of_disk, Exception: _of_bug}
    return security.Guard(Starlette(routes=routes, exception_handlers=handlers), place, sessions, said)
