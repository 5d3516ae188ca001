"""A release in a fresh environment with only transformers and peft: it loads by its card's lines and gives its numbers.

The environment is made once, below the user's cache of pip where that is warm in half a minute, and only here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.conftest import CHECKOUT, Place
from vernacular.artifacts import Store

SCRIPT = '''
import json, re, sys
from pathlib import Path
task, rows = sys.argv[1], [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
blocks = re.findall(r"```python\\n(.*?)```", Path("README.md").read_text(encoding="utf-8"), re.S)
held = {}
exec(blocks[0], held)
assert "mask" in str(held["tokenizer"].mask_token).lower()
exec(next(block for block in blocks if f"adapters/{task}" in block), held)
sys.path.insert(0, ".")
import use
about = json.loads(Path("adapters", task, "task.json").read_text(encoding="utf-8"))
found = [use.scores(held["model"], held["tokenizer"], row["text"], about).argmax(-1).tolist() for row in rows]
print(json.dumps({"found": found, "ours": "vernacular" in sys.modules, "about": about}))
'''


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with transformers, peft and what these need, and nothing else."""
    folder = tmp_path_factory.mktemp("alone")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    done = subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c",
                           str(CHECKOUT / "constraints.txt"), "transformers", "peft"], capture_output=True, text=True,
                          check=False, timeout=600)
    if done.returncode:
        pytest.skip(f"transformers and peft cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    return python


def f1(rows: list[dict[str, Any]], found: list[list[int]], labels: int) -> float:
    """Macro F1 over the labels that occur, from the definition: no library of ours or of anyone."""
    pairs = [(true, said) for row, answer in zip(rows, found, strict=True)
             for true, said in zip(row["labels"], answer, strict=True) if true != -100]
    scores = []
    for label in range(labels):
        hits = sum(true == said == label for true, said in pairs)
        told, true_ones = (sum(pair[side] == label for pair in pairs) for side in (1, 0))
        if true_ones:
            scores.append(2 * hits / (told + true_ones))
    return sum(scores) / len(scores)


def test_the_release_gives_the_numbers_on_its_card(place: Place, alone: Path) -> None:
    store = Store(place.artifacts)
    release = store.current("qaa", "release/tiny")
    rows_file = store.current("qaa", "task/genre_tiny").folder / "predictions.jsonl"
    rows = [json.loads(line) for line in rows_file.read_text(encoding="utf-8").splitlines()]
    done = subprocess.run([str(alone), "-I", "-c", SCRIPT, "genre", str(rows_file)], cwd=release.folder, text=True,
                          capture_output=True, check=False, timeout=300, env={"HF_HUB_OFFLINE": "1"})
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert not said["ours"]
    score = f1(rows, said["found"], len(said["about"]["labels"]))
    card = (release.folder / "README.md").read_text(encoding="utf-8")
    assert f"Released is that of seed 1, which scored {said['about']['score']:.3f}" in card
    assert score == pytest.approx(said["about"]["score"], abs=0.06)  # a near tie of a tiny model may turn: one of 20
    assert release.manifest.report.details["reloaded"]["genre"]["same"] >= 0.95
