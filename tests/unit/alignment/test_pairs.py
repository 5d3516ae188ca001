"""Pairs agree line by line, and hold nothing that the model is judged by and nothing that was taken down."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.generate import TINY_MODEL, write_language
from vernacular.alignment.pairs import TextPair, read_pairs, read_pairs_by_part
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.corpus.side_texts import listed
from vernacular.datasets.notes import numbers_of
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import write_rows
from vernacular.provenance.suppression_list import FILE, append_row

SIDE = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "news"}
ITEM, DEV = "chinthu chimene palibe amene angachiwerenge", "mzere umene umasungidwa kuti usankhire"
PAIRS: list[TextPair] = [(f"mawu a nambala {number} ndi awa", f"these are the words of number {number}")
                     for number in range(60)]


def written(root: Path, pairs: list[TextPair] | None = None, **files: str) -> tuple[Language, StageContext]:
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
        write_rows(splits / f"{part}.parquet", [{"text": line}])
    return load_language(folder), StageContext(
        language=load_language(folder), settings=None, inputs={"corpus/splits": splits}, reports={}, out=root,
        scratch=root, seed=1, progress=lambda line: None, machine=root, root=root / "artifacts", cache=root)


def read(root: Path, pairs: list[TextPair] | None = None, **files: str) -> Any:
    language, work = written(root, pairs, **files)
    asked = language.models["tiny"].alignment
    assert asked is not None
    return read_pairs(work, asked)


def test_each_pair_is_read_once_and_some_are_held_out(tmp_path: Path) -> None:
    found = read(tmp_path, [*PAIRS, *PAIRS[:5]])
    assert sorted([*found.train, *found.held_out]) == sorted(PAIRS) and len(found.held_out) == 3 and found.left_out == 0
    assert read(tmp_path) == found  # and the same ones again


def test_pairs_are_scored_where_the_translated_text_is_no_source(tmp_path: Path) -> None:
    """A sentence belongs to the part whose documents have it; of those in no document, some are set aside."""
    pairs: list[TextPair] = [(f"mawu {number} ndi {word} lero", f"words {number} {word}") for number in range(200)
                     for word in ("amodzi", "awiri")]
    _, work = written(tmp_path, pairs)
    splits = tmp_path / "splits"
    for part, rows in (("train", pairs[:100]), ("dev", pairs[100:110]), ("test", pairs[110:120])):
        write_rows(splits / f"{part}.parquet", [
            {"id": f"{part}{at}", "text": f"mzere wina {at}\n{text}"} for at, (text, _) in enumerate(rows)])
    folder = tmp_path / "languages" / "qaa" / "language.yaml"
    settings = yaml.safe_load(folder.read_text(encoding="utf-8"))
    settings["tasks"]["search"] = {"kind": "sentence_retrieval", "labels": {"kind": "translations"}, "fine_tune": False}
    folder.write_text(yaml.safe_dump(settings), encoding="utf-8")
    language = load_language(folder.parent)
    work = replace(work, language=language)
    asked = language.models["tiny"].alignment
    assert asked is not None
    parts = read_pairs_by_part(work, asked)
    learned = read_pairs(work, asked)
    scored = {(pair.text, pair.translation) for pair in [*parts["dev"], *parts["test"]]}
    assert set(pairs[100:110]) <= {(pair.text, pair.translation) for pair in parts["dev"]}
    assert set(pairs[110:120]) <= {(pair.text, pair.translation) for pair in parts["test"]}
    assert (len(parts["test"]), len(parts["dev"])) == (10 + 28, 10 + 14)
    assert not scored & {*learned.train, *learned.held_out}
    assert len(learned.train) + len(learned.held_out) >= len(pairs) - len(scored) - learned.left_out


def test_no_side_of_a_held_out_pair_is_learned_from(tmp_path: Path) -> None:
    """Each sentence has two translations here, and each translation is one of two sentences."""
    shuffled = [(text, PAIRS[(at + 1) % len(PAIRS)][1]) for at, (text, _) in enumerate(PAIRS)]
    found = read(tmp_path, [*PAIRS, *shuffled])
    for side in (0, 1):
        assert not {pair[side] for pair in found.held_out} & {pair[side] for pair in found.train}
    assert len(found.held_out) == 6 and 0 < found.left_out <= 12
    assert len(found.train) + len(found.held_out) + found.left_out == 2 * len(PAIRS)


@pytest.mark.parametrize("pair", [(ITEM, "a thing that nobody may read"), (DEV, "a line that is held out"),
                                  ("mawu ena", ITEM.upper())])
def test_held_out_lines_are_in_no_pair(tmp_path: Path, pair: TextPair) -> None:
    found = read(tmp_path, [*PAIRS, pair])
    assert found.left_out == 1 and sorted([*found.train, *found.held_out]) == sorted(PAIRS)


def test_private_data_is_masked_on_both_sides(tmp_path: Path) -> None:
    found = read(tmp_path, [*PAIRS, ("lemberani amake@example.org lero", "write to amake@example.org today")])
    assert not any("example.org" in side for pair in [*found.train, *found.held_out] for side in pair)
    assert len(found.train) + len(found.held_out) == 61


@pytest.mark.parametrize("taken", ["news_source", "news_translation"])
def test_what_was_taken_down_on_one_side_is_gone_on_both(tmp_path: Path, taken: str) -> None:
    language, work = written(tmp_path)
    asked = language.models["tiny"].alignment
    assert asked is not None
    rows = list(listed(asked.beside, work))
    gone = next(row for row in rows if row["source"] == taken)
    append_row(File.at(language.folder / FILE), {"ids": [gone["id"]]})
    found = read_pairs(work, asked)
    assert len(found.train) + len(found.held_out) == len(PAIRS) - 1 and found.left_out == 0
    assert gone not in listed(asked.beside, work) and len(rows) == 2 * len(PAIRS)
    append_row(File.at(language.folder / FILE), {"sources": [taken]})
    with pytest.raises(Problem, match=r"alignment.translations: 0 .*VN-DATA-"):
        read_pairs(work, asked)


def test_what_does_not_agree_line_by_line_is_refused(tmp_path: Path) -> None:
    sides = ["\n".join(pair[at] for pair in PAIRS) for at in (0, 1)]
    with pytest.raises(Problem, match=r"qaa/source\.txt: 60 .*languages/qaa/translation\.txt .* 61.*VN-DATA-JOIN"):
        read(tmp_path, translation=f"{sides[1]}\none more")
    gaps = [side.replace("\n", "\n\n", 3) for side in sides]
    assert len(read(tmp_path, source=gaps[0], translation=gaps[1]).train) == 57
    with pytest.raises(Problem, match=r"60 of 60 .*VN-DATA-"):
        read(tmp_path, source=sides[1])


def of_many_lengths(number: int) -> TextPair:
    length = 3 + number * 37 % 50
    return f"mawu {number}" + " aka" * length, f"words {number}" + " of this" * length


@pytest.mark.parametrize("empty", [0, 1, 30])
def test_a_sentence_missing_on_one_side_is_left_out(tmp_path: Path,
                                                                                        empty: int) -> None:
    pairs = [of_many_lengths(number) for number in range(60)]
    ours, theirs = ([pair[side] for pair in pairs] for side in (0, 1))
    found = read(tmp_path / "one", source="\n".join(ours),
                 translation="\n".join("" if at == empty else text for at, text in enumerate(theirs)))
    assert sorted([*found.train, *found.held_out]) == sorted(pairs[:empty] + pairs[empty + 1:])
    assert numbers_of(found.remarks) == {"pairs_with_an_empty_side": 1}
    shifted = "\n".join([*theirs[:empty], "", *theirs[empty:-1]])  # as many lines and texts as there are of the others
    with pytest.raises(Problem) as caught:
        read(tmp_path / "two", source="\n".join(ours), translation=shifted)
    assert caught.value.where == f"languages/qaa/translation.txt:{empty + 1}"


def test_many_sentences_that_are_missing_are_refused(tmp_path: Path) -> None:
    sides = ["\n".join(pair[at] if at == 0 or number % 5 else "" for number, pair in enumerate(PAIRS)) for at in (0, 1)]
    with pytest.raises(Problem, match=r"most_unmatched.*VN-DATA-JOIN") as caught:
        read(tmp_path, source=sides[0], translation=sides[1])
    assert caught.value.line == 1


def test_files_that_end_in_the_codes_of_their_languages_are_read(tmp_path: Path) -> None:
    content = {f"pairs.{code}": "\n".join(pair[at] for pair in PAIRS) for at, code in enumerate(("qaa", "en"))}
    found = of_files(tmp_path, "pairs.qaa", "pairs.en", content)
    assert sorted([*found.train, *found.held_out]) == sorted(PAIRS)


def of_files(root: Path, ours: str, theirs: str, content: dict[str, str], **more: Any) -> Any:
    language, work = written(root)
    for name, text in content.items():
        (language.folder / name).write_text(text, encoding="utf-8")
    asked = language.models["tiny"].alignment
    assert asked is not None
    entry = asked.translations[0]
    sides = [getattr(entry, role).model_copy(update={"files": file, "text_field": role})
             for role, file in (("source", ours), ("translation", theirs))]
    return read_pairs(work, asked.model_copy(update={"translations": [entry.model_copy(update={
        "source": sides[0], "translation": sides[1]})]}))


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_a_table_holds_both_sides(tmp_path: Path, ending: str) -> None:
    mark = {"csv": ",", "tsv": "\t"}.get(ending, "")
    rows = [json.dumps({"source": text, "translation": translation}) for text, translation in PAIRS] if (
        ending == "jsonl") else [f"source{mark}translation", *(mark.join(pair) for pair in PAIRS)]
    name = f"pairs.{ending}"
    found = of_files(tmp_path, name, name, {name: "\n".join(rows)})
    assert sorted([*found.train, *found.held_out]) == sorted(PAIRS)
    rows[20] = '{"source": "mawu", "translation": ""}' if ending == "jsonl" else f"mawu{mark}"
    found = of_files(tmp_path, name, name, {name: "\n".join(rows)})
    assert len(found.train) + len(found.held_out) == len(PAIRS) - 1
    assert [remark.where for remark in found.remarks] == [f"languages/qaa/pairs.{ending}:21"]


@pytest.mark.parametrize(("ours", "theirs", "expected"), [
    ("many*.txt", "translation.txt", "VN-DATA-JOIN"),
    ("none.txt", "translation.txt", "VN-DATA-JOIN"),
    ("a.csv", "b.csv", "VN-DATA-COLUMN"),
    ("a.po", "b.po", "VN-DATA-COLUMN"), ("source.txt", "a.csv", "VN-DATA-COLUMN")])
def test_what_may_not_belong_together_is_refused(tmp_path: Path, ours: str, theirs: str, expected: str) -> None:
    table = "source,translation\n" + "\n".join(",".join(pair) for pair in PAIRS)
    message = 'msgid "a text"\nmsgstr "mawu ena"\n'
    with pytest.raises(Problem, match=re.escape(expected)):
        of_files(tmp_path, ours, theirs, {"many1.txt": "a", "many2.txt": "b", "a.csv": table, "b.csv": table,
                                          "a.po": message, "b.po": message})


def test_too_few_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"alignment.translations: 39 .*VN-DATA-"):
        read(tmp_path, PAIRS[:39])
