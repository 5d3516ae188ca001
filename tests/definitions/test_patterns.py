"""Every regular expression of the package takes linear time, however hostile the line.

All that modules and their classes hold and all that are written in a function are collected, so that a new one is
covered by being there. One that a function puts together is refused but where it is listed here with examples.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
import regex

import vernacular
from tests.definitions.hostile import Body, Pattern, hostile
from vernacular.sources.removal import bracketed
from vernacular.text.scripts import in_script
from vernacular.tokenizer.candidates import Letters

_ROOT = Path(vernacular.__file__).parent
_FIRST = (8, 11, 14, 17, 20, 60, 200)
_SHORT, _LONG = 1_000, 32_000  # characters of lines that are tried, and of those that took longest
_FLOOR = 0.012  # seconds that a linear pattern does not need for a long line
_WORST = 3  # lines of a pattern that are tried at length
_CALLS = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
_MADE = {  # what functions put together, by module and function: examples
    "vernacular.text.scripts.knows_script": [regex.compile(in_script("Latn"))],
    "vernacular.text.codepoints.points_of": [],  # classes of our own, run on all characters rather than on text
    "vernacular.sources.removal.bracketed": [bracketed("(", ")"), bracketed("*", "*")],
    "vernacular.tokenizer.candidates.Letters.__init__": list(vars(Letters("Latn")).values()),
    "vernacular.behavior_tests.operators.writing.Digits.apply": [re.compile(r"(?<=\d)\.(?=\d{3}(?!\d))")],
    "vernacular.speech.recordings.speakers.Speakers.without_names": [re.compile(re.escape("Awa (1)"), re.IGNORECASE)],
}


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages([str(_ROOT)], "vernacular."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def _patterns_of(name: str, value: object, depth: int) -> Iterator[tuple[str, Pattern]]:
    if isinstance(value, re.Pattern | regex.Pattern):
        yield name, value
    elif depth and isinstance(value, tuple | list | set | frozenset | dict):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in parts:
            yield from _patterns_of(f"{name}[{key!r}]", part, depth - 1)


def _within_functions() -> Iterator[tuple[str, ast.Call]]:
    """Calls of the two libraries that compile a pattern in a function, by module and function."""
    def look(node: ast.AST, name: str, within: bool) -> Iterator[tuple[str, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                yield from look(child, f"{name}.{child.name}", within or isinstance(child, ast.FunctionDef))
                continue
            if (within and isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute)
                    and isinstance(child.func.value, ast.Name) and child.func.value.id in ("re", "regex")
                    and child.func.attr in _CALLS):
                yield name, child
            yield from look(child, name, within)

    for path in sorted(_ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(_ROOT.parent).with_suffix("").parts)
        yield from look(ast.parse(path.read_text(encoding="utf-8")), name, False)


@cache
def _patterns() -> dict[str, Pattern]:
    """Each pattern of the package, by its place."""
    found: dict[str, Pattern] = {name: pattern for name, made in _MADE.items() for pattern in made}
    for module in _modules():
        for name, value in vars(module).items():
            places = [(name, value)]
            if isinstance(value, type) and value.__module__ == module.__name__:
                places += [(f"{name}.{inner}", part) for inner, part in vars(value).items()]
            for place, part in places:
                found |= _patterns_of(f"{module.__name__}.{place}", part, 3)
    for name, call in _within_functions():
        flags = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "flags"]
        flags += [ast.unparse(part) for part in call.args if ast.unparse(part).startswith(("re.", "regex."))]
        if isinstance(call.args[0], ast.Constant):
            library = ast.unparse(call.func).partition(".")[0]
            text = f"{library}.compile({ast.unparse(call.args[0])}, {' | '.join(flags) or 0})"
            found[f"{name}:{call.lineno}"] = eval(text, {"re": re, "regex": regex})  # noqa: S307
    return {name: pattern for pattern, name in {pattern: name for name, pattern in found.items()}.items()}


def _made_of_parts() -> set[str]:
    return {name for name, call in _within_functions() if not isinstance(call.args[0], ast.Constant)}


def _seconds(pattern: Pattern, body: Body, length: int, times: int = 1) -> float:
    line = body[0] + body[1] * max(1, length // len(body[1])) + body[2]
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        if isinstance(pattern.pattern, bytes):
            pattern.sub(b"", line.encode())  # type: ignore[arg-type]
        else:
            pattern.sub("", line)  # type: ignore[arg-type]
        best = min(best, time.process_time() - began)
    return best


def _slow(pattern: Pattern) -> str:
    """The line on which time grows faster than length, or empty."""
    bodies, seconds = hostile(pattern), dict[Body, float]()
    for length in (*_FIRST, _SHORT):  # where time doubles with each character, a long line would never end
        for body in bodies:
            seconds[body] = _seconds(pattern, body, length)
            if seconds[body] > _FLOOR and _seconds(pattern, body, length, 3) > _FLOOR:
                return f"a line of {length} takes more than {_FLOOR} seconds: {body}"
    bodies.sort(key=lambda body: -seconds[body])
    for body in bodies[:_WORST]:
        for length in (4 * _SHORT, _LONG):
            if _seconds(pattern, body, length) > _FLOOR:
                ratio = _seconds(pattern, body, length, 3) / _seconds(pattern, body, length // 4, 3)
                if ratio > 8:
                    return f"a line of {length} takes {ratio:.0f} times as long as a quarter of it: {body}"
    return ""


def test_no_pattern_takes_longer_than_its_line() -> None:
    slow = {name: why for name, pattern in sorted(_patterns().items()) if (why := _slow(pattern))}
    assert len(_patterns()) > 100
    assert not slow, "bound the repeats, or make them possessive and let a match begin only where a run does"


def test_patterns_that_functions_put_together_are_listed() -> None:
    assert _made_of_parts() == set(_MADE)


@pytest.mark.parametrize("pattern", [
    r"(a|a)+b", r"\s+$", r"[\w.]+@", r"<!--.*?-->", r"\*(?=\S).+?(?<=\S)\*", r"charset\s*=\s*[\"']?\s*x",
    r"(?:\.\w(?:[\w-]*\w)?)*\.[a-z]{2,}$"])
def test_patterns_that_are_not_linear_are_found(pattern: str) -> None:
    assert _slow(regex.compile(pattern))


def test_normal_forms_are_made_in_one_place() -> None:
    # model_code is used where Vernacular is not installed
    wrong = [path for path in _ROOT.rglob("*.py") if path.name != "normal_forms.py" and path.parent.name != "model_code"
             and re.search(r"unicodedata\.(is_)?normalize", path.read_text(encoding="utf-8"))]
    assert not wrong, "use vernacular.core.normal_forms: Python's takes time quadratic in the marks on a letter"
