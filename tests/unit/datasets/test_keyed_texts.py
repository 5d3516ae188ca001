"""Each kind of key joins two sides of real files; what cannot be read for certain is refused, and takedowns hold."""

from __future__ import annotations

import gzip
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.generate import TINY_MODEL, write_language
from vernacular.alignment.pairs import Pair, Pairs, read_pairs, read_pairs_by_part, references_version
from vernacular.config.load import load_language
from vernacular.config.training import Alignment
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.corpus.side_texts import listed
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import write_rows
from vernacular.provenance.document import short_digest
from vernacular.provenance.suppression_list import FILE, append_row

SIDE = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "religious"}
COLUMNS, USFM = {"kind": "columns", "columns": ["book", "chapter", "verse"]}, {"kind": "usfm"}
VERSES = [("GEN", chapter, verse) for chapter in (1, 2) for verse in range(1, 26)]


def ours(verse: tuple[str, int, int]) -> str:
    return f"mawu a mutu {verse[1]} ndime {verse[2]}"


def theirs(verse: tuple[str, int, int]) -> str:
    return f"words of chapter {verse[1]} verse {verse[2]}"


PAIRS = sorted((ours(verse), theirs(verse)) for verse in VERSES)


def usfm(text: Any, verses: list[tuple[str, int, int]], joined: tuple[int, ...] = ()) -> str:
    """A book; verse ``n`` and the one behind it are one for each ``n`` of ``joined``, in the first chapter."""
    out, chapter = ["\\id GEN a book", "\\h Genesis"], 0
    for verse in verses:
        if verse[1] != chapter:
            chapter = verse[1]
            out += [f"\\c {chapter}", "\\p"]
        if chapter == 1 and verse[2] in joined:
            out.append(f"\\v {verse[2]}-{verse[2] + 1} {text(verse)}")
        elif not (chapter == 1 and verse[2] - 1 in joined):
            out.append(f"\\v {verse[2]} {text(verse)}")
        else:
            out[-1] += f" {text(verse)}"
    return "\n".join(out)


def table(text: Any) -> str:
    return "book,chapter,verse,text\n" + "".join(f'{book},{chapter},{verse},"{text((book, chapter, verse))}"\n'
                                                 for book, chapter, verse in VERSES)


def numbered(text: Any) -> str:
    """As a package has it: a header without names, an id first, books as numbers."""
    return "field,field,field,field,field\n" + "".join(
        f'"{number}","1","0{chapter}","{verse}","{text((book, chapter, verse))}"\n'
        for number, (book, chapter, verse) in enumerate(VERSES))


VREF = "\n".join(f"{book} {chapter}:{verse}" for book, chapter, verse in VERSES) + "\n"
CHAPTERS = {f"1/{chapter}.json": json.dumps([ours(verse) for verse in VERSES if verse[1] == chapter])
            for chapter in (1, 2)}


def written(root: Path, files: dict[str, str | bytes], source: dict[str, Any], translation: dict[str, Any],
            **entry: Any) -> tuple[StageContext, Alignment]:
    """A folder with ``files``, and the two sides of its translations."""
    folder = write_language(root / "languages", models={"tiny": {**TINY_MODEL, "alignment": {"translations": [{
        "source": {**SIDE, "name": "ours", **deepcopy(source)},  # copies: YAML would write an alias
        "translation": {**SIDE, "name": "theirs", **deepcopy(translation)}, **entry}]}}})
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    splits = root / "splits"
    splits.mkdir(exist_ok=True)
    for part in ("train", "dev", "test"):
        if not (splits / f"{part}.parquet").exists():
            write_rows(splits / f"{part}.parquet", [])
    language = load_language(folder)
    asked = language.models["tiny"].alignment
    assert asked is not None
    return StageContext(language=language, settings=None, inputs={"corpus/splits": splits}, reports={}, out=root,
                        scratch=root, seed=1, progress=lambda line: None, machine=root, root=root / "artifacts",
                        cache=root), asked


def together(found: Pairs) -> list[tuple[str, str]]:
    return sorted([*found.train, *found.held_out])


