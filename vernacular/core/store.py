"""The artifact store: one folder per artifact, complete or absent, with a manifest of its inputs.

``<root>/<code>/<stage>/<name>/<key>/manifest.json``. The key is a digest of everything that
determines the result, so a result whose key exists is not computed again. Work happens in
``.work-<key>``, which survives a kill and is renamed when complete; ``current`` names the newest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any, TypedDict

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from vernacular.core import clock
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, TransientProblem
from vernacular.core.files import File
from vernacular.core.lock import locked
from vernacular.core.report import Report

MANIFEST = "manifest.json"
KEY_LENGTH = 16


class Origin(TypedDict):
    """Everything that determines an artifact: the fields of ``Manifest`` that its key is a digest of."""

    stage: str
    version: str
    settings: dict[str, JsonValue]
    inputs: dict[str, str]
    reports: dict[str, str]
    outside: dict[str, str]
    seed: int


class Manifest(BaseModel):
    """What an artifact is, its inputs and its files."""

    model_config = ConfigDict(extra="forbid")

    language: str
    stage: str
    key: str
    version: str
    settings: dict[str, JsonValue]
    inputs: dict[str, str] = Field(description="stage name -> data version of the input artifact")
    reports: dict[str, str] = Field(default_factory=dict, description="stage name -> key of the artifact whose "
                                                                      "report this one shows; reports can differ "
                                                                      "where files are equal")
    outside: dict[str, str] = Field(description="input outside the root -> its digest")
    seed: int
    data_version: str = Field(description="digest of the content of all files")
    files: dict[str, int] = Field(description="path inside the folder -> bytes")
    created: str
    seconds: float
    report: Report


def canonical(data: Any) -> str:
    """Return ``data`` as JSON with sorted keys and no spaces: equal data gives equal text."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def digest_of(data: Any) -> str:
    """Return the SHA-256 of the canonical JSON, cut to ``KEY_LENGTH`` hexadecimal digits."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()[:KEY_LENGTH]


def digest_of_files(folder: Path, files: list[Path]) -> str:
    """Return a digest of the names (relative to ``folder``) and bytes of ``files``, in any order."""
    return _digest((path.relative_to(folder).as_posix(), path.open("rb")) for path in sorted(files))


def digest_of_listed(files: Iterable[tuple[str, File]]) -> str:
    """Return the same digest for (name, file) pairs, such as a folder lists."""
    return _digest((name, file.stream()) for name, file in sorted(files, key=lambda one: one[0].split("/")))


def _digest(files: Iterable[tuple[str, BufferedReader]]) -> str:
    total = hashlib.sha256()
    for name, stream in files:
        with stream:
            total.update(f"{name}\0".encode())
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()[:KEY_LENGTH]


class Artifact:
    """A finished result: its folder and manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            text = (folder / MANIFEST).read_text(encoding="utf-8")
            self.manifest = Manifest.model_validate_json(text)
        except (OSError, ValueError) as error:
            raise Problem(f"the manifest cannot be read ({error.__class__.__name__})", where=str(folder), fix=(
                "Delete this folder and run again" if isinstance(error, FileNotFoundError | ValueError) else
                f"The system reports: {error.strerror}. Fix that; the folder itself may be intact"),
                code=Code.RESULT_UNREADABLE) from error


