"""Examples of a release's page: drawn by the seed alone, filled with words, cut into all of the text."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.tiny import ENGLISH, sentencepiece_tokenizer, write_bert, write_llama
from vernacular.evaluation.examples import EACH, FILLS, Drawn, Examples, fill, read_examples, segment
from vernacular.modeling.base_models import load_model, load_tokenizer


def examples_of(folder: Path, lines: list[str], seed: int = 1, objective: str = "masked") -> Examples:
    written = folder / objective
    if not written.exists():  # the tokenizers learned by two calls differ
        (write_bert if objective == "masked" else write_llama)(written)
    drawn = Drawn(lines, seed, objective == "masked")
    drawn.write(folder, {"base": drawn.ask(load_model(written, objective), load_tokenizer(written))})
    found = read_examples(folder)
    assert found is not None
    return found


def test_examples_are_drawn_by_the_seed(tmp_path: Path) -> None:
    one, same, other = (examples_of(tmp_path, ENGLISH, seed) for seed in (1, 1, 2))
    assert one == same != other and one.lines == len(ENGLISH)
    assert len(one.blanks) == len(one.segmented) == EACH
    for blank in one.blanks:
        assert blank.before + blank.word + blank.after in ENGLISH
        assert blank.word.isalpha() and len(blank.fills["base"]) == FILLS


def test_a_causal_model_fills_no_blank_and_few_lines_are_enough(tmp_path: Path) -> None:
    found = examples_of(tmp_path, ENGLISH, objective="causal")
    assert found.blanks == [] and len(found.segmented) == EACH
    found = examples_of(tmp_path, [ENGLISH[0], "too short"])
    assert len(found.blanks) == len(found.segmented) == 1
    found = examples_of(tmp_path, ["too short"])
    assert found.lines == len(found.blanks) == len(found.segmented) == 0


def test_what_a_model_is_sure_of_fills_the_blank(tmp_path: Path) -> None:
    model, tokenizer = load_model(write_bert(tmp_path), "masked"), load_tokenizer(tmp_path)
    no_words = tokenizer.convert_tokens_to_ids([".", "##s", "[SEP]", "t"])
    with torch.no_grad():
        bias = model.get_output_embeddings().bias
        bias.zero_()
        bias[tokenizer.convert_tokens_to_ids(["horse", "river"])] = torch.tensor([82.0, 80.0])
        bias[no_words] = 100.0
    first, second = fill(model, tokenizer, "the red fox jumps", (8, 11))[:2]
    assert (first.word, second.word) == ("horse", "river") and first.probability < 0.01
    assert fill(model, tokenizer, " ".join(ENGLISH), (4000, 4005)) == []  # beyond what the model reads


@pytest.mark.parametrize("kind", ["bert", "llama", "unigram", "bpe"])
def test_tokens_hold_the_text_and_nothing_else(kind: str, tmp_path: Path) -> None:
    tokenizer = (load_tokenizer(write_bert(tmp_path)) if kind == "bert" else load_tokenizer(write_llama(tmp_path))
                 if kind == "llama" else sentencepiece_tokenizer(kind, tmp_path))
    line = "the quick fox, over a river"
    words = segment(tokenizer, line)
    assert ["".join(word).removeprefix("▁") for word in words] == line.split()
    assert sum(map(len, words)) == len(tokenizer.tokenize(line))


def test_a_letter_of_several_byte_tokens_is_shown_once(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_llama(tmp_path))
    word, = segment(tokenizer, "ᱡ")
    assert word == ["ᱡ", "…", "…"]


def test_an_artifact_of_an_earlier_version_has_no_examples(tmp_path: Path) -> None:
    assert read_examples(tmp_path) is None