def refused(place: tuple[StageContext, Alignment]) -> Problem:
    with pytest.raises(Problem) as raised:
        read_pairs(*place)
    return raised.value


@pytest.mark.parametrize(("files", "source", "translation"), [
    ({"a.csv": table(ours), "b.csv": table(theirs)}, {"files": "a.csv", "key": COLUMNS},
     {"files": "b.csv", "key": COLUMNS}),
    ({"a.tsv": table(ours).replace(",", "\t"), "b.jsonl": "".join(json.dumps(
        {"n": [1], "b": verse[0], "c": verse[1], "v": verse[2], "text": theirs(verse)}) + "\n"
        for verse in reversed(VERSES))}, {"files": "a.tsv", "key": COLUMNS},
     {"files": "b.jsonl", "key": {"kind": "columns", "columns": ["b", "c", "v"]}}),
    ({**CHAPTERS, "b.csv.gz": gzip.compress(numbered(theirs).encode(), mtime=0)},
     {"files": "1/*.json", "key": {"kind": "path", "pattern": "{book}/{chapter}.json"}},
     {"files": "b.csv.gz", "text_field": -1, "key": {"kind": "columns", "columns": [1, 2, 3]}}),
    ({"a/1.txt": "\n".join(map(ours, VERSES[:25])), "a/2.txt": "\n".join(map(ours, VERSES[25:])),
      "b.jsonl": "".join(json.dumps({"chapter": verse[1], "verse": str(verse[2]), "text": theirs(verse)}) + "\n"
                         for verse in VERSES)},
     {"files": "a/*.txt", "key": {"kind": "path", "pattern": "*/{chapter}.txt"}},
     {"files": "b.jsonl", "key": {"kind": "columns", "columns": ["chapter", "verse"]}}),
    ({"a1.usfm": usfm(ours, VERSES[:25]), "a2.usfm": usfm(ours, VERSES[25:]), "b.usfm": usfm(theirs, VERSES)},
     {"files": "a?.usfm", "key": USFM}, {"files": "b.usfm", "key": USFM}),
    ({"a.usfm": usfm(ours, VERSES), "b.csv": numbered(theirs)}, {"files": "a.usfm", "key": USFM},
     {"files": "b.csv", "text_field": 4, "key": {"kind": "columns", "columns": [1, 2, 3]}}),
    ({"vref.txt": VREF, "a.txt": "\n".join(map(ours, VERSES)) + "\n", "b.usfm": usfm(theirs, VERSES)},
     {"files": "a.txt", "key": {"kind": "vref", "file": "vref.txt"}}, {"files": "b.usfm", "key": USFM}),
], ids=["csv", "tsv-jsonl", "path-csv.gz", "path-jsonl", "usfm", "usfm-csv", "vref-usfm"])
def test_every_kind_of_key_joins(tmp_path: Path, files: dict[str, str | bytes], source: dict[str, Any],
                                 translation: dict[str, Any]) -> None:
    found = read_pairs(*written(tmp_path, files, source, translation))
    assert together(found) == PAIRS and found.left_out == 0
    assert [(one.pairs, one.alone, one.together) for one in found.joins] == [(50, (0, 0), 0)]


def test_verses_that_a_side_has_as_one_are_one(tmp_path: Path) -> None:
    found = read_pairs(*written(tmp_path, {"a.usfm": usfm(ours, VERSES, (3,)), "b.usfm": usfm(theirs, VERSES, (7, 9))},
                                {"files": "a.usfm", "key": USFM}, {"files": "b.usfm", "key": USFM}))
    merged = [(f"{ours(('GEN', 1, at))} {ours(('GEN', 1, at + 1))}", f"{theirs(('GEN', 1, at))} "
               f"{theirs(('GEN', 1, at + 1))}") for at in (3, 7, 9)]
    single = [(ours(verse), theirs(verse)) for verse in VERSES if verse[1] == 2 or verse[2] not in (3, 4, 7, 8, 9, 10)]
    assert together(found) == sorted([*merged, *single])
    assert found.joins[0].together == 3 and found.joins[0].alone == (0, 0)


