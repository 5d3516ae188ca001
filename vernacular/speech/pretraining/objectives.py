"""The self-supervised objective of each family, as a module that holds the encoder and its head.

========================  ==========================================================================
wav2vec 2.0               contrast among quantized frames, and diversity of the quantizer
                          (Baevski et al. 2006.11477), as transformers has it
HuBERT                    the cluster of masked frames (Hsu et al. 2106.07447)
WavLM                     the same, of speech with other speech mixed in (Chen et al. 2110.13900)
w2v-BERT 2.0              codes of random projections of masked frames (Chiu et al. 2202.01855)
========================  ==========================================================================

transformers has no pretraining head for the last three, and their checkpoints have none: it is new,
and trained alone at first. w2v-BERT 2.0 (Barrault et al. 2312.05187) also has a contrastive loss with
a learned quantizer, which was not published with it: random projections need no quantizer to be learned.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cosine_similarity, cross_entropy

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.base_files import family_of
from vernacular.speech.encoders import SpeechBase, load_speech_model, read_inputs
from vernacular.speech.pretraining.masked_frames import Masked, draw_negatives, mask_spans
from vernacular.speech.utterance import Samples

_HOTTEST, _COLDEST = 2.0, 0.5  # temperature of the quantizer of wav2vec 2.0: at first, and of a trained one
_LOGIT_SCALE = 10.0  # HuBERT: cosines are divided by 0.1
_WIDEST = 256  # of the space in which clusters are compared
_CODEBOOKS, _CODE_WIDTH = 4, 16  # of random projections


@dataclass(frozen=True)
class Crops:
    """Pieces of utterances of equal length, with what is to be predicted."""

    waves: list[Samples]  # what the network reads
    targets: NDArray[np.int64] | None = None  # the cluster of each frame, (rows, frames or more); None if it has none


@dataclass(frozen=True)
class Loss:
    """The loss of some crops."""

    total: torch.Tensor  # what is minimized, summed over masked frames
    nats: float  # negative log-likelihood of the right answers, summed; compared between states of one network
    frames: int  # masked ones


class Objective(torch.nn.Module, ABC):
    """An encoder with the head of its objective."""

    mask_share: ClassVar[float]  # before overlaps
    clusters: ClassVar[bool] = False  # whether it predicts clusters, so that ``Crops.targets`` is needed
    mixes: ClassVar[bool] = False  # whether crops are mixed with others

    def __init__(self, model: SpeechBase, fresh: bool) -> None:
        super().__init__()
        self.speech = model
        self.network = model.network
        self.fresh = fresh  # whether the head is untrained
        config = self.network.config
        self._before = {name: getattr(config, name) for name in ("apply_spec_augment", "mask_feature_prob")}
        config.apply_spec_augment, config.mask_feature_prob = True, 0.0  # else it would mask something else

    @property
    def encoder(self) -> Any:
        """The encoder without its head."""
        return self.network

    @property
    def hop(self) -> int:
        """Samples from a state to the next."""
        return math.prod(getattr(self.network.config, "conv_stride", (2, 160)))

    def set_progress(self, share: float) -> None:
        """Set what depends on the share of the steps that were taken."""

    def draw_mask(self, rows: int, frames: int, random: np.random.Generator) -> Masked:
        """Return the masked frames of each row, (rows, frames)."""
        return np.stack([mask_spans(frames, self.mask_share, random) for _ in range(rows)])

    def loss(self, crops: Crops, key: tuple[int, ...]) -> Loss:
        """Return the loss of ``crops``; ``key`` seeds which frames are masked."""
        (inputs,) = read_inputs(self.speech, crops.waves)  # of equal length
        random = np.random.default_rng(key)
        return self.masked_loss(inputs.values, inputs.frames[0], crops, random)

    @abstractmethod
    def masked_loss(self, values: dict[str, torch.Tensor], frames: int, crops: Crops,
                    random: np.random.Generator) -> Loss:
        """Return the loss of inputs with so many frames each."""

    def save(self, folder: Path) -> None:
        """Write the encoder as transformers loads it, with its feature extractor."""
        for name, value in self._before.items():
            setattr(self.network.config, name, value)
        self.network.save_pretrained(folder)
        self.speech.extractor.save_pretrained(folder)

    def states(self, values: dict[str, torch.Tensor], masked: Masked) -> torch.Tensor:
        """Return the last states of ``values`` with frames masked, (rows, frames, width)."""
        frames = masked.shape[1]
        padding = values["input_features"].shape[1] - frames if "input_features" in values else 0
        where = torch.from_numpy(np.pad(masked, ((0, 0), (0, padding)))).to(self.network.device)
        states: torch.Tensor = self.encoder(**values, mask_time_indices=where).last_hidden_state
        return states[:, :frames]


class Contrastive(Objective):
    """wav2vec 2.0."""

    mask_share = 0.65

    def __init__(self, model: SpeechBase) -> None:
        super().__init__(model, any(name.startswith(("quantizer.", "project_")) for name in model.missing))
        self.set_progress(1.0)

    @property
    def encoder(self) -> Any:
        """The encoder without quantizer and projections."""
        return self.network.wav2vec2

    def set_progress(self, share: float) -> None:
        """Cool the quantizer; a trained one is cold."""
        hottest = _HOTTEST if self.fresh else _COLDEST
        self.network.set_gumbel_temperature(hottest * (_COLDEST / hottest) ** share)

    def masked_loss(self, values: dict[str, torch.Tensor], frames: int, crops: Crops,
                    random: np.random.Generator) -> Loss:
        """The contrast of each masked frame's state with quantized frames, and the diversity of these."""
        masked = self.draw_mask(len(crops.waves), frames, random)
        where, negatives = (torch.from_numpy(one).to(self.network.device) for one in (
            masked, draw_negatives(masked, self.network.config.num_negatives, random)))
        out = self.network(**values, mask_time_indices=where, sampled_negative_indices=negatives)
        nats = out.contrastive_loss if self.training else self._strict_nats(out, where, negatives)
        return Loss(out.loss, float(nats.detach()), int(masked.sum()))

    def _strict_nats(self, out: Any, where: torch.Tensor, negatives: torch.Tensor) -> torch.Tensor:
        """Return the contrastive loss with wrong answers that equal the right one.

        Training leaves those out. A quantizer that gives every frame the same code would then have no loss.
        """
        quantized = out.projected_quantized_states
        answers = torch.cat([quantized[where][:, None], quantized.flatten(0, 1)[negatives[where]]], 1)
        cosines = cosine_similarity(out.projected_states[where][:, None].float(), answers.float(), dim=-1)
        right = torch.zeros(len(cosines), dtype=torch.long, device=cosines.device)
        return cross_entropy(cosines / self.network.config.contrastive_logits_temperature, right, reduction="sum")


