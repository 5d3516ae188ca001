"""The states of an encoder for every utterance, computed once and kept in a stage's cache.

A file is named by the utterance's id and is in a folder named by the encoder, so that a withdrawn utterance's states
are found and deleted.
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

from vernacular.speech.utterance import Utterance, load_audio

States = NDArray[np.float16]  # (layers, frames, size)
VERSION = 1  # raised when the states of an encoder change
_REPORTED = 20.0  # seconds between lines


def compute_states(encoder: Any, utterances: Sequence[Utterance], recordings: Path, folder: Path,
                   say: Callable[[str], None]) -> dict[str, States]:
    """The states of ``utterances`` by id, mapped from files; those that are missing are computed.

    Args:
        encoder: a ``LayerStates`` or ``LogMel``.
        utterances: to read.
        recordings: folder of the artifact ``speech/recordings``.
        folder: of this encoder's states, in the cache.
        say: receives lines for a person.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found, reported = {}, time.monotonic()
    for number, utterance in enumerate(utterances):
        path = folder / _name(utterance)
        if not path.is_file():
            with torch.inference_mode():
                states = encoder(torch.from_numpy(load_audio(recordings, utterance))).half().cpu().numpy()
            with (part := path.with_suffix(".part")).open("wb") as stream:
                np.save(stream, states, allow_pickle=False)
            part.replace(path)
            if time.monotonic() - reported > _REPORTED:
                reported = time.monotonic()
                say(f"{number + 1:,} of {len(utterances):,} utterances read by the encoder")
        found[utterance.id] = np.load(path, mmap_mode="r", allow_pickle=False)
    return found


def forget_others(cache: Path, utterances: Iterable[Utterance], encoders: Collection[str]) -> None:
    """Delete the states of other utterances and of other encoders from a stage's ``cache``."""
    names = {_name(utterance) for utterance in utterances}
    for folder in cache.iterdir():
        if folder.name not in encoders:
            shutil.rmtree(folder)
            continue
        for path in folder.iterdir():
            if path.name not in names:
                path.unlink()


def _name(utterance: Utterance) -> str:
    """The name of the file: id, and the samples that are read if silence was trimmed."""
    ends = [str(end) for end in (utterance.start_sample, utterance.end_sample) if end is not None]
    return "-".join([utterance.id, *ends]) + ".npy"
