"""A format is cut where the answer begins; one that cannot work is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from vernacular.config.prompting import Prompting, parse
from vernacular.config.tasks import Task


def test_a_format_is_cut_where_the_answer_begins():
    template = parse("English: {source}\nChichewa: {target}\n")
    assert template.prompt("a {target} b") == "English: a {target} b\nChichewa:"
    assert template.answer("ndi") == " ndi\n"
    assert template.example("a", "x") == "English: a\nChichewa: x\n"
    assert parse("{source} = {target}").example("a", "x") == "a = x\n"
    assert parse("{source}\n{target}\n\n").example("a", "x") == "a\nx\n\n"
    assert parse("{source}\n{target}").prompt("a") == "a\n"


@pytest.mark.parametrize(("text", "match"), [
    ("{target} {source}", "needs {source} and then"), ("{source}", "needs"), ("{source} {source}: {target}", "needs"),
    ("{source}: {target} {other}", "needs"), ("{source}: {target} ok?", "'ok\\?' stands behind"),
    ("{source}{target}", "something between"), ("{source} {target}", "something between")])
def test_a_format_that_cannot_work_is_refused(text, match):
    with pytest.raises(ValidationError, match=match):
        Prompting(format=text)


@pytest.mark.parametrize(("entry", "match"), [
    ({"kind": "generation"}, "generation needs prompt"),
    ({"kind": "sentence_retrieval", "prompt": {"format": "{source}\n{target}"}}, "prompt needs kind"),
    ({"kind": "sequence_classification", "multi_label": True, "prompt": {"format": "{source}\n{target}"}}, "one label"),
    ({"kind": "sequence_classification", "unanswerable": True}, "unanswerable needs kind: question_answering"),
    ({"kind": "generation", "csls": True}, "csls needs kind: sentence_retrieval"),
    ({"kind": "question_answering", "prefix": "query: "}, "prefix needs kind: sentence_retrieval")])
def test_keys_belong_to_their_kinds(entry, match):
    with pytest.raises(ValidationError, match=match):
        Task.model_validate({"data": {"kind": "files", "train": "t.jsonl"}, **entry})
