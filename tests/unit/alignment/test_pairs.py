"""Pairs agree line by line, and hold nothing that the model is judged by and nothing that was taken down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.generate import TINY_MODEL, write_language
from vernacular.alignment.pairs import Pair, read_pairs
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.corpus.suppression import FILE, append_row
from vernacular.errors import Problem
from vernacular.jsonl import write_jsonl
from vernacular.pretraining.texts import listed
from vernacular.stages import Work

SIDE = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "news"}
ITEM, DEV = "chinthu chimene palibe amene angachiwerenge", "mzere umene umasungidwa kuti usankhire"
PAIRS: list[Pair] = [(f"mawu a nambala {number} ndi awa", f"these are the words of number {number}")
                     for number in range(60)]


def written(root: Path, pairs: list[Pair] | None = None, **files: str) -> tuple[Language, Work]:
    """A folder with the ``pairs``, or with the two sides of them as ``source`` and ``translation``."""
    text = {side: "\n".join(pair[at] for pair in pairs or PAIRS) for at, side in enumerate(("source", "translation"))}
    folder = write_language(root / "languages", models={"tiny": {**TINY_MODEL, "alignment": {"translations": [
        {side: {**SIDE, "name": f"news_{side}", "files": f"{side}.txt"} for side in ("source", "translation")}]}}})
    for side, content in (text | files).items():
        (folder / f"{side}.txt").write_text(content, encoding="utf-8")
    (folder / "tasks").mkdir(exist_ok=True)
    (folder / "tasks" / "items.txt").write_text(f"{ITEM}\n", encoding="utf-8")
    splits = root / "splits"
    splits.mkdir(exist_ok=True)
    for part, line in (("train", "Mau ena\n"), ("dev", DEV), ("test", "mzere wina umene umasungidwa\n")):
        write_jsonl(splits / f"{part}.jsonl", [{"text": line}])
    return load_language(folder), Work(
        language=load_language(folder), settings=None, inputs={"corpus/splits": splits}, reports={}, out=root,
        scratch=root, seed=1, progress=lambda line: None, machine=root, root=root / "artifacts", cache=root)


def read(root: Path, pairs: list[Pair] | None = None, **files: str) -> Any:
    language, work = written(root, pairs, **files)
    asked = language.models["tiny"].alignment
    assert asked is not None
    return read_pairs(work, asked)


def test_each_pair_is_read_once_and_some_are_held_out(tmp_path: Path) -> None:
    found = read(tmp_path, [*PAIRS, *PAIRS[:5]])
    assert sorted([*found.train, *found.held]) == sorted(PAIRS) and len(found.held) == 3 and found.left_out == 0
    assert read(tmp_path) == found  # and the same ones again


@pytest.mark.parametrize("pair", [(ITEM, "a thing that nobody may read"), (DEV, "a line that is held out"),
                                  ("mawu ena", ITEM.upper())])
def test_held_out_lines_are_in_no_pair(tmp_path: Path, pair: Pair) -> None:
    found = read(tmp_path, [*PAIRS, pair])
    assert found.left_out == 1 and sorted([*found.train, *found.held]) == sorted(PAIRS)


def test_private_data_is_masked_on_both_sides(tmp_path: Path) -> None:
    found = read(tmp_path, [*PAIRS, ("lemberani amake@example.org lero", "write to amake@example.org today")])
    assert not any("example.org" in side for pair in [*found.train, *found.held] for side in pair)
    assert len(found.train) + len(found.held) == 61


@pytest.mark.parametrize("taken", ["news_source", "news_translation"])
def test_what_was_taken_down_on_one_side_is_gone_on_both(tmp_path: Path, taken: str) -> None:
    language, work = written(tmp_path)
    asked = language.models["tiny"].alignment
    assert asked is not None
    rows = list(listed(asked.beside, work))
    gone = next(row for row in rows if row["source"] == taken)
    append_row(language.folder / FILE, {"ids": [gone["id"]]})
    found = read_pairs(work, asked)
    assert len(found.train) + len(found.held) == len(PAIRS) - 1 and found.left_out == 0
    assert gone not in listed(asked.beside, work) and len(rows) == 2 * len(PAIRS)
    append_row(language.folder / FILE, {"sources": [taken]})
    with pytest.raises(Problem, match="0 translated sentences beside what is held out, and at least 40"):
        read_pairs(work, asked)


def test_texts_that_do_not_agree_are_named(tmp_path: Path) -> None:
    sides = ["\n".join(pair[at] for pair in PAIRS) for at in (0, 1)]
    with pytest.raises(Problem, match="translations news_source: 60 texts, but news_translation holds 61"):
        read(tmp_path, translation=f"{sides[1]}\none more")
    last = "the last\ntext of two lines"
    with pytest.raises(Problem, match=r"news_translation .*: 61 lines, but news_source source\.txt has 60"):
        read(tmp_path, source=f"{sides[0]}\n\nlast", translation=f"{sides[1]}\nmore\n\n{last}")


def test_too_few_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="39 translated sentences"):
        read(tmp_path, PAIRS[:39])
