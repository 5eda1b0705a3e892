"""The commands that judge: is the registry sound, what did a crash leave, what is the format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitreg.cli import options, render
from gitreg.errors import NotFoundError
from gitreg.names import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.records import Finding

KINDS = ("gitreg", "model", "stages", "manifest")


@click.command()
@click.argument("span", required=False, metavar="[BASE..HEAD]")
@options.judging
def check(span: str | None) -> int:
    """Is this registry, or this change, sound?

    Every finding of every file (rules R01 to R09); exit 1 if there is an error. With a range also what speaks against the
    change (T01 to T08), as it would land on BASE and by the rules of BASE. In a CI job of GitHub or GitLab the range
    is the job's. It reads what is committed and runs nothing of it.

    \b
    Example:
      gitreg check
      gitreg check main..HEAD
      gitreg check main..HEAD --format sarif > gitreg.sarif
      gitreg check --at v1.2 --format json
    """
    import os

    from gitreg.review import ranges
    from gitreg.review.check import check_state

    asked = options.settings()
    options.refuse(asked, dry_run=True, **({"at": True} if span else {}))
    wanted = span or ("" if asked.at else ranges.of_ci(os.environ))
    if wanted:
        with asked.open(wanted) as registry:
            found = ranges.parsed(registry.location.repo, wanted)
            if not span:
                render.remark(asked, f"judging {wanted}, which this job is about")
            findings = list(registry.check(found.base or ranges.NOTHING, found.head))
            return _reported(asked, findings, registry.location.prefix, "this change is sound")
    snapshot = asked.snapshot()
    return _reported(asked, list(check_state(snapshot, again=True)), snapshot.prefix, "this registry is sound")


def _reported(asked: options.Settings, findings: list[Finding], prefix: str, fine: str) -> int:
    """Print findings, in the form that a CI system reads if one was asked for; returns 1 where one of them is an error."""
    if asked.format not in options.REPORTS:
        return _printed(asked, findings, fine)
    from functools import partial

    from gitreg import __version__
    from gitreg.review import reports

    write: dict[str, Callable[[list[Finding], str], str]] = {"github": reports.github, "sarif": partial(reports.sarif, version=__version__), "junit": reports.junit, "gitlab": reports.gitlab}
    render.write(write[asked.format](findings, prefix))
    if not findings:
        render.remark(asked, fine)
    return _exit_code(findings)


def _exit_code(findings: list[Finding]) -> int:
    return int(any(finding.severity == "error" for finding in findings))


@click.command()
@click.option("--fix", is_flag=True, help="Heal what can be healed.")
@options.tending
def doctor(fix: bool) -> int:
    """Find what a crash or a hand left, and heal it.

    Interrupted writes, stale locks, scraps of objects, files that were removed (manifests come back yanked).
    Whether the files that are there are sound, check tells. Exit 1 if an error is left.

    \b
    Example:
      gitreg doctor
      gitreg doctor --fix
    """
    asked = options.settings()
    options.refuse(asked, at=True, dry_run=True, no_fetch=True)
    with asked.open() as registry:
        found = registry.doctor()
        left = registry.doctor(fix=True) if fix else found
    for healed in found:
        if healed not in left:
            render.remark(asked, f"healed: {shown(healed.path)}: {healed.message}")
    return _printed(asked, list(left), "nothing is left to heal" if fix else "nothing was left behind; whether the files are sound: gitreg check")


def _printed(asked: options.Settings, findings: list[Finding], fine: str) -> int:
    """Print findings; returns 1 where one of them is an error."""
    ok = all(finding.severity != "error" for finding in findings)
    if asked.format in ("table", "csv", "markdown"):
        rows = [[f.rule, f.severity, f"{f.path}:{f.line}" if f.line else f.path, f.message, f.fix] for f in findings]
        if rows or asked.format != "table":
            render.show(asked, None, ["rule", "severity", "where", "what", "try"], rows)
    else:
        render.show(asked, {"ok": ok, "findings": [finding.as_dict() for finding in findings]}, (), ())
    if not findings:
        render.remark(asked, fine)
    return _exit_code(findings)


@click.command()
@click.argument("name", required=False, metavar="[NAME]", shell_complete=lambda _context, _parameter, incomplete: [kind for kind in KINDS if kind.startswith(incomplete)])
@options.plain
def schema(name: str | None) -> None:
    """Print the JSON Schema of a file.

    NAME is gitreg, model, stages or manifest; without it, their names are printed.

    \b
    Example:
      gitreg schema manifest > manifest.schema.json
    """
    from gitreg.setup import schema_text
    from gitreg.store.documents import schemas

    if name is None:
        render.show(options.settings(), list(KINDS), ["name"], [[kind] for kind in KINDS]) if options.settings().format != "table" else render.write("".join(f"{kind}\n" for kind in KINDS))
        return
    if name not in KINDS:
        raise NotFoundError("no schema {name!r}: there are {known}", name=name, known=", ".join(KINDS), hint="gitreg schema")
    render.write(schema_text(schemas()[name]))
