"""The rules one after another: what is good passes them all in every script, what is salted in does not."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from vernacular.cleaning import line_filters as filters
from vernacular.config.cleaning import Cleaning, Orthography
from vernacular.langid import learned_thresholds as thresholds
from vernacular.text import scripts
from vernacular.text.normalization import normalise, repair
from vernacular.text.pii import redact
from vernacular.text.spelling import Speller

SHARED = Path(__file__).parents[3] / "shared/data"
SCRIPTS = {"nqo_Nkoo", "sat_Olck", "tir_Ethi", "bod_Tibt", "tha_Thai", "zho_Hant", "jpn_Jpan", "kor_Hang", "hin_Deva",
           "arb_Arab", "ckb_Arab", "heb_Hebr", "rus_Cyrl", "ell_Grek", "kat_Geor", "hye_Armn", "tzm_Tfng", "khm_Khmr",
           "yor_Latn", "vie_Latn", "ewe_Latn", "lmo_Latn", "sag_Latn", "fra_Latn", "quy_Latn", "gla_Latn", "fao_Latn"}


def lost(lines: list[str], script: str, limits: thresholds.Thresholds) -> dict[int, str]:
    """The lines that the rules on single lines drop, each by the first that does."""
    found: dict[int, str] = {}
    for rule, dropped in (("encoding", filters.damaged(lines)), ("empty", filters.empty(lines)),
                          ("script", scripts.other_script(lines, script, Cleaning().script_share)),
                          ("repetition", filters.repetitive(lines, 0.5)),
                          ("thresholds", thresholds.judge(lines, limits))):
        for index, reason in dropped.items():
            found.setdefault(index, f"{rule}: {reason}")
    return found


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_good_text_passes_in_every_script(name: str) -> None:
    path = SHARED / "sib200_dev" / f"{name}.txt"
    if not path.is_file():
        pytest.skip("../shared/data is not there")
    script = {"Hant": "Hant", "Jpan": "Jpan", "Hang": "Kore"}.get(name[4:], name[4:])
    lines = normalise(path.read_text(encoding="utf-8").splitlines())
    assert repair(lines) == (lines, {})
    spelled, changes = Speller(Orthography(), script).apply(lines)
    # Ewe is written with Greek U+037B for open o in this set: just what the rule is for.
    assert len(changes) <= 1 or {change.before for change in changes} == {"\u037b"}, changes
    limits = thresholds.learn(lines[::2], 0.002)
    dropped = lost(spelled, script, limits)
    # Sentences that consist of Latin names, for the most part.
    assert all(reason.startswith("script") for reason in dropped.values()), dropped
    assert len(dropped) <= 3
    assert sum(map(str.__ne__, redact(lines, Counter(), {}), lines)) == 0


def test_salt_in_real_text_is_caught() -> None:
    path = SHARED / "nya/mono.txt"
    if not path.is_file():
        pytest.skip("../shared/data is not there")
    chance = random.Random(1)
    good = [line for line in path.read_text(encoding="utf-8").split("\n")[:4000] if len(line) > 60]
    accented = [line.replace("a", "â", 2).replace("'", "’") + " – “inde”" for line in good[:300]]
    assert repair([line.encode().decode("sloppy-windows-1252") for line in accented])[0] == accented
    broken = repair([line.encode().decode("cp1252", errors="ignore") for line in accented])[0]
    assert sum(map(str.__eq__, broken, accented)) + len(filters.damaged(normalise(broken))) == 300
    limits = thresholds.learn(good[:2000], 0.002)
    assert len(lost(good[2000:], "Latn", limits)) <= 0.005 * len(good[2000:])
    salted = [f"{line[:20]} {chance.choice('abc')}.phiri{chance.randrange(99)}@example.org {line[20:]}"
              for line in good[:300]]
    found: Counter[str] = Counter()
    redact(salted, found, {})
    assert found["email"] == 300
