"""Strict YAML with line numbers: a file as a tree of nodes, each with its ``file:line``.

Uses YAML 1.2's core schema, so that ``no`` is a language code and ``5e-4`` a number; rejects
duplicate keys, anchors, tags, and keys that are not text.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import yaml

from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.core.files import File

MOST_BYTES = 2_000_000  # of a file; parsing takes a second per million
INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_IMPLICIT = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "merge",
                                                     "value")}  # PyYAML's tags of untagged values
SYNTAX_FIX = ("Check this line and the one before: quote text that contains : # { } [ ] or quotation marks, and "
              "align the entries of a list")
_NO_CHARACTER = "Write the character itself instead of its number"
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")  # files cannot contain these
_BELOW = "Align the entries of a list, and the keys of a block"
_QUOTED = "Quote the whole text"
_IN_OTHER_WORDS = {  # part of PyYAML's message -> plain message; fix; whether to show the begin or the end
    "mapping values are not allowed": ("unexpected colon", f"{_QUOTED} if it contains a colon; or the line before "
                                                                             "lacks its colon, or this one is indented "
                                                                             "too far", "met"),
    "could not find expected ':'": ("a key without a colon", "Write `key: value`", "begun"),
    "unexpected end of stream": ("a quotation mark is never closed", "Close it", "begun"),
    "but found '<scalar>'": ("unexpected text after a closing quotation mark or bracket", _QUOTED, "met"),
    "expected <block end>": ("the indentation of this line does not match the lines above", _BELOW, "met"),
    "cannot start any token": ("a text begins with a character that is special in YAML", _QUOTED, "met"),
    "expected ',' or '}'": ("a { is never closed, or a comma is missing after it",
                            "Close it; quote text that contains { or }", "begun"),
    "expected ',' or ']'": ("a [ is never closed, or a comma is missing after it",
                            "Close it; quote text that contains [ or ]", "begun"),
    "unknown escape character": ("invalid escape after a backslash "
                                 "within double quotes", "Write it twice, or use single quotes", "met"),
    "found another document": ("--- begins a second document", "Remove it: a file contains one document", "met"),
    "sequence entries are not allowed": ("a list begins on the line "
                                         "of its key", "Write each entry on its own line", "met")}


@dataclass(frozen=True)
class Node:
    """A value of the file and its place."""

    value: Any  # a mapping of text to nodes, a list of nodes, or a plain value
    where: str  # ``file:line`` of its key, or of the value itself in a list

    def plain(self) -> Any:
        """Return the value without places: dicts, lists and plain values."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


class _Loader(yaml.SafeLoader):
    """Parses and composes only; values are converted later, and aliases are rejected before they multiply."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not supported",
                                       problem_mark=self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)


def read_yaml(file: File) -> Node:
    """Parse ``file`` as a mapping of nodes; an empty file is an empty mapping.

    Raises:
        Problem: unreadable, too large, not UTF-8, not strict YAML, or not a mapping.
    """
    try:
        text = file.text(MOST_BYTES)
    except OSError as error:
        raise Problem(f"cannot be read ({error.strerror})", where=file.shown,
                      fix="Check that it is a file and that you have read permission",
                      code=Code.CONFIG_YAML) from error
    return parse_yaml(text, file.shown)


def parse_yaml(text: str, shown: str) -> Node:
    """Parse ``text`` as a mapping of nodes; messages call it ``shown``, such as ``languages/nya/language.yaml``.

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
        raise Problem(f"not valid YAML: {error}", where=shown, fix=SYNTAX_FIX, code=Code.CONFIG_YAML) from error
    except (ValueError, OverflowError) as error:  # for an escape such as "\UFFFFFFFF"
        raise Problem(f"not valid YAML: {error}", where=shown, fix=_NO_CHARACTER, code=Code.CONFIG_YAML) from error
    except RecursionError as error:
        raise Problem("nested too deeply", where=shown, fix=SYNTAX_FIX, code=Code.CONFIG_YAML) from error
    faults.raise_collected()
    if not isinstance(node.value, dict):
        raise Problem("the file must contain keys and values, such as `name: Chichewa`", where=node.where,
                      fix=SYNTAX_FIX, code=Code.CONFIG_YAML)
    return node


def _explained(error: yaml.MarkedYAMLError, shown: str) -> Problem:
    """Convert PyYAML's message to a plain Problem."""
    message, met, begun = error.problem or error.context or "", error.problem_mark, error.context_mark
    if "'\\t'" in message:
        return _at(shown, met, "a tab is used for indentation", "Use spaces instead")
    for part, (plain_message, fix, which) in _IN_OTHER_WORDS.items():
        if part in f"{message} {error.context}":
            return _at(shown, begun if which == "begun" and begun else met, f"not valid YAML: {plain_message}", fix)
    return _at(shown, met or begun, f"not valid YAML: {message}", SYNTAX_FIX)


def _at(shown: str, mark: yaml.Mark | None, what: str, fix: str) -> Problem:
    return Problem(what, where=f"{shown}:{mark.line + 1 if mark else 1}", fix=fix, code=Code.CONFIG_YAML)


def _convert(node: yaml.Node, shown: str, line: int, faults: Collector) -> Node:
    """Convert ``node`` to a ``Node``; parts that are not strict YAML go to ``faults`` and are left out."""
    where = f"{shown}:{line + 1}"
    if isinstance(node, yaml.MappingNode):
        _plain_tag(node, "tag:yaml.org,2002:map", where)
        mapping: dict[str, Node] = {}
        for key, value in node.value:
            key_where = f"{shown}:{key.start_mark.line + 1}"
            with faults.collect():
                if not isinstance(key, yaml.ScalarNode) or (
                        key.style is None and not isinstance(_scalar(key, key_where), str)):
                    raise Problem("a key must be text", where=key_where, fix="Write a name, or put it in quotes",
                                  code=Code.CONFIG_KEY)
                if key.value in mapping:
                    raise Problem(f"the key '{key.value}' is repeated (first at {mapping[key.value].where})",
                                  where=key_where, fix="Remove one of the two", code=Code.CONFIG_KEY)
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
        raise Problem(f"the tag {node.tag} is not supported", where=where, fix="Write the plain value without a tag",
                      code=Code.CONFIG_YAML)


def _check_characters(text: str, where: str) -> None:
    if _HALF_CHARACTER.search(text):
        raise Problem("a \\u escape encodes half a character", where=where, fix=_NO_CHARACTER, code=Code.CONFIG_YAML)


def _scalar(node: yaml.ScalarNode, where: str) -> str | int | float | bool | None:
    text: str = node.value
    if node.tag not in _IMPLICIT:
        raise Problem(f"the tag {node.tag} is not supported", where=where, fix="Write the plain value without a tag",
                      code=Code.CONFIG_YAML)
    _check_characters(text, where)
    if node.style is not None:  # quoted or a block: always text
        return text
    if len(text) > 1 and text[0] in "“„”" and text[-1] in "“”":
        raise Problem(f"{text[:60]} has typographic quotation marks, which YAML reads as part of the text",
                      where=where, fix="Use straight ones: \"…\"", code=Code.CONFIG_YAML)
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if len(text) < 60 and INTEGER.fullmatch(text):
        return int(text, 10 if text.lstrip("+-").isdigit() else 0)
    if len(text) < 60 and FLOAT.fullmatch(text):
        number = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if not math.isfinite(number):
            raise Problem(f"{text} is not a finite number", where=where, fix="Write a number", code=Code.CONFIG_YAML)
        return number
    return text
