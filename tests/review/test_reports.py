from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest

from gitreg.records import Finding
from gitreg.review import reports
from tests.pages import ROOT

ERROR = Finding(rule="T01", path="models/iris/versions/7.yaml", line=3, message="metrics.auc: 100% recorded", fix="gitreg register")
WARNING = Finding(rule="T05", severity="warning", path="models/iris/stages.yaml", message="production: 6 held it")
HOSTILE = Finding(rule="R08", path="models/a,b:c\n::set-output name=x::y/<b>.yaml", message="x\r\n::error::forged\x1b[31m <script> ]]> \x00 \ud800")


def test_github_annotates_the_line():
    assert reports.github([ERROR, WARNING], "sub/") == (
        "::error file=sub/models/iris/versions/7.yaml,line=3,title=T01::metrics.auc: 100%25 recorded (try: gitreg register)\n"
        "::warning file=sub/models/iris/stages.yaml,title=T05::production: 6 held it\n"
    )


@pytest.mark.parametrize("count", [9, 10, 11, 200])
def test_github_gets_ten_of_a_level_and_the_count_of_the_rest(count):
    lines = reports.github([ERROR] * count + [WARNING], "").splitlines()

    shown = [line for line in lines if line.startswith("::error file=")]
    more = [int(found[1]) for line in lines if (found := re.search(r"::(\d+) more:", line))]
    assert len([line for line in lines if line.startswith("::error")]) <= 10
    assert len(shown) + sum(more) == count


def test_a_stranger_s_text_is_no_command_of_github():
    lines = reports.github([HOSTILE], "").splitlines()

    assert len(lines) == 1
    assert lines[0].startswith("::error file=models/a%2Cb%3Ac\\n%3A%3Aset-output name=x%3A%3Ay/<b>.yaml,title=R08::x")
    assert "\x1b" not in lines[0]


def test_sarif_has_a_rule_and_a_place_for_each_result():
    log = json.loads(reports.sarif([ERROR, WARNING, HOSTILE], "sub/", version="1.0"))

    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert {result["ruleId"] for result in run["results"]} == {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    first = run["results"][0]
    assert (first["level"], first["message"]["text"]) == ("error", "metrics.auc: 100% recorded (try: gitreg register)")
    assert first["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "sub/models/iris/versions/7.yaml"}, "region": {"startLine": 3}}}]
    assert " " not in run["results"][2]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_sarif_of_nothing_is_a_run_without_results():
    assert json.loads(reports.sarif([], "", version="1.0"))["runs"][0]["results"] == []


def test_junit_fails_a_case_for_each_error():
    suite = ET.fromstring(reports.junit([ERROR, WARNING, HOSTILE], ""))[0]

    assert (suite.get("tests"), suite.get("failures")) == ("2", "2")
    assert [case.get("name") for case in suite.iter("testcase")] == ["T01 The record only grew", "R08 No stray files"]
    assert suite.find("system-out").text == "models/iris/stages.yaml: T05 production: 6 held it\n"


def test_junit_of_nothing_is_a_case_that_passed():
    suite = ET.fromstring(reports.junit([], ""))[0]

    assert (suite.get("tests"), suite.get("failures"), len(suite.findall("testcase/failure"))) == ("1", "0", 0)


def test_gitlab_tells_the_same_finding_by_its_fingerprint():
    one, other = json.loads(reports.gitlab([ERROR, WARNING], ""))

    assert one["location"] == {"path": "models/iris/versions/7.yaml", "lines": {"begin": 3}}
    assert (one["severity"], other["severity"]) == ("major", "minor")
    assert one["fingerprint"] != other["fingerprint"]
    assert json.loads(reports.gitlab([ERROR], ""))[0] == one


def test_each_rule_has_the_title_that_the_reference_gives_it():
    page = (ROOT / "docs/reference/check-rules.md").read_text()

    assert dict(re.findall(r"^### ([RT]0\d) (.+)$", page, re.MULTILINE)) == reports.RULES


@pytest.mark.parametrize("rule", reports.RULES)
def test_each_rule_has_an_example_and_a_way_to_mend_it(rule):
    page = (ROOT / "docs/reference/check-rules.md").read_text()
    section = re.search(rf"^### {rule} .*?(?=^##)", page, re.MULTILINE | re.DOTALL)

    assert section
    assert "For example" in section[0]
    assert "\nMend: " in section[0]


def test_a_file_beside_a_registry_in_a_folder_is_placed_where_it_is():
    beside = Finding(rule="T07", path="../.github/workflows/ci.yml", message="x")

    assert "file=team/.github/workflows/ci.yml," in reports.github([beside], "team/registry/")
    assert json.loads(reports.gitlab([beside], "registry/"))[0]["location"]["path"] == ".github/workflows/ci.yml"


def test_a_path_that_is_not_utf8_is_a_valid_address():
    odd = Finding(rule="R08", path="models/caf\udce9", message="x")

    assert "%5Cudce9" in reports.sarif([odd], "", version="1.0") or "%ED" in reports.sarif([odd], "", version="1.0")
