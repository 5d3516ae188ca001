"""The usable part of a broken ``language.yaml``, so that files it names can be checked too.

An invalid entry (a task, model, source or section) is left out, never guessed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vernacular.config.explain import distinct_errors, explain, steps_to
from vernacular.config.schema import Language
from vernacular.config.yaml_file import Node, parse_yaml
from vernacular.core.errors import Collector

_ROUNDS = 4  # leaving out an entry can invalidate others
_ENTRIES = ("tasks", "models", "sources")  # sections whose entries are left out one by one
# Placeholders for required entries that were left out. They are never read or reported.
_NEEDED = parse_yaml("""
name: unknown
script: Latn
sources: [{name: nothing, kind: inbox, folder: none, licence: unverified, consent: unknown, register: other}]
models: {none: {base: {path: none, licence: unverified}, objective: masked, pretraining: {steps: 1}, enabled: false}}
""", "")


def usable_part(merged: Node, code: str, folder: Path, faults: Collector) -> tuple[Language, Node] | None:
    """Return the language in ``merged`` and its nodes, without invalid entries.

    Returns None if the remainder is still invalid.

    Args:
        merged: from the folder's files.
        code: of the language.
        folder: of the language.
        faults: collects the errors.
    """
    node = merged
    for _ in range(_ROUNDS):
        try:
            return Language.model_validate({**node.plain(), "code": code, "folder": folder}), node
        except ValidationError as error:
            if node is merged:  # later errors may result from entries that were left out
                for problem in explain(error, node):
                    faults.add(problem)
            paths = [steps_to(each["loc"], node) for each in distinct_errors(error, node)]
            node = _without(node, {tuple(path[:2] if path[0] in _ENTRIES else path[:1]) for path in paths if path})
    return None


def _without(node: Node, entries: set[tuple[Any, ...]]) -> Node:
    """Remove ``entries`` from ``node``; add placeholders for required ones."""
    sections = {key: child for key, child in node.value.items() if (key,) not in entries}
    for name in _ENTRIES:
        child = sections.get(name)
        if child is None or not isinstance(child.value, dict | list):
            continue
        numbered = child.value.items() if isinstance(child.value, dict) else enumerate(child.value)
        kept = {key: entry for key, entry in numbered if (name, key) not in entries}
        sections[name] = Node(kept if isinstance(child.value, dict) else list(kept.values()), child.where)
    for key, needed in _NEEDED.value.items():
        if "speech" in sections and key in ("sources", "models"):
            continue  # not required beside speech
        if key not in sections or sections[key].value in ([], {}):
            sections[key] = needed
    return Node(sections, node.where)
