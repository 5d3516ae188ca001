"""Folders with recordings that tests generate: tones that can be told apart, and transcripts."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml

from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.store import Artifact, Store
from vernacular.pipeline.stage import run_stage

STAGE = "speech/recordings"


def tone(seconds: float = 1.0, hertz: float = 220.0, rate: int = 16_000, level: float = 0.3) -> np.ndarray:
    """Return a tone that swells and fades, as float32."""
    time = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * time) * np.sin(np.pi * time / max(seconds, 1e-9))).astype(np.float32)


def sound_file(samples: np.ndarray, rate: int = 16_000, **form: str) -> bytes:
    """Return a recording as the bytes of a file; ``form`` as for ``soundfile.write``, by default WAV."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, **{"format": "WAV", **form})
    return stream.getvalue()


def speech_folder(root: Path, files: Mapping[str, bytes], sources: Sequence[dict[str, Any]] = (),
                  code: str = "mdw", **more: Any) -> Language:
    """Write a language folder with speech alone, and load it; ``more`` are further keys of ``speech``."""
    folder = root / "languages" / code
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    folder.mkdir(parents=True, exist_ok=True)
    limits = more.pop("limits", None)
    entries = [{"name": f"source{number}", "licence": "MIT", "consent": "contributor", **source}
               for number, source in enumerate(sources or [{"kind": "inbox"}])]
    (folder / "language.yaml").write_text(yaml.safe_dump({
        "name": "Mboshi", "script": "Latn", "speech": {"sources": entries, **more},
        **({"limits": limits} if limits else {})}), encoding="utf-8")
    return load_language(folder)


def read_recordings(language: Language, root: Path) -> Artifact:
    """Run ``speech/recordings`` with a store in ``root``."""
    return run_stage(stages_of(language)[STAGE], language, Store(root / "artifacts"))
