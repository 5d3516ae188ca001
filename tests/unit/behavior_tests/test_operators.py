"""The operators of behavioral tests: what they may never do to a line."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from vernacular.behavior_tests.lexicons import keys_of
from vernacular.behavior_tests.operators import AnyOperator
from vernacular.behavior_tests.operators.base import QWERTY, Context, Given, Operator, find_entries
from vernacular.behavior_tests.operators.typos import beside
from vernacular.text.words import words

LINES = st.text(alphabet=st.sampled_from("abdeikmnou ŵwéŋ'’.,!? 0123456789AM"), max_size=80)
EVERY = [
    {"operator": "normal_form", "to": "NFD"}, {"operator": "spaces", "where": "double"},
    {"operator": "spaces", "where": "trailing"}, {"operator": "letter_case", "to": "title"},
    {"operator": "letter_case", "to": "upper"}, {"operator": "apostrophe_variants"}, {"operator": "strip_diacritics"},
    {"operator": "final_punctuation"}, {"operator": "replace", "pairs": {"a": "aa"}},
    {"operator": "insert", "texts": ["xyz", "🙂"]}, {"operator": "quotes"}, {"operator": "digits"},
    {"operator": "typo", "count": 2}, {"operator": "typo", "do": "neighbour"}, {"operator": "typo", "do": "leave_out"},
    {"operator": "typo", "do": "double"}, {"operator": "join_words"}, {"operator": "swap_words", "lexicon": "names"},
    {"operator": "code_switch", "lexicon": "english"}, {"operator": "negation", "lexicon": "english"},
    {"operator": "negation", "lexicon": "names", "before": "ne", "after": "ket"}, {"operator": "word_order"},
    {"operator": "word_order", "do": "shuffle"}, {"operator": "swap_affix", "affixes": ["mu", "wa", "a"]},
    {"operator": "numbers"}, {"operator": "digits", "style": "script", "digits": "٠١٢٣٤٥٦٧٨٩"},
    {"operator": "replace", "pairs": {"a": "o"}, "where": "end"}]
GIVEN = Given({"names": ["Amo", "Badu", "Kemi"], "stems": ["anga", "ako"]},
              {"english": {"moni": "hello", "12": "dozen"}})


def make(data: dict[str, object]) -> Operator:
    return TypeAdapter(AnyOperator).validate_python(data)


def apply(data: dict[str, object], text: str, seed: int = 1) -> str:
    return make(data).apply(text, Context(random.Random(seed), GIVEN))


@pytest.mark.parametrize("data", EVERY, ids=str)
@given(text=LINES, seed=st.integers(0, 5))
def test_the_same_line_and_seed_give_the_same_result(data: dict[str, object], text: str, seed: int) -> None:
    assert apply(data, text, seed) == apply(data, text, seed)


@given(text=LINES)
def test_spaces_keep_the_words(text: str) -> None:
    for where in ("leading", "trailing", "double"):
        assert words(apply({"operator": "spaces", "where": where}, text)) == words(text)


@given(text=LINES)
def test_apostrophe_variants_change_apostrophes_alone(text: str) -> None:
    changed = apply({"operator": "apostrophe_variants"}, text)
    assert len(changed) == len(text)
    assert all(old == new or (old in "'’" and new in "'’ʼ‘`") for old, new in zip(text, changed, strict=True))


@given(text=LINES)
def test_diacritics_are_gone_and_nothing_else(text: str) -> None:
    bare = apply({"operator": "strip_diacritics"}, text)
    assert not any(unicodedata.category(char) == "Mn" for char in unicodedata.normalize("NFD", bare))
    assert apply({"operator": "strip_diacritics"}, bare) == bare


@given(text=LINES, seed=st.integers(0, 20))
def test_a_typo_swaps_two_letters(text: str, seed: int) -> None:
    changed = apply({"operator": "typo"}, text, seed)
    assert sorted(changed) == sorted(text)
    assert sum(old != new for old, new in zip(text, changed, strict=True)) in (0, 2)


@given(text=LINES)
def test_the_final_mark_toggles(text: str) -> None:
    changed = apply({"operator": "final_punctuation", "do": "remove"}, text)
    assert text.startswith(changed)


@pytest.mark.parametrize(("data", "text", "expected"), [
    ({"operator": "letter_case", "to": "title"}, "ng'ombe ya iye", "Ng'ombe Ya Iye"),
    ({"operator": "digits"}, "zaka 12000", "zaka 12,000"),
    ({"operator": "digits", "style": "plain"}, "zaka 12,000", "zaka 12000"),
    ({"operator": "digits"}, "zaka ١٢٠٠٠", "zaka ١٢,٠٠٠"),
    ({"operator": "digits"}, "ndi 3.14159 kapena 12345.6789", "ndi 3.14159 kapena 12,345.6789"),
    ({"operator": "digits"}, "ndi 3,1416", "ndi 3,1416"),
    ({"operator": "final_punctuation", "mark": "።"}, "ሰላም ነው።", "ሰላም ነው"),
    ({"operator": "final_punctuation", "mark": "᱾"}, "ᱡᱚᱦᱟᱨ", "ᱡᱚᱦᱟᱨ᱾"),
    ({"operator": "final_punctuation"}, "amati.", "amati"),
    ({"operator": "final_punctuation"}, "amati", "amati."),
    ({"operator": "insert", "at": "start", "texts": ["7"]}, "amati", "7 amati"),
    ({"operator": "quotes", "pairs": ["«»"]}, "amati", "«amati»"),
    ({"operator": "replace", "pairs": {"aw": "aŵ"}}, "awo", "aŵo"),
    ({"operator": "normal_form"}, "ŵ", "w\u0302"),
    ({"operator": "strip_diacritics"}, "aŵo", "awo"),
    ({"operator": "strip_diacritics"}, "awo", "awo"),
    ({"operator": "strip_diacritics"}, "한국어 café", "한국어 cafe"),
    ({"operator": "spaces", "where": "no_break"}, "a b", "a\u00a0b"),
    ({"operator": "join_words"}, "moni, iwe", "moni, iwe"),
    ({"operator": "join_words"}, "moni iwe", "moniiwe"),
    ({"operator": "apostrophe_variants", "variants": [""]}, "m'nyumba", "mnyumba"),
    ({"operator": "replace", "pairs": {"b": "v"}, "where": "start"}, "baba bwino", "vaba vwino"),
    ({"operator": "replace", "pairs": {"a": "o"}, "where": "end"}, "baba a", "babo o"),
    ({"operator": "replace", "pairs": {"a": "o"}, "where": "word"}, "baba a", "baba o"),
    ({"operator": "digits", "style": "script", "digits": "٠١٢٣٤٥٦٧٨٩"}, "zaka 120", "zaka ١٢٠"),
    ({"operator": "code_switch", "lexicon": "english"}, "Moni, ali 12", "Hello, ali dozen"),
    ({"operator": "code_switch", "lexicon": "english"}, "MONI", "HELLO"),
    ({"operator": "code_switch", "lexicon": "english"}, "iwe", "iwe"),
    ({"operator": "negation", "lexicon": "names", "before": "ne", "after": "ket"}, "iwe Amo, inu",
     "iwe ne Amo ket, inu"),
    ({"operator": "negation", "lexicon": "english"}, "iwe moni", "iwe hello"),
    ({"operator": "swap_affix", "affixes": ["w", "z"], "stems": "stems"}, "mwana wanga wina", "mwana zanga wina"),
    ({"operator": "swap_affix", "affixes": ["ho", "ta"], "at": "end"}, "ata kahota", "ata kahoho"),
    ({"operator": "word_order"}, "Moni, iwe inu.", "Moni, inu iwe."),
    ({"operator": "word_order"}, "moni", "moni"),
    ({"operator": "word_order"}, "a b, c", "a b, c"),
    ({"operator": "word_order"}, "\u0f66་ཀ་ཁ", "\u0f66་ཁ་ཀ"),
])
def test_examples(data: dict[str, object], text: str, expected: str) -> None:
    assert apply(data, text) == expected


def test_a_swapped_word_is_new_to_the_line() -> None:
    for seed in range(20):
        assert apply({"operator": "swap_words", "lexicon": "names"}, "iye Amo, Amo ndi Badu", seed) in (
            "iye Kemi, Kemi ndi Badu", "iye Amo, Amo ndi Kemi")
    assert apply({"operator": "swap_words", "lexicon": "names"}, "palibe") == "palibe"


PLACES = Given({"places": ["Bay", "Nkhata Bay", "Zomba"], "verbs": ["ku gar", "gar"], "town": ["Mzuzu"]},
               {"english": {"bay": "harbour", "nkhata bay": "the bay", "khumi ndi": "ten and"}})


@pytest.mark.parametrize(("data", "text", "expected"), [
    ({"operator": "swap_words", "lexicon": "places", "by": "town"}, "ku  Nkhata Bay, a\tb.", "ku  Mzuzu, a\tb."),
    ({"operator": "swap_words", "lexicon": "places", "by": "town"}, "ku Nkhata\u00a0 Bay.", "ku Mzuzu."),
    ({"operator": "swap_words", "lexicon": "places"}, "ku Nkhata Bay ndi Nkhata Bay!", "ku Zomba ndi Zomba!"),
    ({"operator": "swap_words", "lexicon": "places", "by": "town"}, "Nkhata Bayi, Nkhata", "Nkhata Bayi, Nkhata"),
    ({"operator": "code_switch", "lexicon": "english"}, "ku Nkhata Bay  ndi Bay", "ku The bay  ndi Harbour"),
    ({"operator": "code_switch", "lexicon": "english"}, "zaka khumi ndi; khumi, ndi", "zaka ten and; khumi, ndi"),
    ({"operator": "negation", "lexicon": "english"}, "ku nkhata bay", "ku the bay"),
    ({"operator": "negation", "lexicon": "verbs", "before": "ne", "after": "ket"}, "me Ku gar,", "me ne Ku gar ket,"),
])
def test_an_entry_of_several_words_is_found_whole(data: dict[str, object], text: str, expected: str) -> None:
    for seed in range(5):
        assert make(data).apply(text, Context(random.Random(seed), PLACES)) == expected


def test_one_of_two_entries_is_exchanged_and_the_other_is_left() -> None:
    swap = make({"operator": "swap_words", "lexicon": "places", "by": "town"})
    assert {swap.apply("Bay ndi Nkhata Bay", Context(random.Random(seed), PLACES)) for seed in range(20)} == {
        "Mzuzu ndi Nkhata Bay", "Bay ndi Mzuzu"}


@given(text=LINES)
def test_where_no_entry_has_two_words_every_word_is_looked_up(text: str) -> None:
    entries = ["a", "AM", "d'e", "12"]
    assert [text[start:stop] for start, stop, _ in find_entries(text, entries)] == [
        word for word in words(text) if word in entries]


def test_slips_hit_a_key_that_touches() -> None:
    near = beside(QWERTY)
    assert sorted(near["s"]) == ["a", "d", "e", "w", "x", "z"]
    assert all(key in near[other] for key, others in near.items() for other in others)  # touching is mutual
    for seed in range(30):
        changed = apply({"operator": "typo", "do": "neighbour"}, "Sara", seed)
        at = next(at for at in range(4) if changed[at] != "Sara"[at])
        assert at > 0 and changed[at] in near["Sara"[at]]


def test_slips_use_the_keyboard_of_the_suite() -> None:
    typo = make({"operator": "typo", "do": "neighbour"})
    given = Given(keyboard=[keys_of("ŋ ɔ ɛ"), keys_of("abc")])
    assert {typo.apply("kɔɔɔ", Context(random.Random(seed), given)).replace("ɔ", "")[1:] for seed in range(40)} == {
        "ŋ", "ɛ", "a", "b"}


@given(text=st.from_regex(r"zaka [0-9]{1,6}", fullmatch=True), seed=st.integers(0, 5))
def test_another_number_has_as_many_digits(text: str, seed: int) -> None:
    changed = apply({"operator": "numbers"}, text, seed)
    assert not set("0123456789").intersection(apply({"operator": "numbers"}, "߁߂߃ ᱑᱒ ১২", seed))  # each in its own
    assert changed != text and len(changed) == len(text) and changed[5:].isdecimal()


def test_shuffled_words_are_the_same_words() -> None:
    changed = apply({"operator": "word_order", "do": "shuffle"}, "Iye anati, moni inu nonse", 3)
    assert sorted(words(changed)) == sorted(words("Iye anati moni inu nonse"))
    assert changed.startswith("Iye ") and "," in changed


@pytest.mark.parametrize(("data", "message"), [
    ({"operator": "digits", "style": "script"}, "needs digits"),
    ({"operator": "digits", "digits": "012"}, "ten characters"),
    ({"operator": "replace", "pairs": {"": "a"}}, "an empty string cannot be replaced")])
def test_settings_that_make_no_sense_are_refused(data: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make(data)


def test_every_operator_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "behavioral-tests.md").read_text(encoding="utf-8")
    names = {kind.model_fields["operator"].annotation.__args__[0] for kind in AnyOperator.__origin__.__args__}
    assert {name for name in names if f"operator: {name}" not in page} == set()
    assert {data["operator"] for data in EVERY} == names
