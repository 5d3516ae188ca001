"""Writes a transcription model as ``pipeline("automatic-speech-recognition")`` loads it, without Vernacular."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from transformers import Wav2Vec2FeatureExtractor

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.release.export import copy_model, write_json
from vernacular.speech.model_code.speech_model import SpeechConfig, SpeechForCTC
from vernacular.speech.model_code.speech_pipeline import LANGUAGE_MODEL
from vernacular.speech.release.code_files import write_code
from vernacular.speech.transcription.alphabet import Alphabet
from vernacular.speech.transcription.encoders import base_encoder
from vernacular.speech.transcription.frozen_method import HEAD
from vernacular.speech.transcription.head_training import HeadSettings

_PIPELINE = {"automatic-speech-recognition": {
    "impl": "speech_pipeline.SpeechPipeline", "pt": ["AutoModelForCTC"], "type": "multimodal"}}


def export_frozen(base: Path, trained: Path, alphabet: Alphabet, settings: HeadSettings, decoding: dict[str, float],
                  to: Path) -> None:
    """Write encoder, head, settings and code into the folder ``to``.

    Args:
        base: folder of the base.
        trained: folder of the trained head.
        alphabet: what the head writes.
        settings: sizes of the head.
        decoding: weight and bonus of the language model; empty without one.
        to: a folder that exists.
    """
    encoder = base_encoder(base)
    config = SpeechConfig(
        encoder=_plain(encoder.network.config.to_dict()), extractor=_plain(encoder.extractor.to_dict()),
        symbols=list(alphabet.symbols), head=settings.arguments(), decoding=decoding)
    config.auto_map = {"AutoConfig": "speech_model.SpeechConfig", "AutoModelForCTC": "speech_model.SpeechForCTC"}
    config.custom_pipelines = _PIPELINE
    model = SpeechForCTC(config)
    model.states.load_state_dict(encoder.state_dict())
    model.head.load_state_dict(load_file(trained / HEAD))
    model.save_pretrained(to)
    settings_of_model = json.loads((to / "config.json").read_text(encoding="utf-8"))
    write_json(to / "config.json", _plain(settings_of_model) | {
        "auto_map": config.auto_map, "custom_pipelines": _PIPELINE, "architectures": ["SpeechForCTC"]})
    extractor: Any = Wav2Vec2FeatureExtractor
    extractor(do_normalize=False, return_attention_mask=True).save_pretrained(to)
    write_code(to)
    _write_tokenizer(alphabet, to)


def export_tuned(trained: Path, to: Path, alphabet: Alphabet, decoding: dict[str, float]) -> None:
    """Copy a model that transformers knows, with the pipeline that uses the language model if there is one.

    ``alphabet``: what a model of CTC writes; one with a decoder of its own has no use for it.

    Raises:
        Problem: a language model beside a model that cannot use one.
    """
    copy_model(trained, to)
    path = to / "config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    if str(settings.get("architectures", [""])[0]).endswith("ForCTC"):
        settings["symbols"] = list(alphabet.symbols)
    elif decoding:
        raise Problem("a model with a decoder of its own has no use for an n-gram model", where=str(trained),
                      fix="Set `language_model: none`", code=Code.BUG)
    if decoding:
        settings |= {"custom_pipelines": _PIPELINE, "decoding": decoding}
        write_code(to)
    write_json(path, settings)


def copy_language_model(trained: Path, to: Path) -> None:
    """Copy the n-gram model of the artifact ``trained``, if there is one."""
    if (trained / LANGUAGE_MODEL).is_file():
        shutil.copyfile(trained / LANGUAGE_MODEL, to / LANGUAGE_MODEL)


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings without paths of this machine and versions of tools."""
    return {name: value for name, value in settings.items()
            if name not in ("_name_or_path", "name_or_path", "transformers_version", "processor_class", "dtype")}


def _write_tokenizer(alphabet: Alphabet, to: Path) -> None:
    """Write the alphabet as transformers reads it: a space is ``|``, the blank ``<pad>``."""
    names = ["<pad>", *("|" if symbol == " " else symbol for symbol in alphabet.symbols[1:])]
    write_json(to / "vocab.json", {name: number for number, name in enumerate(names)})
    write_json(to / "tokenizer_config.json", {
        "tokenizer_class": "Wav2Vec2CTCTokenizer", "pad_token": "<pad>", "unk_token": "<pad>", "bos_token": None,
        "eos_token": None, "word_delimiter_token": "|", "do_lower_case": False})
