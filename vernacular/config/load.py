"""Reading language folders: language.yaml over defaults.yaml, checked, with errors that name the file, line and fix.

Holds the finding and merging of files. What a key may say is in ``schema``, what hangs on more than one in ``rules``;
YAML itself is in ``yaml_file``, turning a refusal into one line in ``explain``.
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
from vernacular.config.schema import Language
from vernacular.config.yaml_file import Node, read_yaml
from vernacular.core.errors import Collector, Problem
from vernacular.core.files import Folder

FILE = "language.yaml"
DEFAULTS = "defaults.yaml"
_DEFAULT_KEYS = ("cleaning", "splits", "behaviour", "model", "task")
_SECTIONS = (*_DEFAULT_KEYS, "tasks", "vocabulary", "pretraining", "lora")
_NOT_WRITTEN = ("code", "folder")
_LONGEST_CHAIN = 50  # models, each of which extends the next
_TESTS = "behaviour"  # the one subfolder that is read whatever the settings say
_WHOLE = ("hub", "path", "kind")  # a mapping that says another one of these is about something else: it replaces


def load_language(folder: Path) -> Language:
    """The language in ``folder``, with the ``defaults.yaml`` beside the folder filled in.

    Precedence, lowest first: the schema's own defaults, ``defaults.yaml`` (``model:`` under every model, ``task:``
    under every task, but its numbers of derived items not where people made the labels), the model that is named by
    ``extends`` (but its ``enabled``), the entry itself.

    Raises:
        Problem: everything in either file that cannot be used, with file and line.
    """
    examined = examine_language(folder)
    examined.faults.done()
    assert examined.language is not None  # or else there are faults
    return examined.language


@dataclass(frozen=True)
class Examined:
    """A language folder's settings, and what is wrong with them.

    Attributes:
        language: without the entries that are wrong; None where not even that can be read.
        whole: whether no entry was left out.
        faults: what is wrong in language.yaml and defaults.yaml, and links and pipes in their place.
    """

    language: Language | None
    whole: bool
    faults: Collector


def examine_language(folder: Path) -> Examined:
    """What ``load_language`` loads, or everything that forbids it."""
    code, inside, faults = folder.name, Folder.of(folder), Collector()
    if not is_code(code):
        faults.add(Problem(f"'{code}' does not have the form of a BCP 47 language tag",
                           where=f"{folder.parent.name}/{code}",
                           fix="Rename the folder to the language's tag (nya, zh-Hant), or a private one (qaa, "
                               "x-name)"))
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
    """The settings of the language in ``folder`` over those of ``defaults.yaml``, not validated, with their places.

    Raises:
        Problem: a file that is no strict YAML, or models that extend each other wrongly.
    """
    return _merged(read_yaml(Folder.of(folder).file(FILE)), _read_defaults(folder.parent))


def load_all(root: Path) -> dict[str, Language | Problem]:
    """Every folder of ``root`` that has a language.yaml, by name; a broken one is there as its Problem.

    Args:
        root: the folder of languages. Folders whose names start with ``_`` or ``.`` are passed over.
    """
    found: dict[str, Language | Problem] = {}
    for folder in folders_of(root):
        try:
            found[folder.name] = load_language(folder)
        except Problem as problem:
            found[folder.name] = problem
    return found


def find_language(root: Path, code: str) -> Language:
    """The language ``code`` below the folder of languages ``root``.

    Raises:
        Problem: there is none of that name (with the close ones), or it is broken.
    """
    return load_language(folder_named(root, code))


def folder_named(root: Path, code: str) -> Path:
    """The folder of the language ``code`` below the folder of languages ``root``.

    Raises:
        Problem: there is none of that name; says which are close.
    """
    known = [folder.name for folder in folders_of(root)]
    if code in known:
        return root / code
    if is_code(code) and (root / code).is_dir():
        raise Problem(f"the folder has no {FILE}", where=f"{root.name}/{code}",
                      fix=f"Put it back, or move the folder away and start with `vernacular new {code}`")
    names = {name_of(name).casefold(): name for name in known if is_code(name)}
    close = difflib.get_close_matches(code, known, n=3, cutoff=0.5) or [
        names[name] for name in difflib.get_close_matches(code.casefold(), list(names), n=3)]
    hint = f", did you mean {' or '.join(close)}?" if close else ""
    raise Problem(f"there is no language '{code}'{hint}", where=root.name,
                  fix=f"There are: {', '.join(known) or 'none yet'}; `vernacular new CODE` starts another")


def folders_of(root: Path) -> list[Path]:
    """The folders below ``root`` that have a language.yaml, by name; not those whose names start with ``_`` or ``.``.

    Raises:
        Problem: there is no ``root``.
    """
    if not root.is_dir():
        raise Problem("there is no such folder of languages", where=str(root),
                      fix="Run this in the checkout, or name the folder")
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
                          fix=f"{DEFAULTS} may hold {', '.join(_DEFAULT_KEYS)}")
        if child.value is not None and not isinstance(child.value, dict):
            raise Problem(f"'{key}' must hold keys and values", where=child.where, fix="Indent its settings below it")
    return dict(_without_empty(node).value)


def _merged(own: Node, defaults: dict[str, Node]) -> Node:
    """``own`` over ``defaults``; entries of models and tasks over ``model`` and ``task``."""
    own = _without_empty(own)
    for key in _NOT_WRITTEN:
        if key in own.value:
            raise Problem(f"unknown key '{key}': the folder's name is the code", where=own.value[key].where,
                          fix="Remove it")
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
    """What the defaults of tasks say of this one: where people made the labels, no numbers of derived items."""
    if default is None or not isinstance(task.value, dict) or "data" not in task.value:
        return default
    return Node({key: node for key, node in default.value.items() if key not in PARTS}, default.where)


def _extended(models: Node, name: str, seen: tuple[str, ...]) -> Node:
    """The model ``name`` with what it extends merged under it."""
    node: Node = models.value[name]
    if not isinstance(node.value, dict) or not isinstance(node.value.get("extends", node).value, str):
        return node
    parent = node.value["extends"]
    if parent.value in (*seen, name):
        raise Problem(f"models extend each other in a circle: {' -> '.join((*seen, name, parent.value))}",
                      where=parent.where, fix="Remove one of the extends")
    if len(seen) >= _LONGEST_CHAIN:
        raise Problem(f"more than {_LONGEST_CHAIN} models extend each other in a chain", where=parent.where,
                      fix="Extend the first of them")
    if parent.value not in models.value:
        raise Problem(f"'{name}' extends '{parent.value}', which is not there"
                      f"{did_you_mean(parent.value, [other for other in models.value if other != name])}",
                      where=parent.where, fix="Name another model of this file")
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
    """``over`` laid over ``under``, mapping by mapping; lists and plain values replace."""
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
    """``node`` without sections that say nothing (``tasks:`` with only comments below it)."""
    if isinstance(node.value, dict):
        return Node({key: _without_empty(child) for key, child in node.value.items()
                     if child.value is not None or key not in _SECTIONS}, node.where)
    return node
