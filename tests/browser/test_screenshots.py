"""The pictures in the README are those of the dashboard as it is."""

from __future__ import annotations

import base64
import re
import subprocess
import sys

import pytest

from tests.pages import ROOT

FOLDER = ROOT / "docs" / "screenshots"
LARGEST = 150_000  # bytes
DIFFERENT = 0.04  # of the pixels: another machine's fonts and the digests of another run differ, another layout does more
COMPARED = """async ([one, other]) => {
    const pixels = [];
    for (const url of [one, other]) {
        const image = new Image();
        image.src = `data:image/png;base64,${url}`;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        pixels.push([image.width, image.height, context.getImageData(0, 0, image.width, image.height).data]);
    }
    const [[width, height, left], [otherWidth, otherHeight, right]] = pixels;
    if (width !== otherWidth || height !== otherHeight) return 1;
    let different = 0;
    for (let at = 0; at < left.length; at += 4) different += Math.abs(left[at] - right[at]) + Math.abs(left[at + 1] - right[at + 1]) + Math.abs(left[at + 2] - right[at + 2]) > 96;
    return different / (width * height);
}"""


@pytest.fixture(scope="module")
def taken(tmp_path_factory, chromium):
    """Return a folder with the pictures as the script takes them now."""
    folder = tmp_path_factory.mktemp("screenshots")
    subprocess.run([sys.executable, "-m", "benchmarks.screenshots", str(folder)], cwd=ROOT, check=True, capture_output=True)
    return folder


def test_the_readme_shows_every_picture_that_the_script_takes(taken):
    shown = set(re.findall(r"docs/screenshots/([\w-]+\.png)", (ROOT / "README.md").read_text()))

    assert shown == {path.name for path in taken.iterdir()} == {path.name for path in FOLDER.iterdir()}
    assert len(shown) == 6


def test_no_picture_is_large():
    assert [path.name for path in FOLDER.iterdir() if path.stat().st_size > LARGEST] == []


def test_the_pictures_are_those_of_the_pages_as_they_are(taken, browse):
    page = browse()

    found = {path.name: page.evaluate(COMPARED, [_base64(path), _base64(FOLDER / path.name)]) for path in taken.iterdir()}

    assert {name: share for name, share in found.items() if share > DIFFERENT} == {}, "python -m benchmarks.screenshots takes them anew"


def _base64(path):
    return base64.b64encode(path.read_bytes()).decode()
