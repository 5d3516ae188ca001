"""Examples before and after adaptation as the page shows them, read off the artifacts of the stages that made them.

All are drawn at random with a fixed seed from held-out items. Loads no model.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vernacular.core.jsonl import read_jsonl
from vernacular.core.store import Artifact
from vernacular.evaluation.examples import EACH, Blank, Fill, read_examples
from vernacular.release.result_models import ReleaseResults

_SEED = 1  # of the draw of searches
_PREDICTIONS = "predictions.jsonl"


@dataclass(frozen=True)
class Hit:
    """The text that a model finds nearest, and whether that is the translation."""

    text: str
    right: bool


@dataclass(frozen=True)
class Search:
    """A held-out sentence, its translation, and what the base and the released model find for it."""

    text: str
    translation: str
    base: Hit
    released: Hit


@dataclass(frozen=True)
class SeenPicture:
    """A picture, and whether it is the one of the text."""

    name: str  # of its file
    thumbnail: str  # a PNG file in base64; empty if its file is no longer there
    right: bool


@dataclass(frozen=True)
class PictureSearch:
    """A scored text, its picture, and the picture that base and released model find for it."""

    text: str
    wanted: SeenPicture
    base: SeenPicture
    released: SeenPicture


@dataclass(frozen=True)
class Choice:
    """A word for a blank, its probability, and whether it is the hidden one."""

    word: str
    probability: float
    right: bool


@dataclass(frozen=True)
class FilledBlank:
    """A held-out line around a hidden word, and the words that base and released model put there."""

    before: str
    word: str
    after: str
    base: list[Choice]
    released: list[Choice]


@dataclass(frozen=True)
class Cut:
    """A held-out line as tokens of the original and the extended tokenizer, in groups without a space between."""

    base: list[list[str]]
    extended: list[list[str]]

    @property
    def sizes(self) -> tuple[int, int]:
        """Number of tokens of either tokenizer."""
        return sum(map(len, self.base)), sum(map(len, self.extended))


@dataclass(frozen=True)
class PageExamples:
    """What the page shows."""

    searches: list[Search]  # none where no search was scored
    candidates: int  # how many texts a search chooses from
    blanks: list[FilledBlank]  # none for a causal model
    cuts: list[Cut]  # none where the original tokenizer is released
    lines: int  # how many held-out lines blanks and cuts are drawn from
    pictures: list[PictureSearch]  # none where the license of the pictures is not known
    seen: int  # how many pictures a search of these chooses from

    def __bool__(self) -> bool:
        return bool(self.searches or self.blanks or self.cuts or self.pictures)


def page_examples(results: ReleaseResults, artifacts: Mapping[str, Artifact],
                  thumbnail_of: Callable[[str, str], str] | None = None) -> PageExamples:
    """The examples that the artifacts hold; none of a stage that has not run or ran before it kept any.

    ``thumbnail_of``: task and name of a picture -> a PNG file in base64; None to leave pictures out.
    """
    name, released = results.model.name, results.released.arm
    searches, candidates = _searches(results, artifacts)
    pictures, seen = _pictures(results, artifacts, thumbnail_of) if thumbnail_of is not None else ([], 0)
    artifact = artifacts.get(f"evaluation/{name}_likelihood")
    kept = read_examples(artifact.folder) if artifact is not None else None
    if kept is None:
        return PageExamples(searches, candidates, [], [], 0, pictures, seen)
    blanks = [FilledBlank(blank.before, blank.word, blank.after, _choices(blank, blank.fills["base"]),
                          _choices(blank, blank.fills[released])) for blank in kept.blanks]
    cuts = [Cut(line.tokens["base"], line.tokens["adapted"]) for line in kept.segmented] if (
        released == "adapted" and results.fertility and results.fertility.new_pieces) else []
    return PageExamples(searches, candidates, blanks, cuts, kept.lines, pictures, seen)


def _choices(blank: Blank, fills: list[Fill]) -> list[Choice]:
    return [Choice(fill.word, fill.probability, fill.word.casefold() == blank.word.casefold()) for fill in fills]


def _searches(results: ReleaseResults, artifacts: Mapping[str, Artifact]) -> tuple[list[Search], int]:
    """Searches drawn from the first search task of the language, and how many texts each chooses from."""
    for task, found in results.tasks.items():
        artifact = artifacts.get(f"task/{task}_{results.model.name}")
        if found.kind != "sentence_retrieval" or found.language or artifact is None:
            continue
        path = artifact.folder / _PREDICTIONS
        rows = [*read_jsonl(path)] if path.is_file() else []
        answers = [[_answer(row, arm) for arm in ("base", results.released.arm)] for row in rows]
        if not rows or any(len(answer) < 3 for pair in answers for answer in pair):
            return [], 0  # of a version that did not keep what is nearest
        drawn = random.Random(_SEED).sample(range(len(rows)), min(EACH, len(rows)))
        return [Search(rows[at]["text"], rows[at]["second"],
                       *(_hit(rows[answer[2]]["second"], rows[at]["second"]) for answer in answers[at]))
                for at in drawn], len(rows)
    return [], 0


def _pictures(results: ReleaseResults, artifacts: Mapping[str, Artifact],
              thumbnail_of: Callable[[str, str], str]) -> tuple[list[PictureSearch], int]:
    """Searches drawn from the first task that finds pictures of a known license, and how many each chooses from."""
    for task, found in results.tasks.items():
        artifact = artifacts.get(f"task/{task}_{results.model.name}")
        if found.kind != "image_retrieval" or artifact is None or (
                found.labelled is None or found.labelled.licence == "unverified"):
            continue
        path = artifact.folder / _PREDICTIONS
        rows = [*read_jsonl(path)] if path.is_file() else []
        right = defaultdict[str, set[str]](set)
        for row in rows:
            right[row["text"]].add(row["second"])

        def seen(text: str, name: str, task: str = task, right: Mapping[str, set[str]] = right) -> SeenPicture:
            return SeenPicture(name, thumbnail_of(task, name), name in right[text])

        drawn = random.Random(_SEED).sample(rows, min(EACH, len(rows)))
        return [PictureSearch(row["text"], *(seen(row["text"], name) for name in (row["second"], *(
            str(_answer(row, arm)[2]) for arm in ("base", results.released.arm))))) for row in drawn], len(
                {row["second"] for row in rows})
    return [], 0


def _hit(text: str, translation: str) -> Hit:
    return Hit(text, text == translation)


def _answer(row: Mapping[str, Any], arm: str) -> list[Any]:
    """What an arm answered: as it is, or the first seed of its trainings."""
    found: list[Any] = next((value for name, value in row.items() if name == arm or name.startswith(f"{arm}_")), [])
    return found
