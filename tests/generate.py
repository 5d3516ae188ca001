"""An invented language in a folder, written from a seed: text, names and topics for tests, and nothing real."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CONSONANTS = ["b", "d", "g", "k", "l", "m", "n", "ng'", "p", "r", "s", "t", "w", "z", "mb", "nd", "th"]
VOWELS = ["a", "e", "i", "o", "u", "ŵa"]
TOPICS = ("market", "river", "school")
TINY_MODEL: dict[str, Any] = {
    "base": {"path": "base", "licence": "CC0-1.0"}, "objective": "masked",
    "vocabulary": {"new_pieces": 60, "min_uses": 3},
    "pretraining": {"steps": 12, "sequence_length": 32, "batch_size": 8},
    "lora": {"rank": 2, "alpha": 4, "epochs": 1, "least_steps": 1, "max_length": 64, "seeds": [1]},
    "likelihood_items": 20,
}


@dataclass(frozen=True)
class Writing:
    """How an invented language is written: its syllables, and what is between them, between words, and behind.

    A syllable is one of ``onsets`` and one of ``rhymes``.
    """

    script: str
    onsets: list[str]
    rhymes: list[str]
    inside: str = ""
    between: str = " "
    comma: str = ","
    stop: str = "."


LATIN = Writing("Latn", CONSONANTS, VOWELS)


def make_word(chance: random.Random, syllables: int, writing: Writing = LATIN) -> str:
    """One invented word."""
    return writing.inside.join(chance.choice(writing.onsets) + chance.choice(writing.rhymes) for _ in range(syllables))


def make_documents(documents: int = 60, seed: int = 1, lines: int = 10,
                   writing: Writing = LATIN) -> dict[str, list[str]]:
    """Topic -> texts of ``lines`` lines each, in a language with common words, topic words and capitalised names."""
    chance = random.Random(seed)
    common = [make_word(chance, chance.choice([1, 2, 2, 3]), writing) for _ in range(150)]
    names = [make_word(chance, 3, writing).capitalize() for _ in range(40)]
    special = {topic: [make_word(chance, 3, writing) for _ in range(40)] for topic in TOPICS}
    texts: dict[str, list[str]] = {topic: [] for topic in TOPICS}
    for number in range(documents):
        topic = TOPICS[number % len(TOPICS)]
        rows = []
        for _ in range(lines):
            words = [chance.choice(special[topic] if chance.random() < 0.3 else common)
                     for _ in range(chance.randint(8, 14))]
            for _ in range(chance.randint(0, 2)):
                words[chance.randrange(1, len(words))] = chance.choice(names)
            if chance.random() < 0.5:
                words[chance.randrange(2, len(words) - 1)] += writing.comma
            rows.append(words[0][0].upper() + writing.between.join([words[0][1:], *words[1:]]) + writing.stop)
        texts[topic].append("\n".join(rows))
    return texts


def write_language(root: Path, code: str = "qaa", documents: int = 60, seed: int = 1,
                   models: dict[str, Any] | None = None, writing: Writing = LATIN, trusted: bool = False,
                   **more: Any) -> Path:
    """Write ``root/defaults.yaml`` and the folder ``root/<code>`` of an invented language; return the folder.

    Args:
        root: the folder of languages (made if missing).
        code: the language's tag.
        documents: how many documents, spread evenly over three topics, a file of text for each topic.
        seed: of the words and the text.
        models: the ``models:`` of language.yaml; if None, a tiny one with the base ``base``, a folder not written here.
        writing: how the language is written.
        trusted: its sources are known to be in it: the identifier learns from them.
        more: further keys of language.yaml, or other values for those written here.
    """
    folder = root / code
    for topic, texts in make_documents(documents, seed, writing=writing).items():
        path = folder / "text" / topic / "text.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(texts) + "\n", encoding="utf-8")
    if not (root / "defaults.yaml").exists():
        (root / "defaults.yaml").write_text("# Defaults of the tests.\ncleaning:\n  reject_languages: [eng]\n"
                                            "  reject_distance: 0.9\ntask:\n  train: 30\n  dev: 20\n  test: 20\n",
                                            encoding="utf-8")
    settings: dict[str, Any] = {
        "name": "Invented", "script": writing.script, "owner": "team:tests", "neighbours": ["sna", "zul"],
        "sources": [{"name": "text", "kind": "files", "files": "text/*/*.txt", "licence": "CC0-1.0",
                     "consent": "contributor", "register": "other"}],
        "splits": {"dev": 0.15, "test": 0.2},
        "tasks": {
            "names": {"kind": "token_classification", "labels": {"kind": "capitalised"}},
            "genre": {"kind": "sequence_classification", "labels": {
                "kind": "document_group", "groups": {topic: [f"text/text/{topic}/*"] for topic in TOPICS}}},
        },
        "models": models or {"tiny": TINY_MODEL},
        **more,
    }
    for source in settings["sources"]:
        source["trusted"] = source.get("trusted", trusted)
    (folder / "language.yaml").write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
                                          encoding="utf-8")
    (folder / "statement.md").write_text("# Data statement\n\nInvented by a random generator; nobody speaks it.\n",
                                         encoding="utf-8")
    return folder


def invented_lines(seed: int, lines: int, *, words: int = 400,
                   shared: list[str] | None = None) -> tuple[list[str], list[str]]:
    """(lines, vocabulary) of an invented language; ``shared`` words are common with another one."""
    chance = random.Random(seed)
    vocabulary = list(shared or [])
    while len(vocabulary) < words:
        vocabulary.append("".join(chance.choice(CONSONANTS) + chance.choice(VOWELS)
                                  for _ in range(chance.choice([1, 2, 2, 3, 3, 4]))))
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    chance.shuffle(vocabulary)
    return [" ".join(chance.choices(vocabulary, weights, k=chance.randint(8, 16))) for _ in range(lines)], vocabulary
