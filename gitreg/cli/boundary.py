"""The edge: runs a command, and turns whatever ends it into a sentence and an exit code. Never a traceback."""

from __future__ import annotations

import gc
import os
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

from gitreg.errors import BusyError, GitregError, GitregWarning, InvalidError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

REPORT = "this is a bug in gitreg; please report it with what GITREG_DEBUG=1 prints"


def main() -> None:
    """Run the command line of this process, and end it at once: tearing the interpreter down is time nobody gets."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed before we came: what we do still counts
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - it lives as long as we do
    gc.set_threshold(50_000)  # a command is short: collecting while it imports costs more than it gives
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            continue
    os._exit(code)


def run(args: Sequence[str]) -> int:
    """Run one command and return its exit code; what it says goes to stdout and stderr."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("always", GitregWarning)
        warnings.showwarning = _noted
        return _ran(args)


def _ran(args: Sequence[str]) -> int:
    import click

    from gitreg.cli.app import app

    try:
        result = app.main(list(args), prog_name="gitreg", standalone_mode=False)
    except GitregError as error:
        return said(error, args)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        return _misused(error, args)
    except SystemExit as done:  # click ends so after completing a word, and where a reader went away: that is no error
        away = type(sys.stdout).__name__.endswith("PacifyFlushWrapper")
        return 0 if away or not isinstance(done.code, int) else done.code
    except (click.Abort, KeyboardInterrupt):
        return _interrupted(args)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return said(BusyError("{path}{reason}", path=f"{error.filename}: " if error.filename else "", reason=error.strerror or str(error)), args)
    except Exception as error:  # noqa: BLE001 - the one place where a bug becomes a sentence
        return _bug(error, args)
    return result if isinstance(result, int) else 0


def _noted(message: Warning | str, category: type[Warning], filename: str, lineno: int, file: object = None, line: str | None = None) -> None:  # noqa: ARG001 - the standard library's form
    """Say what is no error: to a person gitreg's own words alone, and the words of others where a bug is looked for."""
    from gitreg.names import shown

    context = sys.modules["click"].get_current_context(silent=True)
    if context and context.ensure_object(dict).get("quiet"):
        return
    if issubclass(category, GitregWarning) or os.environ.get("GITREG_DEBUG") == "1":
        sys.stderr.write(f"note: {shown(str(message))}\n")


def _misused(error: click.ClickException, args: Sequence[str]) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # click 8.2 and later
        sys.stderr.write(f"{error.format_message()}\n")
        return UsageError.code
    context = getattr(error, "ctx", None)
    return said(UsageError(_sentence(error.format_message()), hint=f"{context.command_path if context else 'gitreg'} --help"), args)


def said(error: GitregError, args: Sequence[str]) -> int:
    """Print *error* for a person or, with ``--format json``, for a program; returns its exit code."""
    if _for_program(args):
        from gitreg.cli.render import json_text

        sys.stderr.write(json_text({"error": {"code": error.code, "message": error.message, "hint": error.hint}}) + "\n")
        return error.code
    from gitreg.names import shown

    sys.stderr.write(f"gitreg: {_lines(error.message, shown)}\n")
    hint = error.hint or ("gitreg check" if isinstance(error, InvalidError) else "")
    if hint:
        sys.stderr.write(f"  try: {shown(hint)}\n")
    if os.environ.get("GITREG_DEBUG") == "1":
        _traceback(error)
    return error.code


def _lines(text: str, shown: object) -> str:
    return "\n  ".join(shown(line) for line in text.splitlines())  # type: ignore[operator]


def _for_program(args: Sequence[str]) -> bool:
    """Tell whether errors are read by a program: found in the words themselves, since parsing may have failed."""
    chosen = [b for a, b in pairwise(args) if a == "--format"]
    chosen += [a.removeprefix("--format=") for a in args if a.startswith("--format=")]
    return bool(chosen) and chosen[-1] in ("json", "jsonl")


def _sentence(text: str) -> str:
    text = text.strip().removesuffix(".").replace("\n\t", " ")  # click lists choices so
    return text[:1].lower() + text[1:]


def _interrupted(args: Sequence[str]) -> int:
    if not _for_program(args):
        sys.stderr.write("gitreg: interrupted\n")
    return 130


def _bug(error: Exception, args: Sequence[str]) -> int:
    if os.environ.get("GITREG_DEBUG") == "1":
        _traceback(error)
    return said(GitregError(f"{type(error).__name__}: {error}".replace("\n", " "), hint=REPORT), args)


def _traceback(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error)
