"""``gitreg run``: a program as a training run, without a line of it changed."""

from __future__ import annotations

import os
from difflib import get_close_matches

import click

from gitreg.cli import completion, options, render, values
from gitreg.errors import GitregError, UsageError
from gitreg.names import shown

_MANY = {"multiple": True}


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--model", required=True, metavar="MODEL", shell_complete=completion.models, help="The model that the program trains; it is made if it is new.")
@click.option("--version", metavar="NAME", help="The version's name, got or created; {date} and {time} are filled in. Default: a new one, called by its number.")
@click.option("--metrics", multiple=True, metavar="FILE", help="A JSON or YAML file of metrics that the program writes; may be given many times, like all of these.")
@click.option("--artifact", "artifacts", multiple=True, metavar="NAME=PATH", help="A file or folder of the model that the program writes.")
@click.option("--data", multiple=True, metavar="NAME=PATH_OR_URI", help="Data that it reads.")
@click.option("--param", "params", multiple=True, metavar="K=V", help="A parameter of the training; K:=JSON forces JSON.")
@click.option("--package", "packages", multiple=True, metavar="NAME", help="A package whose version is recorded. Default: the digest of a lock file beside the code.")
@click.option("--lock-file", metavar="FILE", help="The lock file whose digest is recorded.")
@click.option("--pipeline", metavar="NAME", help="What the run is called. Default: the program's name.")
@click.option("--reserve", is_flag=True, help="Register the version before the program starts, as running, so that GITREG_VERSION has its number.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND [ARG]…")
@options.running
def run(
    model: str, version: str | None, metrics: tuple[str, ...], artifacts: tuple[str, ...], data: tuple[str, ...], params: tuple[str, ...],
    packages: tuple[str, ...], lock_file: str | None, pipeline: str | None, reserve: bool, command: tuple[str, ...],
) -> int:  # fmt: skip
    """Run a program as a training run; it is one version.

    COMMAND is run as it stands, after '--', with its output and exit code passed on. What it leaves in files is recorded when it
    ends well; if it fails nothing is left, or status failed where the version was reserved. It finds GITREG_MODEL,
    GITREG_VERSION where that is known, and GITREG_RUN in its environment; what it does with gitreg's library is the same run.

    \b
    Example:
      gitreg run --model iris --metrics metrics.json --artifact model=model.joblib -- python train.py
      gitreg run --model iris --reserve -- sh -c 'train --out "models/$GITREG_VERSION"'
    """
    from gitreg.runs import child, surroundings
    from gitreg.runs.run import Place, Run
    from gitreg.runs.wanted import Wanted

    _check_begin(command)
    asked = options.settings()
    options.refuse(asked, at=True, no_fetch=True, dry_run=True)
    place = Place.found(asked.registry)._replace(offline=asked.offline, **({"branch": asked.branch} if asked.branch else {}))
    leaves = child.Leaves(metrics, values.named(artifacts), values.named(data))
    begun = Run(place, pipeline or _program(command), surroundings.seen(_script(command), packages, lock_file))
    tracked = begun.bind(Wanted(model, version))
    if params:
        tracked.log(params=values.pairs(params))
    if reserve:
        render.remark(asked, f"reserved {shown(tracked.resolved().id)}")
    try:
        child.supervised(begun, tracked, command, leaves)
    except GitregError as error:
        ended = isinstance(error, child.ProgramError)
        for note in (*([error.message] if ended else []), *getattr(error, "__notes__", ())):
            render.remark(asked, f"gitreg: {shown(note.removeprefix('gitreg: '))}")
        if ended:
            return int(error.exit)
        raise
    render.remark(asked, f"recorded {shown(tracked.final.id if tracked.final else model)}")
    return 0


def _check_begin(command: tuple[str, ...]) -> None:
    """Refuse a command that begins like an option: whoever meant one of ours misspelt it."""
    if command[0].startswith("-"):
        known = [name for parameter in click.get_current_context().command.params for name in parameter.opts if name.startswith("--")]
        near = get_close_matches(command[0].partition("=")[0], known, n=1)
        raise UsageError("no such option {option!r}" + (", did you mean {near!r}?" if near else ": the program comes after '--'"), option=command[0], near=near[0] if near else None, hint="gitreg run --help")


def _script(command: tuple[str, ...]) -> str | None:
    """Return the file that runs, if it is one of the person's: an interpreter's script, or a program of this folder."""
    words = (*command[1:], *(command[:1] if command[0].startswith("./") else ()))
    return next((word for word in words if not word.startswith("-") and os.path.isfile(word)), None)


def _program(command: tuple[str, ...]) -> str:
    """Return what a person would call the program: of an interpreter's the script that it runs."""
    return os.path.basename(_script(command) or command[0])
