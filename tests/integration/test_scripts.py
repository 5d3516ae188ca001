"""The scripts of the shipped languages through normalisation, spelling, words, identification and duplicates.

Every text is invented from letters of the script; none is in the language.
"""

from __future__ import annotations

import random
import time
import unicodedata
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from tests.generate import CONSONANTS, VOWELS, Writing, make_documents, make_word, write_language
from vernacular.config.load import load_language
from vernacular.core.store import Store
from vernacular.corpus.stages import stages
from vernacular.langid.train import learn
from vernacular.pipeline.stage import run_stage
from vernacular.provenance.corpus_tables import read_rows
from vernacular.text import words as words_module
from vernacular.text.normalization import normalise
from vernacular.text.spelling import Speller, undo
from vernacular.text.words import plain_words, word_spans, words

LANGUAGES = Path(__file__).parents[2] / "languages"
_ROWS = [0x1208, 0x1218, 0x1228, 0x1230, 0x1240, 0x1260, 0x1270, 0x1290, 0x12A0, 0x12A8, 0x12D8, 0x12F0, 0x1308, 0x1320]
_TONES = ["", "\u07eb", "\u07ec", "\u07f2", "\u07f2\u07eb", "\u07ef"]

WRITINGS = {
    "nya": Writing("Latn", CONSONANTS, VOWELS),
    "lug": Writing("Latn", ["b", "bb", "g", "gg", "k", "kk", "l", "mb", "n", "nd", "ng'", "ny", "ŋ", "s", "t", "ky"],
                   ["a", "aa", "e", "i", "o", "oo", "u", "uu", "wa"]),
    "fao": Writing("Latn", ["b", "ð", "f", "g", "h", "hv", "k", "l", "m", "n", "r", "s", "sk", "t", "v"],
                   ["a", "á", "ar", "ei", "i", "í", "o", "ó", "oy", "u", "ú", "ý", "æ", "ø", "ir"]),
    "quy": Writing("Latn", ["ch", "h", "k", "l", "ll", "m", "n", "ñ", "p", "q", "r", "s", "t", "w", "y"],
                   ["a", "i", "u", "an", "aq", "iy", "un"]),
    "gla": Writing("Latn", ["b", "bh", "c", "ch", "d", "dh", "f", "g", "gh", "l", "m", "mh", "n", "r", "s", "th"],
                   ["a", "à", "ai", "e", "è", "ea", "eadh", "i", "ì", "o", "ò", "u", "ù", "an"]),
    "tir": Writing("Ethi", [chr(row + order) for row in _ROWS for order in range(7)], [""], comma="፣", stop="።"),
    "sat": Writing("Olck", list("ᱛᱜᱞᱠᱡᱢᱣᱥᱦᱧᱨᱪᱫᱬᱭᱯᱰᱱᱲᱴᱵ"), ["ᱚ", "ᱟ", "ᱟᱹ", "ᱤ", "ᱩ", "ᱮ", "ᱟᱸ", "ᱳ", "ᱚᱼᱟ"],
                   stop=" ᱾"),
    "nqo": Writing("Nkoo", list("ߓߕߖߗߘߙߛߜߝߞߟߡߢߣߤߥߦ"), [vowel + tone for vowel in "ߊߋߌߍߎߏߐ" for tone in _TONES],
                   comma=" ߸", stop="."),
    "bod": Writing("Tibt", ["ཀ", "ཁ", "ག", "ང", "ཆ", "ཇ", "ཉ", "ཏ", "ཐ", "ད", "ན", "པ", "བ", "མ", "རྒྱ", "སྐ", "བསྒྲ", "ལྷ"],
                   ["", "ི", "ུ", "ེ", "ོ", "ང", "ད", "ས", "གས", "ོན"], inside="་", between="་", comma="།", stop="།"),
}
# What the others in the same script are written like: in the same syllables, but for Tibetan, in which a word is one.
OTHERS = WRITINGS | {"bod": replace(WRITINGS["bod"], rhymes=["ར", "ལ", "འི", "བ", "མས", "ིག", "ུན", "ེད", "ོར", "ན"])}
CODES = st.sampled_from(sorted(WRITINGS))


def line_of(found: list[str], writing: Writing) -> str:
    """Words as a line in ``writing``."""
    return writing.between.join(found) + writing.stop


@st.composite
def invented(draw: st.DrawFn) -> tuple[str, list[str]]:
    """(code, invented words) in one of the scripts."""
    code, chance = draw(CODES), random.Random(draw(st.integers(0, 10_000)))
    return code, [make_word(chance, chance.randint(1, 4), WRITINGS[code]) for _ in range(draw(st.integers(1, 12)))]


