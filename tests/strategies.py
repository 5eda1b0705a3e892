"""What Hypothesis draws: texts that trip YAML readers, JSON-like values, and documents of each kind."""

from __future__ import annotations

from hypothesis import strategies as st

NASTY = (
    "", " ", "~", "null", "Null", "true", "False", "yes", "No", "on", "OFF", "y", "N", "012", "0o14", "0x1F", "0b11", "1_000",
    "1.10", "1e3", "1e-5", ".5", "-.5", "+1", "-0", ".inf", "-.INF", ".nan", "1:30", "190:20:30", "2026-11-22",
    "2026-11-22T07:24:31.123456Z", "=", "<<", "---", "...", "- ", "-", "- a", "? a", ": ", ":", "a: b", "a:", "a #b", "#", "# c",
    "&a", "*a", "!t", "!!str", "|", ">", "%YAML", "@a", "`a", "'", '"', "it's", "\\", "\\n", "{}", "[]", "[a", "a]", "{a", "a, b", ",",
    " lead", "trail ", "\ttab", "tab\t", "a\tb", "\n", "\n\n", "a\n", "a\n\n", "\na", "a\nb", "a\n b\n", " a\nb\n", "a \nb\n", "a\n# b\n",
    "a\r\nb", "a\rb", "\r", "\x00", "\x07", "\x1b[31m", "\x7f", "\x80", "\x85", "a\x85b", "\xa0", "a\u2028b\u2029", "\ufeff", "a\ufeff",
    "\ufffe", "\uffff", "\U0001f600", "\U0010ffff", "é", "ab" * 32, "a" * 300, "a " * 300, 'version: "x"', 'a\nversion: "x"\n', "<<<<<<< a",
)  # fmt: skip

texts = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.lists(st.sampled_from(NASTY), max_size=4).map("".join),
    st.text(" \n\t#:-'\"a1é\x85\u2028\ufeff", max_size=12),
)
integers = st.integers(-(2**63), 2**63 - 1)
reals = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.one_of(st.none(), st.booleans(), integers, reals, texts)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12)
maps = st.dictionaries(texts, values, max_size=5)

keys = texts.filter(lambda text: 1 <= len(text) <= 100 and text.isprintable())
numbers = st.integers(1, 10**9)
times = st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0"))
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
version_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,20}", fullmatch=True)
runs = st.fixed_dictionaries(
    {"id": texts},
    optional={
        "pipeline": texts, "step": texts, "started_at": times, "finished_at": times,
        "code": st.fixed_dictionaries({}, optional={"repository": texts, "commit": texts, "dirty": st.booleans()}),
        "ci": st.fixed_dictionaries({}, optional={"url": texts}),
    },
)  # fmt: skip
links = st.dictionaries(keys, st.fixed_dictionaries({"uri": texts.filter(bool)}, optional={"title": texts}), max_size=2)
artifacts = st.fixed_dictionaries(
    {"kind": st.sampled_from(["model", "data", "service"]), "uri": texts.filter(bool)},
    optional={"sha256": digests, "size": st.integers(0, 2**40), "folder": st.booleans()},
)
tags = st.lists(texts.filter(bool), max_size=3)

manifests = st.fixed_dictionaries(
    {"number": numbers, "version": version_names, "status": st.sampled_from(["running", "ready", "failed"]), "created_at": times, "created_by": texts},
    optional={
        "description": texts, "tags": tags, "metrics": st.dictionaries(keys, integers | reals, max_size=3),
        "params": st.dictionaries(keys, values, max_size=2), "metadata": maps,
        "artifacts": st.dictionaries(keys, artifacts, max_size=2), "links": links, "run": runs, "later_runs": st.lists(runs, max_size=2),
        "yanked": st.fixed_dictionaries({"at": times, "by": texts, "reason": texts}),
    },
)  # fmt: skip
model_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}(/[A-Za-z0-9][A-Za-z0-9._-]{0,9}){0,2}", fullmatch=True)
cards = st.fixed_dictionaries(
    {"name": model_names, "created_at": times, "created_by": texts},
    optional={
        **dict.fromkeys(("license", "description", "audience", "use_cases", "limitations", "trade_offs", "ethics"), texts),
        "tags": tags, "save_models_to_registry": st.booleans(), "links": links,
        "metrics": st.dictionaries(
            keys, st.fixed_dictionaries({}, optional={"better": st.sampled_from(["higher", "lower"]), "tolerance": st.floats(0, 1e9)}), max_size=2
        ),
        "deleted": st.fixed_dictionaries({"at": times, "by": texts}, optional={"reason": texts}),
    },
)  # fmt: skip
STAGES = ("development", "staging", "production")
pointers = st.fixed_dictionaries({}, optional={"number": st.none() | numbers, "previous": st.lists(numbers, max_size=4, unique=True)})
stages = st.fixed_dictionaries({}, optional={**dict.fromkeys(STAGES, pointers), "archived": st.lists(numbers, max_size=4, unique=True).map(sorted)})
rules = st.fixed_dictionaries(
    {},
    optional={
        "occupied": st.sampled_from(["archive", "refuse"]), "from": st.lists(st.sampled_from(STAGES), max_size=2), "review": st.booleans(),
        "require": st.lists(st.fixed_dictionaries({"name": st.just("good"), "expr": st.just("true")}), max_size=2),
    },
)  # fmt: skip
configs = st.fixed_dictionaries(
    {},
    optional={
        "format": st.just(1), "branch": st.sampled_from(["main", "release/1"]), "remote": st.just("origin"), "artifacts": texts,
        "stages": st.fixed_dictionaries(dict.fromkeys(STAGES, rules)),
    },
)  # fmt: skip
DOCUMENTS = {"gitreg": configs, "model": cards, "stages": stages, "manifest": manifests}
