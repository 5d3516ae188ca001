"""Labeled files as they are published need no settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generate import write_language
from vernacular.config.load import load_language
from vernacular.tasks.labeled_items import load_items

DATA = Path(__file__).parents[3] / "shared" / "data"
WORDS, TEXT, PAIRS = "token_classification", "sequence_classification", "sentence_retrieval"


@pytest.mark.parametrize(("folder", "kind", "ending", "labels", "least"), [
    ("kin/ner1", WORDS, "txt", {"O", "B-PER", "I-PER"}, 800), ("kin/ner2", WORDS, "txt", {"O", "B-PER"}, 3000),
    ("kin/pos", WORDS, "txt", {"NOUN", "VERB"}, 700), ("kin/sib200", TEXT, "tsv", {"travel", "health"}, 300),
    ("fao/sib200", TEXT, "tsv", {"travel", "health"}, 300), ("kin/afrisenti", TEXT, "tsv", {"neutral"}, 1800),
    ("lug/masakhanews", TEXT, "tsv", {"politics", "sports"}, 330), ("nya/malawi-news", TEXT, "tsv", {"HEALTH"}, 400),
    ("fao/ud", WORDS, "conllu", {"NOUN", "VERB"}, 590), ("kin/lafand", PAIRS, "*", set(), 1400)])
def test_real_files(tmp_path: Path, folder: str, kind: str, ending: str, labels: set[str], least: int) -> None:
    if not DATA.is_dir():
        pytest.skip("no real labels here")
    data = {"kind": "files", "folder": str(DATA / folder), "train": f"*dev.{ending}", "test": f"*test.{ending}"}
    language = load_language(write_language(tmp_path, "kin", documents=3, tasks={"t": {"kind": kind, "data": data}}))
    items = load_items(language, "t", tmp_path)
    assert labels <= {*items.kind.labels}
    assert sum(map(len, (items.train, items.dev, items.test))) > least
    assert not any('""' in item.text for part in (items.train, items.test) for item in part if "sib200" in folder)
