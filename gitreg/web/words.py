"""How things are written on a page. What strangers wrote is text, and becomes a link only where its address is harmless."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from gitreg import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_SAFE = frozenset(["http", "https", "mailto"])
_CONTROLS = re.compile(r"[\x00-\x20\x7f]")
_DIGEST = re.compile("[0-9a-f]{64}|[0-9a-f]{40}")
_LONGEST_ADDRESS = 2000
_DIGITS = 12  # of a digest: enough to tell them apart


def when(at: str | None) -> Markup:
    """Return a moment as a day, with the exact one on hover; where scripts run it becomes "3 days ago"."""
    if not at:
        return Markup("")
    day = f"{int(at[8:10])} {_MONTHS[int(at[5:7]) - 1]} {at[:4]}"
    return Markup('<time datetime="%s" title="%s UTC">%s</time>') % (at, at[:19].replace("T", " "), day)


def size(count: int | None) -> str:
    """Return a number of bytes as people say it: ``4.6 kB``; powers of a thousand."""
    if count is None:
        return ""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{count} byte{'' if count == 1 else 's'}" if unit == 0 else f"{value:.3g} {_UNITS[unit]}"


def number(value: Any) -> str:
    """Return a number to six digits that count, or what else it is as text."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**15 else f"{value:.6g}"
    return f"{value:.6g}" if isinstance(value, float) else text(value)


def signed(value: float | None) -> str:
    """Return a difference with its sign."""
    if value is None:
        return ""
    return "0" if value == 0 else f"{value:+.4g}".replace("-", "\u2212")


def text(value: Any) -> str:
    """Return a JSON-like *value* as text: a text as it is, all else as JSON; what is not seen stands escaped."""
    return names.shown(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def lines(value: str) -> str:
    """Return a text of several lines, each with what is not seen escaped."""
    return "\n".join(names.shown(line) for line in value.splitlines())


def digest(value: str | None) -> Markup:
    """Return the start of a digest or commit, the whole on hover."""
    return Markup('<code title="%s">%s</code>') % (value, value[:_DIGITS]) if value else Markup("")


def label(version: dict[str, Any]) -> str:
    """Return a version's name where it has one, else its number."""
    return str(version["version"]) if version.get("version") else str(version["number"])


def person(by: str | None) -> Markup:
    """Return who did something by name, with the address on hover."""
    if not by:
        return Markup("")
    name = names.shown(by.partition(" <")[0]) or names.shown(by)
    return Markup('<span title="%s">%s</span>') % (names.shown(by), name)


def safe(uri: str) -> str | None:
    """Return *uri* if it may be a link's address: http, https or mailto, with nothing in it that a browser reads past."""
    if len(uri) > _LONGEST_ADDRESS or _CONTROLS.search(uri) or "\\" in uri or not uri.isprintable():
        return None
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    return uri if parts.scheme.lower() in _SAFE and (parts.netloc or parts.scheme.lower() == "mailto") else None


def address(uri: str, title: str = "") -> Markup:
    """Return a link to *uri* if it is harmless, else its text."""
    shown = names.shown(title or uri)
    href = safe(uri)
    return Markup('<a class="away" href="%s" rel="noopener noreferrer nofollow">%s</a>') % (href, shown) if href else escape(shown)


def said(value: str) -> Markup:
    """Return a text: a digest by its start, a harmless address as a link, all else as it is."""
    if _DIGEST.fullmatch(value):
        return digest(value)
    return address(value) if safe(value) else escape(lines(value))


def data(value: Any) -> Markup:
    """Return *value* as JSON that can stand inside a ``script`` of type ``application/json``."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(written)  # noqa: S704 - no sign is left that could end the script


def tone(stage: str | None, stages: Sequence[str]) -> str:
    """Return the class of a stage's badge, by its place: the last is the goal."""
    if stage is None or stage not in stages:
        return "archived" if stage == names.ARCHIVED else "gone"
    left = len(stages) - 1 - list(stages).index(stage)
    return ("goal", "near", "early")[min(left, 2)]


_FIRST = ("promoted", "registered", "model_created")


def commits(events: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return events by commit and model, what was meant before what came of it: a promotion before who was archived for it."""
    found: list[list[dict[str, Any]]] = []
    for event in events:
        last = found[-1][-1] if found else None
        if last and event["commit"] and last["commit"] == event["commit"] and last["model"] == event["model"]:
            found[-1].append(event)
        else:
            found.append([event])
    return [sorted(group, key=lambda event: event["event"] not in _FIRST) for group in found]


def plural(count: int, word: str) -> str:
    """Return a count and what is counted: ``1 version``, ``3 versions``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


FILTERS: dict[str, Callable[..., Any]] = {
    "when": when, "size": size, "number": number, "signed": signed, "text": text, "lines": lines, "digest": digest, "label": label, "person": person, "address": address, "said": said,
    "data": data, "commits": commits, "tone": tone, "plural": plural,
}  # fmt: skip
