"""What an index tells of a registry: each stage's holder, the latest version, the card of each model, and the board."""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg import names
from gitreg.errors import BusyError, GitregError, NotFoundError, UsageError
from gitreg.index import address, files
from gitreg.index.asking import Asked, GoneError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.index.files import About
    from gitreg.records import ModelCard, ModelSummary, ModelVersion

_LOST, _AWAY = "its list has the model, but not this file", "its files are gone"


class _Lost(NamedTuple):
    """Why a file is not there, the stages that the index has now if it tells, and what to raise where nothing was known of the file."""

    why: str
    stages: tuple[str, ...] | None
    error: GitregError


class Reader:
    """The index at *url*. Each answer is whole, and of the moment of its own file; two may be of two moments.

    *clock* gives seconds since 1970. With *fetch* False the server is not asked: what it said last counts.
    """

    def __init__(self, url: str, clock: Callable[[], float], *, fetch: bool = True) -> None:
        self.address = address.parsed(url)
        self._asked = Asked(self.address, clock, fetch=fetch)

    def get(self, selector: str) -> ModelVersion:
        """Return the version that *selector* names: the latest, the holder of a stage, or one of these by its number or name.

        Raises:
            NotFoundError: no such model, the stage is vacant, or it is none of the versions that an index tells of.
            UsageError: the selector is malformed, or names no single version.
            BusyError: the server gives no answer, and gave none before.
        """
        model, what = names.selector(selector)
        if what == names.ARCHIVED:
            raise UsageError("'archived' names no single version of {model!r}: give a number", model=model, hint="gitreg list")
        if names.number(what) is None and (what == names.LATEST or names.stage_name_problem(what) is None):
            try:
                return self._held(model, what)
            except GoneError:  # the model has no file of that name, though it is there: it is no stage
                pass
        return self._named(model, what)

    def models(self) -> tuple[ModelSummary, ...]:
        """Return the board: each model that was not deleted, with its latest version and who holds each stage.

        Raises:
            BusyError: the server gives no answer, and gave none before.
        """
        found: tuple[ModelSummary, ...] = self._top(files.BOARD, files.read_board)
        return found

    def stages(self) -> tuple[str, ...]:
        """Return the registry's stages, in order."""
        found: tuple[str, ...] = self._top(files.COVER, files.read_cover).stages
        return found

    def model(self, name: str) -> ModelCard:
        """Return the card of a model that was not deleted.

        Raises:
            NotFoundError: there is no such model.
            BusyError: the server gives no answer, and gave none before.
        """
        return self._about(names.model_name(name)).card

    # -- files --------------------------------------------------------------------------------------------

    def _held(self, model: str, what: str) -> ModelVersion:
        """Return who holds a stage, or the latest version.

        Raises:
            GoneError: the model is there, and *what* is no stage of it.
        """
        path, decode = files.version(model, what), partial(files.read_version, model=model, what=what)
        try:
            found: ModelVersion | None = self._asked.file(path, decode)
        except GoneError as gone:
            lost = self._missed(path, model, gone)
            if lost.stages is not None and what != names.LATEST and what not in lost.stages:
                self._asked.forget(path)
                raise
            found = self._asked.instead(path, decode, lost.why, lost.error)
        if found is None:
            raise self._nobody(model, what)
        return found

    def _nobody(self, model: str, what: str) -> GitregError:
        if what == names.LATEST:
            return NotFoundError("model {model!r} has no version that is ready and not yanked", model=model, hint="gitreg list")
        return NotFoundError("{stage} of {model!r} is vacant", model=model, stage=what, hint="gitreg list")

    def _named(self, model: str, what: str) -> ModelVersion:
        """Return the version with this number or name, if it is the latest or holds a stage: its place may change while it is looked for."""
        for again in (False, True):
            about = self._about(model, now=again)
            places = {names.LATEST: about.latest, **about.stages}
            place = next((place for place, each in places.items() if each and (each.number == names.number(what) or each.version == what)), None)
            if place is None:
                break
            found = self._held(model, place)
            if what in (str(found.number), found.version):
                return found
        raise NotFoundError(
            "{what!r} of {model!r} is neither its latest version nor one that holds a stage, and an index tells of these alone",
            model=model, what=what, hint=f"gitreg show {model}@{what} -R REPOSITORY",
        )  # fmt: skip

    def _about(self, model: str, *, now: bool = False) -> About:
        path, decode = files.about(model), partial(files.read_about, model=model)
        try:
            found: About = self._asked.file(path, decode, now=now)
        except GoneError as gone:
            lost = self._missed(path, model, gone)
            found = self._asked.instead(path, decode, lost.why, lost.error)
        return found

    def _top(self, path: str, decode: Callable[[bytes], Any]) -> Any:
        """Return what one of the two files at the top says.

        Raises:
            NotFoundError: there is none.
        """
        try:
            return self._asked.file(path, decode)
        except GoneError as gone:
            return self._asked.instead(path, decode, _AWAY, self._nothing(gone))

    def _missed(self, path: str, model: str, gone: GoneError) -> _Lost:
        """Return why the file at *path* is not there although *model* may be: nobody is told that it is gone but by the index itself.

        Raises:
            NotFoundError: the index does not have the model; what was known of it is forgotten.
        """
        cover, board = self._asked.certainly(files.COVER, files.read_cover), self._asked.certainly(files.BOARD, files.read_board)
        if cover is None or board is None:
            return _Lost(_AWAY, None, self._nothing(gone))
        known = [row.name for row in board]
        if model in known:
            return _Lost(_LOST, cover.stages, BusyError("{url} is not whole: {why}", url=self.address.base, why=_LOST, hint="try again later"))
        self._asked.forget(path)
        near = get_close_matches(model, known, n=1)
        raise NotFoundError("no model {model!r}" + (", did you mean {near!r}?" if near else ""), model=model, near=near[0] if near else None, hint="gitreg list")

    def _nothing(self, gone: GoneError) -> GitregError:
        if gone.forbids:
            return BusyError("{url} may not be read: it answers with status 403", url=self.address.base)
        return NotFoundError("there is no index at {url}", url=self.address.base, hint="gitreg export DIR makes one")
