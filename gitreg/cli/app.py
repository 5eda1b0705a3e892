"""The command ``gitreg`` and where each of its commands lives."""

from __future__ import annotations

from typing import Any

import click

from gitreg import __version__
from gitreg.cli import options

_READ, _WRITE, _CHECK = "gitreg.cli.read", "gitreg.cli.write", "gitreg.cli.checks"

HOMES = {
    "init": f"{_WRITE}:init", "register": f"{_WRITE}:register", "run": "gitreg.cli.running:run", "promote": f"{_WRITE}:promote", "rollback": f"{_WRITE}:rollback",
    "archive": f"{_WRITE}:archive", "yank": f"{_WRITE}:yank", "unyank": f"{_WRITE}:unyank", "update": f"{_WRITE}:update", "import": "gitreg.cli.importing:import_",
    "list": f"{_READ}:list_", "show": f"{_READ}:show", "get": "gitreg.cli.get:get", "history": f"{_READ}:history",
    "compare": "gitreg.cli.lineage:compare", "lineage": "gitreg.cli.lineage:lineage", "diff": "gitreg.cli.review:diff", "changes": "gitreg.cli.review:changes", "fix": "gitreg.cli.review:fix",
    "check": f"{_CHECK}:check", "doctor": f"{_CHECK}:doctor", "schema": f"{_CHECK}:schema",
    "pull": "gitreg.cli.files:pull", "verify": "gitreg.cli.files:verify",
    "sync": "gitreg.cli.remotes:sync", "rebase": "gitreg.cli.remotes:rebase", "pr": "gitreg.cli.pulls:pr",
    "site": "gitreg.cli.web:site", "ui": "gitreg.cli.web:ui", "export": "gitreg.cli.exporting:export",
    "merge-file": "gitreg.cli.merging:merge_file",
    "model": "gitreg.cli.models:model", "completion": "gitreg.cli.completion:completion",
}  # fmt: skip


@click.group(cls=options.Lazy, homes=HOMES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, no_args_is_help=True)
@click.version_option(__version__, prog_name="gitreg", message="%(prog)s %(version)s")
@options.everywhere
def app(**_: Any) -> None:
    """A model registry that is nothing but a git repository.

    A version is a file, a promotion is a commit, history is git log.

    \b
    Example:
      gitreg init
      gitreg register iris --metric accuracy=0.97
      gitreg promote iris@1 production
    """
