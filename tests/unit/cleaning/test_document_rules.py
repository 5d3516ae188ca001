"""The rules for single documents: their order, what identification does with short lines, and one row at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.generate import make_documents
from vernacular.cleaning import output
from vernacular.cleaning.cache import SUFFIX, Library, keyed, keys_of, write_table
from vernacular.cleaning.corpus_lines import Corpus
from vernacular.cleaning.decontamination import HeldOut
from vernacular.cleaning.document_rules import Chain
from vernacular.cleaning.table_view import View
from vernacular.config.cleaning import Cleaning, Poisoning
from vernacular.config.stage_settings import CleanSettings
from vernacular.langid.document_rule import DocumentRule
from vernacular.langid.learned_thresholds import Thresholds, learn
from vernacular.provenance.corpus_tables import LEDGER, read_rows, table_of, write_tables
from vernacular.provenance.document import Document, short_digest

NOTHING = HeldOut.of([], 13, list)
GOOD = [line for text in make_documents(6)["river"] for line in text.split("\n")]
ENGLISH = "The committee will publish the results of this meeting on the first day of next month."


class ByWord:
    """An identifier that knows lines by their first word."""

    threshold, doubt = 0.5, 0.7

    def __init__(self, **scores: float) -> None:
        self._scores = scores
        self.asked: list[str] = []

    def scores(self, lines: Sequence[str]) -> NDArray[np.float32]:
        self.asked += lines
        return np.array([self._scores.get(line.split(" ")[0], 0.9) for line in lines], dtype=np.float32)

    def foreign(self, lines: Sequence[str]) -> NDArray[np.bool_]:
        return self.scores(lines) < 0.1


def chain(identifier: ByWord | None = None, limits: Thresholds | None = None,
          by_document: Sequence[DocumentRule] = (), **cleaning: Any) -> Chain:
    own = CleanSettings(code="qaa", script="Latn", neighbours=["sna", "zul"], cleaning=Cleaning(**cleaning),
                        document_share=0.5, rejecters=["lingua"], poisoning=Poisoning(), overlap_words=13)
    return Chain(own, identifier, NOTHING, limits or Thresholds(), by_document=by_document)


def row(text: str, number: int = 0, flags: Sequence[str] = ()) -> Document:
    return Document(id=short_digest(str(number), text), source="text", path="a.txt", text=text, licence="CC0-1.0",
                    consent="contributor", register="other", quality="raw", raw_digest="", flags=list(flags))


def corpus_of(folder: Path, rules: Chain, batches: Sequence[Sequence[Document]]) -> Corpus:
    """The corpus of documents that are judged in these batches; they are written to ``documents.parquet``."""
    library = Library(folder, "1")
    for number, rows in enumerate(batches):
        documents = table_of(rows)
        write_table(library.folder / f"{number}{SUFFIX}", keyed(documents, rules(documents)))
    library.add([f"{number}{SUFFIX}" for number in range(len(batches))])
    every = table_of([one for rows in batches for one in rows])
    write_tables(folder / "documents.parquet", LEDGER, [every])
    return Corpus(View.of(library, library.find(keys_of(every))), [every])


def cleaned(folder: Path, rules: Chain, texts: Sequence[str]) -> tuple[list[str], dict[str, list[tuple[int, str]]]]:
    """The texts that are left, and line and text of the rejects of each rule."""
    corpus = corpus_of(folder / "cache", rules, [[row(text, number) for number, text in enumerate(texts)]])
    write_all(folder, corpus)
    rejects: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for reject in read_rows(folder / "rejects.parquet"):
        rejects[reject["rule"]].append((reject["line"], reject["text"]))
    return [kept["text"] for kept in read_rows(folder / "documents.parquet")], rejects


def write_all(folder: Path, corpus: Corpus) -> None:
    output.write_documents(folder / "documents.parquet", corpus, folder / "cache" / "documents.parquet")
    output.write_rejects(folder / "rejects.parquet", corpus)
    output.write_changes(folder / "changes.parquet", corpus)


def test_the_first_rule_that_applies_gets_the_line(tmp_path: Path) -> None:
    lines = ["1\ufffd2", "123", "это другое", "la", "en is not it at all", "wa wa wa wa wa wa wa wa", GOOD[0], "", " "]
    kept, rejects = cleaned(tmp_path, chain(ByWord(en=0.02), min_words=2), ["\n".join([*lines, *GOOD[1:9]])])
    assert rejects == {"encoding": [(1, "1\ufffd2")], "empty": [(2, "123")], "script": [(3, "это другое")],
                       "short": [(4, "la")], "identification": [(5, "en is not it at all")],
                       "repetition": [(6, "wa wa wa wa wa wa wa wa")]}
    assert kept == ["\n".join(GOOD[:9])]


def test_short_lines_take_the_verdict_of_their_document(tmp_path: Path) -> None:
    texts = ["en a b c d\nen two\nx", "ok a b c d e f g h\nok b c d e\nen two\nen a b c", "en two\nen", "ok two\nok"]
    kept, rejects = cleaned(tmp_path, chain(ByWord(en=0.02)), texts)
    assert kept == ["ok a b c d e f g h\nok b c d e\nen two", "ok two\nok"]
    assert rejects == {"identification": [(1, texts[0].split("\n")[0]), (2, "en two"), (3, "x"), (4, "en a b c"),
                                          (1, "en two"), (2, "en")]}


def test_of_a_document_with_little_of_the_language_only_sure_lines_are_kept(tmp_path: Path) -> None:
    texts = ["ok a b c d\nhm a b c d\n" + "en other words that are many and many more of them " * 5, GOOD[2]]
    kept, rejects = cleaned(tmp_path, chain(ByWord(en=0.02, hm=0.8, ok=0.98)), texts)
    assert kept == ["ok a b c d", GOOD[2]]
    assert rejects["document_identification"] == [(2, "hm a b c d")]


def test_a_document_that_is_in_a_relative_as_a_whole_is_dropped(tmp_path: Path) -> None:
    rules = chain(ByWord(en=0.8, ok=0.97), by_document=[DocumentRule("run", False, 3.5, 1.0, 1.2)])
    texts = ["\n".join(f"{word} {letter} b c d" for letter in letters)
             for word, letters in (("ok", "ef"), ("en", "ghi"), ("en", "j"), ("ok", "klm"))]
    texts[3] += "\nen n b c d"
    kept, rejects = cleaned(tmp_path, rules, texts)
    assert kept == [texts[0], texts[2], texts[3]]  # one line alone is no proof
    assert [line for _, line in rejects["document_identification"]] == texts[1].split("\n")


def test_a_line_is_seen_in_the_light_of_its_document(tmp_path: Path) -> None:
    good, other = "ok a b c d", "en a b c d"
    rules = chain(ByWord(en=0.02, hm=0.4, ok=0.8))
    texts = [f"{good}\n{good}\nhm a b c d", f"{other}\n{other}\nhm a b c e", "hm a b c f", f"{good}\n{good}\n{other}"]
    kept, rejects = cleaned(tmp_path, rules, texts)
    assert kept == [texts[0], f"{good}\n{good}"]
    assert [text for _, text in rejects["identification"]] == [other, other, "hm a b c e", "hm a b c f", other]


def test_lines_in_doubt_alone_are_asked_of_others(tmp_path: Path) -> None:
    texts = [ENGLISH, f"Sure {ENGLISH}"]
    kept, rejects = cleaned(tmp_path, chain(ByWord(The=0.6)), texts)
    assert kept == texts[1:] and rejects == {"identification": [(1, ENGLISH)]}
    (tmp_path / "none").mkdir()
    assert cleaned(tmp_path / "none", chain(), [*texts, GOOD[0]])[0] == [GOOD[0]]


def test_private_data_is_masked_in_what_is_kept_and_in_what_is_not(tmp_path: Path) -> None:
    text = f"{GOOD[0]} a@b.example\n{GOOD[1]}\nen it is c@d.example or +265 999 123 456"
    kept, rejects = cleaned(tmp_path, chain(ByWord(en=0.02)), [text])
    assert kept == [f"{GOOD[0]} <email>\n{GOOD[1]}"]
    assert rejects["identification"] == [(3, "en it is <email> or <phone>")]
    table = chain(ByWord())(table_of([row("lembani a@b.example ndi c@d.example\n" + GOOD[0])]))
    assert table["masks"].to_pylist() == [[{"line": 0, "kind": "email", "number": 2}]]


def test_limits_learned_from_the_seed_drop_what_is_unlike_it(tmp_path: Path) -> None:
    table = "| 12.3 | 44 % | 2021 | 98 # 12 | 4,5 | = * | 33 | 77 | nda | 12.3 | 44 % | 2021 |"
    kept, rejects = cleaned(tmp_path, chain(ByWord(), learn(GOOD, 0.002)), [table, *GOOD[:20]])
    assert kept == GOOD[:20] and rejects["thresholds"] == [(1, table)]


ODD = [ENGLISH, "en two", "a@b.example wa wa", "123", "schÃ¶n nda", "", "m‘chi"]
LINES = st.one_of(st.sampled_from([*GOOD[:12], *ODD]),
                  st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=30))


@given(st.lists(st.lists(LINES, min_size=1, max_size=6), min_size=1, max_size=8), st.integers(1, 7))
@settings(max_examples=60)
def test_what_a_document_gets_hangs_on_that_document_alone(tmp_path_factory: pytest.TempPathFactory,
                                                           texts: list[list[str]], size: int) -> None:
    rules = chain(ByWord(en=0.02, The=0.3), learn(GOOD, 0.002), orthography={"apostrophe": "'"})
    rows = [row("\n".join(lines), number, flags=["x"]) for number, lines in enumerate(texts)]
    written = []
    for batches in ([rows], [rows[start:start + size] for start in range(0, len(rows), size)],
                    [[one] for one in rows]):
        folder = tmp_path_factory.mktemp("out")
        corpus = corpus_of(folder / "cache", rules, batches)
        write_all(folder, corpus)
        written.append({path.name: path.read_bytes() for path in folder.glob("*.parquet")})
        kept = corpus.texts_of_documents(np.flatnonzero(corpus.lines)).to_pylist()
        assert kept == [found["text"] for found in read_rows(folder / "documents.parquet")]
        assert corpus.texts_of_lines(np.arange(len(corpus.owner))).to_pylist() == [
            line for text in kept for line in text.split("\n")]
    assert written[0] == written[1] == written[2]
