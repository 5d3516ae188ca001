"""The benchmarks: rows are written whole, what cannot be measured is skipped with a reason, salt is counted right."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from benchmarks import registry, starts
from benchmarks.__main__ import main
from benchmarks.emoji import Emoji
from benchmarks.folder import artifact, run, write_folder, write_text
from benchmarks.pictures import hits, measure, measure_targets, rows_of, unit
from benchmarks.pretraining import loop_seconds, trainer_seconds
from benchmarks.pretraining_on_gpu import Setup, flops_per_token, time_steps
from benchmarks.registry import FIGURES, Figure, Row, Skipped, need, write
from benchmarks.rows import compared
from benchmarks.salted import Salted, _judge, strew
from benchmarks.speech_cleaning import _planted
from benchmarks.speech_damage import COPIES, SOUNDS
from tests.generate import make_documents
from tests.speech_sound import speech, utterance
from tests.tiny import write_bert, write_llama
from vernacular.config.training import Vocabulary

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"


def test_a_row_says_where_and_when_it_was_measured(tmp_path: Path) -> None:
    for value in (1.5, 2.5):
        write(Row("speed", value, "MB/s", reference=1.0, ratio=value, details={"MB": 3}), tmp_path / "results.jsonl")
    rows = [orjson.loads(line) for line in (tmp_path / "results.jsonl").read_bytes().splitlines()]
    assert [row["value"] for row in rows] == [1.5, 2.5]
    assert {"name", "value", "unit", "reference", "ratio", "seed", "machine", "date", "commit"} <= set(rows[0])
    assert "cores" in rows[0]["machine"] and rows[0]["date"].endswith("Z")


def test_a_figure_is_chosen_by_name_and_one_that_fails_takes_no_other_down(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("benchmarks.__main__.write", lambda row: write(row, tmp_path / "results.jsonl"))

    def good() -> Iterator[Row]:
        yield Row("good", 3.0, "s")

    def absent() -> Iterator[Row]:
        need(tmp_path / "nowhere")
        yield Row("absent", 1.0, "s")

    def broken() -> Iterator[Row]:
        raise ValueError("no such thing")
        yield Row("broken", 1.0, "s")

    for method in (broken, absent, good):
        monkeypatch.setitem(FIGURES, f"test_{method.__name__}", Figure(f"test_{method.__name__}", "x", method))
    assert main(["test_good", "test_absent"]) == 0
    assert "skipped: " in (out := capsys.readouterr().out) and "nowhere" in out.replace("\n", "")
    assert main(["test_"]) == 1
    assert "no such thing" in capsys.readouterr().out
    assert main(["tset"]) == 2
    assert len((tmp_path / "results.jsonl").read_bytes().splitlines()) == 2
    with pytest.raises(Skipped):
        list(absent())


def test_every_figure_says_what_it_measures() -> None:
    assert {"cleaning_mb_per_s", "refresh_share_of_full", "salted", "mlm_cpu_speedup_minilm",
            "mlm_gpu_tokens_per_s", "lora_gpu_tokens_per_s"} <= set(FIGURES)
    assert all(figure.meaning for figure in FIGURES.values())
    ignored = subprocess.run(["git", "check-ignore", str(registry.RESULTS)], cwd=registry.RESULTS.parent, check=False,
                             capture_output=True)
    assert ignored.returncode in (0, 128)  # 128: this copy is no checkout


def test_stages_are_timed_in_a_process_of_their_own(tmp_path: Path) -> None:
    texts = make_documents(40)
    seed = [line for topic in (texts["market"], texts["river"][7:]) for text in topic for line in text.split("\n")]
    folder = write_folder(tmp_path, seed, {"text": texts["river"][:7]}, cleaning={"reject_languages": []})
    seconds = run(folder, tmp_path / "artifacts")
    assert list(seconds) == ["corpus/documents", "corpus/identifier", "corpus/clean", "corpus/splits"]
    assert all(found > 0 for found in seconds.values())
    assert (artifact(tmp_path / "artifacts", "corpus/clean") / "documents.parquet").is_file()
    write_text(folder, "text", [])
    with pytest.raises(RuntimeError, match="text"):
        run(folder, tmp_path / "other")


def test_what_came_through_is_counted() -> None:
    corpus = Salted({}, {("a", "b"), ("c",), ("d",)})
    corpus.salt["english"] = [("x",), ("y",), ("y",), "a@b"]
    corpus.copies = [("a", "b"), ("c",)]
    lost_to = {("d",): "empty", ("x",): "script"}
    rows = {row.name: row for row in _judge("s", corpus, ["A b!", "a b", "y", "c"], lost_to)}
    assert rows["s_caught_english"].value == 75.0
    assert rows["s_caught_duplicates"].details == {"planted": 2, "caught": 1}
    assert rows["s_good_lines_lost"].details == {
        "good": 3, "lost": 1, "by rule": {"empty": 1}, "near copies of kept lines, not lost": 0}


@pytest.mark.data
@pytest.mark.parametrize("size", [1, 10])
def test_salt_is_a_tenth_of_each_kind(size: int) -> None:
    if not (DATA / "nya" / "mono.txt").exists():
        pytest.skip("needs ../shared/data")
    corpus = strew(random.Random(1), size)
    lines = [line for documents in corpus.documents.values() for text in documents for line in text]
    tenth = 2421
    assert all(abs(len(corpus.salt[kind]) - tenth) < 0.25 * tenth for kind in ("near_duplicates", "boilerplate"))
    assert abs(len(corpus.copies) - tenth) < 0.25 * tenth
    assert len(corpus.salt["email"]) + len(corpus.salt["phone"]) == tenth
    assert len(corpus.salt["mojibake"]) + len(corpus.salt["mojibake_lossy"]) == tenth
    text = "\n".join(lines)
    assert all(grain in text for kind in corpus.salt for grain in corpus.salt[kind] if isinstance(grain, str))


@pytest.mark.parametrize(("objective", "rank"), [("masked", 0), ("causal", 0), ("causal", 4)])
def test_what_a_card_is_measured_with_runs_on_a_processor(
        objective: str, rank: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM, XLMRobertaConfig, XLMRobertaForMaskedLM

    sizes = {"vocab_size": 200, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
             "num_attention_heads": 2, "max_position_embeddings": 66}
    kind, config = ((XLMRobertaForMaskedLM, XLMRobertaConfig(**sizes, hidden_dropout_prob=0,
                                                             attention_probs_dropout_prob=0)) if objective == "masked"
                    else (LlamaForCausalLM, LlamaConfig(**sizes, num_key_value_heads=1, tie_word_embeddings=True)))
    setup = Setup(kind, config, objective, length=64, batch=4, rank=rank)
    packed, whole = (time_steps(setup, 3, "cpu", several) for several in (True, False))
    assert len(packed.seconds) == 3 and (packed.packing, whole.packing) == ("mask", "whole rows")
    assert packed.flops < whole.flops  # fewer tokens to attend to
    monkeypatch.setattr("vernacular.modeling.packed_attention.has_kernel", lambda device: True)
    assert time_steps(setup, 3, "cpu", True).packing == "varlen"


def test_frozen_weights_count_two_thirds_of_trained_ones() -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(vocab_size=100, hidden_size=8, intermediate_size=16, num_hidden_layers=1,
                         num_attention_heads=2, num_key_value_heads=1, head_dim=4)
    model, lengths = LlamaForCausalLM(config), np.array([4, 12])
    body, head, attention = 8 * (8 + 4 + 4 + 8) + 3 * 8 * 16, 800, 12 * 8 * (16 + 144) / 16 / 2
    assert flops_per_token(model, lengths, 0.5, True) == 6 * (body + 0.5 * head) + attention
    assert flops_per_token(model, lengths, 1.0, False) == 6 * (body + head) + 2 * attention
    assert flops_per_token(model.requires_grad_(False), lengths, 0.5, True) == 4 * (body + 0.5 * head) + attention


def test_the_trainer_and_our_loop_are_timed_on_the_same_text(tmp_path: Path) -> None:
    write_bert(tmp_path, head=True)
    documents = [text for texts in make_documents(10).values() for text in texts]
    assert len(trainer_seconds(tmp_path, documents, 3, 32, 4)) == 2
    assert len(loop_seconds(tmp_path, documents, 3, 32, 4)) == 2


def test_new_rows_are_compared_from_the_same_text_and_steps(tmp_path: Path) -> None:
    lines = [line for texts in make_documents().values() for text in texts for line in text.split("\n")]
    rows = {row.name: row for row in compared("x", write_llama(tmp_path), lines[20:], lines[:20],
                                              Vocabulary(new_pieces=20, min_uses=40), steps=2)}
    assert len(rows) == 11
    assert rows["rows_x_mean_start"].ratio == rows["rows_x_mean_trained"].ratio == 1
    assert rows["rows_x_mean_trained"].value < rows["rows_x_mean_start"].value
    assert rows["rows_x_distillation_start"].value != rows["rows_x_mean_start"].value


def test_a_start_is_compared_line_by_line() -> None:
    def run(*nats: float) -> dict[str, object]:
        return {"nats": list(nats), "size": [2.0, 4.0, 4.0], "unknown": [0.0] * 3, "curve": [[0, 3.0]], "pieces": 5}

    row = starts._row("start_x", [run(3.0, 6.0, 6.0), run(3.0, 6.0, 8.0)], [run(2.0, 4.0, 4.0), run(2.0, 4.0, 4.0)])
    assert (row.value, row.reference, row.ratio) == (1.6, 1.0, 1.6)
    assert row.details["by seed"] == [0.5, 0.7]
    shown = row.details[f"less {starts._DEFAULT}"]
    assert shown.startswith("+0.600, 95% interval over lines +0.5") and shown.endswith("to +0.750")


def test_a_peer_that_cannot_be_had_is_a_reason_to_skip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "CACHE", tmp_path / "cache")
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Skipped, match="deepfocus"):
        starts.peer_packages()
    assert not list((tmp_path / "cache").iterdir())


def test_damaged_sounds_are_sounds_and_copies_are_near_the_original() -> None:
    sound = speech(1)
    for name, damage in SOUNDS.items():
        damaged = damage(sound, np.random.default_rng(1))
        assert damaged.dtype == np.float32 and np.abs(damaged).max() <= 1, name
        assert len(damaged) != len(sound) or not np.allclose(damaged, sound), name
    for name, copied in COPIES.items():
        copy = copied(sound)
        assert copy.dtype == np.float32 and abs(len(copy) - len(sound)) <= 16_000, name


def test_planted_transcripts_are_of_others_and_their_shares_are_as_stated() -> None:
    train = [utterance(number, f"mwana {number}") for number in range(100)]
    planted = _planted(train, ["other"], 1)
    kinds = [kind for kind, _ in planted.values()]
    assert [kinds.count(kind) for kind in ("another utterance", "the other language", "cut after 40%")] == [19, 5, 5]
    assert all(text != one.text for one in train if one.id in planted for _, text in [planted[one.id]])


def test_names_and_pictures_are_found_in_both_directions_and_equal_names_are_one() -> None:
    scores = np.zeros((24, 24))
    scores[:12] = 9.0  # these names are nearest to every picture
    scores += np.eye(24)
    found = hits(scores, [f"name {row}" for row in range(24)])
    assert found[:, 0].all() and found[:12, 1].all() and not found[12:, 1].any()
    assert hits(scores, ["name"] * 12 + [f"name {row}" for row in range(12)]).all()
    rows = {row.name: row for row in rows_of("x", {"a": [found], "b": [~found]}, ["one", "two"] * 12, [("a", "b")], ())}
    assert rows["x_a"].value == 100 and rows["x_a_to_text"].value == 50 and rows["x_b_to_text"].value == 50
    assert rows["x_a_minus_b"].value == 100 and rows["x_a_minus_b_to_text"].value == 0


def test_scores_are_as_released_and_english_changes_only_rows_that_use_it() -> None:
    chance = np.random.default_rng(1)
    words = {word: chance.normal(size=16) for word in "abcdefghij"}
    some = [Emoji(f"{one}{other}.png", one, f"{one} {other}", (f"{one * 3} {other * 3}",))
            for one in words for other in words]
    seen = {one.picture: unit(np.atleast_2d(words[one.picture[0]] + words[one.picture[1]] + chance.normal(
        size=16) * 2 + 3))[0] for one in some}
    train, test = [one for row, one in enumerate(some) if row % 3], some[::3]

    def encode(noise: float) -> Callable[[Sequence[str]], NDArray[np.float32]]:
        new = np.random.default_rng(2)
        return lambda texts: np.stack([words[text[0]] + words[text[-1]] if len(text) > 3 else noise * new.normal(
            size=16) + words[text[0]] for text in texts]).astype(np.float32)

    plain, noisy = measure(train, test, seen, encode(0)), measure(train, test, seen, encode(30))
    assert all(np.array_equal(plain[name], noisy[name]) for name in ("linear", "gaussian", "tfidf", "both"))
    assert all((plain[name] != noisy[name]).any() for name in ("zero_shot", "tfidf_english", "both_english"))
    targets = measure_targets(train, test, seen, encode(0))
    assert np.array_equal(targets["tfidf_exponent_0.25"], plain["tfidf"])
    assert targets["tfidf_exponent_0.25"][:, 1].sum() > targets["tfidf_with_mean"][:, 1].sum()