def test_parts_of_a_verse_are_one_text(tmp_path: Path) -> None:
    text = usfm(ours, VERSES).replace("\\v 3 mawu", "\\v 3a mawu oyamba\n\\q\n\\v 3b mawu", 1)
    found = read_pairs(*written(tmp_path, {"a.usfm": text, "b.usfm": usfm(theirs, VERSES)},
                                {"files": "a.usfm", "key": USFM}, {"files": "b.usfm", "key": USFM}))
    assert (f"mawu oyamba {ours(('GEN', 1, 3))}", theirs(("GEN", 1, 3))) in together(found)


def test_vref_leaves_out_empty_lines_and_knows_ranges(tmp_path: Path) -> None:
    lines = [ours(verse) for verse in VERSES]
    lines[4] = ""
    lines[10], lines[11], lines[12] = f"{lines[10]} {lines[11]} {lines[12]}", "<range>", "<range>"
    place = written(tmp_path, {"vref.txt": VREF, "a.txt": "\n".join(lines), "b.usfm": usfm(theirs, VERSES)},
                    {"files": "a.txt", "key": {"kind": "vref", "file": "vref.txt"}}, {"files": "b.usfm", "key": USFM})
    found = read_pairs(*place)
    assert len(together(found)) == 47 and found.joins[0].alone == (0, 1) and found.joins[0].together == 1
    assert found.joins[0].samples == [{"side": "theirs", "key": "GEN 1 5",
                                       "where": "languages/qaa/b.usfm GEN 1:5"}]
    assert (lines[10], " ".join(theirs(VERSES[at]) for at in (10, 11, 12))) in together(found)
    before = references_version(place[0].language, place[1], tmp_path)
    (place[0].language.folder / "vref.txt").write_text(VREF + "GEN 3:1\n", encoding="utf-8")
    assert references_version(place[0].language, place[1], tmp_path) != before and len(before) == 1


def test_what_does_not_belong_to_a_text_is_removed(tmp_path: Path) -> None:
    noted = table(theirs).replace("words", "&gt; words{a {deep} note, with, commas}").replace(
        f'"&gt; {theirs(VERSES[0])}', '"{all of it}').replace("verse 25", "verse 25 {open")
    first = noted.split("\n")
    first[1] = 'GEN,1,1,"{nothing but a note}"'
    found = read_pairs(*written(tmp_path, {"a.csv": table(ours), "b.csv": "\n".join(first)},
                                {"files": "a.csv", "key": COLUMNS},
                                {"files": "b.csv", "key": COLUMNS, "remove": ["{...}", "&gt;"]}))
    expected = [(one, other.replace("verse 25", "verse 25 {open")) for one, other in PAIRS if one != ours(VERSES[0])]
    assert together(found) == sorted(expected) and found.joins[0].alone == (1, 0)


def test_a_join_that_loses_too_much_is_refused_with_what_it_lost(tmp_path: Path) -> None:
    sides = ({"files": "a.csv", "key": COLUMNS}, {"files": "b.csv", "key": COLUMNS})
    shifted = table(theirs).replace("GEN,1,", "GEN,3,")
    files: dict[str, str | bytes] = {"a.csv": table(ours), "b.csv": shifted}
    problem = refused(written(tmp_path, files, *sides))
    assert "GEN 1 1" in problem.what and "GEN 3 1" in problem.what and problem.where.startswith("qaa ")
    problem = refused(written(tmp_path, files, *sides, most_unmatched=0.6))
    assert "25 translated sentences" in problem.what  # too few, but not refused for what was lost
    problem = refused(written(tmp_path, {**files, "b.csv": table(theirs).replace("GEN", "EXO")}, *sides,
                              most_unmatched=1))
    assert "EXO 1 1" in problem.what


