"""What must not be recorded: values whose names, or whose presence in the environment, say that they are secret."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gitreg import warned

if TYPE_CHECKING:
    from collections.abc import Sequence

MASK = "***"
_WORDS = frozenset((
    "password", "passwd", "passphrase", "pwd", "pw", "secret", "secrets", "token", "credential", "credentials", "creds", "apikey", "accesskey", "secretkey", "privatekey",
    "auth", "authorization", "bearer", "cookie",
))  # fmt: skip
_PAIRS = frozenset((("api", "key"), ("access", "key"), ("secret", "key"), ("private", "key"), ("account", "key"), ("encryption", "key"), ("signing", "key"), ("connection", "string")))
_OF_TEXT = frozenset(("pad", "bos", "eos", "unk", "sep", "cls", "mask", "start", "end", "stop", "special", "decoder", "encoder", "image", "audio", "video", "per", "next", "prev", "first", "last"))  # tokens of a text, not of an account
_ABOUT = frozenset(("id", "ids", "length", "len", "count", "type", "dim", "dims", "size", "limit", "budget", "index", "embedding", "embeddings", "rate", "ratio", "min", "max", "name", "file", "path", "policy", "url"))  # what follows says that it is not the secret itself
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SHORTEST = 6  # characters: a shorter value of a variable stands in too many texts by chance
_CREDENTIALS = re.compile(r"(?<=://)[^/?#\s:@]*:[^/?#\s]*@|(?<=https://)[^/?#\s]+@|(?<=http://)[^/?#\s]+@")  # up to the last @: a password may hold one
QUERY = re.compile(r"(?i)(?<=[?&])((?:x-amz-(?:signature|credential|security-token)|x-goog-signature|signature|sig|(?:private_|access_|job_)?token|api[_-]?key|password|secret)=)[^&\s#]+")  # of an address
_NAMED = ("params", "metadata")
_TEXTS = ("description", "links", "audience", "use_cases", "limitations", "trade_offs", "ethics")


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether *name* is what one calls a secret: ``api_key``, ``dbPassword``, ``HF_TOKEN``; not ``max_tokens``, ``pad_token`` nor ``token_dim``."""
    words = [word.lower() for word in _WORD.findall(name)]
    for index, word in enumerate(words):
        of_text = word == "token" and index > 0 and words[index - 1] in _OF_TEXT
        if word in _WORDS and not of_text and words[index + 1 : index + 2] not in ([about] for about in _ABOUT):
            return True
        if tuple(words[index : index + 2]) in _PAIRS and words[index + 2 : index + 3] not in ([about] for about in _ABOUT):
            return True
    return False


def secret_values() -> tuple[str, ...]:
    """Return the values of environment variables that are named like a secret, the longest first."""
    values = {value for name, value in os.environ.items() if len(value) >= _SHORTEST and is_secret_name(name)}
    return tuple(sorted(values, key=len, reverse=True))


def without_credentials(text: str) -> str:
    """Return *text* without the credentials of addresses: a token may stand before the ``@``, or in the query."""
    return QUERY.sub(lambda match: match[1] + MASK, _CREDENTIALS.sub("", text)) if "://" in text else text


def without_secrets(text: str) -> str:
    """Return *text* without the values of secret environment variables, and without the credentials of addresses."""
    for value in secret_values():
        text = text.replace(value, MASK)
    return without_credentials(text)


def masked(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return *params* with ``***`` for every value that is secret, at any depth; whoever reads warnings is told which."""
    cleaned = _Cleaned()
    result = {name: cleaned.named(name, value) for name, value in params.items()}
    cleaned.tell()
    return result


def without(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return *facts*, fields of a version or of a model's card, without secrets; whoever reads warnings is told what was left out."""
    if not any(facts.get(name) for name in (*_NAMED, *_TEXTS)):
        return dict(facts)
    cleaned = _Cleaned()
    result = dict(facts)
    for name in _NAMED:
        if isinstance(facts.get(name), Mapping):
            result[name] = {key: cleaned.named(key, value) for key, value in facts[name].items()}
    for name in _TEXTS:
        if name in facts:
            result[name] = cleaned.value(name, facts[name])
    cleaned.tell()
    return result


class _Cleaned:
    """Values without secrets, and what was left out of which."""

    def __init__(self) -> None:
        self._values: Sequence[str] = secret_values()
        self._hidden: dict[str, None] = {}

    def tell(self) -> None:
        if self._hidden:
            warned.warn(f"not recorded, for it looks like a secret: {', '.join(self._hidden)}")

    def named(self, name: str, value: Any) -> Any:
        """Return what stands under *name*: nothing of it, if that is what a secret is called."""
        if value in (None, MASK) or isinstance(value, bool) or not is_secret_name(name.rpartition(".")[2]):
            return self.value(name, value)
        self._hidden[name] = None
        return MASK

    def value(self, name: str, value: Any) -> Any:
        """Return *value* without the values of secret variables and the credentials of addresses, at any depth."""
        if isinstance(value, Mapping):
            return {key: self.named(f"{name}.{key}", item) if isinstance(key, str) else item for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(name, item) for item in value]
        return self._text(name, value) if type(value) is str else value

    def _text(self, name: str, text: str) -> str:
        clean = text
        for secret in self._values:
            clean = clean.replace(secret, MASK)
        if clean != text:
            self._hidden[name] = None
        bare = without_credentials(clean)
        if bare != clean:
            self._hidden[f"the credentials in {name}"] = None
        return bare
