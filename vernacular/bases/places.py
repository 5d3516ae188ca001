"""Where bases are on this machine, and their families, without loading or fetching one."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

from vernacular.bases.table import Candidate, candidate_of, read_table
from vernacular.config.base import Base
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.modeling.base_files import family_of, locate
from vernacular.modeling.classifier_families import missing_classifiers


def place_of(candidate: Candidate) -> Path | None:
    """Return where a candidate is on this machine: an installed package, or the hub's cache; None without one."""
    if candidate.package is not None:
        try:
            distribution = importlib.metadata.distribution(candidate.package.name)
        except importlib.metadata.PackageNotFoundError:
            pass
        else:
            path = Path(str(distribution.locate_file(candidate.package.path)))
            return path if path.exists() else None
    return None if candidate.per_language else _cached(candidate.id, candidate.revision, "tokenizer.json")


def classifiers_lacking(language: Language) -> Iterator[Problem]:
    """Yield a problem for each model to be run whose family lacks a classifier that its tasks need.

    A family that is not known without fetching the base is left to the run.
    """
    for name, model in language.models_to_run().items():
        family = _family(model.base, language)
        if family is not None:
            yield from missing_classifiers(family, language.tasks_of(name),
                                           f"languages/{language.code}/language.yaml models.{name}.base")


def _family(base: Base, language: Language) -> str | None:
    """Return the family that the base's own configuration states, or the table of candidates."""
    if base.hub is not None:
        folder = _cached(base.hub, base.revision, "config.json")
    else:
        try:
            folder = locate(base, language)
        except Problem:
            return None  # reported by `lacking_by_kind`
    family = family_of(folder) if folder is not None and folder.is_dir() else None
    if family is not None:
        return family
    known = candidate_of(base.hub or base.name_on_hub or "") or next(
        (candidate for candidate in read_table() if candidate.package is not None
         and (candidate.package.name, candidate.package.path) == (base.package, base.path)), None)
    return known.family if known is not None else None


def _cached(hub: str, revision: str | None, file: str) -> Path | None:
    """Return the folder in the hub's cache that contains ``file`` of a model, or None."""
    from huggingface_hub import try_to_load_from_cache
    path = try_to_load_from_cache(hub, file, revision=revision)
    return Path(path).parent if isinstance(path, str) else None
