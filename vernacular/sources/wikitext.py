"""Wikitext to plain text: paragraphs and list items stay; templates, tables, notes, pictures and headings go."""

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
_ROW = regex.compile(r"\A\s*+(?:[|!]|\{\|)")  # left over from a table that was never closed
_QUOTES = regex.compile(r"'{2,5}")
_LANGUAGE = regex.compile(r"[a-z]{2,3}(?:-[a-z]+)*")


def is_disambiguation(source: str, title: str) -> bool:
    """Whether the page only lists what its title can mean: by the common names of the template, or its title."""
    return title.casefold().endswith("(disambiguation)") or "__DISAMBIG__" in source or any(
        _DISAMBIGUATION.search(match[1]) for match in _TEMPLATE.finditer(source))


def is_redirect(source: str) -> bool:
    """Whether the page only points to another one, in whatever language the word for it is."""
    return _REDIRECT.match(source) is not None


def article_text(source: str, title: str, namespaces: Collection[str], where: str, limits: Limits) -> str:
    """The prose of an article, found in the worker; empty for a redirect or a page that only lists meanings.

    Raises:
        LimitReached: parsing it takes more than ``limits`` allow.
    """
    return "".join(read_bounded(f"{__name__}:in_worker_text", [source.encode("utf-8", "surrogatepass")],
                                [title, sorted(namespaces)], where, for_page(limits)))


def in_worker_text(files: Sequence[OpenFile], title: str, namespaces: list[str]) -> Iterator[str]:
    """In the worker: the prose of the one page in ``files``, if it has any."""
    import_module("mwparserfromhell")

    def found() -> Iterator[str]:
        source = files[0].read().decode("utf-8", "surrogatepass")
        if not is_redirect(source) and not is_disambiguation(source, title):
            yield plain_text(source, frozenset(namespaces))

    return found()


def plain_text(source: str, namespaces: Collection[str]) -> str:
    """The prose of ``source``, a paragraph or list item a line.

    Args:
        source: wikitext of a page.
        namespaces: names of all namespaces but the main one, in lower case, in the wiki's own language and in English:
            links into them (pictures, categories) are no prose.
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
    """Take out of ``code`` what is no prose, from the outside inwards."""
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
