"""Unigram: new pieces follow ``<mask>``, the guard's text is cut as before, every piece is used."""

from __future__ import annotations

import json
import math
import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generate import Writing, make_documents
from tests.tiny import ENGLISH, sentencepiece_tokenizer, with_json
from vernacular.tokenizer.candidates import Letters, word_counts
from vernacular.tokenizer.unigram import Base, _Guard, _parts, _Search, choose, extended_json

TEXTS = [text for texts in make_documents().values() for text in texts]
LATIN = Letters("Latn")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return sentencepiece_tokenizer("unigram", tmp_path_factory.mktemp("base"))


def chosen(base, guard=ENGLISH, wanted=60, min_uses=20):
    backend = base.backend_tokenizer
    return choose(backend, word_counts(TEXTS, backend), word_counts(guard, backend), wanted=wanted, min_uses=min_uses,
                  letters=LATIN)


def test_no_old_id_moves_and_new_ones_follow_the_mask(base, extended, found):
    before, after = base.get_vocab(), extended.get_vocab()
    assert before["<mask>"] == len(before) - 1
    assert {piece: after[piece] for piece in before} == before
    assert [after[piece] for piece in found] == list(range(len(before), len(before) + len(found)))
    assert extended.mask_token_id == base.mask_token_id
    assert extended("a <mask> b")["input_ids"] == base("a <mask> b")["input_ids"]


def test_tokens_added_behind_the_list_keep_their_ids_too(base, found, tmp_path):
    (tmp_path / "more").mkdir()
    more = with_json(base, base.backend_tokenizer.to_str(), tmp_path / "more")
    more.add_tokens(["<one>", "<two>"])
    after = with_json(more, extended_json(more.backend_tokenizer.to_str(), found), tmp_path)
    before = more.get_vocab()
    assert {piece: after.get_vocab()[piece] for piece in before} == before
    assert len(after.get_vocab()) == len(before) + len(found)
    assert after("the <two> fox")["input_ids"] == more("the <two> fox")["input_ids"]


def test_the_text_of_the_base_is_segmented_as_before(base, extended):
    assert [base.tokenize(line) for line in ENGLISH] == [extended.tokenize(line) for line in ENGLISH]


def test_a_piece_that_would_win_in_the_guard_is_rejected(base, tmp_path):
    guard = [" ".join(text.split()[::3]) for text in TEXTS]
    guarded = with_json(base, extended_json(base.backend_tokenizer.to_str(), chosen(base, guard)), tmp_path)
    assert [base.tokenize(line) for line in guard] == [guarded.tokenize(line) for line in guard]


def test_pieces_of_a_script_that_the_base_lacks_are_found(base, tmp_path):
    """A run of unknown letters is one token to the library; a piece for it saves as many as it has letters."""
    ours = str.maketrans("abcdefghijklmnopqrstuvwxyz", "".join(chr(0x1C5A + at) for at in range(26)))
    texts = [text.lower().translate(ours) for text in TEXTS]
    found = choose(base.backend_tokenizer, word_counts(texts, base.backend_tokenizer), Counter(), wanted=120,
                   min_uses=20, letters=Letters("Olck"))
    extended = with_json(base, extended_json(base.backend_tokenizer.to_str(), found), tmp_path)
    line = texts[0].split("\n")[0]
    assert extended.unk_token not in extended.tokenize(line)
    assert len(extended.tokenize(line)) < 0.8 * len(line)
    assert sum(len(piece) > 1 and not piece.startswith("▁") for piece in found) > 5


def test_pieces_are_found_where_no_space_parts_words(base, tmp_path):
    """A run of letters is a phrase there, far longer than any piece."""
    lao = Writing("Laoo", list("ກຂຄງຈຊຍດຕນບປ"), list("າະີູ"), between="", comma="", stop="")
    texts = [text for texts in make_documents(writing=lao).values() for text in texts]
    found = choose(base.backend_tokenizer, word_counts(texts, base.backend_tokenizer), Counter(), wanted=120,
                   min_uses=20, letters=Letters("Laoo"))
    extended = with_json(base, extended_json(base.backend_tokenizer.to_str(), found), tmp_path)
    lines = [line for text in texts for line in text.split("\n")]
    assert min(map(len, lines)) > 24
    assert {piece for piece in found if len(piece) == 1} == set("".join(texts)) - set(" \n")
    assert sum(len(extended.tokenize(line)) for line in lines) < 0.6 * sum(map(len, lines))


