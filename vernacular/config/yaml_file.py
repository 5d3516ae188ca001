"""Strict YAML that remembers lines: a file as a tree of nodes, each with the ``file:line`` it came from.

Holds what is about YAML; knows nothing of languages. The rules are YAML 1.2's core schema, so that ``no`` stays a
language code and ``5e-4`` is a number, and less besides: no duplicate keys, anchors, tags, or keys that are not text.
"""

from __future__ import annotations

import errno
import math
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vernacular.errors import Problem

INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_IMPLICIT = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "merge",
                                                     "value")}  # what PyYAML itself gives to untagged values
SYNTAX_FIX = ("Look at this line and the one before: text with : # { } [ ] or quotation marks in it needs quotes "
              "around it, and the entries of one list begin below each other")


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


def content_of(path: Path) -> bytes:
    """What the file ``path`` holds.

    Raises:
        OSError: it cannot be read, or is a pipe or a device, of which nobody knows when something comes and when it
            ends. A folder from a stranger may hold such, and all languages would wait for it.
    """
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
        return stream.read()


def read_yaml(path: Path, shown: str) -> Node:
    """The mapping that ``path`` holds, as nodes; an empty file is an empty mapping.

    Args:
        path: the file.
        shown: how messages call it, such as ``languages/nya/language.yaml``.

    Raises:
        Problem: unreadable, not UTF-8, not strict YAML, or not a mapping.
    """
    try:
        text = content_of(path).decode("utf-8-sig")
    except OSError as error:
        raise Problem(f"cannot be read ({error.strerror})", where=shown, fix="Check that it is a file with read "
                      "permission") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Problem(f"not UTF-8 text (byte 0x{error.object[error.start]:02X})", where=f"{shown}:{line}",
                      fix="Save it as UTF-8") from error
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return Node({}, f"{shown}:1")
        node = _convert(root, shown, root.start_mark.line)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if "'\\t'" in (error.problem or ""):
            raise Problem("a tab stands where YAML wants spaces", where=f"{shown}:{mark.line + 1 if mark else 1}",
                          fix="Put spaces in its place") from error
        begun = error.context_mark
        since = (f", {error.context} that begins at line {begun.line + 1}"
                 if begun and mark and begun.line != mark.line and error.context else "")
        raise Problem(f"not valid YAML: {error.problem or error.context}{since}",
                      where=f"{shown}:{mark.line + 1 if mark else 1}", fix=SYNTAX_FIX) from error
    except yaml.YAMLError as error:
        raise Problem(f"not valid YAML: {error}", where=shown, fix=SYNTAX_FIX) from error
    except RecursionError as error:
        raise Problem("nested too deeply", where=shown, fix=SYNTAX_FIX) from error
    if not isinstance(node.value, dict):
        raise Problem("the file must hold keys and values, such as `name: Chichewa`", where=node.where, fix=SYNTAX_FIX)
    return node


def _convert(node: yaml.Node, shown: str, line: int) -> Node:
    where = f"{shown}:{line + 1}"
    if isinstance(node, yaml.MappingNode):
        _plain_tag(node, "tag:yaml.org,2002:map", where)
        mapping: dict[str, Node] = {}
        for key, value in node.value:
            key_where = f"{shown}:{key.start_mark.line + 1}"
            if not isinstance(key, yaml.ScalarNode) or (key.style is None and not isinstance(_scalar(key, key_where),
                                                                                            str)):
                raise Problem("a key must be text", where=key_where, fix="Write a name, or put it in quotes")
            if key.value in mapping:
                raise Problem(f"the key '{key.value}' is written twice (first at {mapping[key.value].where})",
                              where=key_where, fix="Remove one of the two")
            mapping[key.value] = _convert(value, shown, key.start_mark.line)
        return Node(mapping, where)
    if isinstance(node, yaml.SequenceNode):
        _plain_tag(node, "tag:yaml.org,2002:seq", where)
        return Node([_convert(item, shown, item.start_mark.line) for item in node.value], where)
    assert isinstance(node, yaml.ScalarNode)
    return Node(_scalar(node, where), where)


def _plain_tag(node: yaml.Node, expected: str, where: str) -> None:
    if node.tag != expected:
        raise Problem(f"the tag {node.tag} is not used here", where=where, fix="Write the plain value without a tag")


def _scalar(node: yaml.ScalarNode, where: str) -> str | int | float | bool | None:
    text: str = node.value
    if node.tag not in _IMPLICIT:
        raise Problem(f"the tag {node.tag} is not used here", where=where, fix="Write the plain value without a tag")
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
