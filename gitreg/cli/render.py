"""Records to text: tables, JSON, YAML, CSV, Markdown. What strangers wrote is escaped for each."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

from gitreg import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitreg.cli.options import Settings

    Row = Sequence[Any]

_COMMAND = r"#(?=#(?:\[|vso\[|teamcity\[))"  # in a log of Azure or GitHub, anywhere in a line
_UNSEEN = "[\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]|" + _COMMAND
_PLAIN = r"[a-z]+( [a-z]+)*|-?[0-9]+(\.[0-9]+)?|"  # words and numbers that no git host makes anything of
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


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

    return _escaped(json.dumps(data, indent=indent, ensure_ascii=False))


def _escaped(text: str) -> str:
    return re.sub(_UNSEEN, lambda match: f"\\u{ord(match[0]):04x}", text)


def cell(value: Any) -> str:
    """Return *value* as a cell says it: nothing for None, a number as it is, text escaped."""
    if value is None:
        return ""
    if isinstance(value, str):
        return names.shown(value)
    return json_text(value)


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
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, show_header=bool(columns[0]), header_style="" if asked.no_color or os.environ.get("NO_COLOR") else "bold")
    for column in columns:
        drawn.add_column(Text(column), overflow="fold")
    for row in rows:
        drawn.add_row(*[Text(cell(value)) for value in row])
    wide = None if sys.stdout.isatty() else 10_000
    console = Console(no_color=asked.no_color or None, width=wide, highlight=False, soft_wrap=False, legacy_windows=False)
    with console.capture() as captured:
        console.print(drawn)
    write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def remark(asked: Settings, text: str) -> None:
    """Say something that is not data: to stderr, and not with ``--quiet``."""
    if not asked.quiet:
        sys.stderr.write(f"{text}\n")
