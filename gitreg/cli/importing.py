"""``gitreg import``: a history of versions, one a line, as one commit."""

from __future__ import annotations

import json
import os
import stat
import warnings
from array import array
from typing import IO, TYPE_CHECKING, Any

import click

from gitreg.cli import options, progress, render
from gitreg.cli.write import printed
from gitreg.errors import GitregError, OnlyHereWarning, UsageError
from gitreg.names import ARCHIVED, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.cli.progress import Tell
    from gitreg.transactions import Transaction

_LONGEST = 4 << 20  # bytes of a line: a manifest has at most one
_OFTEN = 100  # lines between two words about how far it is
_DECIDED = ("id", "number", "commit")  # by gitreg: what they were elsewhere does not count


@click.command("import")
@click.argument("file", type=click.File("rb"), default="-", metavar="[FILE]")
@click.option("--force", is_flag=True, help="Override the registry's rules where a version has a stage; the commit says which.")
@click.option("--reason", default="", metavar="TEXT", help="Why; it stands in the commit.")
@options.writing
def import_(file: IO[bytes], force: bool, reason: str) -> None:
    """Add many versions in one commit, or none.

    FILE (or standard input) has a version a line, as JSON: model, and whatever is known of version, status, created_at,
    created_by, metrics, params, metadata, tags, description, artifacts, links, run, later_runs, yanked, stage. That is
    what 'gitreg list MODEL --format jsonl' prints. Numbers are given anew, in the order of the lines; a stage, or
    'archived', is taken at the end. A line that is wrong is named, and nothing is written.

    \b
    Example:
      gitreg -R old list iris --format jsonl | gitreg import
      gitreg import history.jsonl --dry-run
    """
    asked = options.settings()
    options.refuse(asked, at=True)
    warnings.simplefilter("ignore", OnlyHereWarning)  # the receipt has a note of it; boundary.py puts the filters back
    if file.isatty():
        raise UsageError("there is nothing to import: a history comes from a file or a pipe", hint="gitreg import FILE")
    with asked.open() as registry, progress.shown(asked) as tell:
        history = _History(file, force)
        with registry.transaction(reason=reason, watch=lambda step, done: tell(step, done, history.total)) as tx:
            history.read(tx, tell)
            history.place(tx)
            tx.message = history.subject()
    if asked.format == "table" and not asked.dry_run:
        render.write("".join(f"{text}\n" for text in history.made()))
    printed(asked, tx.receipt, selector=False)


class _History:
    """What was read: how many versions of which model, and what their stages were."""

    def __init__(self, file: IO[bytes], force: bool) -> None:
        self.total = 0
        self._file, self._force = file, force
        name = getattr(file, "name", "<stdin>")
        self._name = shown(name) if isinstance(name, str) else "<stdin>"
        self._spans: dict[str, tuple[int, int]] = {}
        self._held: dict[tuple[str, str], tuple[int, int]] = {}
        self._archived: dict[str, array[int]] = {}

    def read(self, tx: Transaction, tell: Tell) -> None:
        """Add a version for each line."""
        size, at = _size(self._file), 0
        for number, line in enumerate(self._lines(), 1):
            at += len(line)
            if line.strip():
                with _Place(self._name, number):
                    self._add(tx, _parsed(line), number)
                self.total += 1
            if number % _OFTEN == 0:
                tell("read", at, size)

    def _lines(self) -> Iterator[bytes]:
        number = 0
        while line := self._file.readline(_LONGEST + 1):
            number += 1
            if len(line) > _LONGEST:
                with _Place(self._name, number):
                    raise UsageError("the line has more than {most:,} bytes", most=_LONGEST)
            yield line

    def _add(self, tx: Transaction, facts: dict[str, Any], line: int) -> None:
        given = {name: fact for name, fact in facts.items() if name not in _DECIDED and fact is not None}
        model, stage = given.pop("model", None), given.pop("stage", None)
        if model is None:
            raise UsageError("model: this field is missing")
        made = tx.record(model, **given)
        self._spans[model] = self._spans.get(model, (made.number, 0))[0], made.number
        if stage == ARCHIVED:
            self._archived.setdefault(model, array("q")).append(made.number)
        elif stage is not None:
            self._claim(model, stage, made.number, line)

    def _claim(self, model: str, stage: Any, number: int, line: int) -> None:
        if not isinstance(stage, str):
            raise UsageError("stage: expected text, found {stage!r}", stage=stage)
        other = self._held.setdefault((model, stage), (number, line))
        if other[0] != number:
            raise UsageError("stage: the version of line {other} holds {stage} of {model!r} already", other=other[1], stage=stage, model=model)

    def place(self, tx: Transaction) -> None:
        """Give the versions the stages that they had."""
        for model, numbers in self._archived.items():
            tx.archive_all(model, numbers)
        for (model, stage), (number, line) in self._held.items():
            with _Place(self._name, line, "stage: "):
                tx.promote(f"{model}@{number}", stage, force=self._force)

    def subject(self) -> str:
        """Return the subject of the commit."""
        what = f"{len(self._spans)} models" if len(self._spans) > 1 else next(iter(self._spans), "registry")
        return f"{what}: import {self.total} version{'s' if self.total != 1 else ''}"

    def made(self) -> Iterator[str]:
        """Yield the selectors of the versions, a line a model: the first and, where there are more, the last."""
        for model, (first, last) in self._spans.items():
            yield f"{model}@{first}" + (f" {model}@{last}" if last > first else "")


class _Place:
    """Says of an error in its body in which line of the file it stands."""

    def __init__(self, name: str, line: int, field: str = "") -> None:
        self._where = f"{name}:{line}: {field}"

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, GitregError):
            error.message = self._where + error.message


def _parsed(line: bytes) -> dict[str, Any]:
    """Return the version in a line.

    Raises:
        UsageError: it is not a JSON object, or says something twice.
    """
    try:
        facts = json.loads(line.removeprefix(b"\xef\xbb\xbf"), object_pairs_hook=_unique, parse_constant=_not_finite)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise UsageError("this is not a line of JSON: {reason}", reason=reason, hint="gitreg list MODEL --format jsonl") from None
    if not isinstance(facts, dict):
        raise UsageError("expected a version, a map in braces", hint="gitreg list MODEL --format jsonl")
    return facts


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _not_finite(word: str) -> Any:
    raise ValueError(f"{word} is not a finite number")


def _size(file: IO[bytes]) -> int | None:
    try:
        found = os.fstat(file.fileno())
    except OSError:  # a stream of a test
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