@pytest.mark.parametrize("code", sorted(WRITINGS))
def test_the_invented_letters_are_of_the_script(code: str) -> None:
    text = "".join(text for texts in make_documents(6, writing=WRITINGS[code]).values() for text in texts)
    assert not regex.findall(rf"[\p{{L}}--[\p{{sc={WRITINGS[code].script}}}\p{{sc=Zyyy}}]]", text, regex.V1)
    assert unicodedata.is_normalized("NFC", text)


# Normalisation and spelling.

@given(invented())
def test_normal_text_stays_and_decomposed_text_is_composed(found: tuple[str, list[str]]) -> None:
    line = line_of(found[1], WRITINGS[found[0]])
    assert normalise([line]) == [line]
    assert normalise([unicodedata.normalize("NFD", line)]) == [line]


@given(invented(), st.lists(st.tuples(st.integers(0, 200), st.sampled_from(
    "\u200b\u200e\u200f\u202b\u202c\u2067\u2069\ufeff\u00ad\u2060\x07")), max_size=8))
def test_direction_marks_and_what_nobody_sees_go_and_nothing_else(found: tuple[str, list[str]],
                                                                   marks: list[tuple[int, str]]) -> None:
    line = line_of(found[1], WRITINGS[found[0]])
    noisy = line
    for place, mark in marks:
        noisy = noisy[:place % len(line)] + mark + noisy[place % len(line):]
    once = normalise([noisy])
    assert once == [line]
    assert normalise(once) == once


@given(invented(), st.sampled_from(["  ", "\u00a0", "\t", "\u2003 "]))
def test_every_space_is_one_space(found: tuple[str, list[str]], space: str) -> None:
    line = line_of(found[1], WRITINGS[found[0]])
    assert normalise([space + line.replace(" ", space) + space]) == [line]


@pytest.mark.parametrize(("code", "written", "spelled"), [
    ("lug", "ng’ombe ennuηa `n‘omu", "ng'ombe ennuŋa `n'omu"),
    ("gla", "dh’fhalbh a bʼfheàrr", "dh'fhalbh a b'fheàrr"),
    ("quy", "mana’chu", "mana'chu"),
    ("fao", "tað´s", "tað's"),
    ("tir", "ለመ’ዩ፡ ሰላ`ዩ፡፡ ማማ::", "ለመ'ዩ፡ ሰላ'ዩ። ማማ።"),
    ("sat", "ᱛᱟᱹ ᱠᱟ।", "ᱛᱟᱹ ᱠᱟ᱾"),
    ("nqo", "ߞߺߊ߫ ߘߺߴߊ߬ ߡߵߊ߬ ߸", "ߞߊ߫ ߘߴߊ߬ ߡߵߊ߬ ߸"),
    ("bod", "ཀི༌ཁུ་གང༌།", "ཀི་ཁུ་གང་།"),
])
def test_the_spelling_of_each_folder_and_back(code: str, written: str, spelled: str) -> None:
    language = load_language(LANGUAGES / code)
    speller = Speller(language.cleaning.orthography, language.script)
    lines, changes = speller.apply([written])
    assert lines == [spelled]
    assert undo(spelled, changes) == written
    assert speller.apply(lines) == (lines, [])


@given(invented())
def test_the_spelling_of_a_folder_leaves_its_own_letters_alone(found: tuple[str, list[str]]) -> None:
    language = load_language(LANGUAGES / found[0])
    line = line_of(found[1], WRITINGS[found[0]])
    assert Speller(language.cleaning.orthography, language.script).apply([line]) == ([line], [])


# Words.

@given(invented())
def test_words_come_back_as_they_were_put_in(found: tuple[str, list[str]]) -> None:
    code, put = found
    expected = [part for word in put for part in word.split(WRITINGS[code].inside or " ")]
    line = line_of(put, WRITINGS[code])
    assert words(line) == expected
    assert [line[start:stop] for start, stop in word_spans(line)] == words(line)
    assert plain_words(line) == tuple(word.casefold() for word in words(line))


