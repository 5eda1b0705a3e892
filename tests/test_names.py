"""What names may look like, and how a person names a version."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreg import names
from gitreg.errors import ConflictError, UsageError
from gitreg.names import Selector
from tests.strategies import texts

STAGES = ("development", "staging", "production")

# -- models -----------------------------------------------------------------------------------------------

MODELS = ["iris", "iris_logistic_regression", "a", "7", "Team/iris", "org/team/iris", "v1.2-rc_3", "a..b", "a-", "con1", "console", "lpt10", "version", "git", "a.github", "x" * 100]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_may_be_named(name):
    assert names.model_name(name) == name


BAD_MODELS = {
    "nothing": ("", "a segment is letters"),
    "a way out": ("../x", "a segment is letters"),
    "a way out inside": ("a/../b", "a segment is letters"),
    "here": (".", "a segment is letters"),
    "absolute": ("/etc/passwd", "a segment is letters"),
    "an empty segment": ("a//b", "a segment is letters"),
    "an empty last segment": ("a/", "a segment is letters"),
    "an option": ("-x", "a segment is letters"),
    "an option inside": ("a/--upload-pack=x", "a segment is letters"),
    "a hidden folder": (".hidden", "a segment is letters"),
    "git's folder": (".git", "a segment is letters"),
    "a line end": ("a\nb", "a segment is letters"),
    "a line end at the end": ("iris\n", "a segment is letters"),
    "a space": ("a b", "a segment is letters"),
    "a selector": ("a@b", "a segment is letters"),
    "a backslash": ("a\\b", "a segment is letters"),
    "a colon": ("c:x", "a segment is letters"),
    "a wildcard": ("a*", "a segment is letters"),
    "a NUL": ("a\0b", "a segment is letters"),
    "letters beyond ASCII": ("naïve", "a segment is letters"),
    "digits beyond ASCII": ("\u0667", "a segment is letters"),
    "300 characters": ("a" * 300, "it has 300 characters, 100 are allowed"),
    "101 characters": ("a" * 101, "it has 101 characters, 100 are allowed"),
    "101 characters in two segments": ("a" * 50 + "/" + "b" * 50, "it has 101 characters, 100 are allowed"),
    "four segments": ("a/b/c/d", "it has more than three segments"),
    "con": ("con", "Windows cannot check out"),
    "NUL in capitals": ("NUL", "Windows cannot check out"),
    "a device with an ending": ("aux.txt", "Windows cannot check out"),
    "a device inside": ("team/com1", "Windows cannot check out"),
    "a trailing dot": ("iris.", "Windows cannot check out"),
    "a trailing dot inside": ("team./iris", "Windows cannot check out"),
    "versions": ("versions", "a name that gitreg itself uses"),
    "versions inside, in capitals": ("a/Versions/b", "a name that gitreg itself uses"),
    "a file of gitreg's": ("team/model.yaml", "a name that gitreg itself uses"),
    "another": ("team/stages.yaml", "a name that gitreg itself uses"),
    "git's locks": ("x.lock", "collides with git's own files"),
    "git's locks inside": ("X.LOCK/y", "collides with git's own files"),
    "a repository": ("x.git", "collides with git's own files"),
}


@pytest.mark.parametrize("wrong", BAD_MODELS)
def test_a_model_may_not_be_named(wrong):
    name, problem = BAD_MODELS[wrong]

    with pytest.raises(UsageError) as caught:
        names.model_name(name)

    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"{name!r} cannot name a model: ")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("wrong", BAD_MODELS)
def test_register_refuses_the_name_and_changes_nothing(registry, wrong):
    before = registry.snapshot().commit

    with pytest.raises(UsageError):
        registry.register(BAD_MODELS[wrong][0])

    assert registry.snapshot().commit == before


COLLISIONS = {
    "case": ("iris", "Iris"),
    "case in a folder": ("team/iris", "Team/iris"),
    "case of a shared folder": ("team/iris", "Team/churn"),
    "case of a shared folder further in": ("org/team/iris", "org/Team/churn"),
    "a folder of another": ("team", "team/iris"),
    "inside another": ("team/iris", "team"),
    "a folder two up": ("org/team/iris", "org"),
    "a folder in other case": ("TEAM/iris", "team"),
}


@pytest.mark.parametrize("kind", COLLISIONS)
def test_names_collide(kind):
    one, other = COLLISIONS[kind]

    assert names.collision(one, ["zebra", other]) == other
    assert names.collision(other, ["zebra", one]) == one


@pytest.mark.parametrize(("one", "other"), [("iris", "iris2"), ("iris", "iris"), ("team/a", "team/b"), ("team/a", "teams"), ("a/b/c", "a/c/b"), ("a-b", "a/b")])
def test_names_stand_beside_each_other(one, other):
    assert names.collision(one, [other]) is None
    assert names.collision(other, [one]) is None


@pytest.mark.parametrize("kind", COLLISIONS)
def test_register_refuses_a_name_that_collides(registry, kind):
    one, other = COLLISIONS[kind]
    registry.register(other)
    before = registry.snapshot().commit

    with pytest.raises(ConflictError, match="collides with"):
        registry.register(one)

    assert registry.snapshot().commit == before


# -- versions ---------------------------------------------------------------------------------------------

VERSIONS = ["1.0.5", "v7", "even_better_version", "1.0+build.7", "7a", "a..b", "Latest1", "x" * 128, "7.", "no", "true", "1e5"]


@pytest.mark.parametrize("name", VERSIONS)
def test_a_version_may_be_named(name):
    assert names.version_name(name, STAGES) == name


BAD_VERSIONS = {
    "nothing": ("", "a name is letters"),
    "digits": ("7", "digits alone are a version's number"),
    "digits with a zero": ("007", "digits alone are a version's number"),
    "a stage": ("production", "it is the name of a stage"),
    "a stage in another case": ("Production", "it is the name of a stage"),
    "latest": ("latest", "it is a reserved word"),
    "LATEST": ("LATEST", "it is a reserved word"),
    "archived": ("Archived", "it is a reserved word"),
    "none": ("NONE", "it is a reserved word"),
    "129 characters": ("x" * 129, "it has 129 characters, 128 are allowed"),
    "a space": ("a b", "a name is letters"),
    "a slash": ("a/b", "a name is letters"),
    "a selector": ("a@b", "a name is letters"),
    "an option": ("-x", "a name is letters"),
    "a dot at the start": (".5", "a name is letters"),
    "a quote": ('a"b', "a name is letters"),
    "a line end": ("a\n", "a name is letters"),
    "a placeholder": ("{day}", "a name is letters"),
    "letters beyond ASCII": ("é", "a name is letters"),
    "digits beyond ASCII": ("\u0667\u0668", "a name is letters"),
}


@pytest.mark.parametrize("wrong", BAD_VERSIONS)
def test_a_version_may_not_be_named(wrong):
    name, problem = BAD_VERSIONS[wrong]

    with pytest.raises(UsageError) as caught:
        names.version_name(name, STAGES)

    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"{name!r} cannot name a version: ")


def test_a_registrys_own_stages_name_no_version():
    with pytest.raises(UsageError, match="it is the name of a stage"):
        names.version_name("Canary", ("canary",))

    assert names.version_name("production", ("canary",)) == "production"


def test_date_and_time_are_filled_in():
    now = datetime(2026, 11, 22, 7, 24, 31, 123456, tzinfo=UTC)

    assert names.filled("nightly_{date}_{time}", now) == "nightly_2026_11_22_07_24_31_123456"


def test_only_date_and_time_are_filled_in():
    now = datetime(2026, 11, 22, tzinfo=UTC)

    assert names.filled("{}{0}{now.__class__}{{date}}", now) == "{}{0}{now.__class__}{2026_11_22}"


# -- stages, keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*STAGES, "a", "pre-prod", "canary_2", "s" * 40])
def test_a_stage_may_be_named(name):
    assert names.stage_name_problem(name) is None


RESERVED = ["latest", "archived", "none", "true", "false", "null", "yes", "no", "on", "off", "y", "n"]


@pytest.mark.parametrize("name", RESERVED)
def test_a_word_that_means_something_else_names_no_stage(name):
    assert names.stage_name_problem(name) == f"{name!r} is a reserved word"


@pytest.mark.parametrize("name", ["", "Prod", "1st", "-x", "_x", "a b", "a.b", "a/b", "prod\n", "é", "s" * 41])
def test_a_stage_may_not_be_named(name):
    assert names.stage_name_problem(name).startswith("a stage's name is up to 40")


@given(texts)
def test_what_is_shown_is_printable(text):
    assert names.shown(text).isprintable()


def test_what_is_printable_is_shown_as_it_is():
    assert names.shown("été \U0001f600") == "été \U0001f600"
    assert names.shown("a\x1b[31m\n\u202e\ud800") == r"a\x1b[31m\n\u202e\ud800"


# -- selectors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "model", "what"),
    [
        ("iris", "iris", "latest"),
        ("iris@latest", "iris", "latest"),
        ("iris@7", "iris", "7"),
        ("iris@1.0.5", "iris", "1.0.5"),
        ("team/iris@production", "team/iris", "production"),
    ],
)
def test_a_selector_has_two_parts(text, model, what):
    assert names.selector(text) == Selector(model, what)


@given(st.sampled_from(MODELS), st.sampled_from(VERSIONS))
def test_a_selector_prints_as_it_is_read(model, what):
    assert str(names.selector(f"{model}@{what}")) == f"{model}@{what}"


@pytest.mark.parametrize(
    "text", ["", "@", "@production", "iris@", "iris@@", "iris@a@b", "iris@-x", "iris@a b", "iris@7\n", "../x@7", "iris@HEAD:x", "iris@" + "x" * 129, "iris@a/b"], ids=ascii
)
def test_a_malformed_selector_is_wrong_usage(text):
    with pytest.raises(UsageError):
        names.selector(text)


@pytest.mark.parametrize(("text", "number"), [("7", 7), ("007", 7), ("0", 0), ("1.0", None), ("v7", None), ("", None), ("-7", None), ("\u0667", None), ("²", None)], ids=ascii)
def test_digits_are_always_a_number(text, number):
    assert names.number(text) == number


def test_an_enormous_number_is_one_that_no_version_has():
    assert names.number("9" * 10_000) == 10**9
