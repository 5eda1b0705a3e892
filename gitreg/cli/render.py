"""Records to text: tables, JSON, YAML, CSV, Markdown. What strangers wrote is escaped for each."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from gitreg import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gitreg.cli.options import Settings

    Row = Sequence[Any]

_COMMAND = r"#(?=#(?:\[|vso\[|teamcity\[))"  # in a log of Azure or GitHub, anywhere in a line
_UNSEEN = "[\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]|" + _COMMAND
_PLAIN = r"[a-z]+( [a-z]+)*|-?[0-9]+(\.[0-9]+)?|"  # words and numbers that no git host makes anything of
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Told(Protocol):
    """A record that can be told as JSON."""

    def as_dict(self) -> dict[str, Any]:
        """Return its JSON."""


T = TypeVar("T", bound=Told)


def show(asked: Settings, data: Any, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Print *data* as JSON, JSON lines or YAML, or *rows* as a table, CSV or Markdown, as was asked."""
    if asked.format == "json":
        write(json_text(data, indent=2) + "\n")
    elif asked.format == "jsonl":
        write("".join(json_text(item) + "\n" for item in (data if isinstance(data, list) else [data])))
    elif asked.format == "yaml":
        from gitreg.store.codec import dump

        write(_escaped(dump(data)))  # what that finds stands in double quotes: no plain text, and no block, has any of it
    elif asked.format == "csv":
        write(csv_text(columns, rows))
    elif asked.format == "markdown":
        write(markdown_text(columns, rows))
    else:
        table(asked, columns, rows)


def listed(asked: Settings, items: Iterable[T], columns: Sequence[str], row: Callable[[T], Row]) -> int:
    """Print records as :func:`show` does, and return how many. Each becomes text when its turn comes: of very many, nothing else is held, and nothing is printed before all are read."""
    if asked.format in ("json", "jsonl", "yaml"):
        texts = [_item(asked.format, item.as_dict()) for item in items]
        write(_together(asked.format, texts))
        return len(texts)
    rows = [[value if isinstance(value, (str, int, float, type(None))) else json_text(value) for value in row(item)] for item in items]
    show(asked, None, columns, rows)
    return len(rows)


def _item(form: str, data: dict[str, Any]) -> str:
    if form == "yaml":
        from gitreg.store.codec import dump

        return _escaped(dump([data]))
    return json_text(data, indent=2).replace("\n", "\n  ") if form == "json" else json_text(data) + "\n"


def _together(form: str, texts: Sequence[str]) -> str:
    if form == "json":
        return "[\n  " + ",\n  ".join(texts) + "\n]\n" if texts else "[]\n"
    return "".join(texts) or ("[]\n" if form == "yaml" else "")


def write(text: str) -> None:
    """Print data: to stdout, in UTF-8 whatever the locale."""
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(text)
    else:
        buffer.write(text.encode("utf-8", "surrogateescape"))
        buffer.flush()


def json_text(data: Any, indent: int | None = None) -> str:
    """Return *data* as JSON; what a terminal could obey, and what is not seen, stands escaped."""
    import json

    text = json.dumps(data, ensure_ascii=False)
    return _escaped(_indented(text, indent) if indent else text)


def _indented(text: str, width: int) -> str:
    """Return JSON *text* with a line for each value: Python's own encoder is slow at that."""
    import msgspec

    try:
        return msgspec.json.format(text, indent=width)
    except (UnicodeEncodeError, msgspec.DecodeError):  # half a surrogate pair, which is escaped later; a number that is none
        import json

        return json.dumps(json.loads(text), indent=width, ensure_ascii=False)


def _escaped(text: str) -> str:
    return re.sub(_UNSEEN, lambda match: f"\\u{ord(match[0]):04x}", text)


def cell(value: Any) -> str:
    """Return *value* as a cell says it: nothing for None, a number as it is, text escaped."""
    if value is None:
        return ""
    if isinstance(value, str):
        return names.shown(value)
    return str(value) if type(value) is int else json_text(value)


def csv_text(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """Return rows as CSV; a text that a spreadsheet would run as a formula is set behind an apostrophe."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[_csv(value) for value in row] for row in rows])
    return out.getvalue()


def _csv(value: Any) -> str:
    text = cell(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def markdown_text(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table whose cells are inert."""
    from gitreg.review.inert import row as line

    headings = [column if re.fullmatch(_PLAIN, column) else markdown(column) for column in columns]
    return "".join(f"{line(cells)}\n" for cells in [headings, ["---"] * len(columns), *([markdown(value) for value in row] for row in rows)])


def markdown(value: Any) -> str:
    """Return *value* as a Markdown cell that shows it and does nothing with it; what is not a number is code."""
    from gitreg.review.inert import code

    text = value if isinstance(value, str) else cell(value)
    return text if not isinstance(value, str) and re.fullmatch(_PLAIN, text) else code(text)


def table(asked: Settings, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Print rows as a table, as wide as the terminal; in a pipe nothing is cut."""
    if sys.stdout.isatty() or os.environ.get("FORCE_COLOR"):
        _drawn(asked, columns, rows)
        return
    cells = [[cell(value) for value in row] for row in rows]
    write(plain_table([list(columns), *cells] if columns[0] else cells))


def plain_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a table without colours; each column is as wide as its widest cell."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    padded = ("  ".join([text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)]) for row in rows)
    return "".join(f"{line.rstrip()}\n" for line in padded)


def _width(text: str) -> int:
    """Return how many columns of a terminal *text* takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _drawn(asked: Settings, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Print rows for a terminal: what is too wide is folded."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, show_header=bool(columns[0]), header_style="" if asked.no_color or os.environ.get("NO_COLOR") else "bold")
    for column in columns:
        drawn.add_column(Text(column), overflow="fold")
    for row in rows:
        drawn.add_row(*[Text(cell(value)) for value in row])
    console = Console(no_color=asked.no_color or None, width=None if sys.stdout.isatty() else 10_000, highlight=False, soft_wrap=False, legacy_windows=False)
    with console.capture() as captured:
        console.print(drawn)
    write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def remark(asked: Settings, text: str) -> None:
    """Say something that is not data: to stderr, and not with ``--quiet``."""
    if not asked.quiet:
        sys.stderr.write(f"{text}\n")
