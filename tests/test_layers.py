"""Imports only point down, foreign things have one door each, and nothing is swallowed.

Imports for types alone are left out: they are gone when the code runs.
"""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import gitreg

ROOT = Path(gitreg.__file__).parent

# from the ground up; a package stands for its modules, a longer name wins
FLOORS = (
    {"errors", "enums"},
    {"names", "scratch", "warned", "folder", "formats", "artifacts.lfs", "artifacts.listing"},
    {"secrets"},
    {"forges"},
    {"records"},
    {"shelf"},
    {"view"},
    {"draft"},
    {"store"},
    {"operations"},
    {"gates"},
    {"policy"},
    {"store.plan"},
    {"store.transaction"},
    {"where", "artifacts", "times", "deltas", "ci", "driver", "lineage", "comparison", "intake", "index"},
    {"history", "setup"},
    {"review", "verbs"},
    {"reads"},
    {"unfinished"},
    {"fix", "doctor", "rebase", "proposals"},
    {"sync", "rehearsal"},
    {"transactions"},
    {"registry"},
    {"client", "runs"},
    {""},  # gitreg/__init__.py
    {"web"},
    {"cli"},
    {"__main__"},
    {"contrib"},
)

# a foreign module: who may import it
DOORS = {
    "git": {"store.gitrepo"},
    "gitdb": set(),
    "subprocess": {"store.process", "forges.tools", "runs.child"},  # git, the person's own gh or glab, and the program of a run
    "yaml": {"store.codec"},
    "filelock": {"store.lock"},
    "sqlite3": {"scratch", "store.diskcache"},
    "click": {"cli"},
    "rich": {"cli"},
    "jinja2": {"web.pages"},
    "markupsafe": {"web"},
    "cel_expr_python": {"gates"},
    "requests": {"forges.http"},
    "urllib3": {"forges.http"},
    "fsspec": {"artifacts.systems"},
    "fcntl": {"artifacts.landing", "store.marks", "folder"},
}


# the same of a part of the standard library that speaks to others
SPOKEN = {"urllib.request": {"index.http", "index.timed"}, "http.client": {"index.http", "index.timed"}, "ssl": {"index.http"}}


def name_of(path):
    """Return the module's name below the package: ``store.codec``, or nothing for the package itself."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


TREES = {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}


def for_types(tree):
    """Return the nodes below ``if TYPE_CHECKING``."""
    guards = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {inner for guard in guards for inner in ast.walk(guard)}


def imports(tree):
    """Yield the full names of what a module imports when it runs, at its top or inside a function."""
    left_out = for_types(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and node not in left_out:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node not in left_out:
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(name):
    """Return the module of gitreg that an import of *name* loads, or None for a foreign one."""
    if name.partition(".")[0] != "gitreg":
        return None
    inner = name.partition(".")[2]
    return inner if inner in TREES else inner.rpartition(".")[0]


GRAPH = {module: {known for name in imports(tree) if (known := own(name)) is not None} - {module} for module, tree in TREES.items()}


def floor(module):
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((index for name in names for index, floor in enumerate(FLOORS) if name in floor), None)


def package(module):
    return module.partition(".")[0]


@pytest.mark.parametrize("module", TREES)
def test_a_module_has_a_floor(module):
    assert floor(module) is not None, f"say in FLOORS where gitreg.{module} stands"


@pytest.mark.parametrize("module", TREES)
def test_imports_only_point_down(module):
    same = {other for other in GRAPH[module] if package(other) == package(module) and floor(other) == floor(module)}

    wrong = {other for other in GRAPH[module] - same if floor(other) >= floor(module)}

    assert not wrong


def test_no_modules_import_each_other():
    order = list(TopologicalSorter(GRAPH).static_order())

    assert set(order) == set(TREES)


@pytest.mark.parametrize("foreign", DOORS)
def test_a_foreign_thing_has_one_door(foreign):
    users = {module for module, tree in TREES.items() for name in imports(tree) if name.partition(".")[0] == foreign}

    assert {user for user in users if user not in DOORS[foreign] and package(user) not in DOORS[foreign]} == set()


@pytest.mark.parametrize("foreign", SPOKEN)
def test_what_speaks_to_others_has_one_door(foreign):
    users = {module for module, tree in TREES.items() for name in imports(tree) if f"{name}.".startswith(f"{foreign}.")}

    assert users == SPOKEN[foreign]


BROAD = {"Exception", "BaseException"}


def caught(handler):
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(kind) if kind else "BaseException" for kind in kinds}


@pytest.mark.parametrize("module", sorted(TREES.keys() - {"cli.boundary"}))
def test_no_error_is_swallowed_unseen(module):
    handlers = [node for node in ast.walk(TREES[module]) if isinstance(node, ast.ExceptHandler)]

    broad = [handler.lineno for handler in handlers if caught(handler) & BROAD and not isinstance(handler.body[-1], ast.Raise)]

    assert not broad


def calls(tree):
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_only_the_registry_asks_the_clock_for_what_is_recorded():
    clocks = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns", "time.gmtime", "time.localtime"}

    assert {module for module, tree in TREES.items() if calls(tree) & clocks} == {"registry"}


def test_the_library_never_prints_and_never_ends_the_process():
    loud = {"print", "input", "sys.exit", "exit", "quit", "os._exit", "sys.stdout.write", "sys.stderr.write"}

    assert {module for module, tree in TREES.items() if calls(tree) & loud and package(module) not in ("cli", "__main__")} == set()


def test_nothing_that_runs_text_as_code_is_called():
    dangerous = {"eval", "exec", "compile", "__import__", "yaml.load", "yaml.unsafe_load", "pickle.load", "pickle.loads", "os.system", "os.popen"}

    assert {module: found for module, tree in TREES.items() if (found := calls(tree) & dangerous)} == {}
