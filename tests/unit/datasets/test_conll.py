"""CoNLL and CoNLL-U: what is a word, what is a comment, and which line is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vernacular.core.errors import Problem
from vernacular.datasets.conll import read_conll, read_conllu

WORD = st.text(st.characters(whitelist_categories=("L", "N", "P", "S", "M")), min_size=1, max_size=6).filter(
    lambda word: not word.startswith("-DOCSTART-") and "=" not in word)
SENTENCES = st.lists(st.lists(st.tuples(WORD, st.sampled_from(["O", "B-PER", "I-PER"])), min_size=1, max_size=5),
                     min_size=1, max_size=5)


@settings(deadline=None, max_examples=50)
@given(SENTENCES, st.sampled_from([" ", "\t", "  "]), st.sampled_from(["\n", "\n \n", "\n\n\n"]))
def test_what_was_written_is_read(sentences, between, gap) -> None:
    import unicodedata
    text = gap.join("".join(f"{word}{between}{tag}\n" for word, tag in sentence) for sentence in sentences)
    rows = list(read_conll(text, "a", 0, -1))
    assert [(row.fields["words"], row.fields["labels"]) for row in rows] == [
        ([unicodedata.normalize("NFC", word) for word, _ in sentence], [tag for _, tag in sentence])
        for sentence in sentences]
    lines = text.split("\n")
    assert all(lines[line - 1].split()[-1] == tag for row in rows
               for line, tag in zip(row.lines, row.fields["labels"], strict=True))


def test_comments_documents_and_a_word_that_is_a_hash() -> None:
    text = "-DOCSTART- -X- O O\n\n# id 4f2a  domain=en\nEU NNP B-NP B-ORG\n# NN I-NP O\n"
    row, = read_conll(text, "a", 0, -1)
    assert row.fields["words"] == ["EU", "#"] and row.fields["labels"] == ["B-ORG", "O"] and row.lines == (4, 5)
    assert [row.fields["labels"] for row in read_conll(text, "a", 0, 1)] == [["NNP", "NN"]]


def test_the_space_of_a_number_parts_no_columns() -> None:
    row, = read_conll("zaka O\n10\u00a0000 B-NUM\n", "a", 0, -1)
    assert row.fields["words"] == ["zaka", "10\u00a0000"] and row.fields["labels"] == ["O", "B-NUM"]


@pytest.mark.parametrize(("text", "where"), [
    ("a O\nb\n", "a:2"), ("a O\n\nb O O\n", "a:3"), ("a\n", "a:1"), ("a\tb\tO\n\nc\tO\n", "a:3")])
def test_a_line_with_other_columns_is_named(text, where) -> None:
    with pytest.raises(Problem) as caught:
        list(read_conll(text, "a", 0, -1))
    assert caught.value.where == where


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(Problem, match="VN-DATA-COLUMN"):
        list(read_conll("a O\n", "a", 0, 2))


CONLLU = """# sent_id = 1
# text = Im Haus, sagt er.
1-2\tIm\t_\t_\t_\t_\t_\t_\t_\t_
1\tIn\tin\tADP\t_\t_\t3\tcase\t_\t_
2\tdem\tder\tDET\t_\t_\t3\tdet\t_\t_
3\tHaus\tHaus\tNOUN\t_\t_\t5\tobl\t_\tSpaceAfter=No
4\t,\t,\tPUNCT\t_\t_\t3\tpunct\t_\t_
4.1\tja\tja\tINTJ\t_\t_\t_\t_\t5:dep\t_
5\tsagt\tsagen\tVERB\t_\t_\t0\troot\t_\t_
6\ter\ter\tPRON\t_\t_\t5\tnsubj\t_\tSpaceAfter=No
7\t.\t.\tPUNCT\t_\t_\t5\tpunct\t_\t_
"""


def test_ranges_stand_for_their_words_and_empty_nodes_are_none() -> None:
    row, = read_conllu(CONLLU, "a")
    assert row.fields["words"] == ["In", "dem", "Haus", ",", "sagt", "er", "."]
    assert row.fields["labels"] == ["ADP", "DET", "NOUN", "PUNCT", "VERB", "PRON", "PUNCT"]
    assert row.fields["text"] == "In dem Haus, sagt er." and row.surface == "Im Haus, sagt er."
    assert row.lines == (4, 5, 6, 7, 9, 10, 11)


def test_a_range_without_a_space_behind_it() -> None:
    text = ("1-2\tdel\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n1\tde\t_\tADP\t_\t_\t_\t_\t_\t_\n"
            "2\tel\t_\tDET\t_\t_\t_\t_\t_\t_\n3\t!\t_\tPUNCT\t_\t_\t_\t_\t_\t_\n")
    row, = read_conllu(text, "a")
    assert row.fields["text"] == "de el!" and row.surface == "del!"


@pytest.mark.parametrize(("line", "what"), [
    ("1\tA\t_\tX", "VN-DATA-FORMAT"), ("x\tA\t_\tX\t_\t_\t_\t_\t_\t_", "VN-DATA-FORMAT"),
    ("1\tA\t_\t_\t_\t_\t_\t_\t_\t_", "VN-DATA-FORMAT"),
    ("2\tA\t_\tX\t_\t_\t_\t_\t_\t_", "VN-DATA-FORMAT")])
def test_a_wrong_line_is_named(line, what) -> None:
    with pytest.raises(Problem, match=what) as caught:
        list(read_conllu(f"# text = A\n{line}\n", "a.conllu"))
    assert caught.value.where == "a.conllu:2"
