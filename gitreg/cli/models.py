"""The seeds' form: ``gitreg model …`` and ``gitreg model version …``, thin over the same library."""

from __future__ import annotations

import sys
from typing import Any

import click

from gitreg.cli import completion, options, read, render, values, write
from gitreg.errors import UsageError
from gitreg.records import json_of

_TEXTS = ("license", "description", "audience", "use-cases", "limitations", "trade-offs", "ethics")
_OTHERS = ("tags", "better", "remove_tags", "links", "link_titles", "remove_links")


@click.group()
def model() -> None:
    """Models and their versions, in ZenML's words.

    \b
    Example:
      gitreg model list
      gitreg model version update iris --stage=staging
    """


@click.group()
def version() -> None:
    """Versions of a model.

    \b
    Example:
      gitreg model version list iris
    """


model.add_command(version)


def _card(command: Any) -> Any:
    for name in reversed(_TEXTS):
        command = click.option(f"--{name}", metavar="TEXT", help=f"The model's {name.replace('-', ' ')}.")(command)
    command = click.option("--tag", "-t", "tags", multiple=True, metavar="TAG", help="A tag; may be given many times.")(command)
    command = click.option("--link-title", "link_titles", multiple=True, metavar="NAME=TEXT", help="What a --link of that name is called.")(command)
    command = click.option("--link", "links", multiple=True, metavar="NAME=URI", help="Anything that belongs to the model: a dashboard, a ticket.")(command)
    return click.option("--better", multiple=True, metavar="METRIC=higher|lower", help="Which way a metric is better.")(command)


def _card_facts(given: dict[str, Any]) -> dict[str, Any]:
    facts = {name: value for name, value in given.items() if value is not None and name not in _OTHERS}
    if given["better"]:
        facts["metrics"] = {name: {"better": way} for name, way in values.named(given["better"]).items()}
    linked = values.links(given["links"], given["link_titles"]) | dict.fromkeys(given.get("remove_links", ()))
    return facts | ({"links": linked} if linked else {})


@model.command("list")
@options.reading
def list_models() -> None:
    """List the models with their stages.

    \b
    Example:
      gitreg model list
    """
    click.get_current_context().invoke(read.list_)


@model.command("show")
@click.argument("name", shell_complete=completion.models)
@options.reading
def show_model(name: str) -> None:
    """Show what model.yaml says of a model.

    \b
    Example:
      gitreg model show iris
    """
    asked = options.settings()
    card = json_of(asked.snapshot().card(name))
    render.show(asked, card, ["", ""] if asked.format == "table" else ["field", "value"], [[key, value] for key, value in card.items()])


@model.command("register")
@click.argument("name")
@_card
@options.writing
def register_model(name: str, **given: Any) -> None:
    """Make a model without versions.

    \b
    Example:
      gitreg model register iris --license Apache-2.0 --better accuracy=higher
    """
    facts = _card_facts(given) | {"tags": list(given["tags"])}
    write.carried_out(lambda tx: tx.create_model(name, **facts))


@model.command("update")
@click.argument("name", shell_complete=completion.models)
@_card
@click.option("--remove-tag", "-r", "remove_tags", multiple=True, metavar="TAG", help="Take a tag away.")
@click.option("--remove-link", "remove_links", multiple=True, metavar="NAME", help="Take a link away.")
@options.writing
def update_model(name: str, **given: Any) -> None:
    """Change what model.yaml says of a model.

    \b
    Example:
      gitreg model update iris --description "flowers" --tag public
      gitreg model update iris --link board=https://example.org/iris --link-title board="error rates"
    """
    facts = _card_facts(given) | {"add_tags": list(given["tags"]), "remove_tags": list(given["remove_tags"])}
    write.carried_out(lambda tx: tx.update_model(name, **facts))


