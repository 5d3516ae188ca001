"""Settings of ``models:`` for training: vocabulary, translations, pretraining, fine-tuning."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from vernacular.config.base import Base
from vernacular.config.sources import Source
from vernacular.config.strict import Share, Strict
from vernacular.config.translations import Translations

Initialise = Literal["mean", "weighted", "translations", "focus", "random", "distillation"]


class Vocabulary(Strict):
    """How the tokenizer is extended with tokens of the language, to shorten its texts."""

    new_pieces: int = Field(2000, ge=0, examples=[5000], description=(
        "Most tokens added to the tokenizer. Fewer are added if the text does not support them; 0 keeps the "
        "original tokenizer. About 500 words of text support one token (docs/experiments/when-it-pays.md)."))
    min_uses: int = Field(50, ge=1, examples=[8], description=(
        "Least occurrences of a new token in the training text. Lower it to 8 with translations to initialize "
        "from (docs/experiments/translations.md); raise it for fewer, better trained tokens."))
    initialise: Initialise | None = Field(None, description=(
        "How the embedding of a new token is initialized: `mean` of the tokens that it replaces, `weighted` by "
        "how often each was in its place, `translations` (tokens that translate it), `focus` (tokens with similar "
        "neighbors), `random`, or `distillation` (from the base model; objective `causal` only). Not set: "
        "`translations` if the model has `alignment`, else `mean` (docs/experiments/translations.md)."),
        examples=["focus"])
    trim: Literal["letters", "text", "nothing"] | None = Field(None, description=(
        "Remove unused tokens of the base, which saves memory and time. `letters` removes tokens in other "
        "scripts; `text` removes all that do not occur, and may split words of other texts into more tokens. Not "
        "set: `letters` where this removes a fifth of the weights of a masked model, as of most multilingual "
        "bases, and all text that it will read is known; else `nothing` (docs/explanation/tokenizer-extension.md)."),
        examples=["nothing"])


class Related(Strict):
    """Text in a related language: it helps if there is little in the language itself (Downey et al. 2405.12413)."""

    source: Source = Field(description="The text; it takes the keys of an entry of `sources`.")
    passes: float = Field(1.0, gt=0, examples=[2], description=(
        "How often this text is read relative to the language's own. Above 1 for a smaller text, below 1 for a "
        "larger one."))


class Alignment(Strict):
    """Learning sentence meanings from translations while a masked model is pretrained.

    The mean state of a sentence is pulled to the base's state of its translation (Reimers and
    Gurevych 2004.09813) and pushed away from those of other translations (contrastive, as in LaBSE,
    Feng et al. 2007.01852).
    """

    translations: list[Translations] = Field(min_length=1, description=(
        "Pairs of texts: sentences of the language and their translations. They help more than anything else "
        "(docs/experiments/translations.md)."))
    batch_size: int = Field(32, ge=2, examples=[64], description=(
        "Sentence pairs per pretraining step. More pairs separate translations better and take more memory."))
    weight: float = Field(1.0, gt=0, examples=[2], description=(
        "Weight of the translation loss relative to the masking loss. Raise it if search matters more than "
        "likelihood."))

    teacher: Base | None = Field(None, description=(
        "CLIP or SigLIP model whose text tower embeds the translations, such as English captions, instead of the base: "
        "the texts of the language then find pictures (Carlsson et al. 2022, multilingual-CLIP). A linear map from the "
        "base's states to its vectors is fitted first and stays fixed. Not set: the base."),
        examples=[{"hub": "openai/clip-vit-base-patch32", "revision": "0123456789abcdef0123456789abcdef01234567",
                   "licence": "MIT"}])

    @model_validator(mode="after")
    def _teacher_in_float32(self) -> Alignment:
        if self.teacher is not None and self.teacher.precision != "float32":
            raise ValueError("alignment.teacher: precision must be float32; leave it out")
        return self

    def settings(self) -> dict[str, Any]:
        """Return what a stage depends on."""
        found = self.model_dump(mode="json", by_alias=True)
        if self.teacher is None:
            del found["teacher"]  # artifacts of earlier versions stay current
        return found

    @property
    def beside(self) -> list[tuple[Source, str]]:
        """The texts to read and their roles: ``translated`` (in the language) or ``translation``."""
        named = {("translated", pair.source.name): pair.source for pair in self.translations}
        named |= {("translation", pair.translation.name): pair.translation for pair in self.translations}
        return [(source, role) for (role, _), source in named.items()]


class Pretraining(Strict):
    """Continued pretraining on the text. Give the budget either as `steps` or as `minutes`."""

    minutes: float | None = Field(None, gt=0, description=(
        "Time for one training, in minutes, converted to steps by the measured speed of this machine; the adapted "
        "model and the control get the same number. Give either this or `steps`."), examples=[15])
    steps: int | None = Field(None, ge=1, description=(
        "Optimizer steps of one training, independent of the machine. About three passes over the text are a good "
        "start (docs/experiments/when-it-pays.md). Give either this or `minutes`."),
        examples=[1000])
    max_epochs: float = Field(20, gt=0, examples=[10], description=(
        "Most passes over any text. Training ends there, even if steps are left: lower it if the model memorizes "
        "a small text."))
    method: Literal["full", "lora"] = Field("full", description=(
        "`full` trains all weights. `lora` trains low-rank changes of the body and the new tokens, in much less "
        "memory, and merges them at the end; use it for models of a billion parameters and more."))
    lora_rank: int = Field(64, ge=1, examples=[16], description=(
        "Rank of these changes (`method: lora` only). A higher rank can learn more and takes more memory."))
    sequence_length: int = Field(128, ge=16, examples=[256], description=(
        "Tokens in a block. Longer blocks help with long documents and cost memory and time."))
    batch_size: int = Field(16, ge=1, examples=[32], description=(
        "Blocks in an optimizer step, over all processes. Change it together with `learning_rate`; use "
        "`accumulate` to save memory."))
    accumulate: int = Field(1, ge=1, examples=[4], description=(
        "Number of parts into which each process splits its blocks of a step. Raise it if memory runs out: less "
        "memory, the same result."))
    recompute: bool = Field(False, description=(
        "Recompute activations in the backward pass instead of storing them (gradient checkpointing). Enable it "
        "if memory runs out: less memory, a third more time."))
    shard: bool = Field(False, description=(
        "With several processes (docs/how-to/deploy.md), keep a part of every layer in each instead of a copy of the "
        "model (FSDP2; objective `causal` only). Enable it if one card is too small: less memory, the same result."))
    learning_rate: float = Field(5e-4, gt=0, examples=[2e-4], description=(
        "Highest learning rate of all weights except the new tokens. Halve it if the loss jumps; causal models "
        "need less, such as 2e-4 for SmolLM2."))
    new_rows_rate: float = Field(0.05, gt=0, le=1, examples=[0.01], description=(
        "Highest learning rate of the new tokens' embeddings, relative to the embeddings' root mean square. Lower "
        "it to 0.01 if they are initialized from translations."))
    warmup: Share = Field(0.06, examples=[0.1], description=(
        "Share of the steps for learning rate warmup. Raise it if training starts unstably."))
    head_first: Share | None = Field(None, description=(
        "Share of the steps in which only the head and the new tokens are trained. Not set: 0.1 for a masked "
        "model, whose head may be untrained, and 0 for a causal one."), examples=[0.2])
    weight_decay: float = Field(0.01, ge=0, examples=[0.1], description=(
        "Weight decay (AdamW). It rarely needs a change."))
    mask_share: Share = Field(0.15, examples=[0.3], description=(
        "Share of words that are masked and predicted (objective `masked` only)."))
    keep_states: float | None = Field(None, ge=0, description=(
        "Weight of a distillation loss that preserves the base's mean state of every text (objective `masked` "
        "only). Without it sentence encoders forget text meanings within a few hundred steps. Not set: 10 for a "
        "base without a head, such as a sentence encoder, else 0. With `alignment` it applies only to `retention` "
        "text (docs/experiments/translations.md)."), examples=[10])
    replay: Share = Field(0.1, lt=1, examples=[0.25], description=(
        "Share of the training text in the base's own languages, from `retention`, to prevent forgetting. Raise "
        "it if the gate `retention` is red."))
    related: list[Related] = Field(default_factory=list, description=(
        "Texts in related languages, mixed into the training text. They help if there is little text in the "
        "language itself."))
    patience: int = Field(3, ge=0, examples=[0], description=(
        "Early stopping: training ends after this many evaluations without a better held-out likelihood; the best "
        "weights are kept. 0 disables it."))
    interpolate: list[Share] = Field(default_factory=lambda: [0.5, 0.7, 0.85, 1.0], min_length=1, description=(
        "Candidate interpolation weights between the base (0) and the trained model (1); the best on dev text and "
        "replay text is released. `[1.0]` always uses the trained weights."), examples=[[1.0]])
    checkpoint_minutes: float = Field(1.0, gt=0, examples=[10], description=(
        "Minutes between checkpoints. A killed run loses at most this much; raise it for large models on a slow disk."))
    stop_after_minutes: float | None = Field(None, gt=0, description=(
        "Write a checkpoint and end after this many minutes, for machines with a time limit. The next run "
        "continues. Not set: no limit."), examples=[230])

    @model_validator(mode="after")
    def _parts_fit(self) -> Pretraining:
        if self.accumulate > self.batch_size:
            raise ValueError("accumulate must be at most batch_size: a part has at least one block")
        return self


class Lora(Strict):
    """Fine-tuning on the tasks, by LoRA or in full: equal budget and seeds for base, control and adapted."""

    method: Literal["lora", "full"] = Field("lora", description=(
        "`lora` trains a small adapter for each task. `full` trains all weights and stores a whole model for each "
        "seed; use it for comparison."))
    rank: int = Field(16, ge=1, examples=[32], description=(
        "Rank of the adapter. A higher rank can learn more and makes larger files."))
    alpha: int = Field(32, ge=1, examples=[64], description=(
        "Scale of the adapter, divided by `rank`. Twice the rank is usual."))
    dropout: Share = Field(0.0, examples=[0.1], description=(
        "Dropout of the adapter's input. It may help with few labels and costs a third of the speed on a CPU."))
    learning_rate: float = Field(1e-3, gt=0, examples=[2e-4], description=(
        "Highest learning rate of adapter and head. Lower it to 2e-4 for causal models."))
    full_learning_rate: float = Field(5e-5, gt=0, examples=[2e-5], description=(
        "Highest learning rate of the body with `method: full`."))
    epochs: float = Field(8, gt=0, examples=[16], description=(
        "Passes over the labels. `least_steps` adds more if there are few."))
    least_steps: int = Field(200, ge=1, examples=[50], description=(
        "Fewest optimizer steps: a few dozen labels need more passes than `epochs` gives. Lower it to try a "
        "folder quickly."))
    looks: int = Field(5, ge=0, examples=[0], description=(
        "How often dev items are scored during training, evenly spaced. The last point that is not significantly "
        "worse than the best is kept; 0 keeps the end of training and saves time (docs/explanation/fine-tuning.md)."))
    batch_size: int = Field(16, ge=1, examples=[32], description="Items in an optimizer step.")
    max_length: int = Field(256, ge=16, examples=[512], description=(
        "Longest item in tokens; the remainder is cut off. The report shows how many items are cut."))
    seeds: list[int] = Field(default_factory=lambda: [1, 2, 3], min_length=1, description=(
        "Each task is trained once for each of these random seeds, on base, control and adapted, and the scores "
        "are averaged. The spread shows the effect of chance: use three or more for results, one to try a folder. "
        "Time grows with their number."), examples=[[1, 2, 3, 4, 5]])

    @model_validator(mode="after")
    def _each_seed_once(self) -> Lora:
        if len({*self.seeds}) < len(self.seeds):
            raise ValueError("seeds: a seed is repeated; training with it twice shows no variation")
        return self
