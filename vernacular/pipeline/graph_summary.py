"""What the asset graph needs from a language, as plain data, cached under a digest of the source files.

Parsing a folder takes a hundred times as long as reading its outline, and usually one of a thousand
folders has changed. The cache is below the root of the artifacts and can be deleted at any time.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from vernacular.config.load import DEFAULTS, FILE
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.files import File, Folder
from vernacular.core.project import chosen_model
from vernacular.core.store import digest_of
from vernacular.pipeline.stage import GateSpec, Stage

CACHE = ".outlines"  # below the root of the artifacts
_FOLDERS = ("behaviour",)  # of a language; read besides language.yaml to build the graph
# Packages that decide what a file means.
_READERS = ("pydantic", "pyyaml", "langcodes", "language_data", "croniter", "packaging")


@dataclass(frozen=True)
class StageOutline:
    """A stage as the graph shows it; fields as in ``Stage``, ``version`` is ``code_version``."""

    name: str
    version: str
    inputs: tuple[str, ...]
    description: str
    kinds: tuple[str, ...]
    heavy: bool
    gates: tuple[GateSpec, ...]


@dataclass(frozen=True)
class SourceOutline:
    """A source as the graph shows it."""

    name: str
    kind: str
    licence: str
    consent: str
    register: str
    quality: str
    url: str


@dataclass(frozen=True)
class Outline:
    """A language as the graph shows it.

    Attributes:
        fail_days, warn_days: age in days at which the release is too old, or soon will be; None for
        never.
        rebuild_days: days between verifications of the corpus; 0 for never.
    """

    code: str
    slug: str
    name: str
    owner: str
    sources: tuple[SourceOutline, ...]
    stages: tuple[StageOutline, ...]
    fail_days: float | None = None
    warn_days: float | None = None
    rebuild_days: float = 0.0


def code_version(stage: Stage, language: Language) -> str:
    """Return the version of the stage with a digest of the settings it reads."""
    return f"{stage.version}-{digest_of([stage.settings_data(language), stage.seed])[:10]}"


def outline_of(language: Language, stages: Mapping[str, Stage]) -> Outline:
    """Return the outline of a loaded folder with these stages."""
    sources = tuple(SourceOutline(source.name, source.kind, source.licence, source.consent, source.text_register,
                                  source.quality, source.url) for source in language.sources)
    shown = tuple(StageOutline(stage.name, code_version(stage, language), stage.inputs, stage.description, stage.kinds,
                               stage.heavy, stage.gates) for stage in stages.values())
    return Outline(language.code, language.slug, language.name, language.owner, sources, shown,
                   language.refresh.fail_days, language.refresh.warn_days,
                   language.refresh.rebuild_days if language.refresh.automatic else 0.0)


class Outlines:
    """The cached outlines.

    Args:
        root: of the artifacts.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / CACHE

    def get(self, folder: Path, make: Callable[[], Outline]) -> Outline:
        """Return the cached outline of ``folder`` if nothing changed, else the result of ``make``.

        Raises:
            Exception: what ``make`` raises; nothing is cached then.
        """
        digest = digest_of_folder(folder)
        file = self.folder / f"{folder.name}.json"
        try:
            kept = orjson.loads(file.read_bytes())
            if kept["digest"] == digest:
                return _read(kept["outline"])
        except (OSError, ValueError, KeyError, TypeError):
            pass  # missing or damaged: make it again
        made = make()
        self._keep(file, orjson.dumps({"digest": digest, "outline": asdict(made)}))
        return made

    def _keep(self, file: Path, content: bytes) -> None:
        part = file.with_name(f".{file.name}.{os.getpid()}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(content)
            part.replace(file)
        except OSError:
            pass  # without a writable cache every load parses, with equal results


def digest_of_folder(folder: Path) -> str:
    """Return a digest of everything that determines the outline of the language in ``folder``."""
    total = hashlib.sha256()
    inside = Folder.of(folder)
    errors: list[tuple[str, Exception]] = []
    listed = [inside.file(FILE), Folder(folder.parent, "", folder.parent.name).file(DEFAULTS)]
    for name in _FOLDERS:
        listed += [file for _, file in _listed(inside.folder(name), errors)]
    for file in listed:
        try:
            content = file.read()
        except (OSError, Problem) as error:
            errors.append((file.shown, error))
            continue
        total.update(f"\0{file.shown}\0{len(content)}\0".encode() + content)
    for shown, wrong in errors:
        total.update(f"\0{shown}\0unreadable: {type(wrong).__name__} {wrong}".encode("utf-8", "backslashreplace"))
    return f"{total.hexdigest()[:32]}-{_digest_of_code()}-{chosen_model(folder.name) or ''}"


def _listed(folder: Folder, errors: list[tuple[str, Exception]]) -> list[tuple[str, File]]:
    try:
        return folder.list_files("*", on_error=lambda path, error: errors.append((path, error)))
    except Problem as problem:  # for example if the folder itself is a link
        errors.append((folder.shown, problem))
        return []


@functools.cache
def _digest_of_code() -> str:
    """Return a digest of this package's source, of Python and of the packages that read the files."""
    total = hashlib.sha256(sys.version.encode())
    for name in _READERS:
        total.update(importlib.metadata.version(name).encode())
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):
        total.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return total.hexdigest()[:16]


def _read(data: dict[str, Any]) -> Outline:
    sources = tuple(SourceOutline(**source) for source in data.pop("sources"))
    stages = tuple(StageOutline(**{
        **stage, "inputs": tuple(stage["inputs"]), "kinds": tuple(stage["kinds"]),
        "gates": tuple(GateSpec(**gate) for gate in stage["gates"])}) for stage in data.pop("stages"))
    return Outline(**data, sources=sources, stages=stages)
