"""The reference as a page for people: docs/reference/language-yaml.md, generated from the settings classes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vernacular.explain.keys import ROOTS, Key, Root, Section, sections
from vernacular.explain.types import NOT_SET, REQUIRED
from vernacular.reference.markdown import opening

FILE = "docs/reference/language-yaml.md"
_DOCS = re.compile(r"docs/([\w/-]{1,80}\.md)")
_INTRO = f"""\
{opening("Settings", "the settings classes")}
Every key of the files in a language folder. `vernacular explain models.lora.seeds` prints an entry of this page; with
`--language CODE` also the value that a folder has and where it is written.

*Not set* means that the key may be left out and then has no value; *required* that it has to be written, in the folder
or in `defaults.yaml`. Paths such as `models.lora.seeds` leave out the names that you choose; in the file it is

```yaml
models:
  minilm:        # a name of your choice
    lora:
      seeds: [1, 2, 3]
```

| file | holds |
|---|---|
| [`language.yaml`](#language.yaml) | what the language is, its texts, tasks and models |
| [`defaults.yaml`](#defaults.yaml) | settings of all languages of the project |
| [`behaviour/*.yaml`](#behaviour-files) | behavioral tests and word lists |
| [`behaviour/fairness.yaml`](#fairness) | groups to compare |
| [`statement.md`](#statement.md) | the data statement |
"""
_DEFAULTS = """\
<a id="defaults.yaml"></a>
## `defaults.yaml`

The file beside the language folders. It may hold five sections. A language's own value replaces the one here; a list
replaces a whole list.

| section | is laid under | keys |
|---|---|---|
| `cleaning` | `cleaning` of every language | [cleaning](#cleaning) |
| `splits` | `splits` of every language | [splits](#splits) |
| `behaviour` | `behaviour` of every language | [behaviour](#behaviour) |
| `model` | every entry of `models` | [models](#models) |
| `task` | every entry of `tasks`; `train`, `dev` and `test` only where a task has no `data` | [tasks](#tasks) |

```yaml
task:
  train: 100
model:
  lora: {seeds: [1, 2, 3, 4, 5]}
```
"""
_STATEMENT = """\
<a id="statement.md"></a>
## `statement.md`

Plain Markdown without keys or front matter: the data statement (Bender and Friedman 2018), which goes into the release
as it is. `vernacular new` writes its headings. It counts as written once the sentence "Nobody has filled in this
statement yet" is gone.
"""
_TITLES = {"language.yaml": ("language.yaml", "One file for each language, in `languages/CODE/`."),
           "behaviour/*.yaml": ("behaviour-files", "Any number of files; their lists and tests are read as one. "
                                "[How to write tests](../how-to/write-behavioral-tests.md)."),
           "behaviour/fairness.yaml": ("fairness", "Groups whose names or spellings are exchanged for each other. "
                                       "Paths begin with `fairness`.")}


def page_text() -> str:
    """The page, ending with a newline."""
    parts = [_INTRO]
    for root in ROOTS:
        parts += ["\n".join(_of_root(root)), *([_DEFAULTS] if root is ROOTS[0] else [])]
    return "\n".join([*parts, _STATEMENT])


def _of_root(root: Root) -> Iterator[str]:
    anchor, text = _TITLES[root.file]
    found = [section for section in sections() if section.root is root]
    yield from (f'<a id="{anchor}"></a>', f"## `{root.file}`", "", text, "")
    places = dict.fromkeys(".".join(section.path) for section in found if section.path not in ((), root.path))
    if len(places) > 1:
        yield from ("Sections: " + " · ".join(f"[{name}](#{name})" for name in places), "")
    for section in found:
        yield from _of_section(section)


def _of_section(section: Section) -> Iterator[str]:
    first = next(one for one in sections() if one.path == section.path and one.root is section.root)
    if section.variant and section is first:  # its kinds have no key in common
        path = ".".join(section.path)
        yield from (f'<a id="{path}"></a>', f"### `{path}`", "", f"`{section.written}` in {section.root.file}.", "")
    if section.path != section.root.path:
        yield from (f'<a id="{section.name}"></a>', f"{'####' if section.variant else '###'} `{section.name}`", "")
        if not section.variant:
            yield from (f"`{section.written}` in {section.root.file}. {_linked(section.text)}".rstrip(), "")
        else:
            yield from (_linked(section.text), "")
    if section.keys:
        yield from ("| key | what it does |", "|---|---|")
        yield from (_row(section, key) for key in section.keys)
        yield ""


def _row(section: Section, key: Key) -> str:
    name = section.name_of(key)
    anchor = "" if key.below and ".".join(key.below) == name else f'<a id="{name}"></a>'  # the section has it
    more = f"{_several(key)}keys: [{'.'.join(key.below)}](#{'.'.join(key.below)})" if key.below else key.allowed
    default = f" *{key.default.capitalize()}.*" if key.default in (REQUIRED, NOT_SET) else \
        f" Default: `{key.default}`." if key.default else ""
    example = f" Example: `{key.example}`" if key.example else ""
    text = f"{_linked(key.description)}<br>*{more[:1].upper()}{more[1:]}.*{default}{example}"
    cells = (f"{anchor}`{key.name}`", text)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _several(key: Key) -> str:
    return {"": "", "list": "a list of entries; ", "names": "entries by name; "}[key.container]


def _linked(text: str) -> str:
    """``text`` with pages of docs/ as links, from docs/reference/."""
    return _DOCS.sub(lambda found: f"[{found[1].removesuffix('.md')}](../{found[1]})", text).replace("``", "`")
