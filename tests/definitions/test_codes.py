"""Every problem that a person sees has a stable code, so that tests and documents need not quote its words."""

from __future__ import annotations

import ast

from tests.project import CHECKOUT


def test_every_problem_has_a_code() -> None:
    missing = [f"{path.relative_to(CHECKOUT)}:{node.lineno}" for folder in ("vernacular", "assets", "pipelines")
               for path in sorted((CHECKOUT / folder).rglob("*.py"))
               for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
               and isinstance(node.func, ast.Name) and node.func.id in ("Problem", "TransientProblem")
               and not any(given.arg == "code" for given in node.keywords)]
    assert not missing, f"no code: {missing}; they are listed in vernacular/core/codes.py"
