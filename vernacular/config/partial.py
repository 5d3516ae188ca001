"""As much of a broken ``language.yaml`` as can be used, so that what it names can be checked at the same time.

An entry (a task, a model, a source, a whole section) that cannot be used is left out; it is never guessed at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vernacular.config.explain import distinct_errors, explain, steps_to
from vernacular.config.schema import Language
from vernacular.config.yaml_file import Node, parse_yaml
from vernacular.core.errors import Collector

_ROUNDS = 4  # what is left out may be needed by something else, which is then left out, too
_ENTRIES = ("tasks", "models", "sources")  # each holds entries that can be left out one by one
# What no language can be without, in the place of what was left out. None of it is read or reported.
_NEEDED = parse_yaml("""
name: unknown
script: Latn
sources: [{name: nothing, kind: inbox, folder: none, licence: unverified, consent: unknown, register: other}]
models: {none: {base: {path: none, licence: unverified}, objective: masked, pretraining: {steps: 1}, enabled: false}}
""", "")


def usable_part(merged: Node, code: str, folder: Path, faults: Collector) -> tuple[Language, Node] | None:
    """The language that ``merged`` describes, and its nodes, without the entries that are wrong.

    None where even then something is wrong.

    Args:
        merged: of the folder's files.
        code: of the language.
        folder: of the language.
        faults: takes up what is wrong.
    """
    node = merged
    for _ in range(_ROUNDS):
        try:
            return Language.model_validate({**node.plain(), "code": code, "folder": folder}), node
        except ValidationError as error:
            if node is merged:  # later ones may come of what was left out
                for problem in explain(error, node):
                    faults.add(problem)
            paths = [steps_to(each["loc"], node) for each in distinct_errors(error, node)]
            node = _without(node, {tuple(path[:2] if path[0] in _ENTRIES else path[:1]) for path in paths if path})
    return None


def _without(node: Node, entries: set[tuple[Any, ...]]) -> Node:
    """``node`` without ``entries``, with what no language can be without."""
    sections = {key: child for key, child in node.value.items() if (key,) not in entries}
    for name in _ENTRIES:
        child = sections.get(name)
        if child is None or not isinstance(child.value, dict | list):
            continue
        numbered = child.value.items() if isinstance(child.value, dict) else enumerate(child.value)
        kept = {key: entry for key, entry in numbered if (name, key) not in entries}
        sections[name] = Node(kept if isinstance(child.value, dict) else list(kept.values()), child.where)
    for key, needed in _NEEDED.value.items():
        if key not in sections or sections[key].value in ([], {}):
            sections[key] = needed
    return Node(sections, node.where)
