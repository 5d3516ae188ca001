"""New, changed and removed text costs what is new, and leads to the same bytes as cleaning everything afresh."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.generate import TOPICS, make_documents, make_word, write_language
from tests.project import CHECKOUT
from vernacular.config.load import load_language
from vernacular.core.store import Artifact, Store
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import run_stage

POISONING = {"least_documents": 100_000}  # which documents wait for a person depends on earlier ones
STAGES = ("corpus/clean", "corpus/splits")


def run(folder: Path, root: Path, messages: list[str] | None = None) -> dict[str, Artifact]:
    """The artifacts of the corpus."""
    language, store = load_language(folder), Store(root)
    return {stage.name: run_stage(stage, language, store, (messages if messages is not None else []).append)
            for stage in stages(language)}


def same(one: dict[str, Artifact], other: dict[str, Artifact]) -> None:
    """Both hold the same bytes and the same numbers."""
    for name in STAGES:
        first, second = one[name].manifest, other[name].manifest
        assert first.key == second.key
        assert first.data_version == second.data_version, name
        assert first.report == second.report, name
        assert (one[name].folder / "rejects.png").exists() == (other[name].folder / "rejects.png").exists()


def change(folder: Path, chance: random.Random) -> None:
    """Add, remove or edit a few documents or lines of the folder's files."""
    path = folder / "text" / chance.choice(TOPICS) / chance.choice(["text.txt", "more.txt"])
    texts = path.read_text(encoding="utf-8").strip().split("\n\n") if path.exists() else []
    for _ in range(chance.randint(1, 4)):
        kind = chance.choice(["add", "add", "copy", "near", "remove", "edit", "swap"])
        new = chance.choice(make_documents(6, seed=chance.randrange(10_000))[chance.choice(TOPICS)])
        place = chance.randrange(len(texts)) if texts else 0
        if kind == "add" or not texts:
            texts.insert(place, new)
        elif kind == "copy":
            texts.append(texts[place])
        elif kind == "near":
            texts.insert(0, texts[place].replace("a", "e", 3))
        elif kind == "remove" and len(texts) > 3:
            del texts[place]
        elif kind == "edit":
            lines = texts[place].split("\n")
            lines[chance.randrange(len(lines))] = chance.choice(["123", "Menu", "a@b.example", new.split("\n")[0]])
            texts[place] = "\n".join(lines)
        elif kind == "swap":
            chance.shuffle(texts)
    path.write_text("\n\n".join(texts) + "\n", encoding="utf-8")


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
def test_any_sequence_of_changes_leads_to_what_a_full_rebuild_gives(tmp_path: Path, seed: int) -> None:
    folder = write_language(tmp_path / "languages", documents=45, poisoning=POISONING)
    chance = random.Random(seed)
    run(folder, tmp_path / "kept")
    for step in range(4):
        change(folder, chance)
        same(run(folder, tmp_path / "kept"), run(folder, tmp_path / f"fresh{step}"))


def language_of(root: Path) -> Path:
    """A folder whose text is cleaned without other identifiers, which would take most of the time."""
    return write_language(root, documents=45, poisoning=POISONING, cleaning={"reject_languages": []})


def write_much(folder: Path, documents: Sequence[int]) -> None:
    """Write ``documents`` of about 4 kB into a file, with copies and menus among them."""
    texts = []
    for number in documents:
        chance = random.Random(number)
        lines = ["Menu wa malo", *(" ".join(chance.choices(WORDS, k=15)) for _ in range(45))]
        if number % 10 == 0:
            lines[5] = "Lembani kwa a.phiri@example.org"
        texts.append("\n".join(lines))
        if number % 17 == 0:
            texts.append("\n".join([*lines[:20], *lines[22:]]))
    (folder / "text" / "river" / f"{documents[0]}.txt").write_text("\n\n".join(texts), encoding="utf-8")


WORDS = [make_word(random.Random(number), 1 + number % 3) for number in range(3000)]


def test_a_hundredth_more_text_is_a_hundredth_of_the_work(tmp_path: Path) -> None:
    folder = language_of(tmp_path / "languages")
    write_much(folder, range(1000))
    messages: list[str] = []
    before = run(folder, tmp_path / "kept", messages)
    assert any(line.startswith("batch ") or "1,104 of 1,104 documents are new" in line for line in messages), messages
    write_much(folder, range(2007, 2017))
    messages = []
    after = run(folder, tmp_path / "kept", messages)
    new = [line for line in messages if "documents are new" in line]
    assert new[0].startswith("10 of 1,114 documents"), new
    assert before["corpus/clean"].manifest.data_version != after["corpus/clean"].manifest.data_version
    same(after, run(folder, tmp_path / "fresh"))
    rejected = after["corpus/clean"].manifest.report.counts
    assert rejected["lines_rejected_boilerplate"].value == 1 + 1000 + 59 + 10 - 1
    assert rejected["lines_rejected_near_duplicate_document"].value > 59 * 40


def test_a_clean_that_is_killed_goes_on_and_leaves_no_process(tmp_path: Path) -> None:
    folder = language_of(tmp_path / "languages")
    write_much(folder, range(1000))
    code = ("import sys\nfrom pathlib import Path\nfrom tests.endtoend.test_refresh import run\n"
            "run(Path(sys.argv[1]), Path(sys.argv[2]))\n")
    mark = f"mark-{os.getpid()}-{time.monotonic_ns()}"
    child = subprocess.Popen([sys.executable, "-c", code, str(folder), str(tmp_path / "killed")], cwd=CHECKOUT,
                             env={**os.environ, "MARK": mark, "PYTHONPATH": str(CHECKOUT)})
    limit = time.monotonic() + 120
    while not list((tmp_path / "killed").glob("qaa/.cache/corpus/clean/*/*.arrow")):
        assert child.poll() is None and time.monotonic() < limit
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    while with_mark(mark):
        assert time.monotonic() < limit, "a process outlived the one that started it"
        time.sleep(0.05)
    same(run(folder, tmp_path / "killed"), run(folder, tmp_path / "whole"))


def with_mark(mark: str) -> list[str]:
    """Processes with ``mark`` in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found
