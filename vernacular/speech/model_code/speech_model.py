"""A transcription model: a frozen speech encoder, a learned mixture of its layers, a recurrent head, CTC.

``SpeechForCTC`` reads sound of any length and each utterance by itself, so neither a batch nor padding changes its
output. Symbol 0 is CTC's blank.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.functional import layer_norm, pad
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

RATE = 16_000  # samples a second
_WINDOW = 30  # seconds that an encoder reads together
_FRAME = 320  # samples of a state
_LEAST = 800  # samples that every encoder can read; shorter sound is filled up with silence
Features = torch.Tensor  # (layers, frames, size)


class LogMel(nn.Module):
    """The baseline without an encoder: log-mel features at the rate of an encoder's states."""

    def __init__(self, extractor: Any) -> None:
        super().__init__()
        self.extractor = extractor
        self.layers, self.size = 1, 2 * extractor.feature_size

    def forward(self, audio: torch.Tensor) -> Features:
        """The features of one utterance, (1, frames, size)."""
        mel = spectrum(self.extractor, audio)
        return mel.T.reshape(1, -1, self.size)


class LayerStates(nn.Module):
    """The states of all layers of a pretrained encoder, each normalized, in half precision as they are stored.

    ``network``: a Whisper encoder, or a model of the wav2vec 2.0 kind (HuBERT, WavLM, w2v-BERT).
    """

    def __init__(self, network: Any, extractor: Any) -> None:
        super().__init__()
        self.network, self.extractor = network, extractor
        self.whisper = network.config.model_type == "whisper"
        self.layers, self.size = network.config.num_hidden_layers + 1, network.config.hidden_size

    def forward(self, audio: torch.Tensor) -> Features:
        """The states of one utterance (samples,), read in windows of equal length of at most 30 seconds."""
        audio = pad(audio, (0, max(0, _LEAST - len(audio))))
        count = -(-len(audio) // (_WINDOW * RATE))
        length = -(-len(audio) // (count * _FRAME)) * _FRAME
        windows = [audio[start:start + length] for start in range(0, len(audio), length)]
        return torch.cat([layer_norm(self._window(window), (self.size,)) for window in windows], 1).half()

    def _window(self, audio: torch.Tensor) -> Features:
        network = self.network
        if not self.whisper:
            inputs = self.extractor(audio.cpu().numpy(), sampling_rate=RATE, return_tensors="pt").to(audio.device)
            states = network(**inputs, output_hidden_states=True).hidden_states
            return torch.cat(states)
        # Whisper pads to 30 seconds. Reading the sound alone takes a tenth of the time.
        state = nn.functional.gelu(network.conv1(spectrum(self.extractor, audio)[None]))
        state = nn.functional.gelu(network.conv2(state)).transpose(1, 2)
        state = state + network.embed_positions.weight[:state.shape[1]]
        states = [state]
        for layer in network.layers:
            states.append(layer(states[-1], None))
        states[-1] = network.layer_norm(states[-1])
        return torch.cat(states)


def spectrum(extractor: Any, audio: torch.Tensor) -> torch.Tensor:
    """Whisper's log-mel spectrum of a sound, filled up with silence to whole states: (channels, 2 * frames)."""
    whole = pad(audio, (0, max(_FRAME - len(audio), -len(audio) % _FRAME)))
    mel: torch.Tensor = extractor(whole.cpu().numpy(), sampling_rate=RATE, return_tensors="pt", padding=False,
                                  truncation=False).input_features[0]
    return mel.to(audio.device)


class RecurrentHead(nn.Module):
    """From the states of all layers to log probabilities of symbols, one frame for every ``stride`` states."""

    def __init__(self, layers: int, size: int, symbols: int, hidden: int, depth: int, stride: int,
                 dropout: float) -> None:
        super().__init__()
        self.stride = stride
        self.mixture = nn.Parameter(torch.zeros(layers))
        self.norm, self.dropout = nn.LayerNorm(size), nn.Dropout(dropout)
        inputs = [size * stride, *[2 * hidden] * (depth - 1)]
        self.forwards = nn.ModuleList(nn.GRU(width, hidden, batch_first=True) for width in inputs)
        self.backwards = nn.ModuleList(nn.GRU(width, hidden, batch_first=True) for width in inputs)
        self.output = nn.Linear(2 * hidden, symbols)

    def mixed(self, states: torch.Tensor) -> torch.Tensor:
        """The weighted mean of the layers, (utterances, frames, size)."""
        normal: torch.Tensor = self.norm(torch.einsum("bltd,l->btd", states.float(), self.mixture.softmax(0)))
        return normal

    def forward(self, states: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log probabilities, (utterances, frames, symbols), and the number of frames of each utterance.

        Args:
            states: (utterances, layers, frames, size).
            lengths: states of each utterance; those behind are padding, whatever they hold.
        """
        state = self.mixed(states)
        within = torch.arange(state.shape[1], device=state.device) < lengths[:, None]
        state = state * within[..., None]
        state = pad(state, (0, 0, 0, -state.shape[1] % self.stride))
        state = state.reshape(len(state), -1, self.stride * state.shape[2])
        lengths = (lengths + self.stride - 1) // self.stride
        turned = _turned(lengths, state.shape[1])
        for forwards, backwards in zip(self.forwards, self.backwards, strict=True):
            state = self.dropout(state)
            behind = backwards(_gathered(state, turned))[0]
            state = torch.cat([forwards(state)[0], _gathered(behind, turned)], -1)
        return self.output(self.dropout(state)).log_softmax(-1), lengths


def _turned(lengths: torch.Tensor, frames: int) -> torch.Tensor:
    """Places that turn each row around within its length; padding stays where it is."""
    places = torch.arange(frames, device=lengths.device)[None]
    return torch.where(places < lengths[:, None], lengths[:, None] - 1 - places, places)


def _gathered(state: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    return state.gather(1, places[..., None].expand(-1, -1, state.shape[-1]))


class SpeechConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """Settings of ``SpeechForCTC``.

    Args:
        encoder: settings of the encoder; empty for log-mel features.
        extractor: settings of its feature extractor.
        symbols: characters by number; the first is the blank.
        head: arguments of ``RecurrentHead`` besides sizes.
        decoding: ``weight`` and ``bonus`` of the n-gram model; empty without one.
    """

    model_type = "vernacular-speech"

    def __init__(self, encoder: dict[str, Any] | None = None, extractor: dict[str, Any] | None = None,
                 symbols: Sequence[str] = ("",), head: dict[str, Any] | None = None,
                 decoding: dict[str, float] | None = None, **more: Any) -> None:
        self.encoder, self.extractor, self.symbols = encoder or {}, extractor or {}, list(symbols)
        self.head, self.decoding = head or {}, decoding or {}
        self.inputs_to_logits_ratio = _FRAME * int(self.head.get("stride", 1))
        super().__init__(**more)


class SpeechForCTC(PreTrainedModel):  # type: ignore[no-untyped-call]
    """A transcription model as ``AutoModelForCTC`` loads it; reads sound at 16 kHz."""

    config_class = SpeechConfig
    main_input_name = "input_values"
    base_model_prefix = "states"

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__(config)
        extractor = _feature_extractor(config.extractor)
        if config.encoder:
            auto: Any = AutoModel
            network = auto.from_config(AutoConfig.for_model(**config.encoder))
            self.states: nn.Module = LayerStates(network.encoder if config.encoder["model_type"] == "whisper"
                                                 else network, extractor)
        else:
            self.states = LogMel(extractor)
        self.head = RecurrentHead(self.states.layers, self.states.size, len(config.symbols), **config.head)
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: nn.Module) -> None:
        """Leave what is not in the file as torch makes it."""

    def forward(self, input_values: torch.Tensor, attention_mask: torch.Tensor | None = None,
                **_: Any) -> CausalLMOutput:
        """Log probabilities of symbols; frames behind the end of an utterance are blank."""
        lengths = [input_values.shape[1]] * len(input_values) if attention_mask is None else \
            attention_mask.sum(1).tolist()
        rows = []
        for audio, length in zip(input_values, lengths, strict=True):
            states = self.states(audio[:int(length)].float())[None]
            rows.append(self.head(states, torch.tensor([states.shape[2]], device=states.device))[0][0])
        longest = max(map(len, rows))
        blank = torch.full((1, len(self.config.symbols)), -1e4, device=input_values.device)
        blank[0, 0] = 0
        return CausalLMOutput(logits=torch.stack([torch.cat([row, blank.expand(longest - len(row), -1)])
                                                  for row in rows]))


def _feature_extractor(settings: dict[str, Any]) -> Any:
    """The feature extractor that ``settings`` describe, of transformers itself."""
    import transformers
    kind = settings["feature_extractor_type"]
    if kind not in ("WhisperFeatureExtractor", "Wav2Vec2FeatureExtractor", "SeamlessM4TFeatureExtractor"):
        raise ValueError(f"{kind} is not the feature extractor of a known speech model")
    return getattr(transformers, kind)(**{name: value for name, value in settings.items()
                                          if name != "feature_extractor_type"})
