"""Documents: links, anchors and the files they name exist; pages are sorted by purpose and in the navigation."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"tutorials", "how-to", "reference", "explanation", "experiments"}
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
_FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)
_FILE = re.compile(r"`((?:vernacular|pipelines|assets|tests|benchmarks|deploy|docs)/[\w./-]+\.\w+)`")
_TEST = re.compile(r"`((?:unit|definitions|endtoend|browser|integration)/[\w/]+\.py)`")
_NAMED = re.compile(r"(?<![\w-])docs/[\w./-]+\.md(?:#[\w.-]+)?")


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub and the site make it."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


@cache
def anchors(page: Path) -> frozenset[str]:
    text = page.read_text(encoding="utf-8")
    return frozenset([*map(slug, _HEADING.findall(_FENCED.sub("", text))), *re.findall(r"\bid=\"([^\"]+)\"", text)])


def broken(page: Path, target: str, folder: Path) -> bool:
    path, _, anchor = target.partition("#")
    file = (folder / path).resolve() if path else page
    return not file.exists() or (bool(anchor) and anchor not in anchors(file))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_named_files_exist(page: Path) -> None:
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    links = [first or second for first, second in _LINK.findall(re.sub(r"`[^`\n]*`", "", text))]
    local = [link for link in links if not re.match(r"https?:|mailto:", link)]
    assert [link for link in local if broken(page, link, page.parent)] == []
    named = [*_FILE.findall(text), *(f"tests/{name}" for name in _TEST.findall(text))]
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_pages_that_the_code_names_exist() -> None:
    suffixes = {".py", ".yaml", ".json", ".html", ".md", ".example"}
    files = [path for folder in ("vernacular", "assets", "pipelines", "benchmarks", "deploy", "languages")
             for path in (ROOT / folder).rglob("*") if path.suffix in suffixes]
    named = {(path.relative_to(ROOT).as_posix(), target) for path in files
             for target in _NAMED.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 20
    assert [(file, target) for file, target in sorted(named) if broken(ROOT, target, ROOT)] == []


def paths(nav: object) -> list[str]:
    """The pages in the navigation of the site."""
    if isinstance(nav, str):
        return [nav]
    return [path for part in (nav.values() if isinstance(nav, dict) else nav) for path in paths(part)]


def test_each_page_is_of_a_kind_and_in_the_navigation() -> None:
    docs = ROOT / "docs"
    assert {path.name for path in docs.glob("*.md")} == {"index.md"}
    assert {path.name for path in docs.iterdir() if path.is_dir()} == KINDS | {"images"}
    nav = paths(tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"])
    assert sorted(nav) == sorted(page.relative_to(docs).as_posix() for page in docs.rglob("*.md"))
