"""The schema of ``language.yaml`` and ``defaults.yaml``: every key with its type, and rules.

Unknown keys are rejected. No file is read here; ``load.py`` does that. Each class is also the part
of the settings that one stage reads: a changed key reruns that stage and those after it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator
from pydantic_core import PydanticKnownError

from vernacular.config.base import Base
from vernacular.config.behaviour import Behaviour
from vernacular.config.cleaning import Cleaning, Identification, Poisoning
from vernacular.config.codes import is_script, script_of, slug_of
from vernacular.config.limits import Limits
from vernacular.config.refresh import Refresh
from vernacular.config.sources import Source
from vernacular.config.speech import Speech
from vernacular.config.strict import Name, Share, Strict
from vernacular.config.tasks import Task
from vernacular.config.training import Alignment, Initialise, Lora, Pretraining, Vocabulary

NOT_WRITTEN = ("code", "folder")  # fields of ``Language`` that language.yaml does not have


def _script(code: str) -> str:
    if not is_script(code):
        meant = script_of(code)
        raise ValueError(f"'{code}' is not a script" + (f", did you mean {meant}?" if meant else
                                                     "; write its ISO 15924 code, such as Latn, Ethi or Deva"))
    return code


Script = Annotated[str, AfterValidator(_script), WithJsonSchema({"type": "string", "pattern": "^[A-Z][a-z]{3}$"})]


class Splits(Strict):
    """Shares of held-out documents; a document's split depends only on its content."""

    dev: Share = Field(0.05, gt=0, examples=[0.1], description=(
        "Share of documents for choices: early stopping, thresholds, the released variant. Never used for training."))
    test: Share = Field(0.1, examples=[0.2], description=(
        "Share of documents that are scored once at the end and used for no choice. Raise it for a small corpus "
        "with wide intervals."))
    held_out: list[Name] = Field(default_factory=list, description=(
        "Sources whose documents all go to test. Use it to measure a kind "
        "of text that the model never read."), examples=[["news"]])
    train_only: list[Name] = Field(default_factory=list, description=(
        "Sources whose documents never go to dev or test, such as transcripts that a machine wrote (`vernacular "
        "transcribe`)."), examples=[["machine_transcripts"]])
    overlap_words: int = Field(13, ge=5, examples=[8], description=(
        "Drop a training line that shares this many consecutive words with a held-out line or a task item (Brown "
        "et al. 2020). Lower it for a language with long words."))


class Instruct(Strict):
    """An instruction-tuned sibling of the base: what training taught the base is added to its weights.

    Task arithmetic (Ilharco et al. 2212.04089; for languages Huang et al. 2310.04799).
    """

    model: Base = Field(description=(
        "The model that was instruction-tuned from this base: same architecture and tokenizer, with a chat template."))
    scale: float = Field(0.25, gt=0, le=2, examples=[0.5], description=(
        "Factor of the difference, adapted minus base, that is added. Lower it if a gate of `instruct` is red; "
        "raise it for more of the language (docs/experiments/chat.md)."))
    compare: list[Annotated[float, Field(gt=0, le=2)]] = Field(default_factory=list, description=(
        "Further scales to measure and show beside `scale`. Each takes as long as another test of the model."),
        examples=[[0.5, 1.0]])


