"""Convert wikitext to plain text: keep paragraphs and list items; drop templates, tables, notes, images, headings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from importlib import import_module
from typing import Any

import regex

from vernacular.config.limits import Limits
from vernacular.sandbox.frames import OpenFile
from vernacular.sandbox.limits import for_page
from vernacular.sandbox.reader import read_bounded

_TAGS_OUT = {"ref", "references", "gallery", "table", "math", "chem", "ce", "timeline", "syntaxhighlight", "source",
             "score", "hiero", "imagemap", "graph", "mapframe", "maplink", "templatestyles", "style", "script", "code",
             "pre", "poll", "inputbox", "categorytree", "section", "indicator"}
_TEMPLATE = regex.compile(r"\{\{\s*+([^{}|\n]*+)[|}]")
_DISAMBIGUATION = regex.compile(
    r"(?i)\b(?:disambig|disambiguation|dab|hndis|geodis|begriffsklärung|homonymie|homonimia|"
    r"desambiguaci[oó]n?|desambiguação|disambigua)\b")
_REDIRECT = regex.compile(r"\A\s*+#\w+[^\n]{0,20}\[\[", flags=regex.IGNORECASE)
_MAGIC = regex.compile(r"__[\p{Lu}_]+__")
_MARKUP = regex.compile(r"\{\{|\}\}|\[\[|\]\]|\{\||\|\}|</?[a-z][^<>\n]*>?|&[a-z]+;", flags=regex.IGNORECASE)
_ROW = regex.compile(r"\A\s*+(?:[|!]|\{\|)")  # remains of an unclosed table
_QUOTES = regex.compile(r"'{2,5}")
_LANGUAGE = regex.compile(r"[a-z]{2,3}(?:-[a-z]+)*")


def is_disambiguation(source: str, title: str) -> bool:
    """Whether the page is a disambiguation page, by common template names or its title."""
    return title.casefold().endswith("(disambiguation)") or "__DISAMBIG__" in source or any(
        _DISAMBIGUATION.search(match[1]) for match in _TEMPLATE.finditer(source))


def is_redirect(source: str) -> bool:
    """Whether the page is a redirect, in any language."""
    return _REDIRECT.match(source) is not None


def article_text(source: str, title: str, namespaces: Collection[str], where: str, limits: Limits) -> str:
    """Return the prose of an article, extracted in the worker; empty for redirects and disambiguation pages.

    Raises:
        LimitReached: it exceeds ``limits``.
    """
    return "".join(read_bounded(f"{__name__}:in_worker_text", [source.encode("utf-8", "surrogatepass")],
                                [title, sorted(namespaces)], where, for_page(limits)))


def in_worker_text(files: Sequence[OpenFile], title: str, namespaces: list[str]) -> Iterator[str]:
    """In the worker: yield the prose of the one page in ``files``, if any."""
    import_module("mwparserfromhell")

    def found() -> Iterator[str]:
        source = files[0].read().decode("utf-8", "surrogatepass")
        if not is_redirect(source) and not is_disambiguation(source, title):
            yield plain_text(source, frozenset(namespaces))

    return found()


def plain_text(source: str, namespaces: Collection[str]) -> str:
    """Return the prose of ``source``, one paragraph or list item per line.

    Args:
        source: wikitext of a page.
        namespaces: lower-case names of all namespaces except the main one, in the wiki's language
            and English: links to them (images, categories) are dropped.
    """
    import mwparserfromhell

    code = mwparserfromhell.parse(source)
    _prune(code, namespaces)
    lines = []
    for line in str(code.strip_code(normalize=True, collapse=False)).split("\n"):
        line = " ".join(_QUOTES.sub("", _MAGIC.sub("", line)).split())
        if line and not _ROW.match(line) and not _MARKUP.search(line) and any(map(str.isalpha, line)):
            lines.append(line)
    return "\n".join(lines)


def _prune(code: Any, namespaces: Collection[str]) -> None:
    """Remove everything from ``code`` that is not prose, outermost first."""
    from mwparserfromhell import nodes

    for node in list(code.nodes):
        if isinstance(node, nodes.Template | nodes.Heading | nodes.Comment | nodes.Argument):
            code.remove(node)
        elif isinstance(node, nodes.Wikilink):
            prefix, colon, _ = str(node.title).partition(":")
            if colon and (prefix.strip().casefold() in namespaces or _LANGUAGE.fullmatch(prefix.strip())):
                code.remove(node)
            elif node.text is not None:
                _prune(node.text, namespaces)
        elif isinstance(node, nodes.Tag):
            if str(node.tag).strip().casefold() in _TAGS_OUT:
                code.remove(node)
            elif node.contents is not None:
                _prune(node.contents, namespaces)
        elif isinstance(node, nodes.ExternalLink):
            if node.title is None:
                code.remove(node)
            else:
                _prune(node.title, namespaces)
