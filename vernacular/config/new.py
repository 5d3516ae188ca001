"""Starting a language: a folder from the template, filled with what public tables say; a person checks it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from string import Template

import langcodes

from vernacular.config.cleaning import Cleaning
from vernacular.config.codes import (
    code_of,
    is_code,
    is_private,
    is_registered,
    likely_script,
    likely_territory,
    name_of,
)
from vernacular.config.load import folders_of, load_language
from vernacular.core.errors import Problem
from vernacular.core.files import Folder
from vernacular.core.normal_forms import normalized
from vernacular.core.shipped import shipped

_TEMPLATE = "_template"
# Beside language folders, for a project that has none of these yet.
_BESIDE = ("defaults.yaml", "language.schema.json", "behaviour.schema.json")
_SCRIPT = "Latn"  # where no table knows better
_MOST_NEIGHBOURS = 8
_LEAST_SPEAKERS = 10_000
# Scripts written with capitals, from which names can be learnt; Georgian has them in Unicode, but not in its spelling.
_CASED = {"Latn", "Cyrl", "Grek", "Armn", "Glag", "Copt", "Adlm", "Osge", "Dsrt"}
_NAMES_TESTS = "robustness.yaml"  # of the template's behaviour/: they ask the task below
# public sources
_BY_CODE = re.compile(r"#  - name: (?:wikipedia|fineweb2)(?:(?!#  - name: ).)*+(?=#  - name: )", re.DOTALL)
_NAMES_TASK = """tasks:
  names:
    kind: token_classification
    description: which words of a lower-cased line are names; derived from capitals
    labels:
      kind: capitalised
"""


def new_language(root: Path, code: str) -> Path:
    """Write ``root/<code>/`` from the template and return it; it loads, and runs once text is dropped in.

    The template is ``root/_template/`` if the project has one of its own, else the one that Vernacular comes with.

    Args:
        root: the folder of languages.
        code: a BCP 47 tag.

    Raises:
        Problem: no valid tag, or the folder is there already.
    """
    if not is_code(code):
        other, meant = code.replace("_", "-"), code_of(code)
        raise Problem(f"'{code}' does not have the form of a BCP 47 language tag", where="vernacular new",
                      fix=f"Write {other}" if is_code(other) else
                      f"{name_of(meant)} is {meant}: write that" if meant else
                      "Use the language's ISO 639-3 code (nya, bem), or a private tag (qaa, x-name)")
    folder, template = root / code, root / _TEMPLATE
    if not template.is_dir():
        template = shipped(f"languages/{_TEMPLATE}")
    there = [path.name for path in root.glob("*") if path.name.casefold() == code.casefold()]  # tags know no case
    if there:
        raise Problem("the folder is there already", where=f"{root.name}/{there[0]}",
                      fix="Edit it, or remove it first")
    begun = root.is_dir() and bool(folders_of(root))  # defaults would change what its languages compute
    for name in _BESIDE:
        if not begun and not (root / name).exists():
            shutil.copyfile(shipped(f"languages/{name}"), root / name)
    tag = langcodes.get(code)
    script = likely_script(tag) or _SCRIPT
    values = {"code": code, "name": _quoted(name_of(code)), "autonym": _quoted(_autonym(tag, code)), "script": script,
              "neighbours": ", ".join(likely_neighbours(code, script)),
              "tasks": _NAMES_TASK if script in _CASED else "# tasks: none yet; this script has no capitals to learn "
                                                            "names from\n",
              "plain_name": name_of(code), "wiki": tag.language or code, "alpha3": _alpha3(tag)}
    listed = is_registered(code) and not is_private(code)  # what is not has no Wikipedia
    work = root / f".new-{code}"
    shutil.rmtree(work, ignore_errors=True)
    try:
        work.mkdir()
        for path, file in Folder.of(template).list_files(hidden=True):
            if file.name != _NAMES_TESTS or script in _CASED:
                text = file.text()
                Folder.of(work).file(path).write(
                    Template(text if listed else _BY_CODE.sub("", text)).safe_substitute(values))
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    load_language(folder)
    return folder


def doubts(code: str) -> list[str]:
    """What nobody could look up for a new folder, a line each, for the person who knows."""
    notes = [] if is_registered(code) else [
        f"'{code}' is in no registry of languages; that does no harm, and a private tag (qaa-x-name) would say so"]
    if likely_script(langcodes.get(code)) is None:
        notes.append(f"no table knows how it is written: {_SCRIPT} (Latin) is a guess, see `script:`")
    if not likely_neighbours(code, likely_script(langcodes.get(code)) or _SCRIPT):
        notes.append("no table knows which languages live beside it: name them under `neighbours:`")
    return notes


def likely_neighbours(code: str, script: str) -> list[str]:
    """ISO 639-3 codes of languages spoken in the same territory and written in the same script: a guess to be checked.

    Kinship is not in the tables, so these are languages that live side by side, largest first. Those that are dropped
    by default (``reject_languages``) are left out.
    """
    from language_data.population_data import LANGUAGE_SPEAKING_POPULATION

    own = langcodes.get(code)
    territory = likely_territory(own)
    if not territory:
        return []
    found: dict[str, int] = {}
    for tag, speakers in LANGUAGE_SPEAKING_POPULATION.items():
        language, _, place = tag.partition("-")
        other = langcodes.get(language)
        alpha3 = _alpha3(other)
        home = not place and likely_territory(other) == territory
        if (place == territory or home) and speakers >= _LEAST_SPEAKERS and alpha3 not in ("", _alpha3(own)) \
                and likely_script(other) == script:
            found[alpha3] = max(found.get(alpha3, 0), speakers)
    rejected = Cleaning().reject_languages
    order = sorted(found, key=lambda name: (-found[name], name))
    return [name for name in order if name not in rejected][:_MOST_NEIGHBOURS]


def _alpha3(tag: langcodes.Language) -> str:
    try:
        return tag.to_alpha3()
    except LookupError:
        return ""


def _autonym(tag: langcodes.Language, code: str) -> str:
    name = tag.autonym()
    return "" if name in (code, name_of(code)) or name.startswith("Unknown language") else name  # the tables fall back


def _quoted(text: str) -> str:
    """``text`` as a double-quoted YAML value."""
    text = normalized("NFC", text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
