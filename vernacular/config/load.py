"""Load language folders: merge language.yaml over defaults.yaml, validate, report errors with line and fix.

Keys are defined in ``schema``, rules across keys in ``rules``; ``yaml_file`` parses, ``explain``
words errors.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from vernacular.config.codes import is_code, name_of
from vernacular.config.explain import did_you_mean
from vernacular.config.labeled_data import PARTS
from vernacular.config.partial import usable_part
from vernacular.config.rules import check
from vernacular.config.schema import NOT_WRITTEN, Language
from vernacular.config.yaml_file import Node, read_yaml
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.core.files import Folder

FILE = "language.yaml"
DEFAULTS = "defaults.yaml"
_DEFAULT_KEYS = ("cleaning", "splits", "behaviour", "model", "task")
_SECTIONS = (*_DEFAULT_KEYS, "tasks", "vocabulary", "pretraining", "lora")
_LONGEST_CHAIN = 50  # models that extend each other
_TESTS = "behaviour"  # the one subfolder that is always read
# a mapping with another value of one of these describes something else and replaces the default
_WHOLE = ("hub", "path", "kind")


def load_language(folder: Path) -> Language:
    """Load the language in ``folder``, with defaults from the ``defaults.yaml`` beside it.

    Precedence, lowest first: the schema's defaults; ``defaults.yaml`` (``model:`` for every model,
    ``task:`` for every task, but not its numbers of derived items if labels are manual); the model
    named by ``extends`` (except ``enabled``); the entry itself.

    Raises:
        Problem: all errors in either file, with file and line.
    """
    examined = examine_language(folder)
    examined.faults.raise_collected()
    assert examined.language is not None  # otherwise there are faults
    return examined.language


@dataclass(frozen=True)
class Examined:
    """A language folder's settings and their errors."""

    language: Language | None  # without the invalid entries; None if nothing is usable
    whole: bool  # whether no entry was left out
    # errors in language.yaml and defaults.yaml, including links and pipes in their place
    faults: Collector


def examine_language(folder: Path) -> Examined:
    """Load a folder like ``load_language``, but collect its errors."""
    code, inside, faults = folder.name, Folder.of(folder), Collector()
    if not is_code(code):
        faults.add(Problem(f"'{code}' does not have the form of a BCP 47 language tag",
                           where=f"{folder.parent.name}/{code}",
                           fix="Rename the folder to the language's tag (nya, zh-Hant), or a private one (qaa, "
                               "x-name)", code=Code.CONFIG_CODE))
    for problem in (*inside.find_strange("*"), *inside.folder(_TESTS).find_strange("*")):
        faults.add(problem)
    if faults:
        return Examined(None, False, faults)
    with faults.collect():
        merged = read_merged(folder)
        found = usable_part(merged, code, folder, faults)
        if found is not None:
            language, node = found
            with faults.collect():
                check(language, node, whole=node is merged)
            return Examined(language, node is merged, faults)
    return Examined(None, False, faults)


def read_merged(folder: Path) -> Node:
    """Return the merged settings of ``folder`` and ``defaults.yaml`` with their places, not validated.

    Raises:
        Problem: a file is not strict YAML, or models extend each other wrongly.
    """
    return _merged(read_yaml(Folder.of(folder).file(FILE)), _read_defaults(folder.parent))


def load_all(root: Path) -> dict[str, Language | Problem]:
    """Load every folder of ``root`` with a language.yaml, by name; a broken one maps to its Problem.

    Args:
        root: the folder of languages. Folders whose names start with ``_`` or ``.`` are skipped.
    """
    found: dict[str, Language | Problem] = {}
    for folder in folders_of(root):
        try:
            found[folder.name] = load_language(folder)
        except Problem as problem:
            found[folder.name] = problem
    return found


def find_language(root: Path, code: str) -> Language:
    """Load the language ``code`` below ``root``.

    Raises:
        Problem: it does not exist (with close matches), or it is broken.
    """
    return load_language(folder_named(root, code))


def folder_named(root: Path, code: str) -> Path:
    """Return the folder of the language ``code`` below ``root``.

    Raises:
        Problem: it does not exist (with close matches).
    """
    known = [folder.name for folder in folders_of(root)]
    if code in known:
        return root / code
    if is_code(code) and (root / code).is_dir():
        raise Problem(f"the folder has no {FILE}", where=f"{root.name}/{code}",
                      fix=f"Restore it, or move the folder away and start with `vernacular new {code}`",
                      code=Code.CONFIG_FILE)
    names = {name_of(name).casefold(): name for name in known if is_code(name)}
    close = difflib.get_close_matches(code, known, n=3, cutoff=0.5) or [
        names[name] for name in difflib.get_close_matches(code.casefold(), list(names), n=3)]
    hint = f", did you mean {' or '.join(close)}?" if close else ""
    raise Problem(f"there is no language '{code}'{hint}", where=root.name,
                  fix=f"Existing: {', '.join(known) or 'none yet'}; create one with `vernacular new CODE`",
                  code=Code.CONFIG_FILE)


