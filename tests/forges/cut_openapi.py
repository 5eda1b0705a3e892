"""Cut GitHub's description of its interface down to what gitreg asks of it: ``python -m tests.forges.cut_openapi api.github.com.json``.

The source is ``generated/api.github.com.json`` of the npm package ``@octokit/openapi``. Kept are the operations below with
their parameters, bodies, the answers of success, every schema that those refer to, and an example of what each GET answers; prose is left out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_PATHS = {
    "/repos/{owner}/{repo}/pulls": ("get", "post"),
    "/repos/{owner}/{repo}/pulls/{pull_number}": ("get", "patch"),
    "/repos/{owner}/{repo}/pulls/{pull_number}/reviews": ("get",),
    "/repos/{owner}/{repo}/commits/{ref}/check-runs": ("get",),
    "/repos/{owner}/{repo}/commits/{ref}/status": ("get",),
    "/repos/{owner}/{repo}/actions/runs": ("get",),
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": ("get", "post"),
    "/repos/{owner}/{repo}/issues/comments/{comment_id}": ("patch",),
    "/user": ("get",),
}
_PROSE = {"description", "summary", "externalDocs", "example", "x-github", "x-github-breaking-changes", "tags", "title", "x-multi-segment"}
_KEPT = {"200", "201", "422"}
HERE = Path(__file__).parent / "github-openapi.json"


def cut(whole: dict[str, Any]) -> dict[str, Any]:
    """Return the part of the description that is kept, as JSON Schema understands it."""
    paths = {path: {verb: _operation(whole, whole["paths"][path][verb], example=verb == "get") for verb in verbs} for path, verbs in _PATHS.items()}
    kept: dict[str, Any] = {}
    wanted = _refs(paths)
    while wanted:
        name = wanted.pop()
        kept[name] = _plain(whole["components"]["schemas"][name])
        wanted |= _refs(kept[name]) - set(kept)
    return {"info": {"version": whole["info"]["version"], "license": whole["info"]["license"]}, "paths": paths, "components": {"schemas": dict(sorted(kept.items()))}}


def _operation(whole: dict[str, Any], operation: dict[str, Any], *, example: bool) -> dict[str, Any]:
    parameters = [_resolved(whole, one) for one in operation.get("parameters", ())]
    made: dict[str, Any] = {"parameters": [{"name": one["name"], "in": one["in"], "schema": _plain(one["schema"])} for one in parameters]}
    if "requestBody" in operation:
        made["requestBody"] = _plain(operation["requestBody"]["content"]["application/json"]["schema"])
    made["responses"] = {code: _answer(whole, _resolved(whole, answer), example=example) for code, answer in operation["responses"].items() if code in _KEPT}
    return made


def _answer(whole: dict[str, Any], answer: dict[str, Any], *, example: bool) -> dict[str, Any]:
    content = answer["content"]["application/json"]
    examples = [_resolved(whole, one)["value"] for one in content.get("examples", {}).values()]
    return {"schema": _plain(content["schema"]), **({"example": examples[0]} if example and examples else {})}


def _resolved(whole: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    found: Any = whole
    for part in node["$ref"].removeprefix("#/").split("/") if "$ref" in node else ():
        found = found[part]
    return found if "$ref" in node else node


def _plain(node: Any, names: bool = False) -> Any:
    """Return a schema without prose; ``nullable`` of OpenAPI 3.0 is a type beside the others. *names* are properties, whatever they are called."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: _plain(value, key == "properties" and not names) for key, value in node.items() if names or key not in _PROSE}
    if not names and made.pop("nullable", False):
        return {"anyOf": [made, {"type": "null"}]}
    return made


def _refs(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(_refs, node))
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"].rpartition("/")[2]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*(_refs(value) for key, value in node.items() if key != "example"))


if __name__ == "__main__":
    HERE.write_text(json.dumps(cut(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), separators=(",", ":")) + "\n", encoding="utf-8")