@pytest.mark.parametrize(("files", "source", "translation", "where"), [
    ({"b.csv": table(theirs) + "GEN,1,7,again\n"}, {}, {}, "b.csv:52"),
    ({"b.csv": table(theirs) + "GEN,,7,again\n"}, {}, {}, "b.csv:52"),
    ({"b.csv": table(theirs)}, {}, {"key": {"kind": "columns", "columns": ["book", "none"]}}, "b.csv:1"),
    ({"b.csv": table(theirs)}, {}, {"key": {"kind": "columns", "columns": ["book", 9]}}, "b.csv:1"),
    ({"a.usfm": usfm(ours, VERSES)}, {"files": "a.usfm", "key": USFM},
     {"key": {"kind": "columns", "columns": ["chapter", "verse"]}}, "b.csv:2"),
    ({"a.usfm": usfm(ours, VERSES).replace("\\v 4 ", "\\v 9-4 ", 1)}, {"files": "a.usfm", "key": USFM}, {}, "GEN 1"),
    ({"a.usfm": usfm(ours, VERSES).replace("\\v 4 ", "\\v 3 ", 1)}, {"files": "a.usfm", "key": USFM}, {}, "GEN 1:3"),
    ({"b.txt": "a\nb"}, {}, {"files": "b.txt"}, "b.txt"),
    ({"1.json": "[1]"}, {"files": "1.json", "key": {"kind": "path", "pattern": "{chapter}.json"}}, {}, "1.json"),
    ({"1.json": '["a"]'}, {"files": "1.json", "key": {"kind": "path", "pattern": "x/{chapter}.json"}}, {}, "1.json"),
    ({"a.txt": "a\nb\nc", "v.txt": "GEN 1:1\nGEN 1:2\n"},
     {"files": "a.txt", "key": {"kind": "vref", "file": "v.txt"}}, {}, "a.txt"),
    ({"a.txt": "a", "v.txt": "GEN 1:1\nGEN 1:2\n"},  # empty lines were taken out, so that references shift
     {"files": "a.txt", "key": {"kind": "vref", "file": "v.txt"}}, {}, "a.txt"),
    ({"a.txt": "a\nb", "v.txt": "GEN 1:1\nGenesis 1\n"},
     {"files": "a.txt", "key": {"kind": "vref", "file": "v.txt"}}, {}, "v.txt:2"),
    ({"a.txt": "a\nb"}, {"files": "a.txt", "key": {"kind": "vref", "file": "v.txt"}}, {}, "v.txt"),
    ({"b.csv.gz": gzip.compress(b"book,chapter,verse,text\n" + b"0" * 60_000_000, mtime=0)}, {}, {"files": "b.csv.gz"},
     "b.csv.gz"),
    ({"b.csv.gz": gzip.compress(table(theirs).encode(), mtime=0)[:-20]}, {}, {"files": "b.csv.gz"}, "b.csv.gz"),
    ({"b.csv.gz": b"book,chapter,verse,text\n"}, {}, {"files": "b.csv.gz"}, "b.csv.gz"),
])
def test_hostile_and_broken_files_are_refused_by_name(tmp_path: Path, files: dict[str, str | bytes],
                                                      source: dict[str, Any], translation: dict[str, Any],
                                                      where: str) -> None:
    problem = refused(written(tmp_path, {"a.csv": table(ours), "b.csv": table(theirs), **files},
                              {"files": "a.csv", "key": COLUMNS, **source},
                              {"files": "b.csv", "key": COLUMNS, **translation}))
    assert problem.where.endswith(where) and problem.fix


@pytest.mark.parametrize(("source", "entry"), [
    ({"key": None}, {}), ({"key": {"kind": "path", "pattern": "a.json"}}, {}),
    ({"key": {"kind": "vref", "file": "../vref.txt"}}, {}), ({"key": {"kind": "columns", "columns": []}}, {}),
    ({"remove": ["{{...}"]}, {}), ({"remove": [""]}, {}), ({}, {"most_unmatched": 2})])
