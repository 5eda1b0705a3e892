"""Tell a person what is no error: through :mod:`warnings`, at the line of theirs that led here."""

from __future__ import annotations

import os
import sys
import warnings

from gitreg.errors import GitregWarning

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def warn(text: str, kind: type[GitregWarning] = GitregWarning) -> None:
    """Warn with *text*, a :class:`~gitreg.errors.GitregWarning` of this *kind*, as if from the nearest caller outside of this package."""
    depth, frame = 1, sys._getframe()  # noqa: SLF001 - as the standard library's warnings do
    while frame.f_back and frame.f_code.co_filename.startswith(_HERE):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(text, kind, stacklevel=depth)
