"""Every family through one door: the same bytes whatever the hash seed, old ids in place, no guard word changed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.tiny import ENGLISH
from tests.unit.tokenizer.family_bases import FAMILIES, TEXTS, base_of, digests, extended_json
from vernacular.core.errors import Problem
from vernacular.tokenizer.families import family_of
from vernacular.tokenizer.fertility import changed


@pytest.mark.parametrize("family", FAMILIES)
def test_old_ids_and_the_base_s_text_stay(family, tmp_path):
    from tokenizers import Tokenizer

    base = base_of(family, tmp_path)
    assert family_of(base) == family
    chosen, text = extended_json(base)
    after = Tokenizer.from_str(text)
    assert {piece: after.token_to_id(piece) for piece in base.get_vocab()} == base.get_vocab()
    assert changed(base, after, ENGLISH) == []
    assert len(changed(base, after, TEXTS)) == len(TEXTS)
    assert len(chosen.parts) == len(chosen.pieces)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_piece_is_no_change(family, tmp_path):
    base = base_of(family, tmp_path)
    assert extended_json(base, pieces=0)[1] == base.to_str()


def test_the_bytes_are_independent_of_the_hash_seed(tmp_path):
    for family in FAMILIES:
        (tmp_path / family).mkdir()
        base_of(family, tmp_path / family).save(str(tmp_path / f"{family}.json"))
    code = ("import sys\n"
            "from tests.unit.tokenizer.family_bases import digests\n"
            "print(digests(sys.argv[1]))\n")
    another = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    printed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True,
                             env={**os.environ, "PYTHONHASHSEED": another}).stdout
    assert printed == f"{digests(tmp_path)}\n"


def test_another_family_is_refused():
    from tokenizers import Tokenizer, models

    with pytest.raises(Problem, match=r"WordLevel.*VN-MODEL-KIND"):
        extended_json(Tokenizer(models.WordLevel({"a": 0}, "a")))
