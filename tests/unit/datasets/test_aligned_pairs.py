"""What the stage of translations keeps comes back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vernacular.core.errors import Problem
from vernacular.datasets.aligned_pairs import Learned, read_learned_pairs, targets_wanted


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    learned = Learned([("moni", "hello"), ("zikomo", "thanks")], torch.rand(1, 4), [("inde", "yes")], torch.rand(1, 4))
    learned.write(tmp_path)
    again = Learned.read(tmp_path)
    assert (again.pairs, again.held_out) == (learned.pairs, learned.held_out)
    assert read_learned_pairs(tmp_path) == learned.pairs
    assert torch.equal(again.targets, learned.targets) and torch.equal(again.held_out_targets, learned.held_out_targets)


def test_a_folder_without_embeddings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=f"{tmp_path}.*VN-"):
        Learned.read(tmp_path)


def test_no_more_translations_are_embedded_than_the_steps_see() -> None:
    pairs = [("a", "b")] * 100
    assert [targets_wanted(pairs, steps, 8) for steps in (None, 5, 50)] == [100, 40, 100]
