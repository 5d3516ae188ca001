"""Between the base's weights and the trained ones: new rows stay whole, the choice weighs both likelihoods."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny import write_bert
from vernacular.modeling.base_models import load_model
from vernacular.pretraining.weight_interpolation import Between, between_weights, choose, interpolate, mix
from vernacular.tokenizer.embedding_init import grow


def test_old_weights_are_mixed_and_new_rows_stay():
    base = {"rows": torch.zeros(5, 2), "body": torch.zeros(5, 2), "number": torch.tensor(7)}
    trained = {"rows": torch.ones(5, 2), "body": torch.ones(5, 2), "number": torch.tensor(7)}
    mixed = mix(base, trained, 0.25, [1, 4], {"rows"})
    assert mixed["rows"][:, 0].tolist() == [0.25, 1, 0.25, 0.25, 1]
    assert torch.equal(mixed["body"], torch.full((5, 2), 0.25))
    assert torch.equal(mix(base, trained, 1.0)["rows"], trained["rows"])
    assert torch.equal(trained["rows"], torch.ones(5, 2))


@given(points=st.lists(st.builds(Between, st.floats(0.1, 1), st.floats(0.5, 5), st.floats(0.5, 5)), min_size=1))
def test_no_point_better_in_both_is_passed_over(points):
    chosen = choose(points)
    assert not any(point.target < chosen.target and point.replay < chosen.replay for point in points)


def test_without_replay_text_the_target_decides_and_equals_go_far():
    assert choose([Between(0.5, 1.1, None), Between(0.7, 1.0, None), Between(1.0, 1.0, None)]).share == 1.0


def test_the_model_ends_with_the_chosen_weights_and_stays_tied(tmp_path):
    write_bert(tmp_path, head=True)
    model = load_model(tmp_path, "masked")
    old = model.get_input_embeddings().weight.shape[0]
    grow(model, {"input": torch.ones(4, 32), "bias": torch.ones(4)})
    base = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 1
    seen = []

    def target(model):
        seen.append(model.get_input_embeddings().weight[0, 0].item())
        return abs(len(seen) - 2.0)

    points, chosen = interpolate(model, between_weights(model, base, range(old, old + 4)), [0.5, 1.0], target, None)
    assert [point.share for point in points] == [0.0, 0.5, 1.0] and chosen.share == 0.5
    rows = model.get_input_embeddings().weight
    assert torch.allclose(rows[:old], base["bert.embeddings.word_embeddings.weight"][:old] + 0.5, atol=1e-6)
    assert torch.equal(rows[old:], torch.full((4, 32), 2.0))
    assert rows is model.get_output_embeddings().weight
