"""``gitreg run``: a program as a training run, without a line of it changed."""

from __future__ import annotations

import os

import click

from gitreg.cli import completion, options, render, values
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
    from gitreg.runs.params import masked
    from gitreg.runs.run import Place, Run
    from gitreg.runs.wanted import Wanted

    asked = options.settings()
    options.refuse(asked, at=True, no_fetch=True, dry_run=True)
    place = Place.found(asked.registry)._replace(offline=asked.offline, **({"branch": asked.branch} if asked.branch else {}))
    leaves = child.Leaves(metrics, values.named(artifacts), values.named(data))
    begun = Run(place, pipeline or _program(command), surroundings.seen(os.getcwd(), packages, lock_file))
    tracked = begun.bind(Wanted(model, version))
    if params:
        tracked.log(params=masked(values.pairs(params)))
    if reserve:
        render.remark(asked, f"reserved {shown(tracked.resolved().id)}")
    try:
        child.supervised(begun, tracked, command, leaves)
    except child.ProgramError as error:
        for note in (error.message, *getattr(error, "__notes__", ())):
            render.remark(asked, f"gitreg: {shown(note.removeprefix('gitreg: '))}")
        return int(error.exit)
    render.remark(asked, f"recorded {shown(tracked.final.id if tracked.final else model)}")
    return 0


def _program(command: tuple[str, ...]) -> str:
    """Return what a person would call the program: of an interpreter's the script that it runs."""
    script = next((word for word in command[1:] if not word.startswith("-") and os.path.isfile(word)), None)
    return os.path.basename(script or command[0])