class Clusters(Objective):
    """HuBERT: the cluster of each masked frame, by the cosine of its projected state with a vector per cluster."""

    mask_share = 0.8
    clusters = True

    def __init__(self, model: SpeechBase, count: int) -> None:
        super().__init__(model, True)
        width = self.network.config.hidden_size
        self.project = torch.nn.Linear(width, min(_WIDEST, width))
        self.vectors = torch.nn.Parameter(torch.rand(count, min(_WIDEST, width)))

    def masked_loss(self, values: dict[str, torch.Tensor], frames: int, crops: Crops,
                    random: np.random.Generator) -> Loss:
        """The cross-entropy of the clusters of masked frames."""
        masked = self.draw_mask(len(crops.waves), frames, random)
        assert crops.targets is not None
        states = self.project(self.states(values, masked)[torch.from_numpy(masked).to(self.network.device)])
        logits = _LOGIT_SCALE * cosine_similarity(states[:, None].float(), self.vectors[None], dim=-1)
        wanted = torch.from_numpy(crops.targets[:, :frames][masked]).to(logits.device)
        nats = cross_entropy(logits, wanted, reduction="sum")
        return Loss(nats, float(nats.detach()), len(wanted))


class DenoisedClusters(Clusters):
    """WavLM: as HuBERT, but a piece of another crop is mixed into what the network reads."""

    mixes = True


class RandomProjections(Objective):
    """w2v-BERT 2.0: for each masked frame its nearest code in some fixed random codebooks."""

    mask_share = 0.65

    def __init__(self, model: SpeechBase, count: int, seed: int) -> None:
        super().__init__(model, True)
        config, random = self.network.config, torch.Generator().manual_seed(seed)
        width = config.feature_projection_input_dim
        self.register_buffer("matrices", torch.nn.init.xavier_uniform_(
            torch.empty(_CODEBOOKS, width, _CODE_WIDTH), generator=random))
        codes = torch.randn(_CODEBOOKS, count, _CODE_WIDTH, generator=random)
        self.register_buffer("codes", torch.nn.functional.normalize(codes, dim=-1))
        self.heads = torch.nn.Linear(config.hidden_size, _CODEBOOKS * count)

    def masked_loss(self, values: dict[str, torch.Tensor], frames: int, crops: Crops,
                    random: np.random.Generator) -> Loss:
        """The cross-entropy of the codes of masked frames, the mean over the codebooks."""
        masked = self.draw_mask(len(crops.waves), frames, random)
        where = torch.from_numpy(masked).to(self.network.device)
        wanted = self.code_of(values["input_features"][:, :frames][where])
        logits = self.heads(self.states(values, masked)[where]).view(len(wanted), _CODEBOOKS, -1).float()
        nats = cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="sum") / _CODEBOOKS
        return Loss(nats, float(nats.detach()), len(wanted))

    def code_of(self, features: torch.Tensor) -> torch.Tensor:
        """Return the nearest code of ``features``, (n, width), in each codebook: (n, codebooks)."""
        matrices, codes = self.get_buffer("matrices"), self.get_buffer("codes")
        projected = torch.nn.functional.normalize(torch.einsum("nw,bwc->nbc", features.float(), matrices), dim=-1)
        return torch.einsum("nbc,bkc->nbk", projected, codes).argmax(-1)


def load_objective(path: Path, clusters: int, seed: int) -> Objective:
    """Load a base with the objective of its family.

    Args:
        path: its folder.
        clusters: classes of the prediction, except for wav2vec 2.0.
        seed: of new weights and of random projections.

    Raises:
        Problem: the family has no self-supervised objective, or the base cannot be used.
    """
    torch.manual_seed(seed)
    family = family_of(path)
    if family == "whisper":
        raise Problem("Whisper learns from transcripts, and has no objective without them", where=str(path), fix=(
            "Remove `pretraining`, or use a base of wav2vec 2.0, HuBERT, WavLM or w2v-BERT"), code=Code.MODEL_KIND)
    model = load_speech_model(path, "Wav2Vec2ForPreTraining" if family == "wav2vec2" else "AutoModel")
    if getattr(model.network.config, "add_adapter", False):
        raise Problem("this base has an adapter that shortens its output, which was trained with transcripts",
                      where=str(path), fix="Remove `pretraining`, or use the base without it", code=Code.MODEL_KIND)
    if family == "wav2vec2":
        return Contrastive(model)
    if family == "wav2vec2-bert":
        return RandomProjections(model, clusters, seed)
    return (DenoisedClusters if family == "wavlm" else Clusters)(model, clusters)