class Model(Strict):
    """A base model and how it is adapted to the language; a folder may define several."""

    enabled: bool = Field(True, description=(
        "Whether runs include the model. A disabled one runs with `vernacular run CODE --model NAME`."))
    tasks: list[Name] | None = Field(None, description=(
        "Tasks that the model is trained and scored on. Not set: all that fit its objective."),
        examples=[["topics", "names"]])
    extends: Name | None = Field(None, description=(
        "Another model of this folder to inherit settings from; settings here override them."),
        examples=["minilm"])
    base: Base = Field(description="The pretrained model to start from.")
    objective: Literal["masked", "causal"] = Field(description=(
        "How the base was pretrained: `masked` for encoders (BERT, XLM-R, sentence encoders), `causal` for "
        "decoders (Llama, Qwen, SmolLM)."))
    vocabulary: Vocabulary = Field(default_factory=Vocabulary, description="How the tokenizer is extended.")
    instruct: Instruct | None = Field(None, description=(
        "Instruction-tuned sibling of the base, for a model that answers in chats (objective `causal` only). Not set: "
        "none (docs/how-to/make-a-model-that-answers.md)."))
    alignment: Alignment | None = Field(None, description=(
        "Translations to learn from (objective `masked` only). Not set: none. If you have some, they help most "
        "(docs/experiments/translations.md)."))
    pretraining: Pretraining = Field(description="How the model is trained on the text.")
    lora: Lora = Field(default_factory=Lora, description="How it is trained on the tasks.")
    likelihood_items: int = Field(400, ge=10, examples=[1000], description=(
        "Number of held-out lines scored for likelihood. More lines give a narrower interval and take longer."))
    retention: list[Source] = Field(default_factory=list, description=(
        "Text in the base's own languages; entries take the keys of `sources`. It protects the tokenizer, is "
        "replayed in training (`replay`), and measures forgetting. Publishing requires it."))
    seed: int = Field(1, examples=[2], description=(
        "Random seed of pretraining and of samples for this model. Change it to see the effect of chance."))

    @property
    def beside(self) -> list[tuple[Source, str]]:
        """The texts read beside the corpus, each with its role, such as ``related``."""
        return [*(self.alignment.beside if self.alignment is not None else ()),
                *((entry.source, "related") for entry in self.pretraining.related),
                *((source, "retention") for source in self.retention)]

    @property
    def bases(self) -> list[Base]:
        """The models that others made: the base, and its instruct model and its teacher if there are such."""
        others = (self.instruct.model if self.instruct is not None else None,
                  self.alignment.teacher if self.alignment is not None else None)
        return [self.base, *(base for base in others if base is not None)]

    def teaches(self, task: Task) -> bool:
        """Whether its teacher is the model of the pictures of ``task``."""
        return task.tower is not None and self.alignment is not None and task.tower.is_same(self.alignment.teacher)

    @property
    def initialise(self) -> Initialise:
        """How new embedding rows are initialized."""
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
        if self.pretraining.shard and self.objective != "causal":
            raise ValueError("pretraining.shard needs objective: causal; leave it out")
        if self.alignment is not None and self.objective != "masked":
            raise ValueError("alignment needs objective: masked; leave it out")
        if self.vocabulary.initialise == "translations" and self.alignment is None:
            raise ValueError("vocabulary.initialise: translations needs alignment.translations; use mean or focus")
        return self

    @model_validator(mode="after")
    def _frozen_below_float32(self) -> Model:
        if self.base.precision == "float32":
            return self
        if self.base.precision == "nf4" and self.objective != "causal":
            raise ValueError("base.precision: nf4 needs objective: causal; use bfloat16")
        for name, method in (("pretraining", self.pretraining.method), ("lora", self.lora.method)):
            if method != "lora":
                raise ValueError(f"base.precision: {self.base.precision} freezes the weights; set {name}.method: lora, "
                                 "or precision: float32")
        return self

    @model_validator(mode="after")
    def _answers_in_chats(self) -> Model:
        if self.instruct is not None and self.objective != "causal":
            raise ValueError("instruct needs objective: causal; leave it out")
        return self

    @model_validator(mode="after")
    def _can_be_distilled(self) -> Model:
        if self.vocabulary.initialise == "distillation" and self.objective == "masked":
            raise ValueError("vocabulary.initialise: distillation needs objective: causal; use mean, weighted or focus")
        return self


