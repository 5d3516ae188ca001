"""The page of codes, read from the source: each code with the text beside it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from vernacular.core.shipped import CHECKOUT
from vernacular.reference.markdown import opening, table

FILE = "docs/reference/codes.md"
_CODE = re.compile(r"(VN(?:-[A-Z]{1,20}){1,9})(?: |$)")
_INTRO = """\
Messages carry stable codes, so that programs and documents can refer to them whatever their wording. `VN-RELEASE` codes
come from `vernacular verify` and `publish`, and follow the name of a file
([verify a release](../how-to/verify-a-release.md)). Remarks name what gains little
([when it pays](../experiments/when-it-pays.md)). … is a value.
"""


def codes_page() -> str:
    """The page of codes, ending with a newline."""
    texts: dict[str, dict[str, None]] = {}
    for path in sorted((CHECKOUT / "vernacular").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "VN-" in source and path.parent.name != "reference":
            for code, text in _codes_in(source):
                texts.setdefault(code, {})[text] = None
    rows = [(f"`{code}`", "; ".join(dict.fromkeys(text for text in texts[code] if text))) for code in sorted(texts)]
    return "\n".join([opening("Codes", "the source"), _INTRO, table(("code", "meaning"), rows)])


def _codes_in(source: str) -> Iterator[tuple[str, str]]:
    """Each code in a module, with its comment, the message beside it, or what its function is for."""
    lines, tree = source.splitlines(), ast.parse(source)
    documented = {id(node): ast.get_docstring(function) or "" for function in ast.walk(tree)
                  if isinstance(function, ast.FunctionDef) for node in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (code := _code_of(node.value)):
            yield code, lines[node.lineno - 1].partition("#")[2].strip()
        elif isinstance(node, ast.Call):
            values = [*node.args, *(keyword.value for keyword in node.keywords)]
            for value in values:
                if code := _code_of(value):
                    is_remark = any(keyword.arg == "code" for keyword in node.keywords)
                    yield code, (documented.get(id(node), "").split(".")[0] if is_remark else
                                 _message(node.args[-1]))
        elif isinstance(node, ast.JoinedStr) and (found := _CODE.match(_message(node))):
            yield found[1], _message(node)[found.end():].partition(": ")[2]


def _code_of(node: ast.expr) -> str:
    value = node.value if isinstance(node, ast.Constant) else None
    found = _CODE.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else ""


def _message(node: ast.expr) -> str:
    """A text, with … for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""

