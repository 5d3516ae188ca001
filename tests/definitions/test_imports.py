"""Imports go one way: vernacular <- assets <- pipelines. Read from the source, so that late imports count as well."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = {"vernacular": {"dagster", "assets", "pipelines"}, "assets": {"pipelines"}, "pipelines": set()}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_no_import_the_other_way(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    wrong = {f"{path.relative_to(ROOT)}: {name}" for path in files for name in imported(path)
             if name in FORBIDDEN[package] | {"tests"}}
    assert not wrong


@pytest.mark.parametrize("package", FORBIDDEN)
def test_modules_are_short_and_say_what_belongs_in_them(package: str) -> None:
    for path in sorted((ROOT / package).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), f"{path.relative_to(ROOT)} has no opening docstring"
        assert text.count("\n") < 300, f"{path.relative_to(ROOT)} has {text.count(chr(10))} lines"


def inside_functions(tree: ast.Module) -> Iterator[ast.ImportFrom]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (node for node in ast.walk(function) if isinstance(node, ast.ImportFrom))


def test_our_own_modules_are_imported_at_the_top() -> None:
    late = {f"{path.relative_to(ROOT)}:{node.lineno}" for package in FORBIDDEN
            for path in sorted((ROOT / package).rglob("*.py"))
            for node in inside_functions(ast.parse(path.read_text(encoding="utf-8")))
            if (node.module or "").split(".")[0] in FORBIDDEN}
    assert not late, "name it as an EntryPoint where it is heavy"


def test_no_test_imports_another() -> None:
    wrong = {f"{path.relative_to(ROOT)}: {name}" for path in sorted((ROOT / "tests").rglob("*.py"))
             for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)
             for name in (node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names))
             if name.startswith("tests.") and name.rpartition(".")[2].startswith("test_")}
    assert not wrong, "what two tests share lies in a module that is no test"


def test_unit_tests_mirror_the_packages() -> None:
    unit = ROOT / "tests" / "unit"
    wrong = []
    for path in sorted(unit.rglob("test_*.py")):
        place = path.relative_to(unit).with_name(path.stem.removeprefix("test_"))
        tested = place if place.parts[0] in ("assets", "pipelines", "benchmarks") else "vernacular" / place
        if not (ROOT / tested).with_suffix(".py").is_file() and not (ROOT / tested).is_dir():
            wrong.append(path.relative_to(ROOT).as_posix())
    assert not wrong, "name it by the module or package that it tests; what tests several lies in tests/integration"
