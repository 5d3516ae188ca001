"""Create a language folder from the template, with values from public tables for a person to check."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
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
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import Folder
from vernacular.core.normal_forms import normalized
from vernacular.core.shipped import shipped

_TEMPLATE = "_template"
# Copied beside the language folders if the project lacks them.
_BESIDE = ("defaults.yaml", "language.schema.json", "behaviour.schema.json")
_SCRIPT = "Latn"  # if no table knows better
_MOST_NEIGHBOURS = 8
_LEAST_SPEAKERS = 10_000
# Cased scripts, from which names can be learned; Georgian has capitals in Unicode, but not in its
# spelling.
_CASED = {"Latn", "Cyrl", "Grek", "Armn", "Glag", "Copt", "Adlm", "Osge", "Dsrt"}
_NAMES_TESTS = "robustness.yaml"  # in the template's behaviour/: tests of the task below
# public sources
_BY_CODE = re.compile(r"#  - name: (?:wikipedia|fineweb2)(?:(?!#  - name: ).)*+(?=#  - name: )", re.DOTALL)
_NAMES_TASK = """tasks:
  names:
    kind: token_classification
    description: which words of a lower-cased line are names; derived from capitals
    labels:
      kind: capitalised
"""


def new_language(root: Path, code: str, bases: Sequence[str] = ()) -> Path:
    """Create ``root/<code>/`` from the template and return it; it loads, and runs once text is added.

    A template of the project, ``root/_template/``, takes precedence over Vernacular's.

    Args:
        root: the folder of languages.
        code: a BCP 47 tag.
        bases: lines about base models, for a comment.

    Raises:
        Problem: the tag is invalid, or the folder exists.
    """
    if not is_code(code):
        other, meant = code.replace("_", "-"), code_of(code)
        raise Problem(f"'{code}' does not have the form of a BCP 47 language tag", where="vernacular new",
                      fix=f"Write {other}" if is_code(other) else
                      f"{name_of(meant)} has the code {meant}: use that" if meant else
                      "Use the language's ISO 639-3 code (nya, bem), or a private tag (qaa, x-name)",
                      code=Code.CONFIG_CODE)
    folder, template = root / code, root / _TEMPLATE
    if not template.is_dir():
        template = shipped(f"languages/{_TEMPLATE}")
    there = [path.name for path in root.glob("*") if path.name.casefold() == code.casefold()]  # tags ignore case
    if there:
        raise Problem("the folder exists already", where=f"{root.name}/{there[0]}",
                      fix="Edit it, or remove it first", code=Code.CONFIG_FILE)
    begun = root.is_dir() and bool(folders_of(root))  # new defaults would change the results of existing languages
    for name in _BESIDE:
        if not begun and not (root / name).exists():
            shutil.copyfile(shipped(f"languages/{name}"), root / name)
    tag = langcodes.get(code)
    script = likely_script(tag) or _SCRIPT
    values = {"code": code, "name": _quoted(name_of(code)), "autonym": _quoted(_autonym(tag, code)), "script": script,
              "neighbours": ", ".join(likely_neighbours(code, script)),
              "tasks": _NAMES_TASK if script in _CASED else "# tasks: none yet; this script has no capitals to learn "
                                                            "names from\n",
              "bases": "\n".join(f"#  {line}".rstrip() for line in bases),
              "plain_name": name_of(code), "wiki": tag.language or code, "alpha3": _alpha3(tag)}
    listed = is_registered(code) and not is_private(code)  # no other code has a Wikipedia
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
    """Return one line for each value of a new folder that the tables do not know."""
    notes = [] if is_registered(code) else [
        f"'{code}' is not a registered language code; it works, but a private tag (qaa-x-name) is clearer"]
    if likely_script(langcodes.get(code)) is None:
        notes.append(f"the script is unknown: {_SCRIPT} (Latin) is a guess, see `script:`")
    if not likely_neighbours(code, likely_script(langcodes.get(code)) or _SCRIPT):
        notes.append("neighboring languages are unknown: list them under `neighbours:`")
    return notes


def likely_neighbours(code: str, script: str) -> list[str]:
    """Guess neighbors: languages of the same territory and script (ISO 639-3), largest first.

    The tables do not contain kinship. Languages dropped by default (``reject_languages``) are left
    out.
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
    return "" if name in (code, name_of(code)) or name.startswith("Unknown language") else name  # the tables' fallback


def _quoted(text: str) -> str:
    """Return ``text`` as a double-quoted YAML value."""
    text = normalized("NFC", text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
