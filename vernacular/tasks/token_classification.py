"""Word labels: entities (NER), plain tags (parts of speech), and names derived from capitals.

A word's label is that of its first token. Entities are scored as a whole, like seqeval in strict
mode: type and both ends must be right. Converts an orphan I- tag to B-, like transformers'
pipeline, in training too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from vernacular.config.tasks import Task
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.datasets.items import Item, Row
from vernacular.tasks.adapter_model import Encoded, Network, encode
from vernacular.tasks.base import IGNORED, Answer, Head, Labelling
from vernacular.tasks.baselines import Words, majority, word_floor
from vernacular.tasks.classifier import Classifier, first_tokens, token_labels
from vernacular.tasks.head_init import linear_start
from vernacular.tasks.scoring import accuracy, f1, macro_f1, per_label
from vernacular.tasks.weak_labels import NAME
from vernacular.text.words import word_spans

OUTSIDE = "O"
_FURTHER_TOKENS = 0.2  # loss weight of a word's further tokens (docs/experiments/standard-heads.md)
_AS_IOB2 = {"S-": "B-", "U-": "B-", "E-": "I-", "L-": "I-"}  # of BIOES and BILOU
_MARKS = ("B-", "I-", *_AS_IOB2)
_PLAIN = "or set `tags: plain` for tags that do not mark entities"


class TokenClassification(Labelling):
    """A label for each word of a text; labeled data defines its own words."""

    by_word: ClassVar[bool] = True

    def __init__(self, task: Task, labels: Sequence[str]) -> None:
        super().__init__(task, labels)
        self._index = {label: number for number, label in enumerate(self.labels)}
        self._entities = task.data is not None and task.tags != "plain" and all(map(_of_entities, self.labels))
        self._balanced = task.labels is not None  # names are rare in a text, and their F1 is scored
        self._types = sorted({label[2:] for label in self.labels if label != OUTSIDE}) if self._entities else []
        self._continued = [self._index.get(f"I-{label[2:]}", number) if self._entities and label.startswith("B-")
                           else number for number, label in enumerate(self.labels)]
        self._known: dict[tuple[int, ...], set[tuple[str, int, int]]] = {}

    @classmethod
    def labels_of(cls, task: Task, rows: Iterable[Row]) -> list[str]:
        """Return the tags; for entities O and each type with B- and I-."""
        rows = list(rows)
        if _are_plain(task, rows):
            return sorted({tag for row in rows for tag in _fields(row)[1]})
        tags = {tag for row in rows for tag in checked(_fields(row)[1], row, _repaired(task))}
        types = sorted({tag[2:] for tag in tags if tag != OUTSIDE})
        return [OUTSIDE, *(f"{mark}-{name}" for name in types for mark in "BI")]

    @classmethod
    def usable(cls, task: Task, rows: Sequence[Row], faults: Collector) -> list[Row]:
        """Return the ``rows`` with one tag per word; all rows together determine whether tags mark entities."""
        kept, plain = [], _are_plain(task, rows)
        for row in rows:
            with faults.collect():
                _, tags = _fields(row)
                if not plain:
                    checked(tags, row, _repaired(task))
                kept.append(row)
        return kept

    @classmethod
    def notes(cls, task: Task, rows: Iterable[Row]) -> dict[str, int]:
        """Return the number of entity tags converted to B-."""
        rows = list(rows)
        if _are_plain(task, rows):
            return {}
        number = sum(before != after for row in rows for before, after in zip(
            _fields(row)[1], checked(_fields(row)[1], row, True), strict=True))
        return {"tags_repaired": number} if number else {}

    @property
    def marks_entities(self) -> bool:
        """Whether its labels are IOB2 tags of entities."""
        return self._entities

    def item(self, row: Row) -> Item:
        """Return the words joined by spaces, or the original text if the file has it."""
        words, tags = _fields(row)
        if self._entities:
            tags = checked(tags, row, _repaired(self.task))
        text, spans = row.fields.get("text", " ".join(words)), []
        end = 0
        for word in words:
            start = text.index(word, end)
            end = start + len(word)
            spans.append((start, end))
        return Item(text, tuple(self._index[tag] for tag in tags), row.where, tuple(spans))

    def encode(self, items: Sequence[Item], tokenizer: Any, longest: int) -> list[Encoded]:
        """Return the words as units."""
        return encode([item.text for item in items], tokenizer, longest, [spans_of(item) for item in items])

    def start(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item], padding: int) -> Head | None:
        """Fit a logistic regression to the words' states."""
        return linear_start(network, encoded, [self.learned(item.labels) for item in items], padding,
                            balanced=self._balanced)

    def loss(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item],
             padding: int) -> torch.Tensor | None:
        """Return the cross entropy over the tokens of labeled words.

        A word's first token determines its label; further tokens have a small weight. Labels of a
        derived task are weighted equally, as in its baseline.
        """
        assert isinstance(network, Classifier)
        shape = len(encoded), max(len(tokens.units) for tokens in encoded)
        labels, weights = torch.full(shape, IGNORED), torch.zeros(shape)
        for row, (tokens, item) in enumerate(zip(encoded, items, strict=True)):
            width = len(tokens.units)
            labels[row, :width] = torch.tensor(
                token_labels(tokens, self.learned(item.labels), self._continued, IGNORED))
            weights[row, :width] = torch.where(first_tokens(tokens), 1.0, _FURTHER_TOKENS)
        weights[labels == IGNORED] = 0
        if not weights.any():
            return None
        if self._balanced:
            for label in range(len(self.labels)):
                weights[labels == label] /= weights[labels == label].sum()
        logits = network.logits(encoded, padding).flatten(0, 1)
        losses = cross_entropy(logits, labels.flatten().to(logits.device), ignore_index=IGNORED, reduction="none")
        return torch.dot(losses, weights.flatten().to(losses)) / weights.sum().item()

    def arranged(self, logits: NDArray[Any]) -> NDArray[Any]:
        """Swap B- and I- of ``logits`` (words, labels) where an entity begins, since most are trained as I-."""
        if not self._entities:
            return logits
        out, likeliest = logits.copy(), logits.argmax(-1).tolist()
        for row, before, after in zip(out, likeliest, self.repaired(likeliest), strict=True):
            row[[before, after]] = row[[after, before]]
        return out

    def decoded(self, table: NDArray[Any]) -> list[int]:
        """Return the likeliest label of each word from probabilities (words, labels); an orphan I- becomes B-."""
        labels = [int(label) for label in table.argmax(-1)]
        return self.repaired(labels) if self._entities else labels

    def repaired(self, labels: Sequence[int]) -> list[int]:
        """Replace every orphan I- in ``labels`` by B-."""
        out: list[int] = []
        for label in labels:
            name = self.labels[label]
            if name.startswith("I-") and (not out or self.labels[out[-1]][2:] != name[2:]):
                label = self._index.get(f"B-{name[2:]}", label)
            out.append(label)
        return out

    def learned(self, labels: Sequence[int]) -> list[int]:
        """Convert ``labels`` for training: B- only directly after an entity of its type, else I-.

        That is IOB1. With IOB2 an entity's probability is split between B- and I-, and O wins too
        often.
        """
        out = list(labels)
        for at, label in enumerate(labels):
            name = self.labels[label] if self._entities else ""
            if name.startswith("B-") and not (at and self.labels[labels[at - 1]][2:] == name[2:]):
                out[at] = self._continued[label]
        return out

    def of_groups(self, item: Item, groups: Iterable[tuple[int, int, str]]) -> list[int]:
        """Return the labels of an item's words from a transformers pipeline's groups (start, end, name)."""
        found, out, before = sorted(groups), [], -1
        outside = self._index.get(OUTSIDE, 0)
        for start, _ in spans_of(item):
            number = next((at for at, group in enumerate(found) if group[0] <= start < group[1]), -1)
            name = found[number][2] if number >= 0 else ""
            if self._entities:
                name = f"{'I' if number == before else 'B'}-{name}"
            out.append(self._index.get(name, outside) if number >= 0 else outside)
            before = number
        return out

    def statistics(self, items: Sequence[Item], answers: Sequence[Answer]) -> NDArray[Any]:
        """Return hits, predictions and truths of each label (or entity type): (items, 3 of each)."""
        if not self._entities:
            return per_label([item.labels for item in items], answers, len(self.labels))
        out = np.zeros((len(items), len(self._types), 3))
        for row, (item, answer) in enumerate(zip(items, answers, strict=True)):
            answered, true = self._found(answer), self._found(item.labels)
            for at, name in enumerate(self._types):
                mine, theirs = ({entity for entity in found if entity[0] == name} for found in (answered, true))
                out[row, at] = len(mine & theirs), len(mine), len(theirs)
        return out.reshape(len(items), -1)

    def _found(self, labels: Sequence[int]) -> set[tuple[str, int, int]]:
        """Return the entities (type, start, end) of a label sequence; cached."""
        key = tuple(labels)
        if key not in self._known:
            from seqeval.scheme import IOB2, Entities
            found = Entities([[self.labels[label] for label in key]], IOB2).entities[0]
            self._known[key] = {(entity.tag, entity.start, entity.end) for entity in found}
        return self._known[key]

    def measures(self, totals: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return F1 of entities, in total and by type; accuracy and macro F1 of tags; F1 of derived names."""
        parts = totals.reshape(*totals.shape[:-1], -1, 3)
        if self.task.labels is not None:
            return {"f1_unseen_names": f1(parts[..., NAME, :])}
        if self._entities:
            return {"entity_f1": f1(parts.sum(-2)),
                    **{f"entity_f1_{name}": f1(parts[..., at, :]) for at, name in enumerate(self._types)}}
        return {"accuracy": accuracy(parts), "macro_f1": macro_f1(parts)}

    def floors(self, train: Sequence[Item], test: Sequence[Item], seed: int) -> dict[str, list[Answer]]:
        """Return the most frequent label; a logistic regression on each word's letters, shape and neighbors."""
        commonest = majority(train)
        read = word_floor([_words(item) for item in train], [item.labels for item in train],
                          [_words(item) for item in test], len(self.labels), seed,
                          balanced=self._balanced)
        return {"majority": [commonest * len(item.labels) for item in test],
                "tfidf_logistic": [self.decoded(table) for table in read]}


def spans_of(item: Item) -> Sequence[tuple[int, int]]:
    """Return the positions of an item's words in its text."""
    return word_spans(item.text) if item.spans is None else item.spans


def _words(item: Item) -> Words:
    return [item.text[start:stop] for start, stop in spans_of(item)]


def _of_entities(tag: str) -> bool:
    """Whether a tag is IOB2: O, B- or I- with a type."""
    return tag == OUTSIDE or (tag[:2] in ("B-", "I-") and len(tag) > 2)


def _are_plain(task: Task, rows: Sequence[Row]) -> bool:
    """Whether the tags of ``rows`` do not mark entities: by the task's setting, or by their form."""
    if task.data is None or task.tags != "auto":
        return task.data is not None and task.tags == "plain"
    tags = {tag for row in rows for tag in _strings(row.fields.get("labels")) if tag != OUTSIDE}
    return bool(tags) and not any(tag[2:] and tag[:2] in _MARKS for tag in tags)


def _repaired(task: Task) -> bool:
    return task.data is not None and task.data.repair_bio


def _strings(value: object) -> list[str]:
    return [part for part in value if isinstance(part, str)] if isinstance(value, list) else []


def _fields(row: Row) -> tuple[list[str], list[str]]:
    words, tags = row.fields["words"], row.fields["labels"]
    for name, found in (("words", words), ("labels", tags)):
        if not isinstance(found, list) or not all(isinstance(part, str) and part.strip() for part in found):
            raise Problem(f"its {name} are not a list of nonempty texts", where=row.where,
                          fix="Select the right column with `columns:`", code=Code.DATA_FORMAT)
    if len(words) != len(tags) or not words:
        raise Problem(f"{len(words)} words and {len(tags)} labels", where=row.where,
                      fix="Give each word exactly one label", code=Code.DATA_LABEL)
    return words, tags


def checked(tags: Sequence[str], row: Row, repair: bool) -> list[str]:
    """Return ``tags`` in IOB2; with ``repair`` convert IOB and BIOES, and orphan I- tags to B-.

    Raises:
        Problem: other tags, or, without ``repair``, entities that begin with I-, with lines.
    """
    out, faults = list[str](), Collector()
    for number, tag in enumerate(tags):
        where = f"{row.where.rpartition(':')[0]}:{row.lines[number]}" if row.lines else row.where
        if repair and tag[2:]:
            tag = _AS_IOB2.get(tag[:2], tag[:2]) + tag[2:]
        if not _of_entities(tag):
            faults.add(Problem(f"'{tag}' is not an IOB2 tag (O, B-PER, I-PER)", where=where,
                               fix=f"Correct the file, {_PLAIN}", code=Code.DATA_LABEL))
        elif tag.startswith("I-") and (not out or out[-1][2:] != tag[2:]):
            if not repair:
                faults.add(Problem(f"{tag} follows {out[-1] if out else 'nothing'}: in IOB2 an entity begins with B-",
                                   where=where, fix=f"Correct the file, remove `repair_bio: false`, {_PLAIN}",
                                   code=Code.DATA_EMPTY))
            tag = f"B-{tag[2:]}"
        out.append(tag)
    faults.raise_collected()
    return out
