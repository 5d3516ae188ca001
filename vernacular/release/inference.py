"""The answers of base, control and adapted to one sentence, for the page of ``vernacular try``: tasks and fill-ins.

Loads models on first use and keeps them.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vernacular.config.schema import Language
from vernacular.config.stage_names import SPLITS, model_stages, task_stages
from vernacular.config.tasks import Task
from vernacular.core.codes import Code
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.datasets.labeled import thumbnail_of
from vernacular.evaluation.held_out import preparation
from vernacular.modeling.variants import ARMS, Arm, load_arm
from vernacular.release.trust import Trust, trust_of
from vernacular.tasks.stage_results import TaskResult
from vernacular.text.words import words

_load_predictor = EntryPoint[Any]("vernacular.tasks.predictor:load_predictor")
BLANK = "___"
_picture_finder = EntryPoint[Any]("vernacular.tasks.image_retrieval.finder:PictureFinder")
FILL_INS = 5
PICTURES = 8  # shown for a sentence
NEW_TOKENS = 24
CONTINUES = "##"  # how WordPiece marks a piece inside a word


@dataclass(frozen=True)
class SeenPicture:
    """A picture that is near to a sentence."""

    name: str  # of its file
    thumbnail: str  # a small copy as a PNG file in base64; empty if its file is no longer there
    score: float  # the cosine


@dataclass(frozen=True)
class Answers:
    """The answers of one model to a sentence."""

    # task -> (label, probability), likeliest first, of tasks that label lines
    lines: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    # task -> (word, label, probability) of tasks that label words
    words: dict[str, list[tuple[str, str, float]]] = field(default_factory=dict)
    # (piece, probability) for the blank, likeliest first; empty without a blank
    fill_ins: list[tuple[str, float]] = field(default_factory=list)
    continuation: str = ""  # what a causal model writes next
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)  # task -> its labels
    # task -> the labels given, of tasks that give a line any number of them
    several: dict[str, tuple[str, ...]] = field(default_factory=dict)
    # the tasks whose labels are entities in IOB2 (B-PER, I-PER, O)
    entities: set[str] = field(default_factory=set)
    # task -> the end of the sentence that is too long to be read; nothing is answered there
    unread: dict[str, str] = field(default_factory=dict)
    # task -> how often such answers are right on unseen text, beside the best baseline
    trust: dict[str, str] = field(default_factory=dict)
    # task -> the places of words whose label is no better than a guess; of a line, 0 where its label is
    guesses: dict[str, set[int]] = field(default_factory=dict)
    # task -> nearest pictures, nearest first, of tasks on pictures
    pictures: dict[str, list[SeenPicture]] = field(default_factory=dict)


def plain_text(text: str) -> str:
    """The text for tasks: ``text`` without blanks, one space between words."""
    return " ".join(text.replace(BLANK, " ").split())


class Answerer:
    """Answers sentences with the current artifacts of one model of a language.

    Raises:
        Problem: a stage that is needed has not run yet.
    """

    def __init__(self, store: Store, language: Language, name: str) -> None:
        if name not in language.models:
            raise Problem(f"there is no model '{name}'", where=f"{language.code} models",
                          fix=f"Choose one of: {', '.join(sorted(language.models))}", code=Code.COMMAND_NAME)
        self.language, self.name, self.model = language, name, language.models[name]
        needed = [SPLITS, *model_stages(name), *task_stages(language, name)]
        if any(task.of_pictures and task.needs_teacher for task in language.tasks_of(name).values()):
            needed.append(f"alignment/{name}")
        self._inputs: dict[str, Path] = {}
        self._trust: dict[str, Trust] = {}
        for stage in needed:
            artifact = store.current(language.code, stage)
            if artifact is None:
                raise Problem(f"{stage} has not been run yet", where=language.code,
                              fix=f"Run `vernacular run {language.cli_args(name)}` first", code=Code.RESULT_MISSING)
            self._inputs[stage] = artifact.folder
            if stage.startswith("task/"):
                self._trust[stage.removeprefix("task/").removesuffix(f"_{name}")] = trust_of(
                    artifact.manifest.report.read_result(TaskResult, stage))
        self._predictors: dict[tuple[str, str], Any] = {}
        self._finders: dict[tuple[str, str], Any] = {}
        self._thumbnails: dict[tuple[str, str], str] = {}
        self._root = store.root
        self._networks: dict[str, tuple[Any, Any]] = {}
        self._lock = threading.Lock()

    def ask(self, text: str) -> dict[str, Answers]:
        """The answers of each arm to ``text``, in which ``___`` is the place of a word to be filled in."""
        with self._lock:
            return {arm: self._ask(arm, text) for arm in ARMS}

    def _ask(self, arm: Arm, text: str) -> Answers:
        plain = plain_text(text)
        answers = Answers()
        for task_name, task in self.language.tasks_of(self.name).items() if words(plain) else ():
            if task.of_pictures:
                answers.pictures[task_name] = self._pictures(arm, task_name, plain)
                answers.trust[task_name] = self._trust[task_name].accuracy.get(arm, "")
            if not task.answers_lines:
                continue
            note_labels(answers, task_name, task, self._predictor(arm, task_name), plain, self._trust[task_name])
            answers.trust[task_name] = self._trust[task_name].accuracy.get(arm, "")
        if self.model.objective == "masked" and BLANK in text:
            answers.fill_ins.extend(fill(*self._network(arm), text))
        elif self.model.objective == "causal":
            return replace(answers, continuation=continue_text(*self._network(arm), plain))
        return answers

    def _pictures(self, arm: Arm, task: str, text: str) -> list[SeenPicture]:
        if (arm, task) not in self._finders:
            self._finders[arm, task] = _picture_finder(arm, self.name, self.model, task, self._inputs, self.language)
        return [SeenPicture(name, self._thumbnail(task, name), score)
                for name, score in self._finders[arm, task].find(text, PICTURES)]

    def _thumbnail(self, task: str, name: str) -> str:
        if (task, name) not in self._thumbnails:
            self._thumbnails[task, name] = thumbnail_of(self.language, task, self._root, name)
        return self._thumbnails[task, name]

    def _predictor(self, arm: Arm, task: str) -> Any:
        if (arm, task) not in self._predictors:
            self._predictors[arm, task] = _load_predictor(
                arm, self.name, self.model, task, self._inputs, self.language,
                                                         self.model.lora.seeds[0])
        return self._predictors[arm, task]

    def _network(self, arm: Arm) -> tuple[Any, Any]:
        if arm not in self._networks:
            self._networks[arm] = load_arm(arm, self.name, self.model, self.language, self._inputs)
        return self._networks[arm]


def note_labels(answers: Answers, name: str, task: Task, predictor: Any, plain: str, trust: Trust) -> None:
    """Write the labels that ``predictor`` gives the sentence ``plain`` into ``answers``, under the task's ``name``."""
    prepared = preparation(task)(plain)
    answers.labels[name] = tuple(predictor.labels)
    found = predictor.probabilities([prepared])[0]
    behind = predictor.unread(prepared)
    if behind:
        answers.unread[name] = plain[len(prepared) - len(behind):]
    if found.ndim == 1:
        answers.lines[name] = sorted(zip(predictor.labels, (float(value) for value in found), strict=True),
                                     key=lambda pair: -pair[1])
        answers.guesses[name] = {0} if trust.is_guess(*answers.lines[name][0]) and not task.multi_label else set()
        if task.multi_label:
            answers.several[name] = tuple(predictor.labels[label] for label in predictor.decoded(found))
        return
    read = found[:len(found) - len(words(behind))]
    answers.words[name] = [(word, predictor.labels[label], float(row.max())) for word, label, row in zip(
        words(plain), predictor.decoded(read), read, strict=False)]
    answers.guesses[name] = {place for place, (_, label, value) in enumerate(answers.words[name])
                             if trust.is_guess(label, value)}
    if task.data is not None and any(label.startswith("B-") for label in predictor.labels):
        answers.entities.add(name)


