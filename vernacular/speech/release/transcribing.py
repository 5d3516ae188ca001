"""Transcripts that a released model writes for speech without one, with the confidence in each.

Accepted ones become a file of text in the language folder, for a source with ``quality: machine`` that
``splits.train_only`` names, so that nothing is scored on what a machine wrote.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import Folder
from vernacular.core.store import Store
from vernacular.modeling.base_models import quiet
from vernacular.speech.model_code.speech_model import SpeechForCTC
from vernacular.speech.model_code.speech_pipeline import LANGUAGE_MODEL, Decoder
from vernacular.speech.release.code_files import is_own_code
from vernacular.speech.transcription.alphabet import normal
from vernacular.speech.transcription.trainings import confidence_of
from vernacular.speech.utterance import Utterance, load_audio, read_utterances

MACHINE = "machine_transcripts"  # name of the source
FILE = f"{MACHINE}.jsonl"


@dataclass(frozen=True)
class Transcript:
    """What a model wrote for an utterance."""

    id: str
    text: str
    confidence: float  # between 0 and 1: mean probability of the symbols of the likeliest path
    model: str  # name of the model, and key of its release


def transcribe_rest(store: Store, language: Language, name: str, say: Callable[[str], None]) -> list[Transcript]:
    """Transcribe all utterances that have no transcript.

    Raises:
        Problem: there is no release of the model, or there are no such utterances.
    """
    release = store.current(language.code, f"speech/release_{name}")
    clean = store.current(language.code, "speech/clean")
    recordings = store.current(language.code, "speech/recordings")
    if release is None or clean is None or recordings is None:
        raise Problem(f"there is no release of the speech model {name} yet", where=language.code,
                      fix=f"Run `vernacular run {language.code}`", code=Code.RESULT_MISSING)
    utterances = [one for one in read_utterances(clean.folder) if not one.text.strip() and "training" in one.uses]
    if not utterances:
        raise Problem("every utterance has a transcript already", where=f"{language.code} speech.sources",
                      fix="Add recordings without transcripts", code=Code.DATA_EMPTY)
    say(f"{len(utterances):,} utterances, {sum(one.seconds for one in utterances) / 60:.0f} minutes")
    model = f"{name} {release.manifest.key}"
    return [*_transcribe(release.folder, recordings.folder, utterances, model)]


def _transcribe(release: Path, recordings: Path, utterances: Sequence[Utterance], name: str) -> Iterator[Transcript]:
    if not is_own_code(release) or not (release / "speech_model.py").is_file():
        raise Problem("the release is not one of method `frozen` by this version", where=str(release),
                      fix="Run the language again; models of other methods are read by `pipeline` of transformers",
                      code=Code.RELEASE_LOAD)
    quiet()
    model: Any = SpeechForCTC.from_pretrained(release, local_files_only=True, dtype=torch.float32)
    model.eval()
    decoder = Decoder.load(model.config.symbols, model.config.decoding, release / LANGUAGE_MODEL)
    for utterance in utterances:
        sound = torch.from_numpy(load_audio(recordings, utterance))[None]
        with torch.inference_mode():
            scores = np.asarray(model(sound).logits[0], np.float32)
        yield Transcript(utterance.id, normal(decoder.text(scores)), confidence_of(scores), name)


def accept(language: Language, transcripts: Sequence[Transcript], least: float) -> int:
    """Write those with text and at least the confidence ``least`` into the language folder; return how many.

    The file replaces that of an earlier call.
    """
    kept = [one for one in transcripts if one.text and one.confidence >= least]
    Folder.of(language.folder).file(FILE).write(
        "".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in kept))
    return len(kept)
