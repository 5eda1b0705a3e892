"""The files that pages load, read once: what is asked for is looked up by name, so that no path leads anywhere else."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon"}
_OTHER = "text/plain"


class File(NamedTuple):
    """A file's bytes, what they are, and a mark that changes with them."""

    data: bytes
    kind: str
    mark: str


class Files:
    """The files below *folders*, as if they were one."""

    def __init__(self, *folders: str) -> None:
        found = ((folder, os.path.join(above, name)) for folder in folders for above, _, names in os.walk(folder) for name in names)
        self._files = {os.path.relpath(path, folder).replace(os.sep, "/"): _file(path) for folder, path in found}

    def answer(self, request: Request) -> Response:
        """Answer with a file, or that the browser has it already.

        Raises:
            HTTPException: there is none of that name.
        """
        file = self._files.get(request.path_params["path"])
        if file is None:
            raise HTTPException(404)
        headers = {"ETag": file.mark, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == file.mark:
            return Response(status_code=304, headers=headers)
        return Response(file.data, media_type=file.kind, headers=headers)


def _file(path: str) -> File:
    with open(path, "rb") as opened:
        data = opened.read()
    return File(data, _KINDS.get(os.path.splitext(path)[1], _OTHER), f'"{hashlib.sha256(data).hexdigest()[:32]}"')
