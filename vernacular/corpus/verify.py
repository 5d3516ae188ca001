"""Verification: rebuilds the corpus from its sources without any cache and compares it with the artifacts.

New text costs little because results for single documents are cached. A rebuild shows, document by document, whether
the cached results equal those of cleaning everything from scratch. It never changes the artifacts.
"""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import xxhash
from pydantic import BaseModel, ConfigDict

from vernacular.cleaning.cache import keys_of
from vernacular.config.schema import Language
from vernacular.config.stage_names import HOLD_DOCUMENTS
from vernacular.core import clock
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, TransientProblem
from vernacular.core.store import Artifact, Store, write_atomically
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import Progress, Stage, StageContext, inputs_of, key_for
from vernacular.provenance.corpus_tables import SUFFIX, read_tables

NAME, FILE = "corpus/rebuilt", "outcome.json"
REMEMBERED = ("digests.json", "extracted", "extracted.sqlite*")  # of sources' files and pages, beside what was fetched
FIRST = 10  # documents that are named


class Outcome(BaseModel):
    """The result of the last rebuild of the corpus; times are seconds since 1970."""

    model_config = ConfigDict(extra="forbid")

    tried: float = 0.0  # when it last began
    done: float = 0.0  # when it was last compared to its end; 0 for never
    key: str = ""  # of the artifact of ``corpus/splits`` that was compared
    documents: int = 0  # how many rows with an id that has
    differing: int = 0  # how many documents differ, or are in one of both alone
    first: list[dict[str, str]] = []  # the first of them: file, id, and how it differs. No text

    def line(self) -> str:
        """In one line for a person."""
        if not self.differing:
            return f"{self.documents:,} documents, all as they are when the corpus is built again"
        named = "; ".join(f"{row['id']} in {row['file']} ({row['how']})" for row in self.first)
        return f"{self.differing:,} documents differ from what they are when the corpus is built again: {named}"


def outcome_of(store: Store, code: str) -> Outcome:
    """Return the last outcome; an empty one if there was no rebuild.

    Raises:
        Problem: it cannot be read, and so may have been red.
    """
    file = store.home(code, NAME) / FILE
    try:
        return Outcome.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Outcome()
    except (OSError, ValueError) as error:
        raise Problem(f"what the last rebuild found cannot be read ({type(error).__name__})", where=str(file),
                      fix=f"Delete the file; {code} is then verified again", code=Code.RESULT_UNREADABLE) from None


def rebuild(language: Language, store: Store, progress: Progress) -> Outcome:
    """Rebuild documents, cleaned text and its parts, compare them with the current ones, and store the outcome.

    Goes to no network: pages and datasets are read as they were fetched.

    Raises:
        Problem: they are not up to date, something is being computed, or the folder was edited meanwhile.
    """
    with store.workspace(language.code, NAME, "anew") as work:
        try:
            last = outcome_of(store, language.code)
        except Problem:
            _note(store, language.code, Outcome(tried=clock.now()))  # replaces what was damaged
            raise
        _note(store, language.code, last.model_copy(update={"tried": clock.now()}))  # others have their turn first
        try:
            outcome = _compare(language, store, work, progress)
        finally:
            shutil.rmtree(work)
        _note(store, language.code, outcome)
    return outcome


def _compare(language: Language, store: Store, place: Path, progress: Progress) -> Outcome:
    wanted = {stage.name: stage for stage in stages(language) if stage.name in HOLD_DOCUMENTS}
    kept, made = _current(wanted, language, store), dict[str, Path]()
    outcome = Outcome(tried=clock.now(), key=kept["corpus/splits"].manifest.key)
    for name, stage in wanted.items():
        made[name] = _remake(stage, language, store, place / Path(name).name, made, progress)
        for file, key, how in differences(kept[name].folder, made[name]):
            outcome.differing += 1
            if len(outcome.first) < FIRST:
                outcome.first.append({"file": f"{name}/{file}", "id": key, "how": how})
    if any(artifact.manifest.key != kept[name].manifest.key
           for name, artifact in _current(wanted, language, store).items()):
        raise TransientProblem("the corpus was made again meanwhile", where=language.code, fix="Verify it again",
                               code=Code.STAGE_BUSY)
    outcome.documents = int(kept["corpus/splits"].manifest.report.counts["documents"].value)
    outcome.done = clock.now()
    return outcome