class Store:
    """The artifacts under one root.

    Args:
        root: a local folder, created on the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def home(self, code: str, stage: str) -> Path:
        """Return the folder of all versions of ``stage`` (``"corpus/clean"``) of the language ``code``."""
        return self.root / code / stage

    def cache(self, code: str, stage: str) -> Path:
        """Return a folder of ``stage`` that outlives its artifacts; create it if needed."""
        folder = self.root / code / ".cache" / stage
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def find(self, code: str, stage: str, key: str) -> Artifact | None:
        """Return the finished artifact with this key, or None."""
        folder = self.home(code, stage) / key
        return Artifact(folder) if (folder / MANIFEST).is_file() else None

    def current(self, code: str, stage: str) -> Artifact | None:
        """Return the newest finished artifact of a stage, or None."""
        pointer = self.home(code, stage) / "current"
        if not pointer.is_file():
            return None
        return self.find(code, stage, pointer.read_text(encoding="utf-8").strip())

    def point(self, artifact: Artifact) -> None:
        """Make ``artifact`` the current one of its stage, atomically."""
        write_atomically(artifact.folder.parent / "current", artifact.manifest.key + "\n")

    def reuse(self, artifact: Artifact) -> None:
        """Make a finished ``artifact`` current and delete a leftover work folder."""
        self.point(artifact)
        manifest = artifact.manifest
        if (artifact.folder.parent / f".work-{manifest.key}").exists():
            with (contextlib.suppress(TransientProblem),  # another process is about to delete it
                  self.workspace(manifest.language, manifest.stage, manifest.key) as work):
                shutil.rmtree(work)

    @contextlib.contextmanager
    def workspace(self, code: str, stage: str, key: str) -> Iterator[Path]:
        """Lock the stage and yield the work folder of ``key``.

        The folder's content survives a kill, so that work can resume. Of other keys' work folders
        the newest is kept, in case a change is reverted.

        Raises:
            Problem: another process runs this stage.
        """
        home = self.home(code, stage)
        with locked(home / ".lock", "another run is working on this stage", f"{code} {stage}",
                    "Wait for it, or stop it and run again: it resumes", Code.STAGE_BUSY):
            work = home / f".work-{key}"
            others = sorted(set(home.glob(".work-*")) - {work}, key=lambda path: path.stat().st_mtime)
            for abandoned in others[:-1]:  # keeping checkpoints of every key would fill the disk
                shutil.rmtree(abandoned)
            work.mkdir(exist_ok=True)
            yield work

    def publish(self, work: Path, manifest: Manifest) -> Artifact:
        """Write the manifest to ``work/out``, rename that folder to its key and make it current."""
        out, home = work / "out", work.parent
        write_atomically(out / MANIFEST, manifest.model_dump_json(indent=1))
        final = home / manifest.key
        # a kill between the manifest and its rename left it incomplete, else find() had returned it
        if final.exists():
            shutil.rmtree(final)
        out.replace(final)
        artifact = Artifact(final)
        self.point(artifact)
        shutil.rmtree(work)
        return artifact


def write_atomically(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` so that readers see the old or the new content, never a part."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def describe(folder: Path) -> tuple[dict[str, int], str]:
    """Return the sizes in bytes of an artifact's files and the digest of their names and content.

    Pictures count only in the sizes: a new plotting library changes no data.
    """
    files = [path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST]
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in sorted(files)}
    return sizes, digest_of_files(folder, [path for path in files if path.suffix != ".png"])


def key_of(*, stage: str, version: str, settings: Mapping[str, JsonValue], inputs: Mapping[str, str],
           outside: Mapping[str, str], seed: int, reports: Mapping[str, str]) -> str:
    """Return the key of an artifact: a digest of everything that determines it."""
    return digest_of({"stage": stage, "version": version, "settings": settings, "inputs": inputs,
                      "outside": outside, "seed": seed} | ({"reports": reports} if reports else {}))


def remade(manifest: Manifest, current: Mapping[str, Artifact]) -> list[str]:
    """Return the inputs whose ``current`` artifact differs from the one in ``manifest``.

    For a stage that shows its inputs' reports, include inputs whose report changed or is new.
    """
    return sorted(stage for stage, artifact in current.items() if (
        (manifest.reports and stage not in manifest.reports)
        or artifact.manifest.data_version != manifest.inputs.get(stage, artifact.manifest.data_version)
        or artifact.manifest.key != manifest.reports.get(stage, artifact.manifest.key)))


def now() -> str:
    """Return the UTC time to the second, as ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(clock.now()))
