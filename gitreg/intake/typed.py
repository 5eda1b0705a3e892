"""Text to what it writes: the rule that ``--param K=V`` has, for texts out of files too."""

from __future__ import annotations

import re
from typing import Any

_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_WORDS = {"true": True, "false": False, "null": None}


def guessed(text: str) -> Any:
    """Return the number, boolean or null in *text* if JSON reads it so and writes back the same (``1.10`` stays text), else *text*."""
    if text in _WORDS:
        return _WORDS[text]
    if not re.fullmatch(_NUMBER, text) or len(text) > 25:
        return text
    import json

    read = json.loads(text)
    return read if json.dumps(read) == text else text