def test_parts_are_counted_as_far_as_they_are_common():
    runs = Counter({"abcabcab": 2, "▁abc": 3, "a" * 40: 1})
    every = Counter({part: sum(count * sum(run.startswith(part, start) for start in range(len(run)))
                               for run, count in runs.items())
                     for run in runs for start in range(len(run)) for end in range(start + 1, start + 17)
                     if (part := run[start:end])})
    assert _parts(runs, 4) == {part: count for part, count in every.items() if count >= 4 or len(part) == 1}


def test_a_piece_that_hardly_fires_is_forgiven_but_not_on_names():
    holding = {"aka": ["▁Kaka", "▁kakat", "▁xaka"]}
    guard = _Guard(Counter({"▁Kaka": 1, "▁kakat": 2, "▁xaka": 1, "▁other": 96}), holding)
    assert guard.words(["aka", "unseen"]) == ["▁Kaka", "▁kakat", "▁xaka"]
    assert guard.harm({"▁kakat": {"aka"}, "▁xaka": {"aka"}}) == {"aka": pytest.approx(0.03)}
    assert guard.harm({"▁Kaka": {"aka"}}) == {"aka": math.inf}


def test_a_piece_whose_letters_the_base_expects_must_save_more(base):
    words = word_counts(TEXTS, base.backend_tokenizer)
    model = json.loads(base.backend_tokenizer.to_str())["model"]
    pool = {piece for piece in ("ndi", "anthu") if piece not in base.get_vocab()}
    cut = Base(model["vocab"], model["unk_id"], [*words, *pool])
    search = _Search(cut, words, _Guard(Counter(), {}), pool, 60, 20)
    longest, shortest = max(pool, key=len), min(pool, key=len)
    assert search.least[shortest] > search.least[longest]
    search.uses = Counter(dict.fromkeys(pool, 20))
    search.least[shortest] = 1 + search.useful(shortest)
    assert search.rare() == [shortest]


def test_every_piece_is_used_and_made_of_letters(extended, found):
    uses = Counter(token for text in TEXTS for token in extended.tokenize(text))
    assert min(uses[piece] for piece in found if len(piece) > 1) >= 20
    assert all(LATIN.match(piece.removeprefix("▁")) for piece in found)


def test_missing_letters_come_first(base, found):
    assert "ŵ" not in base.get_vocab()
    missing = {letter for text in TEXTS for letter in text if letter.isalpha()} - set(base.get_vocab())
    assert "ŵ" in missing
    assert set(list(found)[:len(missing)]) == missing


def test_fewer_tokens(base, extended):
    assert sum(len(extended.tokenize(text)) for text in TEXTS) < 0.8 * sum(len(base.tokenize(text)) for text in TEXTS)


def test_both_normal_forms_are_cut_alike(extended):
    for text in TEXTS[:10]:
        assert extended(unicodedata.normalize("NFD", text)) == extended(unicodedata.normalize("NFC", text))


def test_base_scores_are_frozen(base, extended):
    before, after = (json.loads(one.backend_tokenizer.to_str())["model"]["vocab"] for one in (base, extended))
    assert after[:len(before)] == before
    assert min(score for _, score in after) == min(score for _, score in before)  # the cost of an unknown depends on it


def test_the_same_twice(base, found):
    assert chosen(base) == found


def test_saving_and_loading_agree(extended, tmp_path):
    again = with_json(extended, extended.backend_tokenizer.to_str(), tmp_path)
    assert [again.tokenize(text) for text in TEXTS] == [extended.tokenize(text) for text in TEXTS]


@settings(max_examples=100)
@given(st.text("abcdeŵ'.-", min_size=1, max_size=20))
def test_a_base_cut_down_to_some_words_segments_them_alike(base, word):
    model = json.loads(base.backend_tokenizer.to_str())["model"]
    cut = Base(model["vocab"], model["unk_id"], [word]).with_pieces({})
    assert [token.value for token in cut.tokenize(word)] == \
        [token.value for token in base.backend_tokenizer.model.tokenize(word)]
