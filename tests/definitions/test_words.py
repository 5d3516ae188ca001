"""Names, docstrings, comments, messages and documents are written in plain technical English.

Strings of tests are data and may contain any word; so may a string in backticks.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Word or phrase -> what to write instead.
INSTEAD = {
    r"fore(see\w*|saw|told)": "predict",
    r"(stands?|stood)(?! ?(alone|still|in for))": "is",
    r"held(?![-_ ]out)": "stored, kept, locked",
    r"(hangs?|hung) (on|from)": "depends on",
    r"as far as (can|could|may) be": "leave it out",
    r"(is|are|was|were|be|been|being) asked": "requested, or name the caller",
    r"what of it": "which part",
    r"says?(?= (so|that|what|whether|how|which|where|nothing|one|of|it)\b)": "states, contains",
    r"said": "stated, reported, declared",
    r"tells?|told": "reports, shows",
    r"anew": "again",
    r"(go|goes|went|going) on": "continue",
    r"(that|who|which) (is|are|was|were) none": "is not one",
    r"whoever|whosoever|whereof|thereof|thereby|wherefrom": "name the person or thing",
    r"mend(s|ed|ing)?": "fix, repair",
    r"(take|takes|took|taken) (up|over from)": "include, copy",
    r"passed over|(is|are|to) pass over": "skip",
    r"lies?(?! in wait)|lain": "is, is stored",
    r"by heart": "memorized",
    r"each time (?=anew)|ever so": "leave it out",
    r"impostors?|likeness": "negatives, similarity",
    r"wants? (for|of)": "lacks",
    r"makes? (it|them) out": "determine",
    r"teach(es)? wrongly": "degrades",
    r"keeps a sentence encoder one": "preserves sentence embeddings",
}
NAMES = r"fore(see\w*|saw|told)|stands|stood|held(?!_?out)|said|tells|told|anew|mend(s|ed|ing)?|impostors?|likeness"
_WORDS = re.compile(rf"(?<![\w`])(?:{'|'.join(INSTEAD)})(?![\w`])", re.IGNORECASE)
_NAMES = re.compile(rf"(?:^|_)(?:{NAMES})(?:_|$)", re.IGNORECASE)
_QUOTED = re.compile(r"``[^`]*``|`[^`]*`")
# What is not rewritten yet; an entry whose last word is gone must go too.
PENDING: set[str] = set()


def _files() -> list[str]:
    folders = ("vernacular", "assets", "pipelines", "benchmarks", "tests", "docs")
    return sorted(path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob("*")
                  if path.suffix in {".py", ".md", ".html"} and path != Path(__file__).resolve()) + [
        name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile") if (ROOT / name).exists()]


def _texts(name: str) -> Iterator[tuple[int, str]]:
    """Line and text of each docstring, comment and message of a file, or of each line of a document."""
    source = (ROOT / name).read_text(encoding="utf-8")
    if not name.endswith(".py"):
        yield from enumerate(source.splitlines(), 1)
        return
    strings = not name.startswith(("tests/", "benchmarks/"))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if strings and isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield from enumerate(node.value.split("\n"), node.lineno)
        elif not strings and isinstance(node, documented) and (text := ast.get_docstring(node, clean=False)):
            yield from enumerate(text.split("\n"), node.body[0].lineno)


def _names(name: str) -> Iterator[tuple[int, str]]:
    if not name.endswith(".py"):
        return
    for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=text) | ast.arg(arg=text) | ast.Attribute(attr=text) | ast.FunctionDef(name=text) | \
                    ast.ClassDef(name=text):
                yield node.lineno, text


def violations(name: str) -> list[str]:
    """Place and word of each use of a word that is listed, in text or in a name."""
    used = [f"{name}:{line}: {match[0]}" for line, text in _texts(name)
            for match in _WORDS.finditer(_QUOTED.sub("``", text))]
    return used + [f"{name}:{line}: {text}" for line, text in _names(name) if _NAMES.search(text)]


def _pending(name: str) -> bool:
    return any(name == entry or name.startswith(f"{entry}/") for entry in PENDING)


def test_words_are_plain() -> None:
    wrong = [violation for name in _files() if not _pending(name) for violation in violations(name)]
    assert not wrong, f"see INSTEAD for what to write: {wrong[:20]}"


@pytest.mark.parametrize("entry", sorted(PENDING))
def test_pending_is_needed(entry: str) -> None:
    assert any(violations(name) for name in _files() if name == entry or name.startswith(f"{entry}/"))
