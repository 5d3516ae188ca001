"""Strict YAML that remembers lines: a file as a tree of nodes, each with the ``file:line`` it came from.

Holds what is about YAML; knows nothing of languages. The rules are YAML 1.2's core schema, so that ``no`` stays a
language code and ``5e-4`` is a number, and less besides: no duplicate keys, anchors, tags, or keys that are not text.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import yaml

from vernacular.core.errors import Collector, Problem
from vernacular.core.files import File

MOST_BYTES = 2_000_000  # of a file; parsing takes a second for each million
INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_IMPLICIT = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "merge",
                                                     "value")}  # what PyYAML itself gives to untagged values
SYNTAX_FIX = ("Look at this line and the one before: text with : # { } [ ] or quotation marks in it needs quotes "
              "around it, and the entries of one list begin below each other")
_NO_CHARACTER = "Write the character itself in place of its number"
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")  # no file can hold one
_BELOW = "Let the entries of one list, and the keys of one block, begin below each other"
_QUOTED = "Put quotes around the whole text"
_IN_OTHER_WORDS = {  # in what PyYAML says -> the same to one who never read a grammar; what to do; where: begun or met
    "mapping values are not allowed": ("a colon stands where no key can be", f"{_QUOTED} if it holds a colon; or else "
                                       "the line before lacks its colon, or this one begins too far right", "met"),
    "could not find expected ':'": ("a key without a colon", "Write `key: value`", "begun"),
    "unexpected end of stream": ("a quotation mark is opened here and never closed", "Close it", "begun"),
    "but found '<scalar>'": ("text goes on behind a closing quotation mark or bracket", _QUOTED, "met"),
    "expected <block end>": ("this line does not go with those above it", _BELOW, "met"),
    "cannot start any token": ("a text begins with a sign that YAML keeps for itself", _QUOTED, "met"),
    "expected ',' or '}'": ("a { is opened here and not closed, or a comma is missing behind it",
                            "Close it; put quotes around text that holds { or }", "begun"),
    "expected ',' or ']'": ("a [ is opened here and not closed, or a comma is missing behind it",
                            "Close it; put quotes around text that holds [ or ]", "begun"),
    "unknown escape character": ("a backslash within double quotes", "Write it twice, or use single quotes", "met"),
    "found another document": ("--- begins a second document", "Remove it: a file holds one", "met"),
    "sequence entries are not allowed": ("a list begins behind its key", "Put every entry on a line of its own", "met")}


@dataclass(frozen=True)
class Node:
    """A value of the file and where it stands.

    Attributes:
        value: a mapping of text to nodes, a list of nodes, or a plain value.
        where: ``file:line`` of its key, or of the value itself in a list.
    """

    value: Any
    where: str

    def plain(self) -> Any:
        """The value without the places: dicts, lists and plain values."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


class _Loader(yaml.SafeLoader):
    """Parses and composes only; values are resolved here, and aliases are refused before they can multiply."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not used here",
                                       problem_mark=self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)


def read_yaml(file: File) -> Node:
    """The mapping that ``file`` holds, as nodes; an empty file is an empty mapping.

    Raises:
        Problem: unreadable, too large, not UTF-8, not strict YAML, or not a mapping.
    """
    try:
        text = file.text(MOST_BYTES)
    except OSError as error:
        raise Problem(f"cannot be read ({error.strerror})", where=file.shown, fix="Check that it is a file with read "
                      "permission") from error
    return parse_yaml(text, file.shown)


def parse_yaml(text: str, shown: str) -> Node:
    """The mapping that ``text`` holds, as nodes; messages call it ``shown``, such as ``languages/nya/language.yaml``.

    Raises:
        Problem: not strict YAML, or not a mapping.
    """
    faults = Collector()
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return Node({}, f"{shown}:1")
        node = _convert(root, shown, root.start_mark.line, faults)
    except yaml.MarkedYAMLError as error:
        raise _explained(error, shown) from error
    except yaml.YAMLError as error:
        raise Problem(f"not valid YAML: {error}", where=shown, fix=SYNTAX_FIX) from error
    except (ValueError, OverflowError) as error:  # of a character that PyYAML computes, such as "\UFFFFFFFF"
        raise Problem(f"not valid YAML: {error}", where=shown, fix=_NO_CHARACTER) from error
    except RecursionError as error:
        raise Problem("nested too deeply", where=shown, fix=SYNTAX_FIX) from error
    faults.done()
    if not isinstance(node.value, dict):
        raise Problem("the file must hold keys and values, such as `name: Chichewa`", where=node.where, fix=SYNTAX_FIX)
    return node


def _explained(error: yaml.MarkedYAMLError, shown: str) -> Problem:
    """One line for what PyYAML says in a parser's words."""
    said, met, begun = error.problem or error.context or "", error.problem_mark, error.context_mark
    if "'\\t'" in said:
        return _at(shown, met, "a tab stands where YAML wants spaces", "Put spaces in its place")
    for part, (told, fix, which) in _IN_OTHER_WORDS.items():
        if part in f"{said} {error.context}":
            return _at(shown, begun if which == "begun" and begun else met, f"not valid YAML: {told}", fix)
    return _at(shown, met or begun, f"not valid YAML: {said}", SYNTAX_FIX)