class Language(Strict):
    """One language folder, with ``defaults.yaml`` filled in."""

    code: str = Field(description="BCP 47 tag; the folder's name, not written in the file.")
    folder: Path = Field(description="The language folder; not written in the file.", exclude=True)
    name: str = Field(description="Name of the language in English.", examples=["Bemba"])
    autonym: str = Field("", description="The speakers' own name for the language.", examples=["Ichibemba"])
    script: Script = Field(description=(
        "ISO 15924 code of the script that the language is written in. Lines with too few letters of it are dropped "
        "(`cleaning.script_share`)."), examples=["Latn"])
    neighbours: list[str] = Field(default_factory=list, description=(
        "ISO 639-3 codes of languages that are easily confused with this one, especially related ones. Naming "
        "them improves identification; a speaker or linguist should check the list."),
        examples=[["nya", "swa"]])
    owner: str = Field("", description=(
        "Who is responsible for this folder: an e-mail address, or `team:` and a name. The card names them."),
        examples=["team:bemba"])
    speech: Speech | None = Field(None, description=(
        "Recordings of the language and models that transcribe it. Not set: none (docs/how-to/add-recordings.md)."))
    sources: list[Source] = Field(default_factory=list, validate_default=True, description=(
        "The texts of the language, one entry each. Required, except in a folder with `speech`."))
    cleaning: Cleaning = Field(default_factory=Cleaning, description="What is dropped, repaired and masked.")
    identification: Identification = Field(default_factory=Identification, description=(
        "How text in the language is identified."))
    poisoning: Poisoning = Field(default_factory=Poisoning, description=(
        "When new documents of a source are quarantined."))
    splits: Splits = Field(default_factory=Splits, description="What is held out from training, for evaluation.")
    tasks: dict[Name, Task] = Field(default_factory=dict, description=(
        "What the models are trained and scored on beside plain text, each under a name of your choice."))
    models: dict[Name, Model] = Field(default_factory=dict, validate_default=True, description=(
        "The pretrained models to adapt to the language, each under a name of your choice. Required, except in a "
        "folder with `speech`."))
    behaviour: Behaviour = Field(default_factory=Behaviour, description=(
        "How the behavioral tests in `behaviour/` are run."))
    refresh: Refresh = Field(default_factory=Refresh, description="Whether and when the language is updated by itself.")
    limits: Limits = Field(default_factory=Limits, description="Limits for parsing one file or page.")

    @field_validator("sources", "models")
    @classmethod
    def _text_or_speech(cls, value: Any, info: ValidationInfo) -> Any:
        """Of a folder without speech, texts and models are required; models always need texts."""
        if not value and info.data.get("speech", ...) is None:
            raise PydanticKnownError("missing")
        if value and info.field_name == "models" and info.data.get("sources") == []:
            raise ValueError("models of text need texts: add `sources:`, or describe models of speech in speech.models")
        return value

    @property
    def slug(self) -> str:
        """The code as part of an asset key: ``zh-Hant`` becomes ``zh_Hant``."""
        return slug_of(self.code)

    def tasks_of(self, model: str) -> dict[str, Task]:
        """Return the tasks by name that ``model`` can be scored on."""
        found = self.models[model]
        return {name: task for name, task in self.tasks.items() if task.fits(found.objective)
                and (found.tasks is None or name in found.tasks)
                and not (task.of_translations and found.alignment is None)
                and not (task.needs_teacher and not found.teaches(task))
                and not (task.of_chats and found.instruct is None)}

    def cli_args(self, model: str) -> str:
        """Return the command-line arguments that select ``model``: the code, and ``--model`` if needed."""
        spoken = self.speech.models_to_run() if self.speech is not None else {}
        first = next(iter((*self.models_to_run(), *spoken)), None)
        return self.code if model == first else f"{self.code} --model {model}"

    @property
    def model_names(self) -> list[str]:
        """The names of all models, of text and of speech, enabled or not."""
        return sorted({*self.models, *(self.speech.models if self.speech is not None else ())})

    def models_to_run(self, only: str | None = None) -> dict[str, Model]:
        """Return the enabled models of text by name, or only ``only``, enabled or not.

        Empty if ``only`` is a model of speech. KeyError if it is unknown.
        """
        if only is None:
            return {name: model for name, model in self.models.items() if model.enabled}
        if self.speech is not None and only in self.speech.models and only not in self.models:
            return {}
        return {only: self.models[only]}