def _current(wanted: Mapping[str, Stage], language: Language, store: Store) -> dict[str, Artifact]:
    """The current artifacts; a Problem if one is not what would be made now."""
    found = {}
    for name, stage in wanted.items():
        artifact = store.current(language.code, name)
        key = key_for(stage, language, inputs_of(stage, language, store), store.root)
        if artifact is None or artifact.manifest.key != key:
            raise Problem(f"{name} is not up to date", where=language.code,
                          fix=f"Run `vernacular run {language.code} --to {name}`, then verify again",
                          code=Code.RESULT_MISSING)
        found[name] = artifact
    return found


def _remake(stage: Stage, language: Language, store: Store, place: Path, made: Mapping[str, Path],
          progress: Progress) -> Path:
    """Return the folder of the output of ``stage`` in ``place``, without caches; rebuilt inputs are in ``made``."""
    shutil.rmtree(place, ignore_errors=True)  # left by a kill
    inputs, root = inputs_of(stage, language, store), place / "root"
    home, real = root / language.code, store.root / language.code
    home.mkdir(parents=True)
    for mirror in sorted((real / ".mirror").glob("*/")):
        _link(mirror, home / ".mirror" / mirror.name)
    if (real / ".baseline").is_dir():  # what sources were like is written, too: into a copy
        shutil.copytree(real / ".baseline", home / ".baseline")
    work = StageContext(language=language, settings=stage.settings(language), inputs={
        name: made.get(name, artifact.folder) for name, artifact in inputs.items()},
        reports={name: artifact.manifest.report for name, artifact in inputs.items()}, out=place / "out",
        scratch=place / "scratch", seed=stage.seed, progress=progress, machine=store.root / ".machine",
        root=root, cache=place / "cache")
    for folder in (work.out, work.scratch, work.cache):
        folder.mkdir(parents=True)
    stage.run(replace(work, progress=lambda line: progress(f"{stage.name} again: {line}")))
    return work.out


def _link(mirror: Path, place: Path) -> None:
    """Make ``place`` the mirror of a source without what is remembered there, and so that none of it is written."""
    place.mkdir(parents=True)
    for path in mirror.iterdir():
        if not any(path.match(name) for name in REMEMBERED):
            (place / path.name).symlink_to(path.resolve())


def differences(kept: Path, made: Path) -> Iterator[tuple[str, str, str]]:
    """Each document that differs between two folders of tables: the file, its id, and how."""
    files = sorted({path.name for folder in (kept, made) for path in folder.glob(f"*{SUFFIX}")})
    for file in files:
        if all((folder / file).is_file() for folder in (kept, made)) and filecmp.cmp(kept / file, made / file, False):
            continue  # most often, and without anything of a large file in memory
        before, now = _documents(kept / file), _documents(made / file)
        for key in dict.fromkeys([*before, *now]):
            if key not in now:
                yield file, key, "missing in the rebuild"
            elif key not in before:
                yield file, key, "only in the rebuild"
            elif before[key] != now[key]:
                yield file, key, "differs"
        if before == now and list(before) != list(now):
            moved = next(one for one, other in zip(before, now, strict=True) if one != other)
            yield file, moved, "is at another position"


def _documents(path: Path) -> dict[str, int]:
    """The digest of all rows of each document in a file, in the order of the file; none where there is no file."""
    found: dict[str, int] = {}
    for table in read_tables(path) if path.is_file() else ():
        for key, row in zip(table["id"].to_pylist(), keys_of(table), strict=True):
            found[key] = xxhash.xxh3_64_intdigest(row.tobytes(), seed=found.get(key, 0))
    return found


def _note(store: Store, code: str, outcome: Outcome) -> None:
    write_atomically(store.home(code, NAME) / FILE, outcome.model_dump_json(indent=1))
