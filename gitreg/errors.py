"""Every way gitreg refuses, and the exit code each one becomes.

::

    GitregError                      70   base; alone it means a bug in gitreg
    ├── UsageError(ValueError)        2   wrong usage, a malformed or reserved name, an unknown stage
    ├── NotFoundError(KeyError)       3   no such registry, model, version or field; a vacant stage
    ├── ConflictError(RuntimeError)   4   exists already, occupied, not ready, not what was expected
    ├── PolicyError(RuntimeError)     5   refused by a gate or rule of this registry
    ├── InvalidError(ValueError)      6   a file of the registry is invalid, or the repository is damaged
    └── BusyError(RuntimeError)       7   busy, unreachable, disk full, read-only: try again

The sentence is built from facts: ``NotFoundError("no model {model!r}", model="iris")`` says
``no model 'iris'`` and has the attribute ``model``. ``hint`` is the next command to type, or empty.
Only ``cli/boundary.py`` turns an error into text for a person and an exit code.

What is no error, but should not be passed over, is a :class:`GitregWarning`, told through :mod:`warnings`.
"""

from __future__ import annotations

from typing import Any, ClassVar


class GitregError(Exception):
    """Base of all errors of gitreg; its facts are attributes, ``hint`` is the next command to type."""

    code: ClassVar[int] = 70

    def __init__(self, sentence: str, *, hint: str = "", **facts: Any) -> None:
        self.message = sentence.format_map(facts) if facts else sentence
        self.hint = hint
        self.facts = facts
        super().__init__(self.message)

    def __str__(self) -> str:  # KeyError would quote it
        return self.message

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["facts"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.hint, self.facts)


def _rebuild(kind: type[GitregError], message: str, hint: str, facts: dict[str, Any]) -> GitregError:
    """Return the error that another process raised (errors cross process pools pickled)."""
    error = kind(message.replace("{", "{{").replace("}", "}}") if facts else message, hint=hint, **facts)
    error.message = message
    return error


class GitregWarning(UserWarning):
    """Something that worked, and that a person should know: a parameter that was masked, a file that only this machine has."""


class OnlyHereWarning(GitregWarning):
    """A file was recorded where only this machine has it, or is not committed as it is; a note of the receipt says so too."""


class StaleWarning(GitregWarning):
    """The server of an index gave no answer that counts: what it said last is used, until it is asked again."""


class UsageError(GitregError, ValueError):
    """Wrong usage: a malformed or reserved name, an unknown stage, ``latest`` as a target."""

    code = 2


class NotFoundError(GitregError, KeyError):
    """There is no such registry, model, version or field, or the stage is vacant."""

    code = 3


class ConflictError(GitregError, RuntimeError):
    """It exists already, is occupied, not ready, yanked, not as expected, or a person's edit is in the way."""

    code = 4


class PolicyError(GitregError, RuntimeError):
    """A gate or rule of this registry refuses."""

    code = 5


class BusyError(GitregError, RuntimeError):
    """The registry cannot be reached or written now; trying again may help."""

    code = 7


class InvalidError(GitregError, ValueError):
    """A file of the registry is invalid, or the repository is damaged.

    Attributes:
        rule: the rule of ``gitreg check`` that names this (``R01`` …), or empty.
        path: the file, relative to the registry's root, or empty.
        line: 1-based, or 0 where no line is known.
        field: dotted, as in ``metrics.auc``, or empty.
        problem: the sentence without the place.
    """

    code = 6

    def __init__(  # the place is the point of this error
        self, problem: str, *, path: str = "", line: int = 0, field: str = "", rule: str = "", hint: str = ""
    ) -> None:
        place = f"{path}:{line}: " if path and line else f"{path}: " if path else ""
        super().__init__(place + (f"{field}: " if field else "") + problem, hint=hint)
        self.problem, self.path, self.line, self.field, self.rule = problem, path, line, field, rule

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_invalid, (type(self), self.problem, self.path, self.line, self.field, self.rule, self.hint)


def _rebuild_invalid(kind: type[InvalidError], problem: str, path: str, line: int, field: str, rule: str, hint: str) -> InvalidError:
    return kind(problem, path=path, line=line, field=field, rule=rule, hint=hint)