def folders_of(root: Path) -> list[Path]:
    """Return the folders below ``root`` with a language.yaml, by name; skip those starting with ``_`` or ``.``.

    Raises:
        Problem: ``root`` does not exist.
    """
    if not root.is_dir():
        raise Problem("this folder of languages does not exist", where=str(root),
                      fix="Run the command in the checkout, or name the folder", code=Code.CONFIG_FILE)
    return sorted(path for path in root.iterdir()
                  if path.name[0] not in "_." and path.is_dir() and os.path.lexists(path / FILE))


def _read_defaults(root: Path) -> dict[str, Node]:
    file = Folder(root, "", root.name).file(DEFAULTS)
    if not file.exists():
        return {}
    node = read_yaml(file)
    for key, child in node.value.items():
        if key not in _DEFAULT_KEYS:
            raise Problem(f"unknown key '{key}'{did_you_mean(key, _DEFAULT_KEYS)}", where=child.where,
                          fix=f"Valid keys of {DEFAULTS}: {', '.join(_DEFAULT_KEYS)}", code=Code.CONFIG_KEY)
        if child.value is not None and not isinstance(child.value, dict):
            raise Problem(f"'{key}' must contain keys "
                          "and values", where=child.where, fix="Indent its settings below it", code=Code.CONFIG_KEY)
    return dict(_without_empty(node).value)


def _merged(own: Node, defaults: dict[str, Node]) -> Node:
    """Merge ``own`` over ``defaults``; entries of models and tasks over ``model`` and ``task``."""
    own = _without_empty(own)
    for key in NOT_WRITTEN:
        if key in own.value:
            raise Problem(f"unknown key '{key}': the folder's name is the code", where=own.value[key].where,
                          fix="Remove it", code=Code.CONFIG_KEY)
    shared = {key: node for key, node in defaults.items() if key not in ("model", "task")}
    top = merge(Node(shared, own.where), own)
    entries = dict(top.value)
    if isinstance(entries.get("models", Node(None, "")).value, dict):
        models = entries["models"]
        bodies = {name: _extended(models, name, ()) for name in models.value}
        entries["models"] = Node({name: _under(defaults.get("model"), body) for name, body in bodies.items()},
                                 models.where)
    if isinstance(entries.get("tasks", Node(None, "")).value, dict):
        tasks = entries["tasks"]
        entries["tasks"] = Node({name: _under(_about(defaults.get("task"), body), body)
                                 for name, body in tasks.value.items()}, tasks.where)
    return Node(entries, top.where)


def _about(default: Node | None, task: Node) -> Node | None:
    """Return the task defaults for this task: without numbers of derived items if labels are manual."""
    if default is None or not isinstance(task.value, dict) or "data" not in task.value:
        return default
    return Node({key: node for key, node in default.value.items() if key not in PARTS}, default.where)


def _extended(models: Node, name: str, seen: tuple[str, ...]) -> Node:
    """Return the model ``name`` merged over the model it extends."""
    node: Node = models.value[name]
    if not isinstance(node.value, dict) or not isinstance(node.value.get("extends", node).value, str):
        return node
    parent = node.value["extends"]
    if parent.value in (*seen, name):
        raise Problem(f"models extend each other in a circle: {' -> '.join((*seen, name, parent.value))}",
                      where=parent.where, fix="Remove one `extends`", code=Code.CONFIG_RULE)
    if len(seen) >= _LONGEST_CHAIN:
        raise Problem(f"more than {_LONGEST_CHAIN} models extend each other", where=parent.where,
                      fix="Extend the first of them directly", code=Code.CONFIG_RULE)
    if parent.value not in models.value:
        raise Problem(f"'{name}' extends '{parent.value}', which does not "
                      f"exist{did_you_mean(parent.value, [other for other in models.value if other != name])}",
                      where=parent.where, fix="Name another model of this file", code=Code.CONFIG_RULE)
    base = _extended(models, parent.value, (*seen, name))
    if not isinstance(base.value, dict):
        return node
    inherited = {key: child for key, child in base.value.items() if key not in ("extends", "enabled")}
    return merge(Node(inherited, base.where), node)


def _under(default: Node | None, node: Node) -> Node:
    if default is None or not isinstance(node.value, dict):
        return node
    return merge(default, node)


def merge(under: Node, over: Node) -> Node:
    """Merge ``over`` over ``under``, mapping by mapping; lists and plain values replace."""
    if not isinstance(under.value, dict) or not isinstance(over.value, dict):
        return over
    for key in _WHOLE:
        if key in over.value and key in under.value and over.value[key].value != under.value[key].value:
            return over
    if ("hub" in over.value and "path" in under.value) or ("path" in over.value and "hub" in under.value):
        return over
    kept = dict(under.value)
    if "steps" in over.value or "minutes" in over.value:  # one budget replaces the other
        kept.pop("steps", None), kept.pop("minutes", None)
    for key, node in over.value.items():
        kept[key] = merge(kept[key], node) if key in kept else node
    return Node(kept, over.where)


def _without_empty(node: Node) -> Node:
    """Remove empty sections from ``node`` (``tasks:`` with only comments below it)."""
    if isinstance(node.value, dict):
        return Node({key: _without_empty(child) for key, child in node.value.items()
                     if child.value is not None or key not in _SECTIONS}, node.where)
    return node
