"""What an enemy writes into a registry, to break out of HTML, attributes, JSON, SVG and addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.registries import SHA, Dated, dated

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# every one of them would set window.pwned, open a dialog, ask another machine or leave an element "pwned" behind
RUN = "window.pwned=1;alert(1)"
MARKUP = (
    f"<script>{RUN}</script><pwned-tag></pwned-tag>",
    f"</script><script>{RUN}</script><pwned-tag>",
    f"</title></style></textarea></template></svg></noscript><img class=pwned src=x onerror={RUN}>",
    f"\"><img class=pwned src=x onerror={RUN}>",
    f"' onmouseover='{RUN}' class='pwned' x='",
    f"\" onfocus=\"{RUN}\" autofocus tabindex=0 class=\"pwned\" x=\"",
    f"--><svg class=pwned onload={RUN}></svg><!--",
    f"]]></text></svg><svg class=pwned><script>{RUN}</script><a xlink:href=\"javascript:{RUN}\">x</a>",
    f"<!--<script>{RUN}//--></script>",
    "{{ 7919 * 104729 }}{% for x in ().__class__.__base__.__subclasses__() %}pwned{% endfor %}${7919*104729}",
    f"`;{RUN}//\\\";{RUN}//\\u003cscript\\u003e",
    "<base href=https://evil.example/><meta http-equiv=refresh content=\"0;url=https://evil.example/\"><link rel=stylesheet href=https://evil.example/x.css><iframe class=pwned src=https://evil.example></iframe><form class=pwned action=https://evil.example>",
    "\u2028\u2029\u202e\u0007\u001b[31m<b class=pwned>",
)
ADDRESSES = {
    "script": f"javascript:{RUN}",
    "case": f"JaVaScRiPt:{RUN}",
    "space": f" javascript:{RUN}",
    "tab": f"java\tscript:{RUN}",
    "line": f"java\nscript:{RUN}",
    "control": f"\u0001javascript:{RUN}",
    "entity": f"&#106;avascript:{RUN}",
    "slashes": f"javascript://example.org/%0a{RUN}",
    "data": f"data:text/html,<script>{RUN}</script>",
    "vbscript": f"vbscript:{RUN}",
    "file": "file:///etc/passwd",
    "quote": f"https://example.org/\" onclick=\"{RUN}",
    "blob": f"view-source:javascript:{RUN}",
    "backslash": "\\\\evil.example\\share",
    "relative": "//evil.example/x",
    "good": "https://example.org/fine?a=1&b=2",
}
MODEL = "hostile"
FOLDER = f"\"><img class=pwned src=x onerror={RUN}>"  # what the registry is called
WRITER = f"Eve' onmouseover='{RUN}' class='pwned\" onfocus=\"{RUN}"


def hostile(folder: Path, git: Callable[..., str]) -> None:
    """Make a model each of whose fields that may hold any text holds an attack."""
    with dated(folder) as registry:
        registry.people = (f"{WRITER} <eve@example.org>",)
        git(folder, "config", "user.name", WRITER)
        registry.create_model(MODEL, **{field: f"{field}: {text}" for field, text in zip(("description", "license", "audience", "use_cases", "limitations", "trade_offs", "ethics"), MARKUP, strict=False)}, tags=list(MARKUP), links=_links(), metrics={MARKUP[0][:100]: {"better": "higher"}})
        for attack in MARKUP:
            _version(registry, attack)
        for number, stage in ((1, "production"), (2, "production"), (3, "staging"), (4, "staging"), (5, "production")):
            registry.promote(f"{MODEL}@{number}", stage, reason=MARKUP[number])
        registry.yank(f"{MODEL}@6", reason=MARKUP[3])


def _links() -> dict[str, dict[str, str]]:
    return {f"{name} {MARKUP[3]}"[:100]: {"uri": uri, "title": "" if n % 2 else MARKUP[n % len(MARKUP)]} for n, (name, uri) in enumerate(ADDRESSES.items())}


def _version(registry: Dated, attack: str) -> None:
    key = "".join(sign for sign in attack if sign.isprintable())[:100]
    registry.register(
        MODEL,
        metrics={key: 0.5, "accuracy": 0.9},
        params={key: attack, "nested": {key: [attack]}},
        tags=[attack],
        description=attack,
        artifacts={key: {"kind": "model", "uri": ADDRESSES["script"], "sha256": SHA, "file": attack.translate(dict.fromkeys([*range(32), ord("/"), ord("\\")]))}, "service": {"kind": "service", "uri": ADDRESSES["quote"]}},
        links=_links() | {"base": {"uri": attack}},
        metadata={key: attack},
        run={"id": attack, "pipeline": attack, "step": attack, "error": attack, "code": {"repository": ADDRESSES["script"], "commit": attack}, "ci": {"url": ADDRESSES["script"], "job": attack}, "environment": {"python": attack, "packages": {key: attack}}},
    )
