"""Small edits of a YAML file that preserve everything else in it, including comments.

PyYAML's marks give the place, and the text is changed there; nothing is written unless the result
parses as intended. Readers of language folders are in ``yaml_file``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from vernacular.config.yaml_file import parse_yaml, read_yaml
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File

_PLAIN = re.compile(r"[^\W\d_](?:[^\W_]|['’ʼ-])*")
_NOT_TEXT = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_BOM = "\ufeff"
_WIDTH = 110


def scalar(text: str) -> str:
    """Return ``text`` as a YAML value: plain if that is safe, else double-quoted."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT
    return text if plain else json.dumps(text, ensure_ascii=False)


def add_words(file: File, keys: Sequence[str | int], words: Sequence[str]) -> None:
    """Append ``words`` to the list at ``keys`` of the file.

    Args:
        file: to edit.
        keys: path to the list, such as ``("lexicons", "animals")``.
        words: text to append.

    Raises:
        Problem: the file cannot be edited automatically.
    """
    def edit(text: str, root: yaml.Node, newline: str) -> str:
        node = _at(root, keys)
        if not isinstance(node, yaml.SequenceNode):
            raise LookupError
        items = [scalar(word) for word in words]
        if not node.flow_style:
            last = node.value[-1]
            end = _line_end(text, last.end_mark.index)
            indent = " " * node.start_mark.column
            return text[:end] + "".join(f"{newline}{indent}- {item}" for item in items) + text[end:]
        end = node.value[-1].end_mark.index if node.value else node.start_mark.index + 1
        indent, column = " " * (node.start_mark.column + 1), end - (text.rfind("\n", 0, end) + 1)
        parts: list[str] = []
        for number, item in enumerate(items):
            first = not node.value and number == 0
            wraps = column + len(item) + 2 > _WIDTH
            parts.append("" if first else f",{newline}{indent}" if wraps else ", ")
            column = (len(indent) if wraps else column + len(parts[-1])) + len(item)
            parts.append(item)
        return text[:end] + "".join(parts) + text[end:]

    _edit(file, edit, lambda data: _at_data(data, keys).extend(words),
          f"Add to {'.'.join(map(str, keys))}: {', '.join(map(scalar, words))}")


def set_mapping(file: File, keys: Sequence[str | int], key: str, value: Mapping[str, str] | str,
                after: str) -> None:
    """Set ``key`` of the mapping at ``keys`` to ``value`` in one line; a new key goes below ``after``.

    Raises:
        Problem: the file cannot be edited automatically.
    """
    written = scalar(value) if isinstance(value, str) else (
        "{" + ", ".join(f"{name}: {scalar(text)}" for name, text in value.items()) + "}")

    def edit(text: str, root: yaml.Node, newline: str) -> str:
        node = _at(root, keys)
        if not isinstance(node, yaml.MappingNode):
            raise LookupError
        entries = {name.value: (name, content) for name, content in node.value}
        if key in entries:
            old = entries[key][1]
            return text[:old.start_mark.index] + written + text[_end(old):]
        name, content = entries[after]
        if node.flow_style:
            end = _end(content)
            return f"{text[:end]}, {key}: {written}{text[end:]}"
        end = _line_end(text, _end(content))
        return f"{text[:end]}{newline}{' ' * name.start_mark.column}{key}: {written}{text[end:]}"

    plain = value if isinstance(value, str) else dict(value)
    _edit(file, edit, lambda data: _at_data(data, keys).update({key: plain}), f"Write `{key}: {written}`")


def _edit(file: File, edit: Callable[[str, yaml.Node, str], str], meant: Callable[[Any], None], by_hand: str) -> None:
    expected = read_yaml(file).plain()
    meant(expected)
    text = file.read().decode("utf-8")
    bom, text = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            raise LookupError
        new = edit(text, root, "\r\n" if "\r\n" in text else "\n")
        if parse_yaml(new, file.shown).plain() != expected:
            raise LookupError
    except (LookupError, Problem) as error:
        raise Problem("the file's layout cannot be edited automatically", where=file.shown,
                      fix=f"{by_hand} by hand", code=Code.CONFIG_YAML) from error
    file.write(bom + new)


def _at(root: yaml.Node, keys: Sequence[str | int]) -> yaml.Node:
    node = root
    for key in keys:
        if isinstance(key, int):
            node = node.value[key]
        else:
            node = next((content for name, content in node.value if name.value == key), None)  # type: ignore[assignment]
        if node is None:
            raise LookupError
    return node


def _at_data(data: Any, keys: Sequence[str | int]) -> Any:
    for key in keys:
        data = data[key]
    return data


def _end(node: yaml.Node) -> int:
    """Return where the text of ``node`` ends; a block's end mark is at the next token, so use its last value."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(node, yaml.MappingNode) else last)
    return int(node.end_mark.index)


def _line_end(text: str, index: int) -> int:
    found = re.compile(r"\r?\n|$").search(text, index)
    return found.start() if found else len(text)
