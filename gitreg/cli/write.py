"""The commands that write: each is one method of the library, one commit, and one line said about it."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

import click

from gitreg.cli import completion, options, progress, render, values
from gitreg.errors import OnlyHereWarning, UsageError
from gitreg.names import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.records import Receipt
    from gitreg.registry import Registry
    from gitreg.transactions import Transaction

_REASON = click.option("--reason", default="", metavar="TEXT", help="Why; it stands in the commit.")
_FORCE = click.option("--force", is_flag=True, help="Override the registry's rules; the commit says which.")
_EXPECT = click.option("--expect", metavar="N|none", help="Change nothing unless this version (or none) holds the stage.")
_PR = click.option("--pr", is_flag=True, help="Propose it: push it to a branch of its own and open a pull request.")
_VIA = click.option("--via", type=click.Choice(["gh", "glab"]), help="With --pr: open it with your own tool, not with a token.")


def _proposing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that make a write a proposal."""
    return _PR(_VIA(command))


def carried_out(write: Callable[[Transaction], Any], reason: str = "", *, pr: bool = False, via: str | None = None) -> None:
    """Run *write* in a transaction and print what it did: the version on stdout, the rest on stderr. With *pr* it is proposed."""
    asked = options.settings()
    options.refuse(asked, at=True, no_fetch=True)
    warnings.simplefilter("ignore", OnlyHereWarning)  # the receipt has a note of it; boundary.py puts the filters back
    if pr or via:
        from gitreg.cli import pulls

        if not pr:
            raise UsageError("--via says how a pull request is opened: it needs --pr", hint=f"{click.get_current_context().command_path} --help")
        pulls.proposed(asked, write, reason, via)
        return
    with asked.open() as registry:
        with progress.lazily(asked) as registry.watch, registry.transaction(reason=reason, replay=True) as tx:
            write(tx)
        printed(asked, tx.receipt)


def printed(asked: options.Settings, receipt: Receipt, *, selector: bool = True) -> None:
    """Print what a write did, as was asked; with *selector* that of the version it was about."""
    for note in receipt.notes:
        render.remark(asked, f"note: {shown(note)}")
    subject = shown(receipt.message.partition("\n")[0])
    if asked.dry_run and asked.format == "table":
        render.write(receipt.diff)
        render.remark(asked, f"dry run: would commit {subject!r}" if receipt.changed else "dry run: nothing would change")
    elif asked.format != "table":
        render.show(asked, receipt.as_dict(), ["id", "changed", "commit"], [[receipt.version and receipt.version.id, receipt.changed, receipt.commit]])
    else:
        if receipt.version and selector:
            render.write(f"{receipt.version.id}\n")
        render.remark(asked, f"{subject} [{(receipt.commit or '')[:8]}]" if receipt.changed else "nothing to do: it is so already")


@click.command()
@click.argument("path", required=False, default=".", type=click.Path())
@click.option("--branch", "own_branch", metavar="BRANCH", help="Keep the registry on a branch of its own, in no worktree.")
@click.option("--ci", type=click.Choice(["github", "gitlab"]), help="Add the workflows that review and deploy there, to a registry that is there already too.")
@click.option("--package", metavar="SPEC", help="With --ci: what pip installs there, such as 'gitreg[review] @ git+https://HOST/PATH@COMMIT'. Default: what this gitreg was installed from.")
@options.making
def init(path: str, own_branch: str | None, ci: str | None, package: str | None) -> None:
    """Make a registry, and its repository where there is none.

    In PATH (default: here), with one commit.

    \b
    Example:
      gitreg init
      gitreg init models-registry
      gitreg init --branch registry
      gitreg init --ci github
    """
    from gitreg import setup
    from gitreg.registry import Registry

    asked = options.settings()
    options.refuse(asked, at=True, no_fetch=True)
    folder, branch = path if path != "." or not asked.registry else asked.registry, own_branch or asked.branch
    if package is not None and not ci:
        raise UsageError("--package says what CI installs: it needs --ci", hint="gitreg init --help")
    there = setup.existing(folder, branch) if ci else None
    if ci and there:
        with Registry(there, dry_run=asked.dry_run) as registry:
            printed(asked, registry.add_ci(ci, package))
            _told(asked, registry, ci)
    elif asked.dry_run:
        printed(asked, setup.rehearsed(folder, branch, ci, package))
    else:
        with Registry.init(folder, branch=branch, ci=ci, package=package) as registry:
            place = os.path.join(registry.root, registry.location.prefix) if registry.root else registry.path
            render.remark(asked, f"registry created in {shown(place.rstrip('/'))} on branch {shown(registry.location.ref.removeprefix('refs/heads/'))}; next: gitreg register MODEL")
            _told(asked, registry, ci)


