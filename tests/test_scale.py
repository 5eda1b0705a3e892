"""``python -m benchmarks.scale``: it runs, it writes what it measured, and the pages of the documentation show just that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import pages
from benchmarks import report as performance
from benchmarks.scale import charts, launched, report, tables
from benchmarks.scale.plan import FULL, QUICK, limited

ROOT = Path(__file__).parents[1]
PLACES = report.Places.below(ROOT)
SMALL = 60 << 20  # bytes; a Python that does nothing has some 10 MB


def scale(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.scale", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize("curve", tables.CURVES)
def test_each_curve_is_measured_by_itself(curve, tmp_path):
    done = scale("--quick", "--only", curve, "--folder", str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert f"`{report.command(curve)}`" in done.stdout
    assert done.stdout.startswith("| ")
    assert list(tmp_path.iterdir()) == []


def test_a_curve_that_is_none_is_wrong_usage():
    done = scale("--only", "versions,depth")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("error: no such curve: depth\n")


def test_the_page_on_scale_shows_what_was_measured():
    for writer, text in report.texts(report.known(PLACES)).items():
        assert pages.shown(PLACES.page, writer) == text, writer


def test_the_pictures_show_what_was_measured():
    found = {path.name: path.read_text() for path in PLACES.pictures.iterdir()}

    assert found == report.pictures(report.known(PLACES))


def test_the_page_on_performance_shows_what_was_measured():
    results = json.loads(Path(performance.DATA).read_text())

    assert pages.shown(performance.PAGE, "python -m benchmarks") == performance.markdown(results).strip("\n")


def test_every_curve_was_measured_at_every_size():
    rows = {name: part["rows"] for name, part in report.known(PLACES).items()}

    assert [row["versions"] for row in rows["versions"]] == [*FULL.versions]
    assert [(row["models"], row["namespaces"]) for row in rows["models"]] == [(shape.models, shape.namespaces) for shape in FULL.models]
    assert [row["versions"] for row in rows["growth"]] == [*FULL.growth]
    assert [row["clones"] for row in rows["push"] if "gitreg" in row] == [*FULL.clones]
    assert [row["shape"] for row in rows["clone"]] == [str(shape) for shape in FULL.consumers]


def test_a_curve_that_is_measured_again_leaves_the_others_as_they_were(tmp_path):
    there = report.Places.below(tmp_path)
    there.page.parent.mkdir(parents=True)
    there.data.parent.mkdir()
    shutil.copy(PLACES.page, there.page)
    shutil.copy(PLACES.data, there.data)
    before = report.known(there)

    report.write({"push": before["push"] | {"seconds": 7_000}}, there)

    assert report.known(there) == before | {"push": before["push"] | {"seconds": 7_000}}
    assert "`, 7,000 s, on" in pages.shown(there.page, report.command("push"))
    assert pages.shown(there.page, report.command("models")) == pages.shown(PLACES.page, report.command("models"))


def test_the_page_waits_until_every_curve_was_measured(tmp_path):
    there = report.Places.below(tmp_path)
    there.data.parent.mkdir()
    push = report.known(PLACES)["push"]

    report.write({"push": push}, there)

    assert report.known(there) == {"push": push}
    assert not there.page.exists()


def test_the_part_of_a_page_is_replaced_and_the_rest_stays(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- begin: written by me -->\nold\n<!-- end: written by me -->\nafter\n")

    pages.show(page, "me", "new")

    assert page.read_text() == "before\n<!-- begin: written by me -->\n\nnew\n\n<!-- end: written by me -->\nafter\n"
    assert pages.shown(page, "me") == "new"


def test_a_page_that_has_no_place_for_it_is_left_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- begin: written by you -->\n<!-- end: written by you -->\n")

    with pytest.raises(AssertionError, match="does not say where me writes"):
        pages.show(page, "me", "new")

    assert page.read_text() == "before\n<!-- begin: written by you -->\n<!-- end: written by you -->\n"


def test_a_picture_is_the_same_for_the_same_figures_and_its_names_do_not_touch():
    lines = {name: [(10, 1.0), (1_000, 1.0 + number / 1_000)] for number, name in enumerate(["get", "show", "list"])}
    chart = charts.Chart("Versions", "versions", "times", lines)

    drawn = charts.drawn(chart)

    texts = {element.text: float(element.attrib["y"]) for element in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")}
    heights = sorted(texts[name] for name in lines)
    assert drawn == charts.drawn(chart)
    assert all(upper - lower >= 12 for lower, upper in pairwise(heights))


def test_the_memory_of_a_command_is_not_that_of_who_asks():
    ours = bytearray(SMALL)

    assert launched.peak([sys.executable, "-c", "pass"]) < len(ours)
    assert launched.peak([sys.executable, "-c", f"bytearray({SMALL})"]) > len(ours)


def test_sizes_limit_the_curves_that_have_them():
    plan = limited(FULL, (10, 1_000, 32))

    assert plan.versions == (10, 1_000)
    assert [str(shape) for shape in plan.models] == ["10 models", "1,000 models"]
    assert plan.clones == (32,)
    assert limited(QUICK, ()) == QUICK


@pytest.mark.parametrize(("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 KB"), (278_000, "278 KB"), (5_250_000_000, "5.2 GB")])
def test_bytes_are_shown_in_the_unit_that_fits(count, text):
    assert tables.size(count) == text


@pytest.mark.parametrize(("ms", "text"), [(0.0713, "0.071 ms"), (7.26, "7.3 ms"), (48.2, "48 ms"), (11_530.0, "11.5 s")])
def test_times_are_shown_in_the_unit_that_fits(ms, text):
    assert tables.time(ms) == text