def fill(model: Any, tokenizer: Any, text: str, most: int = FILL_INS) -> list[tuple[str, float]]:
    """The likeliest pieces that can begin a word, for the first blank of ``text``; further blanks stay masked."""
    import torch
    ids = tokenizer(text.replace(BLANK, tokenizer.mask_token), return_tensors="pt", truncation=True, max_length=256)
    places = (ids["input_ids"][0] == tokenizer.mask_token_id).nonzero()
    if not len(places):  # the blank was cut off
        return []
    with torch.inference_mode():
        scores = model(**ids).logits[0, int(places[0])].softmax(-1)
    found: list[tuple[str, float]] = []
    for piece in scores.argsort(descending=True).tolist():
        shown = tokenizer.decode([piece], skip_special_tokens=True).strip()
        if any(map(str.isalpha, shown)) and not shown.startswith(CONTINUES):
            found.append((shown, float(scores[piece])))
        if len(found) == most:
            break
    return found


def continue_text(model: Any, tokenizer: Any, text: str, most: int = NEW_TOKENS) -> str:
    """The likeliest continuation of ``text``, piece by piece."""
    import torch
    ids = tokenizer(text, return_tensors="pt", truncation=True, max_length=256)
    if not ids["input_ids"].shape[1]:
        return ""
    with torch.inference_mode():
        out = model.generate(**ids, max_new_tokens=most, do_sample=False, pad_token_id=tokenizer.pad_token_id)
    return str(tokenizer.decode(out[0, ids["input_ids"].shape[1]:], skip_special_tokens=True))