def _told(asked: options.Settings, registry: Registry, host: str | None) -> None:
    """Say what CI at *host* still lacks, which only a person can know or do."""
    from gitreg import ci

    if host is None or asked.dry_run:
        return
    blank = ci.blank(registry.location.repo, registry.location.ref, host)
    if blank:
        render.remark(asked, f"PACKAGE is empty in {' and '.join(blank)}: fill in what pip installs there, such as {ci.source.EXAMPLE}")
    render.remark(asked, _LOCK[host])


_LOCK = {
    "github": "nothing is locked yet: name owners in .github/CODEOWNERS, then protect the branch and require 'gitreg check' (docs: how-to/review-on-github)",
    "gitlab": "nothing is locked yet: name owners in .gitlab/CODEOWNERS, then protect the branch and require pipelines to succeed (docs: how-to/review-on-gitlab)",
}


def _facts(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe a version."""
    many: dict[str, Any] = {"multiple": True}
    for option in reversed((
        click.option("--metric", "metrics", metavar="K=V", help="A finite number; may be given many times, like all of these.", **many),
        click.option("--param", "params", metavar="K=V", help="A parameter of the training; K:=JSON forces JSON.", **many),
        click.option("--metadata", metavar="K=V", help="Anything else; K:=JSON forces JSON.", **many),
        click.option("--tag", "tags", metavar="TAG", help="A tag.", **many),
        click.option("--artifact", "artifacts", metavar="NAME=PATH_OR_URI", help="A file of the model; a local one is hashed.", **many),
        click.option("--data", metavar="NAME=PATH_OR_URI", help="Data it was trained or tested on; a local file is hashed.", **many),
        click.option("--service", "services", metavar="NAME=URI", help="Where it is served.", **many),
        click.option("--link", "links", metavar="NAME=URI", help="Anything that is not a file: a ticket, a dashboard, a step of your process, the version it was made from.", **many),
        click.option("--link-title", "link_titles", metavar="NAME=TEXT", help="What a --link of that name is called.", **many),
        click.option("--description", metavar="TEXT", help="What is special about this version."),
        click.option("--from-file", "from_file", metavar="PATH", type=click.Path(), help="Metrics as JSON or YAML, an MLflow run's folder, a model card; other options win.", **many),
        click.option("--status", type=click.Choice(["running", "ready", "failed"]), help="running is completed by an update to ready or failed."),
    )):  # fmt: skip
        command = option(command)
    return command


def facts_of(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of :func:`_facts` as arguments of ``register`` and ``update``."""
    kinds = (("model", given["artifacts"]), ("data", given["data"]), ("service", given["services"]))
    artifacts = {name: {"kind": kind, "uri": uri} for kind, texts in kinds for name, uri in values.named(texts).items()}
    facts = {
        "metrics": values.numbers(given["metrics"]), "params": values.pairs(given["params"]), "metadata": values.pairs(given["metadata"]),
        "links": values.links(given["links"], given["link_titles"]), "artifacts": artifacts, "description": given["description"], "status": given["status"],
        "from_file": list(given["from_file"]),
    }  # fmt: skip
    return {name: fact for name, fact in facts.items() if fact not in (None, {}, [])}


@click.command()
@click.argument("model", shell_complete=completion.models)
@click.option("--version", metavar="NAME", help="Its name; {date} and {time} are filled in. Default: its number.")
@_facts
@_proposing
@options.writing
def register(model: str, version: str | None, pr: bool, via: str | None, **given: Any) -> None:
    """Add a version to a model; prints its selector.

    MODEL is made if it is new.

    \b
    Example:
      gitreg register iris --metric accuracy=0.97 --param C=1.0 --artifact model=model.joblib
      gitreg register iris --version 1.0.5 --data train=s3://bucket/train.parquet
      gitreg register iris --from-file metrics.json --artifact model=model.joblib
    """
    facts = facts_of(given) | {"tags": list(given["tags"])}
    carried_out(lambda tx: tx.register(model, version, **facts), pr=pr, via=via)


@click.command()
@click.argument("selector", shell_complete=completion.selectors)
@click.argument("stage", shell_complete=completion.stages)
@_FORCE
@_EXPECT
@_REASON
@_proposing
@options.writing
def promote(selector: str, stage: str, force: bool, expect: str | None, reason: str, pr: bool, via: str | None) -> None:
    """Point a stage at a version.

    Its former holder becomes archived. SELECTOR is MODEL or MODEL@latest, MODEL@NUMBER, MODEL@NAME or MODEL@STAGE. STAGE may be 'archived'.

    \b
    Example:
      gitreg promote iris@7 staging
      gitreg promote iris@staging production --expect 6 --reason "passed the A/B test"
      gitreg promote iris@7 production --pr
    """
    holder = values.expected(expect)
    carried_out(lambda tx: tx.promote(selector, stage, force=force, expect=holder), reason, pr=pr, via=via)


@click.command()
@click.argument("model", shell_complete=completion.models)
@click.argument("stage", shell_complete=completion.stages)
@_EXPECT
@_REASON
@_FORCE
@_proposing
@options.writing
def rollback(model: str, stage: str, expect: str | None, reason: str, force: bool, pr: bool, via: str | None) -> None:
    """Give a stage back to its previous holder.

    The present one becomes archived. A second rollback goes one further back, never forth.

    \b
    Example:
      gitreg rollback iris production --reason "latency doubled"
    """
    holder = values.expected(expect)
    carried_out(lambda tx: tx.rollback(model, stage, expect=holder, force=force), reason, pr=pr, via=via)


@click.command()
@click.argument("selector", shell_complete=completion.selectors)
@_REASON
@_FORCE
@_proposing
@options.writing
def archive(selector: str, reason: str, force: bool, pr: bool, via: str | None) -> None:
    """Archive a version by hand.

    A stage it holds becomes vacant.

    \b
    Example:
      gitreg archive iris@5 --reason "superseded"
    """
    carried_out(lambda tx: tx.archive(selector, force=force), reason, pr=pr, via=via)


@click.command()
@click.argument("selector", shell_complete=completion.selectors)
@click.option("--reason", required=True, metavar="TEXT", help="Why it must not be used; it stands in the manifest.")
@click.option("--force", is_flag=True, help="Yank it although it holds a stage, which becomes vacant.")
@options.writing
def yank(selector: str, reason: str, force: bool) -> None:
    """Mark a version as not to be used.

    Its manifest stays, its number is never used again.

    \b
    Example:
      gitreg yank iris@4 --reason "trained on leaked labels"
    """
    carried_out(lambda tx: tx.yank(selector, reason=reason, force=force), reason)


@click.command()
@click.argument("selector", shell_complete=completion.selectors)
@_REASON
@options.writing
def unyank(selector: str, reason: str) -> None:
    """Take a yank back; it does not restore a stage.

    \b
    Example:
      gitreg unyank iris@4
    """
    carried_out(lambda tx: tx.unyank(selector), reason)


@click.command()
@click.argument("selector", shell_complete=completion.selectors)
@_facts
@click.option("--remove-tag", "remove_tags", multiple=True, metavar="TAG", help="Take a tag away.")
@click.option("--remove-metadata", multiple=True, metavar="K", help="Take a key of the metadata away.")
@click.option("--remove-link", "remove_links", multiple=True, metavar="NAME", help="Take a link away.")
@_REASON
@options.writing
def update(selector: str, reason: str, **given: Any) -> None:
    """Add to what is recorded of a version.

    Description, tags, metadata and links stay free. Of a version that is ready the rest only grows: new
    metrics and artifacts. --status ready completes a running version.

    \b
    Example:
      gitreg update iris@7 --metric auc=0.99 --tag reviewed --link ticket=https://example.org/T-12
    """
    facts = updates_of(given)
    carried_out(lambda tx: tx.update(selector, **facts), reason)


def updates_of(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of ``update`` as arguments of the library's."""
    facts = facts_of(given)
    for name, removed in (("metadata", given["remove_metadata"]), ("links", given["remove_links"])):
        if removed:
            facts[name] = facts.get(name, {}) | dict.fromkeys(removed)
    tags = {"add_tags": given["tags"], "remove_tags": given["remove_tags"]}
    return facts | {name: list(value) for name, value in tags.items() if value}
