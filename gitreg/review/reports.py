"""Findings in the forms that CI systems read. Pure; paths are from the repository's top, texts are escaped for each."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from gitreg.names import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitreg.records import Finding

RULES = {
    "R01": "Strict YAML", "R02": "Schema", "R03": "The path says the same as the content", "R04": "Numbers are 1 to N",
    "R05": "A stage points to a version that can hold it", "R06": "No name collisions", "R07": "Regular files only", "R08": "No stray files",
    "R09": "One stage a version, lists in order", "T01": "The record only grew", "T02": "Nothing is removed", "T03": "New numbers only",
    "T04": "A stage moves by the rules", "T05": "A former holder is remembered", "T06": "The format never goes down", "T07": "Rules change alone", "T08": "It merges",
}  # fmt: skip
_SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ANNOTATIONS = 10  # of a level that GitHub shows a step: "Workflow commands for GitHub Actions"


def github(findings: Sequence[Finding], prefix: str) -> str:
    """Return workflow commands that annotate files; beyond ten of a level, which GitHub drops, the rest is counted."""
    lines = []
    for level in ("error", "warning"):
        found = [finding for finding in findings if finding.severity == level]
        kept = found if len(found) <= _ANNOTATIONS else found[: _ANNOTATIONS - 1]
        for finding in kept:
            place = [f"file={_property(_path(finding, prefix))}"] if finding.path else []
            place += [f"line={finding.line}"] if finding.line else []
            lines.append(f"::{level} {','.join([*place, f'title={_property(finding.rule)}'])}::{_data(_sentence(finding))}")
        if len(kept) < len(found):
            lines.append(f"::{level} title=gitreg check::{len(found) - len(kept)} more: gitreg check names them all")
    return "".join(f"{line}\n" for line in lines)


def _data(text: str) -> str:
    return shown(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _path(finding: Finding, prefix: str) -> str:
    """Return a finding's path from the repository's top; one that starts with ``../`` lies beside the registry."""
    at, path = prefix, finding.path
    while path.startswith("../") and at:
        at, path = at[: at.rstrip("/").rfind("/") + 1], path[3:]
    return shown(at + path)


def _sentence(finding: Finding) -> str:
    return finding.message + (f" (try: {finding.fix})" if finding.fix else "")


def sarif(findings: Sequence[Finding], prefix: str, *, version: str) -> str:
    """Return a SARIF 2.1.0 log of one run of gitreg *version*."""
    rules = [{"id": rule, "shortDescription": {"text": RULES.get(rule, rule)}} for rule in sorted({finding.rule for finding in findings})]
    driver = {"name": "gitreg", "version": version, "rules": rules}
    run = {"tool": {"driver": driver}, "results": [_result(finding, prefix) for finding in findings]}
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(finding: Finding, prefix: str) -> dict[str, Any]:
    from urllib.parse import quote

    place: dict[str, Any] = {"artifactLocation": {"uri": quote(_path(finding, prefix).encode("utf-8", "surrogatepass"))}}
    if finding.line:
        place["region"] = {"startLine": finding.line}
    located = {"locations": [{"physicalLocation": place}]} if finding.path else {}
    return {"ruleId": finding.rule, "level": finding.severity, "message": {"text": shown(_sentence(finding))}, **located}


def junit(findings: Sequence[Finding], prefix: str) -> str:
    """Return a JUnit report: a failed case for each error, one that passed where there is none; warnings are its output."""
    suites = ET.Element("testsuites")
    errors = [finding for finding in findings if finding.severity == "error"]
    suite = ET.SubElement(suites, "testsuite", name="gitreg check", tests=str(len(errors) or 1), failures=str(len(errors)), errors="0", skipped="0")
    for finding in errors:
        place = _where(finding, prefix)
        case = ET.SubElement(suite, "testcase", classname=place, name=f"{finding.rule} {RULES.get(finding.rule, '')}".strip())
        ET.SubElement(case, "failure", message=shown(finding.message), type=finding.rule).text = f"{place}: {shown(_sentence(finding))}"
    if not errors:
        ET.SubElement(suite, "testcase", classname="gitreg", name="check")
    warnings = "".join(f"{_where(finding, prefix)}: {finding.rule} {shown(finding.message)}\n" for finding in findings if finding.severity == "warning")
    if warnings:
        ET.SubElement(suite, "system-out").text = warnings
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _where(finding: Finding, prefix: str) -> str:
    return shown(_path(finding, prefix)) + (f":{finding.line}" if finding.line else "")


def gitlab(findings: Sequence[Finding], prefix: str) -> str:
    """Return a code quality report of GitLab."""
    return json.dumps([_issue(finding, prefix) for finding in findings], indent=2) + "\n"


def _issue(finding: Finding, prefix: str) -> dict[str, Any]:
    same = "\0".join((finding.rule, _path(finding, prefix), finding.message)).encode("utf-8", "surrogatepass")
    return {
        "description": shown(_sentence(finding)),
        "check_name": finding.rule,
        "fingerprint": sha256(same).hexdigest(),
        "severity": "major" if finding.severity == "error" else "minor",
        "location": {"path": _path(finding, prefix), "lines": {"begin": finding.line or 1}},
    }
