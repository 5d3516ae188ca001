"""Where in a recording somebody speaks, by silero-vad's packaged model (silero-vad 6, MIT license)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.speech.packages import load_package
from vernacular.speech.utterance import Samples

FRAME = 512  # samples that share one probability: 32 ms
_CONTEXT = 64  # samples of the frame before that the model also sees
_AT_ONCE = 512  # frames in one call
_FILE = "data/silero_vad_16k_sequence.onnx"
SPEECH = 0.5  # probability from which a frame is speech


class VoiceActivity:
    """The loaded model. Only its file is used: its package would import torch and limit torch to one thread.

    Raises:
        Problem: the extra ``speech`` is not installed.
    """

    def __init__(self) -> None:
        runtime = load_package("onnxruntime")
        options = runtime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = runtime.InferenceSession(str(_model_file()), options, providers=["CPUExecutionProvider"])

    def probabilities(self, sound: Samples) -> NDArray[np.float32]:
        """Return the probability of speech in each frame of ``sound``, mono at 16 kHz: (frames,)."""
        count = -(-len(sound) // FRAME)
        frames = np.zeros((count, FRAME), dtype=np.float32)
        frames.reshape(-1)[:len(sound)] = sound
        context = np.zeros((count, _CONTEXT), dtype=np.float32)
        context[1:] = frames[:-1, -_CONTEXT:]
        states = {name: np.zeros((1, 1, 128), dtype=np.float32) for name in ("h", "c")}
        blocks = [np.zeros(0, dtype=np.float32)]
        for first in range(0, count, _AT_ONCE):
            block = np.concatenate([context[first:first + _AT_ONCE], frames[first:first + _AT_ONCE]], axis=1)
            values, states["h"], states["c"] = self._session.run(["speech_probs", "hn", "cn"],
                                                                 {"input": block, **states})
            blocks.append(values.reshape(-1))
        return np.concatenate(blocks)


def _model_file() -> Path:
    spec = find_spec("silero_vad")
    if spec is None or not spec.submodule_search_locations:
        raise Problem("speech needs silero-vad, which is not installed", where="speech",
                      fix="Run `pip install 'vernacular[speech]'`", code=Code.INSTALLATION)
    path = Path(spec.submodule_search_locations[0]) / _FILE
    if not path.is_file():
        raise Problem(f"the installed silero-vad lacks {_FILE}", where="speech",
                      fix="Run `pip install 'silero-vad>=6.2'`", code=Code.INSTALLATION)
    return path
