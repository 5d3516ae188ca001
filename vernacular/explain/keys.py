"""The keys of all settings files, as sections: a walk over the settings classes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from vernacular.behavior_tests.schema import Suite
from vernacular.config.schema import Language
from vernacular.config.strict import Strict
from vernacular.evaluation.fairness.plan import Plan
from vernacular.explain.types import REQUIRED, allowed, container_of, default_of, example_of, one_of, settings_in

Path = tuple[str, ...]
Container = Literal["", "list", "names"]
FAIRNESS = "fairness"  # what the paths of its file begin with
_NOT_WRITTEN = ("code", "folder")
_KIND = "Which kind it is. Each kind has further keys, which are listed below."


@dataclass(frozen=True)
class Root:
    """A file with settings."""

    file: str  # its name
    settings: type[Strict]  # the class that it is read into
    path: Path = ()  # what the paths of its keys begin with, so that they differ from those of other files


ROOTS = (Root("language.yaml", Language), Root("behaviour/*.yaml", Suite),
         Root("behaviour/fairness.yaml", Plan, (FAIRNESS,)))


@dataclass(frozen=True)
class Key:
    """A key of a section."""

    name: str  # as it is written
    description: str  # what it does, when to change it, the unit
    allowed: str  # what it may hold, in words
    default: str  # as it would be written, ``required`` or ``not set``; empty for a section
    example: str  # a line as a person could write it; may be empty
    # the path of the section that holds its keys, if it has some; it may be that of another key
    below: Path | None = None
    container: Container = ""  # whether there are several of them, in a list or by names


@dataclass(frozen=True)
class Section:
    """The keys of one mapping."""

    path: Path  # the keys that lead there, without the names that a person gives
    written: str  # the same as it is written, such as ``models: NAME: lora:``
    variant: str  # the kind that has these keys; empty for those that all kinds have
    text: str  # what the section is for
    keys: tuple[Key, ...]  # in their order
    root: Root  # the file
    settings: tuple[type[Strict], ...]  # the classes that the keys are of

    @property
    def name(self) -> str:
        """Its path and kind, such as ``sources.crawl``."""
        return ".".join((*self.path, *([self.variant] if self.variant else [])))

    def name_of(self, key: Key) -> str:
        """The path of one of its keys, such as ``sources.crawl.depth``."""
        return ".".join(filter(None, (self.name, key.name)))


@cache
def sections() -> tuple[Section, ...]:
    """All sections, those of a file together, a section before what is below it."""
    seen: dict[type[Strict], Path] = {}
    return tuple(section for root in ROOTS for section in _walk(root, root.path, "", (root.settings,), seen))


def _walk(root: Root, path: Path, written: str, classes: Sequence[type[Strict]],
          seen: dict[type[Strict], Path]) -> Iterator[Section]:
    bases = [base for one in classes for base in one.__mro__ if base in seen]
    known = {name for base in bases for name in base.model_fields}
    seen.update(dict.fromkeys(classes, path))
    fields = [{name: field for name, field in _fields(one).items() if name not in known} for one in classes]
    common = {name: field for name, field in fields[0].items()
              if all(name in more and more[name].description == field.description for more in fields[1:])}
    tag = tag_of(classes[0]) if len(classes) > 1 else None
    below: list[tuple[Path, str, tuple[type[Strict], ...]]] = []
    shared = [_key(name, field, path, written, seen, below) for name, field in common.items()]
    if tag is not None and tag not in known and tag not in common:
        values = [variant_of(one) for one in classes]
        shared.insert(0, Key(tag, _KIND, one_of(values), REQUIRED, f"{tag}: {values[0]}"))
    text = _text(classes[0]) if len(classes) == 1 else ""
    if shared or len(classes) == 1:
        yield Section(path, written, "", text, tuple(shared), root, tuple(classes))
    for one, more in zip(classes, fields, strict=True) if len(classes) > 1 else ():
        own = tuple(_key(name, field, path, written, seen, below) for name, field in more.items()
                    if name not in common and name != tag)
        yield Section(path, written, variant_of(one), _text(one), own, root, (one,))
    for further, line, settings in below:
        if settings[0] not in seen:
            yield from _walk(root, further, line, settings, seen)


def _key(name: str, field: FieldInfo, path: Path, written: str, seen: dict[type[Strict], Path],
         below: list[tuple[Path, str, tuple[type[Strict], ...]]]) -> Key:
    settings, container = settings_in(field.annotation), container_of(field.annotation)
    further: Path | None = None
    if settings:
        queued = next((place for place, _, others in below if settings == others), None)
        further = seen.get(settings[0]) if settings[0] in seen else queued or (*path, name)
        line = f"{written} {name}:".lstrip() + {"": "", "list": " [...]", "names": " NAME:"}[container]
        if settings[0] not in seen and queued is None:
            below.append(((*path, name), line, settings))
    return Key(name, field.description or "", allowed(field), "" if settings and not field.is_required() else
               default_of(field), example_of(name, field), further, container)


def _fields(settings: type[Strict]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in settings.model_fields.items()
            if settings is not Language or name not in _NOT_WRITTEN}


def tag_of(settings: type[Strict]) -> str | None:
    """The key that names the kind, if there is one."""
    return next((name for name, field in _fields(settings).items() if name in ("kind", "operator")), None)


def variant_of(settings: type[Strict]) -> str:
    """What a kind is called: the value of its ``kind`` or ``operator``, else its first key."""
    tag = tag_of(settings)
    field = _fields(settings)[tag] if tag is not None else None
    if field is not None and get_origin(field.annotation) is Literal:
        return str(get_args(field.annotation)[0])
    return next(iter(_fields(settings)))


def _text(settings: type[Strict]) -> str:
    return " ".join((inspect.getdoc(settings) or "").split("\n\n")[0].split())


def all_keys() -> Iterator[tuple[Section, Key]]:
    """Every key with its section."""
    for section in sections():
        for key in section.keys:
            yield section, key
