"""What must not be recorded: values whose names, or whose presence in the environment, say that they are secret."""

from __future__ import annotations

import os
import re
from functools import lru_cache

MASK = "***"
_WORDS = frozenset(("password", "passwd", "passphrase", "pwd", "secret", "secrets", "token", "credential", "credentials", "apikey", "accesskey", "secretkey", "privatekey", "authorization", "bearer"))
_PAIRS = frozenset((("api", "key"), ("access", "key"), ("secret", "key"), ("private", "key"), ("account", "key"), ("encryption", "key"), ("signing", "key"), ("connection", "string")))
_OF_TEXT = frozenset(("pad", "bos", "eos", "unk", "sep", "cls", "mask", "start", "end", "stop", "special", "decoder", "encoder", "image", "audio", "video", "per", "next", "prev", "first", "last"))  # tokens of a text, not of an account
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SHORTEST = 6  # characters: a shorter value of a variable stands in too many texts by chance
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether *name* is what one calls a secret: ``api_key``, ``dbPassword``, ``HF_TOKEN``; not ``max_tokens`` nor ``pad_token``."""
    words = [word.lower() for word in _WORD.findall(name)]
    for index, word in enumerate(words):
        of_text = word == "token" and ((index and words[index - 1] in _OF_TEXT) or words[index + 1 : index + 2] in (["id"], ["ids"], ["length"], ["count"], ["type"]))
        if word in _WORDS and not of_text:
            return True
        if tuple(words[index : index + 2]) in _PAIRS:
            return True
    return False


def secret_values() -> tuple[str, ...]:
    """Return the values of environment variables that are named like a secret, the longest first."""
    values = {value for name, value in os.environ.items() if len(value) >= _SHORTEST and is_secret_name(name)}
    return tuple(sorted(values, key=len, reverse=True))


def without_credentials(text: str) -> str:
    """Return *text* without the credentials of addresses: a token may stand before the ``@``."""
    return _CREDENTIALS.sub("", text)


def without_secrets(text: str) -> str:
    """Return *text* without the values of secret environment variables, and without the credentials of addresses."""
    for value in secret_values():
        text = text.replace(value, MASK)
    return without_credentials(text)
