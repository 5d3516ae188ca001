"""Mean states are those of the base on its own reading, their distance is what the docs say, and training holds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from tokenizers.models import WordPiece

from tests.generate import make_documents
from tests.tiny import ENGLISH, LETTERS, write_bert, write_llama
from vernacular.config.schema import Model
from vernacular.config.training import Pretraining
from vernacular.core.errors import Problem
from vernacular.modeling import lora
from vernacular.modeling import state_distillation as module
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.device import autocast, device_of
from vernacular.modeling.objectives import Batch, objective_for, read
from vernacular.modeling.packing import Blocks, join, pack
from vernacular.modeling.schedules import Stream, order
from vernacular.modeling.state_distillation import States, Teacher, weight
from vernacular.modeling.training_loop import Plan, _gradient, train

TEXTS = [text for texts in make_documents(30).values() for text in texts]
SHORT = ["the fox jumps", "the red dog"]  # five tokens with their frame
LENGTH = 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert(tmp_path_factory.mktemp("bert"))


def made(folder: Path, texts: list[str] = TEXTS, keep: float = 2.0) -> tuple[Any, States, Blocks]:
    model, tokenizer = load_model(folder, "masked"), load_tokenizer(folder)
    blocks = pack(texts, tokenizer, LENGTH)
    return model, States(Teacher(model, tokenizer), blocks, tokenizer, keep), blocks


def hidden(model: Any, blocks: Blocks, rows: Any) -> torch.Tensor:
    rows = np.asarray(rows)
    with torch.no_grad():
        return read(model, Batch(blocks.tokens[rows], np.full((len(rows), LENGTH), -100), blocks.pieces[rows],
                                 blocks.positions[rows], rows, causal=False))


def shaken(model: Any, size: float) -> Any:
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.base_model.encoder.parameters():
            parameter.add_(torch.randn_like(parameter) * size)
    return model


def test_the_base_is_where_it_was_and_a_changed_model_is_not(folder: Path) -> None:
    model, states, _ = made(folder, ENGLISH)  # cut between words, as the base would read them
    at_home = states.moved(model)
    assert at_home is not None and at_home < 0.01
    near, far = (states.moved(shaken(model, size)) or 0.0 for size in (0.02, 0.2))
    assert at_home < near < far and far > 0.5


def test_the_distance_is_that_of_means_in_variances_between_texts(folder: Path) -> None:
    """Against the same, written down piece by piece."""
    model, states, blocks = made(folder)
    model = shaken(model, 0.1)
    base, tokenizer = load_model(folder, "masked").base_model, load_tokenizer(folder)

    def mean(row: int, piece: int) -> torch.Tensor:
        ids = blocks.tokens[row][(blocks.pieces[row] == piece) & blocks.attend[row]]
        text = tokenizer.decode(ids, skip_special_tokens=True)
        with torch.no_grad(), autocast(device_of(model)):
            found: torch.Tensor = base(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].float().mean(0)
        return found

    pieces = [(row, int(piece)) for row in range(len(blocks)) for piece in np.unique(blocks.pieces[row])
              if ((blocks.pieces[row] == piece) & blocks.attend[row]).sum() >= 8]
    assert states.count(np.arange(len(blocks))) == len(pieces)
    means = [mean(row, piece) for row, piece in pieces]
    spread = torch.stack([one for (row, _), one in zip(pieces, means, strict=True)
                          if row in np.linspace(0, len(blocks) - 1, min(64, len(blocks))).astype(int)]).var(0).mean()
    wanted = 0.0
    for (row, piece), one in zip(pieces, means, strict=True):
        if row in (3, 1):
            ours = hidden(model, blocks, [row])[0][(blocks.pieces[row] == piece) & blocks.attend[row]].mean(0)
            wanted += float((ours - one).square().mean() / spread)
    assert float(states.distance(hidden(model, blocks, [3, 1]), np.array([3, 1]))) == pytest.approx(wanted, rel=1e-3)


def test_parts_add_up_to_the_whole(folder: Path) -> None:
    model, states, blocks = made(folder)
    model = shaken(model, 0.1)
    whole = float(states.distance(hidden(model, blocks, range(6)), np.arange(6)))
    parts = sum(float(states.distance(hidden(model, blocks, [row]), np.array([row]))) for row in range(6))
    assert whole == pytest.approx(parts, rel=1e-4) and whole > 0


def test_short_pieces_and_padding_are_not_distilled(folder: Path) -> None:
    tokenizer = load_tokenizer(folder)
    model, _, blocks = made(folder)
    short = pack(SHORT, tokenizer, LENGTH)  # ten tokens, and padding
    states = States(Teacher(model, tokenizer), join([blocks, short]), tokenizer, 2.0)
    rows = np.array([len(blocks)])
    assert states.count(rows) == 0
    assert float(states.distance(hidden(shaken(model, 0.2), short, [0]), rows)) == 0


def test_only_the_texts_of_some_blocks_are_distilled(folder: Path) -> None:
    model, whole, blocks = made(folder)
    tokenizer = load_tokenizer(folder)
    some = States(Teacher(model, tokenizer), blocks, tokenizer, 2.0, range(3, len(blocks)))
    rows = np.arange(6)
    assert some.count(rows[:3]) == 0 and some.count(rows) == whole.count(rows[3:]) > 0
    states = hidden(shaken(model, 0.1), blocks, rows)
    assert float(some.distance(states[:3], rows[:3])) == 0
    assert float(some.distance(states, rows)) == pytest.approx(float(some.distance(states[3:], rows[3:])), rel=1e-5)


@pytest.mark.parametrize("texts", [["the quick red fox jumps over the lazy green river"], SHORT])
def test_a_text_of_one_piece_shows_no_distances(folder: Path, texts: list[str]) -> None:
    """To train on such a one is refused beforehand; held-out text of one piece is no reason to lose a training."""
    model, states, _ = made(folder, texts)
    assert states.moved(model) is None
    with pytest.raises(Problem, match=r"keep_states: 0.*VN-DATA-SPLIT"):
        states.check()


def test_what_is_not_remembered_is_asked_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    original = Teacher.states
    monkeypatch.setattr(Teacher, "states", lambda self, texts: (asked.append(len(texts)), original(self, texts))[1])
    found = []
    for room in (2**20, 0):
        monkeypatch.setattr(module, "_REMEMBERED", room)
        model, states, blocks = made(folder)
        asked.clear()
        seen, rows = hidden(shaken(model, 0.1), blocks, [2, 5]), np.array([2, 5])  # not among those of the sample
        found += [float(states.distance(seen, rows)) for _ in range(2)]
        assert len(asked) == (2 if room else 4)
    assert len(set(found)) == 1


def test_both_arms_are_bound_to_what_the_base_reads(folder: Path) -> None:
    """A tokenizer with other pieces: the texts of its blocks, and so their states, are those of the base's reading."""
    base, other = load_tokenizer(folder), load_tokenizer(folder)
    pieces = [*other.all_special_tokens, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    other.backend_tokenizer.model = WordPiece(vocab={piece: at for at, piece in enumerate(pieces)}, unk_token="[UNK]")
    teacher, texts = Teacher(load_model(folder, "masked"), base), ENGLISH[:5]
    ours, theirs = (torch.cat(States(teacher, join([pack([text], tokenizer, 64) for text in texts]), tokenizer, 1.0)
                              ._of(range(5))) for tokenizer in (base, other))
    assert torch.equal(ours, theirs)


def plan_of(folder: Path, keep: float, **changes: Any) -> tuple[Any, Plan]:
    model, states, blocks = made(folder, keep=keep)
    settings = Pretraining(**{"steps": 40, "sequence_length": LENGTH, "batch_size": 4, "head_first": 0.1,
                              "learning_rate": 5e-3, **changes})
    return model, Plan(blocks, order([Stream("target", len(blocks), 1.0)], 40 * settings.batch_size, 1),
                       objective_for("masked", load_tokenizer(folder), 0.15), settings, settings.steps or 0,
                       np.zeros(0, np.int64), 1, lambda model: 0.0, states=states if keep else None)


def test_training_holds_the_states_and_still_learns(folder: Path, tmp_path: Path) -> None:
    moved, lost = {}, {}
    for keep in (0.0, 5.0):
        model, plan = plan_of(folder, keep)
        _, states, _ = made(folder)
        losses = train(model, plan, tmp_path / f"{keep}.pt", lambda line: None).losses
        moved[keep], lost[keep] = states.moved(model) or 0.0, np.mean(losses[-5:]) / np.mean(losses[:5])
    assert moved[5.0] < 0.5 * moved[0.0]
    assert lost[5.0] < 0.95


def test_accumulated_parts_give_the_gradient_of_the_whole(folder: Path) -> None:
    gradients = []
    for parts in (1, 4):
        model, plan = plan_of(folder, 3.0, accumulate=parts)
        model = shaken(model, 0.1).train()
        loss = float(_gradient(model, plan, 10))
        gradients.append((loss, [parameter.grad.clone() for parameter in model.parameters()
                                 if parameter.grad is not None]))
    assert gradients[0][0] == pytest.approx(gradients[1][0], rel=1e-2)
    for whole, some in zip(gradients[0][1], gradients[1][1], strict=True):
        assert torch.allclose(whole, some, atol=2e-2 * float(whole.abs().max()) + 1e-6)


def test_a_resumed_run_ends_as_the_uninterrupted_one(folder: Path, tmp_path: Path) -> None:
    """The cache is gone after a kill, and the base is run again: the same, bit by bit."""
    model, plan = plan_of(folder, 2.0, steps=12, checkpoint_minutes=1e-9)
    whole = train(model, plan, tmp_path / "whole.pt", lambda line: None)
    model_again, plan = plan_of(folder, 2.0, steps=12, checkpoint_minutes=1e-9)
    plan = replace(plan, settings=plan.settings.model_copy(update={"stop_after_minutes": 1e-9}))
    with pytest.raises(Problem, match="VN-STAGE-STOPPED"):
        train(model_again, plan, tmp_path / "stopped.pt", lambda line: None)
    model_again, plan = plan_of(folder, 2.0, steps=12)
    done = train(model_again, plan, tmp_path / "stopped.pt", lambda line: None)
    assert done.losses == whole.losses
    assert all(torch.equal(one, other) for one, other in zip(
        model.state_dict().values(), model_again.state_dict().values(), strict=True))


def test_the_weight_is_for_bases_that_guess_no_words(tmp_path: Path) -> None:
    encoder, guesser = (load_model(write_bert(tmp_path / str(head), head=head), "masked") for head in (False, True))
    causal = load_model(write_llama(tmp_path / "llama"), "causal")
    unset, zero = Pretraining(steps=1), Pretraining(steps=1, keep_states=0)  # type: ignore[call-arg]
    assert weight(unset, encoder, "masked") > 0 and weight(zero, encoder, "masked") == 0
    assert weight(unset, guesser, "masked") == weight(unset, causal, "causal") == 0
    assert weight(Pretraining(steps=1, keep_states=0.5), guesser, "masked") == 0.5  # type: ignore[call-arg]


def test_a_causal_model_has_no_states_to_keep() -> None:
    with pytest.raises(ValidationError, match="keep_states needs objective: masked"):
        Model.model_validate({"base": {"path": "x", "licence": "CC0-1.0"}, "objective": "causal",
                              "pretraining": {"steps": 1, "keep_states": 1}})


def test_low_rank_changes_are_distilled_too(folder: Path, tmp_path: Path) -> None:
    moved = {}
    for keep in (0.0, 5.0):
        model, plan = plan_of(folder, keep, method="lora")
        _, states, _ = made(folder)
        wrapped = lora.wrap(model, [], 8)
        train(model, plan, tmp_path / f"{keep}.pt", lambda line: None)
        moved[keep] = states.moved(lora.merge(wrapped).eval()) or 0.0
    assert 0 < moved[5.0] < 0.7 * moved[0.0]
