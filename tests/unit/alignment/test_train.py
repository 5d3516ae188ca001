"""What is held out comes nearer to its translation, nothing but the body moves, and a killed training goes on."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny import ENGLISH, write_bert
from vernacular.alignment import train
from vernacular.alignment.pairs import Pairs
from vernacular.alignment.train import BODY, Aligned, align, found, put_body, save_body
from vernacular.config.schema import Alignment
from vernacular.errors import Problem
from vernacular.models import load_model, load_tokenizer
from vernacular.pretraining.states import Teacher

INVENTED = str.maketrans("aeiourstlngd", "oiuaeltsrgnk")  # a language that is English with other letters


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert(tmp_path_factory.mktemp("bert"))


def pairs() -> Pairs:
    made = [(text.translate(INVENTED), text) for text in ENGLISH]
    random.Random(1).shuffle(made)
    return Pairs(made[12:], made[:12], 0, "qaa alignment.translations")


def asked(**more: Any) -> Alignment:
    side = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "other", "files": "a.txt"}
    return Alignment.model_validate({"translations": [{"source": {**side, "name": "a"},
                                                       "translation": {**side, "name": "b"}}],
                                     "passes": 6, "batch_size": 8, "learning_rate": 5e-3, **more})


def taught(folder: Path, scratch: Path, **more: Any) -> tuple[Any, Aligned]:
    scratch.mkdir(exist_ok=True)
    model, tokenizer = load_model(folder, "masked"), load_tokenizer(folder)
    settings = asked(**more)
    return model, align(model, tokenizer, Teacher(model, tokenizer), pairs(), settings, settings.passes, 1,
                        scratch / "checkpoint.pt", lambda line: None)


def test_held_out_sentences_come_nearer_to_their_translations(folder: Path, tmp_path: Path) -> None:
    model, aligned = taught(folder, tmp_path)
    first, last = aligned.done.curve[0][1], aligned.done.best[1]
    assert last < 0.6 * first and aligned.after > aligned.before
    # The same, measured from what is kept: the best point, against the base's states.
    base, tokenizer = load_model(folder, "masked"), load_tokenizer(folder)
    teacher, held = Teacher(base, tokenizer), pairs().held
    wanted = teacher.states([translation for _, translation in held])
    spread = teacher.states([translation for _, translation in pairs().train]).var(0).mean()
    states = Teacher(model, tokenizer).states([text for text, _ in held])
    assert float((states - wanted).square().mean() / spread) == pytest.approx(last, rel=0.05)
    assert found(states, wanted) == pytest.approx(aligned.after, abs=0.1)


def test_the_rows_of_pieces_and_the_head_stay(folder: Path, tmp_path: Path) -> None:
    before = load_model(folder, "masked").state_dict()
    after = taught(folder, tmp_path, passes=1)[0].state_dict()
    moved = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert moved and all(name.startswith("bert.") and "word_embeddings" not in name for name in moved)


class Killed(Exception):
    pass


def test_a_killed_training_goes_on_to_the_same_weights(folder: Path, tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    whole, aligned = taught(folder, tmp_path / "whole", passes=2)
    step: Callable[..., float] = train._step
    done = []

    def killed(*arguments: Any) -> float:
        if len(done) == aligned.done.step - 3:
            raise Killed
        done.append(1)
        return step(*arguments)

    monkeypatch.setattr(train, "_KEPT", 0)
    monkeypatch.setattr(train, "_step", killed)
    with pytest.raises(Killed):
        taught(folder, tmp_path / "killed", passes=2)
    done.clear()
    again, after = taught(folder, tmp_path / "killed", passes=2)
    assert len(done) == 3 and after.done.curve == aligned.done.curve and after.done.losses == aligned.done.losses
    assert all(torch.equal(one, other) for one, other in zip(again.parameters(), whole.parameters(), strict=True))


def test_what_is_saved_fits_the_base_and_no_other(folder: Path, tmp_path: Path) -> None:
    model, _ = taught(folder, tmp_path, passes=1)
    save_body(model, tmp_path)
    base = load_model(folder, "masked")
    put_body(base, tmp_path)
    assert all(torch.equal(one, other) for one, other in zip(base.parameters(), model.parameters(), strict=True))
    del base.bert.encoder.layer[1]
    with pytest.raises(Problem, match=f"{BODY}: its weights are not those of the base"):
        put_body(base, tmp_path)


def test_translations_that_are_all_the_same_teach_nothing(folder: Path, tmp_path: Path) -> None:
    model, tokenizer = load_model(folder, "masked"), load_tokenizer(folder)
    same = [(text, "the red fox") for text in ENGLISH]
    with pytest.raises(Problem, match="all translations are one and the same"):
        align(model, tokenizer, Teacher(model, tokenizer), Pairs(same[12:], same[:12], 0, "qaa"), asked(), 1, 1,
              tmp_path / "a.pt", lambda line: None)


def test_a_rate_that_is_too_high_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"not a number any more.*Lower alignment\.learning_rate"):
        taught(folder, tmp_path, learning_rate=1e30)


@given(st.lists(st.text(max_size=200), min_size=1, max_size=100), st.integers(2, 40))
def test_each_text_is_once_in_a_pass_among_others_of_its_length(texts: list[str], size: int) -> None:
    batches = train._batches(texts, size, (1, 0))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(texts)))
    assert len(batches) == -(-len(texts) // size) and max(map(len, batches)) <= size
    reach = sorted((min(len(texts[at]) // train._ALIKE for at in batch), max(len(texts[at]) // train._ALIKE
                                                                             for at in batch)) for batch in batches)
    assert all(high <= low for (_, high), (low, _) in pairwise(reach))