@pytest.mark.parametrize(("text", "expected"), [
    ("ሰላም፡ለመ።ሰረ፣ተ ፪", ["ሰላም", "ለመ", "ሰረ", "ተ", "፪"]),  # the wordspace parts words
    ("ለመ'ዩ", ["ለመ'ዩ"]),
    ("ᱛᱟᱹᱢ ᱠᱚᱸ᱾ ᱞᱤᱼᱟ᱿ᱥᱮᱺᱻᱽ ᱑᱒", ["ᱛᱟᱹᱢ", "ᱠᱚᱸ", "ᱞᱤᱼᱟ", "ᱥᱮᱺᱻᱽ", "᱑᱒"]),
    ("ߞߊ߲߫ ߸ߘߴߊ߬߹ ߡߵߊ߬، ߁߂", ["ߞߊ߲߫", "ߘߴߊ߬", "ߡߵߊ߬", "߁߂"]),
    ("བསྒྲུབས་པའི་ཀ༌ཁ།ག༎ ༡༢", ["བསྒྲུབས", "པའི", "ཀ", "ཁ", "ག", "༡༢"]),
    ("ng'ombe m’chihema-ndi 'ŵana'", ["ng'ombe", "m’chihema", "ndi", "ŵana"]),
    ("กินข้าว 12 abc", ["กิ", "น", "ข้", "า", "ว", "12", "abc"]),  # no spaces: each letter with its marks
    ("ຂ້ອຍ", ["ຂ້", "ອ", "ຍ"]),
    ("ខ្មែរ", ["ខ្", "មែ", "រ"]),
    ("မြန်မာ", ["မြ", "န်", "မာ"]),
    ("漢字かなカナ、ＡＢＣ", ["漢", "字", "か", "な", "カ", "ナ", "ＡＢＣ"]),
    ("ꦲꦏ꧀ꦱꦫ", ["ꦲ", "ꦏ꧀", "ꦱ", "ꦫ"]),
    ("한국어 말 x漢y", ["한국어", "말", "x", "漢", "y"]),
])
def test_what_a_word_is(text: str, expected: list[str]) -> None:
    assert words(text) == expected
    assert [text[start:stop] for start, stop in word_spans(text)] == expected


@given(st.text(max_size=60))
def test_the_quick_way_finds_the_same_words(text: str) -> None:
    assert words(text) == words_module._ANY_WORD.findall(text)


def test_every_letter_of_a_script_without_spaces_is_seen() -> None:
    unspaced = regex.compile(words_module.UNSPACED, regex.V1)
    letters = [character for point in range(0x110000) if unspaced.match(character := chr(point))]
    assert len(letters) > 100_000
    assert all(words_module._MAY_BE_UNSPACED.match(letter) for letter in letters)


def test_words_are_found_fast() -> None:
    text = [text for texts in make_documents(600).values() for text in texts]
    size, best = sum(len(part.encode()) for part in text), 1e9
    for _ in range(3):
        start = time.process_time()
        for part in text:
            words(part)
        best = min(best, time.process_time() - start)
    assert size / best > 4e6, f"{size / best / 1e6:.1f} MB/s"  # 14 to 20 where the core is free


# Identification.

def _lines(writing: Writing, seed: int, documents: int = 60) -> list[str]:
    return [line for texts in make_documents(documents, seed, writing=writing).values()
            for text in texts for line in text.split("\n")]


@pytest.mark.parametrize("code", sorted(WRITINGS))
def test_a_language_is_distinguished_from_another_in_its_script(code: str) -> None:
    writing = WRITINGS[code]
    lines = _lines(writing, 1)
    identifier = learn(lines[:450])
    own = identifier.scores(lines[450:]) >= identifier.threshold
    other = identifier.scores(_lines(OTHERS[code], 2)[:150]) >= identifier.threshold  # other words
    elsewhere = identifier.scores(_lines(WRITINGS["tir" if code == "nya" else "nya"], 3)[:150]) >= identifier.threshold
    assert own.mean() >= 0.95
    assert np.mean(elsewhere) <= 0.01
    assert other.mean() <= 0.05


# Duplicates, through the stage.

@pytest.mark.parametrize("code", sorted(WRITINGS))
def test_duplicates_are_found_in_every_script(code: str, tmp_path: Path) -> None:
    writing = WRITINGS[code]
    settings = load_language(LANGUAGES / code)
    folder = write_language(tmp_path / "languages", writing=writing, documents=30, tasks={}, cleaning={
        "reject_languages": [], "orthography": settings.cleaning.orthography.model_dump(),
        "script_share": settings.cleaning.script_share})
    lines = [line for text in make_documents(30, writing=writing)["river"][:2] for line in text.split("\n")]
    chance = random.Random(5)
    word = make_word(chance, 2, writing)
    near = [line[:-len(writing.stop)] + writing.between + word + writing.stop for line in lines[:5]]
    exact = lines[5:10]
    fresh = _lines(writing, 77, 3)[:10]
    (folder / "text" / "market" / "more.txt").write_text("\n".join([*near, *exact, *fresh]) + "\n", encoding="utf-8")
    store, language = Store(tmp_path / "artifacts"), load_language(folder)
    done = {stage.name: run_stage(stage, language, store) for stage in stages(language)
            if stage.name != "corpus/splits"}
    rejects = read_rows(done["corpus/clean"].folder / "rejects.parquet")
    assert Counter(row["rule"] for row in rejects) == {"duplicate": 5, "near_duplicate": 5}
    kept = [line for row in read_rows(done["corpus/clean"].folder / "documents.parquet")
            for line in row["text"].split("\n")]
    assert set(fresh) <= set(kept)
    assert len(kept) == 300 + len(fresh)
