"""The states of an encoder for every sound, computed once and kept in a stage's cache.

A file has the name of the sound, which begins with the utterance's id, and is in a folder named by the encoder, so that
a withdrawn utterance's states are found and deleted.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.speech.transcription.sounds import Sound

States = NDArray[np.float16]  # (layers, frames, size)
_REPORTED = 20.0  # seconds between lines


def compute_states(encoder: Any, sounds: Sequence[Sound], folder: Path, say: Callable[[str], None]
                   ) -> dict[str, States]:
    """The states of ``sounds`` by name, mapped from files; those that are missing are computed.

    Args:
        encoder: a ``LayerStates`` or ``LogMel``.
        sounds: to read.
        folder: of this encoder's states, in the cache.
        say: receives lines for a person.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found, reported = {}, time.monotonic()
    for number, sound in enumerate(sounds):
        path = folder / f"{sound.name}.npy"
        if not path.is_file():
            with torch.inference_mode():
                states = encoder(torch.from_numpy(sound.listen())).half().cpu().numpy()
            with (part := path.with_suffix(".part")).open("wb") as stream:
                np.save(stream, states, allow_pickle=False)
            part.replace(path)
            if time.monotonic() - reported > _REPORTED:
                reported = time.monotonic()
                say(f"{number + 1:,} of {len(sounds):,} sounds read by the encoder")
        found[sound.name] = np.load(path, mmap_mode="r", allow_pickle=False)
    return found


def forget_others(cache: Path, sounds: Iterable[Sound], encoders: Collection[str]) -> None:
    """Delete the states of other sounds and of other encoders from a stage's ``cache``."""
    names = {f"{sound.name}.npy" for sound in sounds}
    for folder in cache.iterdir():
        if folder.name not in encoders:
            shutil.rmtree(folder)
            continue
        for path in folder.iterdir():
            if path.name not in names:
                path.unlink()
