"""The files that a reader of docs/tutorials/your-language.md has at home, in an invented language."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from tests.generate import make_documents, make_word

_DOCUMENTS, _ASIDE = 600, 10  # documents of ten lines; of each topic, those whose sentences get labels
_LABELED, _WORDS = 100, 3  # sentences to learn from, as many to be scored by; at most so many words each, to be quick


def write_home(home: Path) -> None:
    """Write ``texts``, ``labels`` and ``translations`` below ``home``."""
    topics = make_documents(_DOCUMENTS)
    (home / "texts").mkdir(parents=True)
    for topic, texts in topics.items():
        (home / "texts" / f"{topic}.txt").write_text("\n\n".join(texts[:-_ASIDE]) + "\n", encoding="utf-8")
    lines = [line for texts in topics.values() for text in texts[:-_ASIDE] for line in text.splitlines()]
    other = {topic: [" ".join(line.split()[:_WORDS]) for text in texts[-_ASIDE:] for line in text.splitlines()]
             for topic, texts in topics.items()}
    _write_topics(home / "labels" / "topic", other)
    _write_names(home / "labels" / "names", [line for texts in other.values() for line in texts])
    _write_translations(home / "translations", lines)  # 5,700 pairs


def _write_topics(folder: Path, lines: dict[str, list[str]]) -> None:
    folder.mkdir(parents=True)
    rows = [(line, topic) for topic, texts in lines.items() for line in texts]
    random.Random(2).shuffle(rows)
    for name, part in (("train", rows[:_LABELED]), ("test", rows[_LABELED:2 * _LABELED])):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("text", "label"), *part])


def _write_names(folder: Path, lines: list[str]) -> None:
    folder.mkdir(parents=True)
    random.Random(3).shuffle(lines)
    for name, part in (("train", lines[:_LABELED]), ("test", lines[_LABELED:2 * _LABELED])):
        sentences = ["".join(f"{word} {'B-NAME' if place and word[0].isupper() else 'O'}\n"
                             for place, word in enumerate(line.split())) for line in part]
        (folder / f"{name}.conll").write_text("\n".join(sentences), encoding="utf-8")


def _write_translations(folder: Path, lines: list[str]) -> None:
    """``lines``, and each with its words replaced by invented ones: a language with the same grammar."""
    folder.mkdir(parents=True)
    chance, words = random.Random(4), dict[str, str]()
    for word in sorted({word.lower() for line in lines for word in line.split()}):
        words[word] = make_word(chance, 2)
    (folder / "news.bem.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "news.en.txt").write_text("\n".join(" ".join(words[word.lower()] for word in line.split())
                                                  for line in lines) + "\n", encoding="utf-8")
