"""Identifiers made by others: they only drop, only what is to be rejected, and name what they need."""

from __future__ import annotations

import random
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from vernacular.config.cleaning import Cleaning, Poisoning
from vernacular.config.stage_settings import CleanSettings
from vernacular.core.errors import Problem
from vernacular.langid.external import judge, open_rejecters
from vernacular.langid.external.glotlid import GlotLid
from vernacular.langid.external.lingua import Lingua
from vernacular.langid.external.pycld2 import Cld2
from vernacular.langid.external.voters import open_voters

ENGLISH = "The committee will publish the results of this meeting on the first day of next month."
ZULU = "Ngiyabonga kakhulu ngosizo lwakho namuhla ekuseni."
CHICHEWA = "Mkulu wa bungwe lino adati kalemberayu adzachitikenso kaamba koti munthu aliyense ali ndi ufulu wovota."


def settings(reject: list[str]) -> CleanSettings:
    return CleanSettings(code="nya", script="Latn", neighbours=["sna", "zul"], document_share=0.5, rejecters=[],
                         cleaning=Cleaning(reject_languages=reject), poisoning=Poisoning(), overlap_words=13)


def test_lingua_drops_a_rejected_language_and_not_a_neighbour() -> None:
    lingua = Lingua("nya", "Latn", ["sna", "zul", "bem"], ["eng", "qaa"], 0.25)
    assert lingua.skipped is None and lingua.absorbing == ["sna", "zul"]
    assert lingua.judge([ENGLISH, ZULU, "of the book"]) == ["identified as eng", None, None]


def test_lingua_never_rejects_the_own_language() -> None:
    assert Lingua("eng", "Latn", ["fra"], ["eng"], 0.25).skipped
    assert Lingua("fra", "Latn", ["fra"], ["eng", "fra"], 0.25).judge([ENGLISH]) == ["identified as eng"]


@pytest.mark.parametrize(("neighbours", "reject"), [(["bem"], ["eng"]), ([], ["eng"]), (["rus"], ["eng"]),
                                                    (["sna"], ["bem"])])
def test_lingua_is_skipped_without_a_substitute(neighbours: list[str], reject: list[str]) -> None:
    lingua = Lingua("nya", "Latn", neighbours, reject, 0.25)
    assert lingua.skipped and lingua.judge([ENGLISH]) == [None]


def test_cld2() -> None:
    cld2 = Cld2("nya", ["sna", "zul"], ["eng", "fra", "qaa", "zul", "nob"])
    assert set(cld2.rejected.values()) == {"eng", "fra", "nob"} and cld2.version
    assert cld2.judge([ENGLISH, ZULU, CHICHEWA, "of the book", "\x01 \ud7ff"]) == ["identified as eng", *[None] * 4]
    assert cld2.judge([f"“{CHICHEWA} {CHICHEWA}” means yes, the committee"]) == [None]
    assert Cld2("eng", [], ["eng"]).skipped and Cld2("eng", [], ["eng"]).judge([ENGLISH]) == [None]


def test_what_is_not_installed_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pycld2", None)  # as Python has it for what cannot be imported
    monkeypatch.setitem(sys.modules, "fasttext", None)
    with pytest.raises(Problem, match=r"pycld2 .*VN-INSTALLATION") as raised:
        open_rejecters(["pycld2"], settings(["eng"]))
    assert "pip install pycld2" in raised.value.fix
    with pytest.raises(Problem, match=r"fasttext.*VN-INSTALLATION"):
        GlotLid(tmp_path / "model.bin", "nya", [], ["eng"], 0.25)


def test_the_model_of_glotlid_cannot_be_had(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(Problem, match=r"GlotLID .*VN-SOURCE-MISSING") as raised:
        open_rejecters(["glotlid"], settings(["eng"]))
    assert "cis-lmu/glotlid" in raised.value.fix


@pytest.mark.skipif(find_spec("fasttext") is None, reason="fasttext, which is not installed")
def test_glotlid_with_a_small_model_of_its_kind(tmp_path: Path) -> None:
    _train(tmp_path / "model.bin", {"eng_Latn": ENGLISH, "zul_Latn": ZULU, "nya_Latn": CHICHEWA})
    glotlid = GlotLid(tmp_path / "model.bin", "nya", ["zul"], ["eng", "fra", "zul"], 0.25)
    assert glotlid.skipped is None and set(glotlid.rejected.values()) == {"eng"} and "model.bin" in glotlid.version
    assert glotlid.judge([ENGLISH, ZULU, CHICHEWA, "of the book"]) == ["identified as eng", None, None, None]
    (tmp_path / "broken.bin").write_bytes(b"no model")
    with pytest.raises(Problem, match="VN-DATA-FORMAT"):
        GlotLid(tmp_path / "broken.bin", "nya", [], ["eng"], 0.25)


def test_opening_and_asking_several() -> None:
    assert open_rejecters(["lingua"], settings([])) == []
    with pytest.raises(Problem, match=r"magic.*VN-CONFIG-VALUE"):
        open_rejecters(["magic"], settings(["eng"]))
    lingua = open_rejecters(["lingua"], settings(["eng"]))
    assert [rejecter.name for rejecter in lingua] == ["lingua"]
    assert judge([*lingua, *lingua], [ZULU, ENGLISH]) == [None, "identified as eng"] and judge([], ["a"]) == [None]


def _train(model: Path, texts: dict[str, str]) -> None:
    chance = random.Random(1)
    rows = [f"__label__{label} {' '.join(chance.sample(text.split(), 4))}" for label, text in texts.items()
            for _ in range(500)]
    chance.shuffle(rows)
    model.with_suffix(".txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
    # In a process of its own: beside other libraries, fastText 0.9.3 finds NaN when it trains.
    subprocess.run([sys.executable, "-c", "import sys, fasttext; fasttext.train_supervised(sys.argv[1], minn=2, "
                    "maxn=4, dim=16, epoch=5, lr=0.1, bucket=10000, thread=1, verbose=0).save_model(sys.argv[2])",
                    str(model.with_suffix(".txt")), str(model)], check=True)


@pytest.mark.parametrize(("name", "labels"), [
    ("pycld2", ["en", "zu", "ny", "", ""]), ("lingua", ["eng", "zul", "tso", "", ""]),
    pytest.param("heliport", ["eng", "zul", "", "", ""], marks=pytest.mark.skipif(
        find_spec("heliport") is None, reason="heliport is not installed"))])
def test_voters_label_lines(name: str, labels: list[str]) -> None:
    voter, = open_voters([name])
    votes = voter.votes([ENGLISH, ZULU, CHICHEWA, "", "12 -- 13"])
    assert votes.labels == labels and len(votes.surety) == 5 and (votes.surety[:2] > 0).all()
    assert voter.votes([]).labels == []
