"""A release in an environment with transformers, peft and Sentence Transformers: its card's lines give its numbers.

The environment holds links to what is installed here of the three and of all that they need, and nothing else.
"""

from __future__ import annotations

import json
import subprocess
import venv
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project import Place
from vernacular.core.store import Store

SCRIPT = '''
import json, re, sys
from pathlib import Path
rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
for block in re.findall(r"```python\\n(.*?)```", Path("README.md").read_text(encoding="utf-8"), re.S):
    held = {}
    exec(block, held)  # each block of the card runs by itself
from transformers import pipeline
from sentence_transformers import SentenceTransformer
label = pipeline("text-classification", "tasks/genre", truncation=True)
found = [label.model.config.label2id[label(row["text"])[0]["label"]] for row in rows]
fill = pipeline("fill-mask", ".")
names = pipeline("token-classification", "tasks/names", aggregation_strategy="first")
groups = [names(row["text"]) for row in rows[:3]]
width = SentenceTransformer(".").encode(["a"]).shape[1]
print(json.dumps({"found": found, "labels": label.model.config.num_labels, "width": width,
                  "filled": len(fill(f"a {fill.tokenizer.mask_token} b")),
                  "ours": "vernacular" in sys.modules}))
'''


def needed(names: Iterable[str]) -> set[str]:
    """The distributions with these names, and all that they need here."""
    found: set[str] = set()
    waiting = {canonicalize_name(name) for name in names}
    while waiting:
        name = waiting.pop()
        found.add(name)
        wanted = [Requirement(line) for line in metadata.requires(name) or ()]
        waiting |= {canonicalize_name(one.name) for one in wanted
                    if one.marker is None or one.marker.evaluate({"extra": ""})} - found
    return found


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the three and what these need, and nothing else."""
    folder = tmp_path_factory.mktemp("alone")
    venv.create(folder, symlinks=True)
    packages, = folder.glob("lib/python*/site-packages")
    for name in needed(["transformers", "peft", "sentence-transformers"]):
        files = metadata.distribution(name).files or ()
        for first in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            (packages / first).symlink_to(metadata.distribution(name).locate_file(first))
    return folder / "bin" / "python"


def f1(rows: list[dict[str, Any]], found: list[list[int]], labels: int) -> float:
    """Macro F1 over the labels that occur, from the definition: no library of ours or of anyone."""
    pairs = [(true, phrase) for row, answer in zip(rows, found, strict=True)
             for true, phrase in zip(row["labels"], answer, strict=True) if true != -100]
    scores = []
    for label in range(labels):
        hits = sum(true == phrase == label for true, phrase in pairs)
        guesses, true_ones = (sum(pair[side] == label for pair in pairs) for side in (1, 0))
        if true_ones:
            scores.append(2 * hits / (guesses + true_ones))
    return sum(scores) / len(scores)


def test_the_release_gives_the_numbers_on_its_card(place: Place, alone: Path) -> None:
    store = Store(place.artifacts)
    release = store.current("qaa", "release/tiny")
    rows_file = store.current("qaa", "task/genre_tiny").folder / "predictions.jsonl"
    rows = [json.loads(line) for line in rows_file.read_text(encoding="utf-8").splitlines()]
    done = subprocess.run([str(alone), "-I", "-c", SCRIPT, str(rows_file)], cwd=release.folder, text=True,
                          capture_output=True, check=False, timeout=300, env={"HF_HUB_OFFLINE": "1"})
    assert done.returncode == 0, done.stderr
    output = json.loads(done.stdout.splitlines()[-1])
    assert not output["ours"] and output["width"] == 32 and output["filled"] == 5
    answers = [[label] for label in output["found"]]
    scored = [row["adapted_1"] for row in rows]
    details = release.manifest.report.details["reloaded"]["genre"]
    assert details["same"] == 1.0 and details["alone"]
    assert f1(rows, answers, output["labels"]) == pytest.approx(f1(rows, scored, output["labels"]), abs=0.06)
    assert sum(map(list.__eq__, answers, scored)) >= len(rows) - 1