def test_settings_that_mean_nothing_are_refused(tmp_path: Path, source: dict[str, Any], entry: dict[str, Any]) -> None:
    with pytest.raises(Problem) as raised:
        written(tmp_path, {}, {"files": "a.csv", "key": COLUMNS, **source}, {"files": "b.csv", "key": COLUMNS}, **entry)
    assert "language.yaml" in raised.value.where


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_chapter_that_was_taken_down_is_in_no_pair(tmp_path: Path, side: str) -> None:
    """A verse that is also in another chapter is kept there."""
    def text(verse: tuple[str, int, int]) -> str:
        return "mawu omwewo" if verse[2] == 5 else ours(verse)

    def other(verse: tuple[str, int, int]) -> str:
        return "the same words" if verse[2] == 5 else theirs(verse)

    more = [*VERSES, *(("GEN", 3, verse) for verse in range(1, 41))]
    work, asked = written(tmp_path, {"a.usfm": usfm(text, more), "b.usfm": usfm(other, more)},
                          {"files": "a.usfm", "key": USFM}, {"files": "b.usfm", "key": USFM})
    assert len(together(read_pairs(work, asked))) == 88  # verse 5 of three chapters is one pair
    gone = next(row for row in listed(asked.beside, work) if row["source"] == side and row["path"].endswith("GEN.2"))
    append_row(File.at(work.language.folder / FILE), {"ids": [gone["id"]]})
    found = together(read_pairs(work, asked))
    assert len(found) == 64 and ("mawu omwewo", "the same words") in found
    assert not any("mutu 2" in one or "chapter 2" in two for one, two in found)
    assert {pair.key.split()[1] for part in read_pairs_by_part(work, asked).values() for pair in part} == {"1", "3"}


def splits_of(work: StageContext, **parts: list[tuple[int, list[str]]]) -> None:
    """Write the splits: part -> (chapter, lines that are left of it)."""
    for part, chapters in parts.items():
        write_rows(work.inputs["corpus/splits"] / f"{part}.parquet", [
            {"id": f"{part}-{chapter}", "raw_digest": short_digest("\n".join(
                ours(verse) for verse in LONG if verse[1] == chapter)), "text": "\n".join(lines)}
            for chapter, lines in chapters])


LONG = [("GEN", chapter, verse) for chapter in (1, 2, 3, 4) for verse in range(1, 31)]


def test_held_out_chapters_are_learned_from_on_neither_side(tmp_path: Path) -> None:
    """Nor is a verse elsewhere that repeats one of theirs, in either language, or shares a long run of words."""
    run = " ".join(f"word{number}" for number in range(20))

    def other(verse: tuple[str, int, int]) -> str:
        repeated = {(1, 7): theirs(("GEN", 3, 9)), (1, 8): f"here {run} ends", (3, 8): f"there {run} begins",
                    (2, 9): theirs(("GEN", 4, 3)).upper()}
        return repeated.get(verse[1:], theirs(verse))

    work, asked = written(tmp_path, {"a.usfm": usfm(ours, LONG), "b.usfm": usfm(other, LONG)},
                          {"files": "a.usfm", "key": USFM}, {"files": "b.usfm", "key": USFM})
    lines = {chapter: [ours(verse) for verse in LONG if verse[1] == chapter] for chapter in (1, 2, 3, 4)}
    splits_of(work, train=[(1, lines[1]), (2, lines[2])], dev=[(4, lines[4])],
              test=[(3, [line for line in lines[3] if "ndime 12" not in line])])  # cleaning dropped a line of it
    found, parts = read_pairs(work, asked), read_pairs_by_part(work, asked)
    assert found.of_held_out == 60 and found.left_out == 63  # the three repeated verses of chapters 1 and 2 as well
    learned = together(found)
    assert learned == sorted((pair.text, pair.translation) for pair in parts["train"]) and len(learned) == 57
    scored = {text.casefold() for part in ("dev", "test") for pair in parts[part]
              for text in (pair.text, pair.translation)}
    assert not scored & {text.casefold() for pair in learned for text in pair}
    assert {pair.document for pair in parts["train"]} == {"train-1", "train-2"}
    assert [len(parts[part]) for part in ("dev", "test")] == [30, 29]
    assert Pair(ours(("GEN", 3, 2)), theirs(("GEN", 3, 2)), "test-3", "GEN 3 2") in parts["test"]
    assert not any("ndime 12" in pair.text for pair in parts["test"])
    assert not any("mutu 3" in pair[0] or "mutu 4" in pair[0] for pair in learned)  # also the line that was dropped
