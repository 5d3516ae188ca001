"""A format is cut where the answer begins; one that cannot work is refused."""

from __future__ import annotations

from copy import deepcopy

import pytest
from pydantic import ValidationError

from tests.generate import TINY_MODEL, write_language
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.config.prompting import Prompting, parse
from vernacular.config.tasks import Task
from vernacular.core.errors import Problem


def test_a_format_is_cut_where_the_answer_begins():
    template = parse("English: {source}\nChichewa: {target}\n")
    assert template.prompt("a {target} b") == "English: a {target} b\nChichewa:"
    assert template.answer("ndi") == " ndi\n"
    assert template.example("a", "x") == "English: a\nChichewa: x\n"
    assert parse("{source} = {target}").example("a", "x") == "a = x\n"
    assert parse("{source}\n{target}\n\n").example("a", "x") == "a\nx\n\n"
    assert parse("{source}\n{target}").prompt("a") == "a\n"


@pytest.mark.parametrize(("text", "match"), [
    ("{target} {source}", "source"), ("{source}", "source"), ("{source} {source}: {target}", "source"),
    ("{source}: {target} {other}", "source"), ("{source}: {target} ok?", r"'ok\?'"),
    ("{source}{target}", "between"), ("{source} {target}", "between")])
def test_a_format_that_cannot_work_is_refused(text, match):
    with pytest.raises(ValidationError, match=match):
        Prompting(format=text)


@pytest.mark.parametrize(("entry", "match"), [
    ({"kind": "generation"}, "prompt"),
    ({"kind": "sentence_retrieval", "prompt": {"format": "{source}\n{target}"}}, "prompt.*kind"),
    ({"kind": "sequence_classification", "multi_label": True, "prompt": {"format": "{source}\n{target}"}}, "prompt"),
    ({"kind": "sequence_classification", "unanswerable": True}, "unanswerable.*question_answering"),
    ({"kind": "generation", "csls": True}, "csls.*sentence_retrieval"),
    ({"kind": "question_answering", "prefix": "query: "}, "prefix.*sentence_retrieval"),
    ({"kind": "sequence_classification", "tags": "plain"}, "tags.*token_classification"),
    ({"kind": "generation", "prompt": {"format": "{source}\n{target}", "label_words": {"a": "b"}}},
     "label_words.*sequence_classification"),
    ({"kind": "sequence_classification", "prompt": {"format": "{source}\n{target}", "longest_answer": 20}},
     "longest_answer.*generation"),
    ({"kind": "sentence_pairs", "train": 50}, r"most: \{train: 50"),
    ({"kind": "sentence_pairs", "test": 50}, r"most: \{test: 50\} \[")])
def test_keys_belong_to_their_kinds(entry, match):
    with pytest.raises(ValidationError, match=match):
        Task.model_validate({"data": {"kind": "files", "train": "t.jsonl"}, **entry})


@pytest.mark.parametrize(("entry", "data", "match"), [
    ({"kind": "sequence_classification"}, {"repair_bio": False}, "repair_bio.*token_classification"),
    ({"kind": "token_classification", "tags": "plain"}, {"repair_bio": False}, "repair_bio.*tags: bio"),
    ({"kind": "sequence_classification"}, {"most_unmatched": 0.5}, "most_unmatched"),
    ({"kind": "sequence_classification"}, {"separator": ";"}, "separator.*multi_label"),
    ({"kind": "sentence_pairs"}, {"dev": "d.jsonl", "dev_share": 0.3}, "dev_share"),
    ({"kind": "sentence_pairs"}, {"test": "d.jsonl", "test_share": 0.3}, "test_share")])
def test_keys_of_data_belong_to_their_kinds(entry, data, match):
    with pytest.raises(ValidationError, match=match):
        Task.model_validate({**entry, "data": {"kind": "files", "train": "t.jsonl", **data}})


def test_defaults_that_are_written_out_are_no_mistake():
    task = Task.model_validate({"kind": "sequence_classification", "data": {"kind": "files", "train": "t.jsonl"},
                                "prompt": {"format": "{source}\n{target}"}})
    assert Task.model_validate(task.model_dump(mode="json")) == task


PROMPT = {"format": "{source}\n{target}"}
DATA = {"kind": "files", "train": "t.jsonl"}


@pytest.mark.parametrize("entry", [{"kind": "generation", "data": DATA, "prompt": PROMPT},
                                   {"kind": "sequence_classification", "data": DATA, "prompt": PROMPT}])
def test_a_prompt_needs_a_causal_model(entry, tmp_path):
    causal = {**deepcopy(TINY_MODEL), "objective": "causal"}
    with pytest.raises(Problem, match=r"language\.yaml:\d+: .*'asks'.*causal.*VN-CONFIG-RULE"):
        load_language(write_language(tmp_path / "one", documents=2, tasks={"asks": entry}))
    both = load_language(write_language(tmp_path / "two", documents=2, tasks={"asks": entry},
                                        models={"tiny": TINY_MODEL, "writes": causal}))
    assert list(both.tasks_of("writes")) == ["asks"]
    assert list(both.tasks_of("tiny")) == ([] if entry["kind"] == "generation" else ["asks"])
    assert ("task/asks_tiny" in stages_of(both)) == (entry["kind"] != "generation")
    assert "task/asks_writes" in stages_of(both)
