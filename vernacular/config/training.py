"""What an entry of ``models:`` may say of training: vocabulary, translations, pretraining, fine-tuning."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from vernacular.config.sources import Source
from vernacular.config.strict import Share, Strict
from vernacular.config.translations import Translations

Initialise = Literal["mean", "weighted", "translations", "focus", "random", "distillation"]


class Vocabulary(Strict):
    """How the tokenizer is extended with tokens of the language, so that a text takes fewer of them."""

    new_pieces: int = Field(2000, ge=0, examples=[5000], description=(
        "Most tokens that are added to the tokenizer. Fewer are added where the text does not support them; 0 keeps "
        "the original tokenizer. Some 500 words of text earn a token (docs/experiments/when-it-pays.md)."))
    min_uses: int = Field(50, ge=1, examples=[8], description=(
        "A new token must occur this often in the training text. Lower it to 8 where there are translations to start "
        "from (docs/experiments/translations.md), raise it for fewer, better trained tokens."))
    initialise: Initialise | None = Field(None, description=(
        "What the embedding of a new token starts from: `mean` of the tokens that it replaces, `weighted` by how often "
        "each stood in its place, `translations` (the tokens that translate it), `focus` (tokens with similar "
        "neighbors), `random`, or `distillation` (the base model teaches it; objective `causal` only). Not set: "
        "`translations` where the model has `alignment`, else `mean` (docs/experiments/translations.md)."),
        examples=["focus"])
    trim: Literal["letters", "text"] | None = Field(None, description=(
        "Remove tokens of the base that the text never needs, which saves memory and time. `letters` removes tokens in "
        "other scripts; `text` removes all that do not occur, and may cut words of other texts shorter. Not set: "
        "nothing is removed. Use it with multilingual bases (docs/vocabulary.md)."), examples=["letters"])


class Related(Strict):
    """Text in a related language: a help where there is little in the language itself (Downey et al. 2405.12413)."""

    source: Source = Field(description="The text; it takes the keys of an entry of `sources`.")
    passes: float = Field(1.0, gt=0, examples=[2], description=(
        "How often this text is read for each time that the language's own is. Above 1 for a text that is smaller, "
        "below 1 for one that is larger."))


class Alignment(Strict):
    """Translations teach a masked model, while it is pretrained, what sentences of the language mean.

    The mean state of a sentence is brought to the one that the base gives its translation (Reimers and Gurevych
    2004.09813), and away from those of other translations (contrastive, as in LaBSE, Feng et al. 2007.01852).
    """

    translations: list[Translations] = Field(min_length=1, description=(
        "Pairs of texts: sentences of the language and their translations. They gain more than anything else "
        "(docs/experiments/translations.md)."))
    batch_size: int = Field(32, ge=2, examples=[64], description=(
        "Pairs of sentences in each step of pretraining. More pairs tell translations apart better and take more "
        "memory."))
    weight: float = Field(1.0, gt=0, examples=[2], description=(
        "Weight of the loss on translations beside the loss on masked words. Raise it where search matters more than "
        "likelihood."))

    @property
    def beside(self) -> list[tuple[Source, str]]:
        """The texts that are read, and what each is for: ``translated`` (in the language) or ``translation``."""
        named = {("translated", pair.source.name): pair.source for pair in self.translations}
        named |= {("translation", pair.translation.name): pair.translation for pair in self.translations}
        return [(source, role) for (role, _), source in named.items()]


class Pretraining(Strict):
    """Continued pretraining on the text. Give the budget as `steps` or as `minutes`, one of the two."""

    minutes: float | None = Field(None, gt=0, description=(
        "Time for one training, in minutes. The measured speed of this machine turns it into steps; the adapted model "
        "and the control get the same number. Give either this or `steps`."), examples=[15])
    steps: int | None = Field(None, ge=1, description=(
        "Optimizer steps of one training, which do not depend on the machine. Some three passes over the text are a "
        "good start (docs/experiments/when-it-pays.md). Give either this or `minutes`."),
        examples=[1000])
    max_epochs: float = Field(20, gt=0, examples=[10], description=(
        "Most passes over any text. Training ends there, even if steps are left: lower it for little text that is "
        "learned by heart."))
    method: Literal["full", "lora"] = Field("full", description=(
        "`full` trains all weights. `lora` trains low-rank changes of the body and the new tokens, in much less "
        "memory, and merges them in the end; use it for models of a billion parameters and more."))
    lora_rank: int = Field(64, ge=1, examples=[16], description=(
        "Rank of these changes (`method: lora` only). A higher rank can learn more and takes more memory."))
    sequence_length: int = Field(128, ge=16, examples=[256], description=(
        "Tokens in a block that is read at once. Longer blocks help with long documents and cost memory and time."))
    batch_size: int = Field(16, ge=1, examples=[32], description=(
        "Blocks in an optimizer step, over all processes. Change it together with `learning_rate`; use `accumulate` to "
        "save memory."))
    accumulate: int = Field(1, ge=1, examples=[4], description=(
        "Parts in which each process computes its blocks of a step, one after another. Raise it when memory runs out: "
        "less memory, the same result."))
    recompute: bool = Field(False, description=(
        "Compute activations again in the backward pass instead of keeping them (gradient checkpointing). Switch it on "
        "when memory runs out: less memory, a third more time."))
    learning_rate: float = Field(5e-4, gt=0, examples=[2e-4], description=(
        "Highest learning rate of all weights but the new tokens. Halve it when the loss jumps; causal models "
        "want less, such as 2e-4 for SmolLM2."))
    new_rows_rate: float = Field(0.05, gt=0, le=1, examples=[0.01], description=(
        "Highest learning rate of the new tokens' embeddings, as a share of the embeddings' size (root mean square). "
        "Lower it to 0.01 where they start from translations; at the rate of the other weights they would hardly "
        "move."))
    warmup: Share = Field(0.06, examples=[0.1], description=(
        "Share of the steps in which the learning rate rises to its highest. Raise it when training starts unstably."))
    head_first: Share | None = Field(None, description=(
        "Share of the steps in which only the head and the new tokens learn. Not set: 0.1 for a masked model, whose "
        "head may be untrained, and 0 for a causal one."), examples=[0.2])
    weight_decay: float = Field(0.01, ge=0, examples=[0.1], description=(
        "Pull of the weights towards zero (AdamW). It seldom needs a change."))
    mask_share: Share = Field(0.15, examples=[0.3], description=(
        "Share of the words that are masked and predicted (objective `masked` only)."))
    keep_states: float | None = Field(None, ge=0, description=(
        "Weight of a second loss that keeps the mean state of every text where the base model has it (objective "
        "`masked` only). Without it sentence encoders forget within some hundred steps what texts mean. Not set: 10 "
        "for a base without a head of its own, such as a sentence encoder, else 0. With `alignment` it holds for "
        "`retention` text only (docs/experiments/translations.md)."), examples=[10])
    replay: Share = Field(0.1, lt=1, examples=[0.25], description=(
        "Share of the text read that is in the base's own languages, from `retention`, so that they are not forgotten. "
        "Raise it when the gate `retention` is red."))
    related: list[Related] = Field(default_factory=list, description=(
        "Texts in related languages, mixed into the training text. They help where there is little text in the "
        "language itself."))
    patience: int = Field(3, ge=0, examples=[0], description=(
        "Training ends after so many evaluations without a better held-out likelihood; the best weights are kept. 0 "
        "never ends early."))
    interpolate: list[Share] = Field(default_factory=lambda: [0.5, 0.7, 0.85, 1.0], min_length=1, description=(
        "Candidate mixtures of the base's weights (0) and the trained ones (1); the best on dev text and replay text "
        "is released. `[1.0]` always takes the trained weights."), examples=[[1.0]])
    checkpoint_minutes: float = Field(1.0, gt=0, examples=[10], description=(
        "Minutes between checkpoints. A killed run loses at most this much; raise it for large models on a slow disk."))
    stop_after_minutes: float | None = Field(None, gt=0, description=(
        "Write a checkpoint and end after so many minutes, for machines that are lent for a time. The next run goes "
        "on. Not set: until it is done."), examples=[230])

    @model_validator(mode="after")
    def _parts_fit(self) -> Pretraining:
        if self.accumulate > self.batch_size:
            raise ValueError("accumulate may not be more than batch_size: a part holds at least a block")
        return self


class Lora(Strict):
    """Fine-tuning on the tasks, by LoRA or full: the same budget and seeds for base, control and adapted."""

    method: Literal["lora", "full"] = Field("lora", description=(
        "`lora` trains a small adapter for each task. `full` trains all weights and keeps a whole model for each seed; "
        "it is there to compare with."))
    rank: int = Field(16, ge=1, examples=[32], description=(
        "Rank of the adapter. A higher rank can learn more and makes larger files."))
    alpha: int = Field(32, ge=1, examples=[64], description=(
        "Scale of the adapter, divided by `rank`. Keep it at twice the rank."))
    dropout: Share = Field(0.0, examples=[0.1], description=(
        "Share of the adapter's input that is dropped at random while it learns. It may help with few labels and costs "
        "a third of the speed on a processor."))
    learning_rate: float = Field(1e-3, gt=0, examples=[2e-4], description=(
        "Highest learning rate of adapter and head. Lower it to 2e-4 for causal models."))
    full_learning_rate: float = Field(5e-5, gt=0, examples=[2e-5], description=(
        "Highest learning rate of the body with `method: full`."))
    epochs: float = Field(8, gt=0, examples=[16], description=(
        "Passes over the labels. `least_steps` adds more where there are few of them."))
    least_steps: int = Field(200, ge=1, examples=[50], description=(
        "Fewest optimizer steps: some dozens of labels need more passes than `epochs` gives. Lower it to try a folder "
        "quickly."))
    looks: int = Field(5, ge=0, examples=[0], description=(
        "How often the dev items are scored during training, evenly spread. The last point is kept that is not worse "
        "than the best by more than chance; 0 keeps the end of training and saves the time (docs/tasks.md)."))
    batch_size: int = Field(16, ge=1, examples=[32], description="Items in an optimizer step.")
    max_length: int = Field(256, ge=16, examples=[512], description=(
        "Longest item that is read, in tokens; what is behind that is cut off. The report says how many items are "
        "cut."))
    seeds: list[int] = Field(default_factory=lambda: [1, 2, 3], min_length=1, description=(
        "Each task is trained once for each of these random seeds, on base, control and adapted, and the scores are "
        "averaged. The spread of the seeds shows what is chance: use three or more for results, one to try a folder. "
        "Time grows with their number."), examples=[[1, 2, 3, 4, 5]])

    @model_validator(mode="after")
    def _each_seed_once(self) -> Lora:
        if len({*self.seeds}) < len(self.seeds):
            raise ValueError("seeds: one stands twice; the same training again says nothing of how far seeds differ")
        return self
