"""What a run could not write, kept for later: a file that ``gitreg import`` takes."""

from __future__ import annotations

import json
import os
import tempfile
from typing import TYPE_CHECKING, Any

from gitreg.errors import BusyError
from gitreg.store import marks

if TYPE_CHECKING:
    from collections.abc import Sequence


def written(common_dir: str, run: str, lines: Sequence[dict[str, Any]]) -> str | None:
    """Write *lines* to a file in the repository, else in the folder for temporary files; returns it, or None where neither takes it."""
    text = "".join(json.dumps({name: value for name, value in line.items() if value is not None}, default=str) + "\n" for line in lines)
    for place in (_folder(common_dir), tempfile.gettempdir()):
        file = place and os.path.join(place, f"{run}.jsonl")
        try:
            if file:
                with open(file, "w", encoding="utf-8") as opened:
                    opened.write(text)
                    opened.flush()
                    os.fsync(opened.fileno())
                return file
        except OSError:
            continue  # a full disk is what brought us here, perhaps
    return None


def _folder(common_dir: str) -> str | None:
    try:
        return marks.folder(common_dir)
    except BusyError:
        return None