def _at(shown: str, mark: yaml.Mark | None, what: str, fix: str) -> Problem:
    return Problem(what, where=f"{shown}:{mark.line + 1 if mark else 1}", fix=fix)


def _convert(node: yaml.Node, shown: str, line: int, faults: Collector) -> Node:
    """``node`` as a ``Node``; what in it is no strict YAML goes to ``faults`` and is left out."""
    where = f"{shown}:{line + 1}"
    if isinstance(node, yaml.MappingNode):
        _plain_tag(node, "tag:yaml.org,2002:map", where)
        mapping: dict[str, Node] = {}
        for key, value in node.value:
            key_where = f"{shown}:{key.start_mark.line + 1}"
            with faults.collect():
                if not isinstance(key, yaml.ScalarNode) or (
                        key.style is None and not isinstance(_scalar(key, key_where), str)):
                    raise Problem("a key must be text", where=key_where, fix="Write a name, or put it in quotes")
                if key.value in mapping:
                    raise Problem(f"the key '{key.value}' is written twice (first at {mapping[key.value].where})",
                                  where=key_where, fix="Remove one of the two")
                _check_characters(key.value, key_where)
                mapping[key.value] = _convert(value, shown, key.start_mark.line, faults)
        return Node(mapping, where)
    if isinstance(node, yaml.SequenceNode):
        _plain_tag(node, "tag:yaml.org,2002:seq", where)
        items = list[Node]()
        for item in node.value:
            with faults.collect():
                items.append(_convert(item, shown, item.start_mark.line, faults))
        return Node(items, where)
    assert isinstance(node, yaml.ScalarNode)
    return Node(_scalar(node, where), where)


def _plain_tag(node: yaml.Node, expected: str, where: str) -> None:
    if node.tag != expected:
        raise Problem(f"the tag {node.tag} is not used here", where=where, fix="Write the plain value without a tag")


def _check_characters(text: str, where: str) -> None:
    if _HALF_CHARACTER.search(text):
        raise Problem("a \\u escape gives half a character", where=where, fix=_NO_CHARACTER)


def _scalar(node: yaml.ScalarNode, where: str) -> str | int | float | bool | None:
    text: str = node.value
    if node.tag not in _IMPLICIT:
        raise Problem(f"the tag {node.tag} is not used here", where=where, fix="Write the plain value without a tag")
    _check_characters(text, where)
    if node.style is not None:  # quoted or a block: text
        return text
    if len(text) > 1 and text[0] in "“„”" and text[-1] in "“”":
        raise Problem(f"{text[:60]} stands in a word processor's quotation marks, which YAML takes for part of it",
                      where=where, fix='Write straight ones: "…"')
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if len(text) < 60 and INTEGER.fullmatch(text):
        return int(text, 10 if text.lstrip("+-").isdigit() else 0)
    if len(text) < 60 and FLOAT.fullmatch(text):
        number = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if not math.isfinite(number):
            raise Problem(f"{text} is not a finite number", where=where, fix="Write a number")
        return number
    return text
