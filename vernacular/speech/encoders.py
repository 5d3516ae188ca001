"""Pretrained speech models: which families are known, loading one, and what it reads.

A model reads utterances together only if padding cannot change its output. That needs an attention
mask, and no normalization over time in the convolutions (``feat_extract_norm: group``, as in
wav2vec 2.0 base and HuBERT base): such models read utterances of equal length together, others alone.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, faults_as_problems
from vernacular.modeling.base_checks import check_finite, check_shapes
from vernacular.modeling.base_files import check_weights, family_of
from vernacular.modeling.base_models import quiet
from vernacular.speech.utterance import RATE, Samples

FAMILIES = ("wav2vec2", "hubert", "wavlm", "wav2vec2-bert", "whisper")
# Names of weights that a checkpoint may lack: they belong to a head, to masking or to adapters.
_MAY_LACK = ("masked_spec_embed", "quantizer.", "project_hid.", "project_q.", "lm_head.", "adapter_layer.", "proj_out.")


@dataclass(frozen=True)
class SpeechBase:
    """A speech model with its feature extractor."""

    network: Any  # a transformers model, in evaluation mode
    extractor: Any  # the feature extractor of its folder
    missing: frozenset[str]  # names of its weights that the checkpoint lacks, which are random

    @property
    def family(self) -> str:
        """Its ``model_type``."""
        return str(self.network.config.model_type)

    @property
    def padded(self) -> bool:
        """Whether utterances of different lengths can be read together."""
        return self.family == "whisper" or (
            bool(self.extractor.return_attention_mask)
            and getattr(self.network.config, "feat_extract_norm", "layer") != "group")


@dataclass(frozen=True)
class Inputs:
    """What a network reads of some utterances together."""

    rows: list[int]  # indices of the utterances
    values: dict[str, torch.Tensor]  # arguments of the network
    frames: list[int]  # number of states of each utterance, without padding


def load_speech_model(path: Path, kind: str = "AutoModel", **how: Any) -> SpeechBase:
    """Load a speech model and its feature extractor from a transformers folder.

    Args:
        path: the folder.
        kind: name of the class in transformers, such as ``AutoModelForCTC``.
        how: changes of the configuration, such as ``vocab_size``; weights of another shape are random.

    Raises:
        Problem: it is not a speech model of a known family, or its files cannot be used.
    """
    import transformers
    quiet()
    family = family_of(path)
    if family not in FAMILIES:
        raise Problem(f"a model of the family {family} is not a speech model that Vernacular knows", where=str(path),
                      fix=f"Use one of {', '.join(FAMILIES)}", code=Code.MODEL_KIND)
    safe = check_weights(path)
    loader: Any = getattr(transformers, kind)
    with faults_as_problems("the speech model", str(path)):
        extractors: Any = transformers.AutoFeatureExtractor
        extractor = extractors.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        config = transformers.AutoConfig.from_pretrained(path, trust_remote_code=False, local_files_only=True)
        for name, value in {"mask_time_prob": config.mask_time_prob or 0.05, **how}.items():
            setattr(config, name, value)  # without a probability a model has no vector for masked frames
        if loader.__name__.startswith("Auto") and type(config) not in loader._model_mapping:
            raise Problem(f"transformers has no {kind} for the family {family}", where=str(path),
                          fix="Use another method or base", code=Code.MODEL_KIND)
        try:
            network, info = loader.from_pretrained(
                path, config=config, output_loading_info=True, dtype=torch.float32, use_safetensors=safe,
                ignore_mismatched_sizes=True, trust_remote_code=False, local_files_only=True)
        except pickle.UnpicklingError as error:
            raise Problem("the weights are pickled and contain more than tensors, perhaps a program; they are not read",
                          where=str(path), fix="Get the model in safetensors format",
                          code=Code.MODEL_FILES) from error
    if extractor.sampling_rate != RATE:
        raise Problem(f"the model reads {extractor.sampling_rate} samples a second, not {RATE}",
                      where=str(path), fix="Use another base", code=Code.MODEL_KIND)
    changed = {name for name, *_ in info["mismatched_keys"]}
    check_shapes(sorted(item for item in info["mismatched_keys"] if "lm_head." not in item[0]), str(path))
    lacks = sorted(name for name in info["missing_keys"] if not any(part in name for part in _MAY_LACK))
    if lacks:
        raise Problem(f"the checkpoint lacks {lacks[0]} and {len(lacks) - 1} more weights", where=str(path),
                      fix="Download the base model again, or use another one", code=Code.MODEL_FILES)
    check_finite(network, path)
    return SpeechBase(network.eval(), extractor, frozenset({*info["missing_keys"], *changed}))


def check_length(model: SpeechBase, wave: Samples, where: str) -> None:
    """Check that an utterance gives at least one state, and that the model reads all of it.

    Raises:
        Problem: it is too short or too long.
    """
    frames = frames_of(model, len(wave))
    most: int | None = model.extractor.n_samples if model.family == "whisper" else None
    if frames < 1:
        raise Problem(f"an utterance of {len(wave) / RATE:.2f} s is too short for the model", where=where,
                      fix="Raise the least length in `speech.cleaning`", code=Code.DATA_EMPTY)
    if most is not None and len(wave) > most:
        raise Problem(f"an utterance of {len(wave) / RATE:.0f} s is longer than the {most / RATE:.0f} s "
                      "that Whisper reads", where=where, fix="Lower the greatest length in `speech.cleaning`",
                      code=Code.DATA_LIMIT)


def frames_of(model: SpeechBase, samples: int) -> int:
    """Return the number of states of an utterance with so many samples."""
    if model.family == "whisper":
        return -(-samples // (2 * int(model.extractor.hop_length)))
    if model.family == "wav2vec2-bert":
        stacked = max(0, (samples - 400) // 160 + 1) // model.extractor.stride
        return int(model.network._get_feat_extract_output_lengths(torch.tensor(stacked)))
    return max(0, int(model.network._get_feat_extract_output_lengths(torch.tensor(samples))))


def read_inputs(model: SpeechBase, waves: Sequence[Samples]) -> list[Inputs]:
    """Return what the network reads of ``waves``, so that none changes what it makes of another.

    The feature extractor's own settings apply: whether it normalizes and whether it gives a mask.
    """
    groups: dict[int, list[int]] = {}
    for row, wave in enumerate(waves):
        groups.setdefault(0 if model.padded else len(wave), []).append(row)
    return [_inputs(model, rows, [waves[row] for row in rows]) for rows in groups.values()]


def _inputs(model: SpeechBase, rows: list[int], waves: list[Samples]) -> Inputs:
    extracted = model.extractor(waves, sampling_rate=RATE, return_tensors="pt",
                                **({} if model.family == "whisper" else {"padding": True}))
    values = {name: extracted[name].to(model.network.device) for name in model.extractor.model_input_names
              if name in extracted}
    if model.family == "whisper":
        values.pop("attention_mask", None)  # its encoder has none
    return Inputs(rows, values, [frames_of(model, len(wave)) for wave in waves])
