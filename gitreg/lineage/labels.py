"""What a thing is called where a person reads it, in one line. Pure; whoever prints it escapes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitreg import names

if TYPE_CHECKING:
    from gitreg.lineage.graph import Edge, Node
    from gitreg.records import Artifact, Code, Run

_DIGITS = 12  # of a digest or a commit: enough to tell them apart


def short(node: Node) -> str:
    """Return what a box in a drawing says."""
    facts = node.facts
    if node.kind == "version":
        stage = f", {facts['stage']}" if facts["stage"] else ""
        return version(facts) + stage + _state(facts)
    if node.kind == "data":
        return data(facts["uri"], facts["sha256"], facts["md5"])
    if node.kind == "code":
        return code(facts["repository"], facts["commit"], None) + (", dirty" if facts["dirty"] else "")
    if node.kind == "run":
        return run(facts["run"], facts["pipeline"], facts["step"])
    return f"{facts['uri']}: {facts['problem']}"


def long(node: Node) -> str:
    """Return what a line of text says."""
    facts = node.facts
    if node.kind == "version":
        stage = f", archived{_state(facts)}" if facts["stage"] == names.ARCHIVED else f", in {facts['stage']}{_state(facts)}" if facts["stage"] else _state(facts)
        return f"{version(facts)}{stage}, made by {facts['created_by']} on {facts['created_at']}"
    if node.kind == "code":
        return code(facts["repository"], facts["commit"], facts["dirty"])
    if node.kind == "run":
        url = (facts["ci"] or {}).get("url")
        return short(node) + (f", {url}" if url else "") + (f", failed: {facts['error']}" if facts["error"] else "")
    return short(node)


def edge(link: Edge) -> str:
    """Return what an arrow says: how the manifest calls it, else what it is; a handle that moves is named."""
    if link.kind == "used":
        return "used by"
    said = link.name or ("" if link.kind == "run" else link.kind)
    return f"{said}, {link.uri} as of now" if link.resolved else said


def version(facts: dict[str, Any]) -> str:
    """Return ``iris@7``, and the version's name where it has one."""
    named = "" if facts["version"] == str(facts["number"]) else f" ({facts['version']})"
    return f"{facts['model']}@{facts['number']}{named}"


def _state(facts: dict[str, Any]) -> str:
    return ", yanked" if facts["yanked"] else "" if facts["status"] == "ready" else f", {facts['status']}"


def data(uri: str, sha256: str | None, md5: str | None) -> str:
    """Return an address, and the start of the digest."""
    digest = f" (sha256 {sha256[:_DIGITS]})" if sha256 else f" (md5 {md5[:_DIGITS]})" if md5 else " (no digest)"
    return uri + digest


def code(repository: str | None, commit: str | None, dirty: bool | None) -> str:
    """Return a commit and its repository, and whether more than that ran."""
    where = f" of {repository}" if repository and commit else repository or ""
    return f"{(commit or '')[:_DIGITS]}{where}" + (", with changes that were not committed" if dirty else "")


def run(run_id: str, pipeline: str | None, step: str | None) -> str:
    """Return pipeline, step and id of a run."""
    return ", ".join(part for part in (" / ".join(each for each in (pipeline, step) if each), run_id) if part)


def of_run(found: Run) -> str:
    """Return a run's line."""
    url = found.ci.url if found.ci else None
    return run(found.id, found.pipeline, found.step) + (f", {url}" if url else "")


def of_code(found: Code) -> str:
    """Return a line on the code of a run."""
    return code(found.repository, found.commit, found.dirty)


def of_data(found: Artifact) -> str:
    """Return a line on data."""
    return data(found.uri, found.sha256, found.md5)
