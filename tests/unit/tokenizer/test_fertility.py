"""The report of new tokens: a takedown finds every file that quotes a text as an example."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.generate import make_documents
from tests.tiny import with_json, write_bert
from vernacular.config.training import Vocabulary
from vernacular.core.confidence import FEWEST_TEXTS
from vernacular.core.report import Report
from vernacular.modeling.base_models import load_tokenizer
from vernacular.provenance.suppression_list import folded
from vernacular.provenance.text_search import SHORT, Traces
from vernacular.tokenizer import fertility as measure
from vernacular.tokenizer.candidates import Letters, word_counts
from vernacular.tokenizer.families import extend

LETTERS = 20  # in a row that are somebody's


def test_tokens_per_word_have_intervals_over_documents(tmp_path: Path) -> None:
    rows = [{"text": text} for texts in make_documents(30).values() for text in texts]
    base = load_tokenizer(write_bert(tmp_path / "base"))
    chosen = extend(base.backend_tokenizer, word_counts([row["text"] for row in rows], base.backend_tokenizer),
                    Counter(), Vocabulary(new_pieces=200, min_uses=3), Letters("Latn"), "tests")
    (tmp_path / "extended").mkdir()
    extended = with_json(base, chosen.json_with(len(chosen.pieces)), tmp_path / "extended")

    report = Report()
    few = measure.fertility(Report(), base, extended, chosen, rows[:FEWEST_TEXTS - 1], tmp_path)
    enough = measure.fertility(report, base, extended, chosen, rows[:FEWEST_TEXTS], tmp_path)
    found = enough.fertility_intervals
    assert few.fertility_intervals is None and found is not None
    for name, (low, mean, high) in (("base", found.base), ("extended", found.extended), ("change", found.change)):
        assert low < mean < high and mean == pytest.approx(report.counts[f"fertility_{name}"].value)
    assert found.extended[2] < found.base[0]  # new pieces are for that


def test_an_example_is_found_by_the_line_that_it_is_from(tmp_path: Path) -> None:
    """Also where the token is far into a long line, or where the line before is another text's."""
    lines = [line for texts in make_documents(12).values() for text in texts for line in text.split("\n")]
    rows = [{"text": " ".join(lines[first:first + 3])} for first in range(0, 60, 3)]
    rows += [{"text": "\n".join(lines[first:first + 4])} for first in range(60, 120, 4)]
    base = load_tokenizer(write_bert(tmp_path / "base"))
    chosen = extend(base.backend_tokenizer, word_counts([row["text"] for row in rows], base.backend_tokenizer),
                    Counter(), Vocabulary(new_pieces=200, min_uses=3), Letters("Latn"), "tests")
    (tmp_path / "extended").mkdir()
    extended = with_json(base, chosen.json_with(len(chosen.pieces)), tmp_path / "extended")
    ids = [extended.get_vocab()[piece] for piece in chosen.pieces]

    found = 0
    for number, row in enumerate(rows):  # each alone, so that each gives all the examples that it can
        out, report = tmp_path / str(number), Report()
        out.mkdir()
        measure.pieces(report, extended, chosen, ids, [row, {"text": "another text"}], out)
        written = folded((out / "pieces.jsonl").read_text(encoding="utf-8"))
        for line in row["text"].split("\n"):
            letters = folded(line)
            quoted = any(letters[at:at + LETTERS] in written for at in range(len(letters) - LETTERS + 1))
            if quoted and len(letters) >= SHORT:
                found += 1
                assert Traces([line]).in_file(out / "pieces.jsonl")
    assert found >= len(rows)
    longest = max(len(row["example"]) for row in report.samples["most used new tokens"])
    assert longest < 200