@model.command("delete")
@click.argument("name", shell_complete=completion.models)
@click.option("--reason", default="", metavar="TEXT", help="Why; it stands in model.yaml.")
@click.option("--force", is_flag=True, help="Delete it although it holds stages, which become vacant.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.writing
def delete_model(name: str, reason: str, force: bool, yes: bool) -> None:
    """Mark a model deleted.

    Its versions are yanked, its stages vacated, and its name is never used again.

    \b
    Example:
      gitreg model delete iris --reason "replaced by iris-v2" --yes
    """
    if not yes and not options.settings().dry_run:
        if sys.stdin is None or not sys.stdin.isatty():
            raise UsageError("this cannot be undone, and nobody is here to be asked", hint=f"gitreg model delete {name} --yes")
        if not click.confirm(f"Delete model {name!r}, yank all its versions and never use the name again?", err=True):
            render.remark(options.settings(), "nothing was deleted")
            raise click.exceptions.Exit(130)
    write.carried_out(lambda tx: tx.delete_model(name, reason=reason, force=force), reason)


@version.command("list")
@click.argument("model_name", metavar="MODEL", shell_complete=completion.models)
@options.reading
def list_versions(model_name: str) -> None:
    """List the versions of a model.

    \b
    Example:
      gitreg model version list iris
    """
    click.get_current_context().invoke(read.list_, model=model_name)


def _selector(model_name: str, what: str | None) -> str:
    return model_name if what is None else f"{model_name}@{what}"


@version.command("show")
@click.argument("model_name", metavar="MODEL", shell_complete=completion.models)
@click.argument("what", metavar="[VERSION]", required=False, shell_complete=completion.versions)
@options.reading
def show_version(model_name: str, what: str | None) -> None:
    """Show one version, by number, name or stage; without VERSION, the latest.

    \b
    Example:
      gitreg model version show iris production
    """
    asked = options.settings()
    read.one(asked, asked.snapshot().get(_selector(model_name, what)))


@version.command("update")
@click.argument("model_name", metavar="MODEL", shell_complete=completion.models)
@click.argument("what", metavar="[VERSION]", required=False, shell_complete=completion.versions)
@click.option("--stage", "-s", metavar="STAGE", shell_complete=completion.stages, help="Promote the version to this stage.")
@click.option("--force", "-f", is_flag=True, help="Override the registry's rules; the commit says which.")
@click.option("--description", "-d", metavar="TEXT", help="What is special about this version.")
@click.option("--tag", "-t", "tags", multiple=True, metavar="TAG", help="Add a tag; may be given many times.")
@click.option("--remove-tag", "-r", "remove_tags", multiple=True, metavar="TAG", help="Take a tag away.")
@click.option("--reason", default="", metavar="TEXT", help="Why; it stands in the commit.")
@options.writing
def update_version(model_name: str, what: str | None, stage: str | None, force: bool, reason: str, **given: Any) -> None:
    """Change a version, by number, name or stage; without VERSION, the latest. --stage promotes it.

    \b
    Example:
      gitreg model version update iris --stage=staging
      gitreg model version update iris 1.0.5 --stage=production --force
    """
    facts = {"description": given["description"], "add_tags": list(given["tags"]), "remove_tags": list(given["remove_tags"])}
    wanted = {name: fact for name, fact in facts.items() if fact not in (None, [])}

    def both(tx: Any) -> None:
        selector = tx.get(_selector(model_name, what)).id
        if wanted or stage is None:
            tx.update(selector, **wanted)
        if stage is not None:
            tx.promote(selector, stage, force=force)

    write.carried_out(both, reason)


@version.command("delete")
@click.argument("model_name", metavar="MODEL", shell_complete=completion.models)
@click.argument("what", metavar="VERSION", shell_complete=completion.versions)
@click.option("--reason", default="deleted", metavar="TEXT", help="Why it must not be used.")
@click.option("--force", is_flag=True, help="Although it holds a stage, which becomes vacant.")
@options.writing
def delete_version(model_name: str, what: str, reason: str, force: bool) -> None:
    """Yank a version: a version is never deleted, its number is never used again.

    \b
    Example:
      gitreg model version delete iris 4 --reason "trained on leaked labels"
    """
    write.carried_out(lambda tx: tx.yank(_selector(model_name, what), reason=reason, force=force), reason)
