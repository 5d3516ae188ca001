"""The page of ``try``: what it shows, whom it answers, and what becomes of a mark."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.unit.release.made_up import NAME
from tests.unit.tasks.made import kind_of, tagged, task_of, topics
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.release.inference import Answers, SeenPicture, note_labels
from vernacular.release.marks import FILE, make_mark
from vernacular.release.trust import Trust
from vernacular.reporting.demo_server import LARGEST, chance, hue, make_server, page
from vernacular.search.finding import Hit
from vernacular.tasks.base import Labelling

NASTY = "<script>alert(1)</script>\"'&"
TOKEN = "a-token"
TRUST = Trust({}, {"places": .4, "sports": .5, "B-PER": .6, "I-PER": .1, "O": .45})
ANSWERS = Answers({"genre": [("river", 0.7), ("school", 0.3)]},
                  {"names": [("kale", "O", 0.9), ("Mbewe", "NAME", 0.8)]}, [("amo", 0.5)],
                  labels={"genre": ("market", "river", "school"), "names": ("O", "NAME")})


@pytest.fixture
def served(language: Language) -> Iterator[tuple[str, list[str]]]:
    """The address of the page, and its requests."""
    asked: list[str] = []

    def ask(text: str) -> dict[str, Answers]:
        asked.append(text)
        return {"adapted": ANSWERS}

    server = make_server(ask, language, NAME, 0, token=TOKEN)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}", asked
    server.close()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **more: object) -> None:
        return None


def send(address: str, fields: dict[str, str] | bytes, **headers: str) -> tuple[int, str]:
    """Status and place (or body) of the answer to a mark."""
    data = fields if isinstance(fields, bytes) else urllib.parse.urlencode(fields).encode()
    try:
        urllib.request.build_opener(NoRedirect).open(urllib.request.Request(f"{address}/mark", data, headers))
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers.get("Location") or answer.read().decode()
    raise AssertionError("neither a redirection nor a refusal")


def marks(language: Language) -> list[dict[str, object]]:
    path = language.folder / "behaviour" / FILE
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def test_the_page_escapes_everything(language: Language) -> None:
    answers = Answers({NASTY: [(NASTY, 0.5)]}, {NASTY: [(NASTY, NASTY, 0.5)]}, [(NASTY, 0.1)], NASTY, {NASTY: (NASTY,)})
    shown = page(language, NAME, NASTY, {"base": answers, "control": answers, "adapted": answers}, NASTY, by=NASTY)
    assert "<script" not in shown
    assert shown.count("<section") == 3
    seen = [SeenPicture(NASTY, "aGk=", 0.5), SeenPicture(NASTY, "", 0.1), SeenPicture("a", NASTY, 0.1)]
    shown = page(language, NAME, "fox", {"base": Answers(pictures={NASTY: seen})})
    assert "<script" not in shown and shown.count('src="data:image/png;base64,') == 2


def test_only_this_machine_may_ask(served: tuple[str, list[str]]) -> None:
    address, asked = served
    with urllib.request.urlopen(f"{address}/?text=kale+___") as answer:
        assert "amo" in answer.read().decode()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert asked == ["kale ___"]
    for path, headers, status in (("/x", {}, 404), ("/?text=a", {"Host": "evil.example"}, 403),
                                  ("/?text=a", {"Origin": "http://evil.example"}, 403)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(address + path, headers=headers))
        assert caught.value.code == status
    assert len(asked) == 1


def test_a_mark_is_kept_and_the_page_comes_back(served: tuple[str, list[str]], language: Language) -> None:
    address, _ = served
    text = "kale ___ Mbewe"
    status, place = send(address, {"token": TOKEN, "text": text, "by": "Ada  Banda", "mark": "adapted genre wrong",
                                   "should_be adapted genre": "school"})
    assert (status, place) == (303, "/?text=kale+___+Mbewe&by=Ada++Banda&noted=1")
    send(address, {"token": TOKEN, "text": text, "mark": "adapted names right", "should_be adapted names": "O NAME"})
    first, second = marks(language)
    assert first.pop("when")
    assert first == {"text": "kale Mbewe", "task": "genre", "model": "adapted", "answer": "river", "right": False,
                     "should_be": "school", "by": "Ada Banda"}
    assert (second["answer"], second["right"], second["should_be"], second["by"]) == ("O NAME", True, None, "")
    with urllib.request.urlopen(address + place) as answer:
        shown = answer.read().decode()
    assert "Noted" in shown
    assert "Ada" in shown


@pytest.mark.parametrize(("change", "status", "message"), [
    ({"token": "another"}, 403, "Reload it"), ({"token": ""}, 403, "Reload it"),
    ({"mark": "adapted weather right"}, 400, "VN-MARK-ANSWER"), ({"mark": "x"}, 400, "mark"),
    ({"mark": "adapted genre wrong", "should_be adapted genre": "law"}, 400, "VN-MARK-LABEL"),
    ({"mark": "adapted names wrong", "should_be adapted names": "NAME"}, 400, "1 labels for 2 words")])
def test_what_is_no_mark_is_refused(served: tuple[str, list[str]], language: Language, change: dict[str, str],
                                    status: int, message: str) -> None:
    found, body = send(served[0], {"token": TOKEN, "text": "kale Mbewe", "mark": "adapted genre right"} | change)
    assert found == status
    assert message in body
    assert marks(language) == []


def test_other_pages_and_long_posts_are_refused(served: tuple[str, list[str]], language: Language) -> None:
    good = {"token": TOKEN, "text": "kale Mbewe", "mark": "adapted genre right"}
    assert send(served[0], good, Origin="http://evil.example")[0] == 403
    assert send(served[0], good, Origin="null")[0] == 403
    assert send(served[0], b"\xff\xfe")[0] == 400
    large = urllib.request.Request(f"{served[0]}/mark", b"", {"Content-Length": str(LARGEST + 1)})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(large)
    assert caught.value.code == 413
    assert marks(language) == []


def test_a_right_answer_needs_no_correction() -> None:
    assert make_mark("kale", "genre", "base", ANSWERS, True, "river", "").should_be is None
    with pytest.raises(Problem, match="VN-MARK-LABEL"):
        make_mark("kale", "genre", "base", ANSWERS, True, "school", "")


def test_what_is_too_long_to_be_read_is_reported_and_cannot_be_marked(language: Language) -> None:
    answers = replace(ANSWERS, unread={"names": "Zomba ndi Blantyre"})
    shown = page(language, "tiny", "kale Mbewe Zomba ndi Blantyre", {"adapted": answers})
    assert shown.count("Too long for this model: it did not read “Zomba ndi Blantyre”") == 1
    with pytest.raises(Problem, match="VN-MARK-ANSWER"):
        make_mark("kale Mbewe Zomba ndi Blantyre", "names", "adapted", answers, True, "", "")
    assert make_mark("kale", "names", "base", ANSWERS, False, "O NAME", "").should_be is None  # the field as it was
    with pytest.raises(Problem, match="VN-MARK-ANSWER"):
        make_mark("kale", "weather", "base", ANSWERS, True, "", "")


class Says:
    """Gives every sentence the same probabilities, decoded as the kind of the task does."""

    def __init__(self, kind: Labelling, table: list[Any]) -> None:
        self.labels, self.table, self.decoded = kind.labels, np.array(table), kind.decoded

    def probabilities(self, texts: Sequence[str]) -> list[Any]:
        return [self.table for _ in texts]

    def unread(self, text: str) -> str:
        return ""


def test_several_labels_are_all_shown_and_not_marked(language: Language) -> None:
    kind = topics("places", "sports", "weather", multi_label=True)
    answers = Answers()
    note_labels(answers, "topic", kind.task, Says(kind, [.95, .01, .93]), "mvula ku Zomba", TRUST)
    shown = page(language, NAME, "mvula ku Zomba", {"adapted": answers})
    assert "Labels given: places, weather." in shown
    assert 'value="adapted topic right"' not in shown
    with pytest.raises(Problem, match="VN-MARK-ANSWER"):
        make_mark("mvula ku Zomba", "topic", "adapted", answers, True, "", "")


def test_entities_are_shown_as_a_release_answers_them(language: Language) -> None:
    kind = kind_of(task_of("token_classification"), tagged("a/B-PER b/I-PER c/O"))
    assert isinstance(kind, Labelling)  # O, B-PER, I-PER
    answers = Answers()
    note_labels(answers, "ner", kind.task, Says(kind, [[.1, .3, .6], [.1, .1, .8], [.6, .1, .3], [.5, .1, .4]]),
                "Ada Banda ku Zomba", TRUST)
    assert answers.guesses["ner"] == {0, 3}  # of the first the share is .45, of the last .6
    assert answers.words["ner"] == [("Ada", "B-PER", .6), ("Banda", "I-PER", .8), ("ku", "O", .6), ("Zomba", "O", .5)]

    def mark(should_be: str) -> str | None:
        return make_mark("Ada Banda ku Zomba", "ner", "adapted", answers, False, should_be, "").should_be

    assert mark("B-PER I-PER O B-PER") == "B-PER I-PER O B-PER"
    for wrong, at, before in (("B-PER I-PER O I-PER", 4, "O"), ("I-PER I-PER O O", 1, "nothing")):
        with pytest.raises(Problem, match=f"I-PER.* {at} .* {before}.*B-PER.*VN-DATA-LABEL"):
            mark(wrong)


def test_a_guess_is_called_one_and_the_score_is_shown_beside(language: Language) -> None:
    kind, answers = topics("places", "sports"), Answers(trust={"topic": "Right about 4 times in 10."})
    for table in ([.51, .49], [.45, .55]):
        note_labels(answers, "topic", kind.task, Says(kind, table), "mvula ku Zomba", TRUST)
        assert answers.guesses["topic"] == {0}
        assert 'class="guess"' in page(language, NAME, "mvula", {"adapted": answers})
    note_labels(answers, "topic", kind.task, Says(kind, [.6, .4]), "mvula ku Zomba", TRUST)
    assert answers.guesses["topic"] == set()
    shown = page(language, NAME, "mvula", {"adapted": answers})
    assert 'class="guess"' not in shown and "Right about 4 times in 10." in shown
    ner = kind_of(task_of("token_classification"), tagged("a/B-PER b/I-PER c/O"))
    assert isinstance(ner, Labelling)
    note_labels(answers, "ner", ner.task, Says(ner, [[.3, .6, .1], [.8, .1, .1]]), "Ada ku", TRUST)
    assert answers.guesses["ner"] == {0} and 'mark class="guess"' in page(language, NAME, "Ada ku", {"base": answers})


HIT = Hit(0.83, NASTY, "a" * 16, "text", "a.txt", "https://example.org/a", 3, "A title", "", "2020-01-02", "religious",
          "unverified", "unknown", 2)


def test_passages_are_shown_with_their_source_or_why_not(language: Language) -> None:
    def find(text: str) -> Sequence[Hit]:
        if text == "none":
            raise Problem("the search index is not built yet", where="qaa", fix="Run `vernacular search`")
        return [HIT] if text == "kale" else []

    server = make_server(lambda text: {"adapted": ANSWERS}, language, NAME, 0, find=find)
    threading.Thread(target=server.run, daemon=True).start()
    shown = {}
    for text in ("kale", "none", "else"):
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/?text={text}&find=1") as answer:
            shown[text] = answer.read().decode()
    server.close()
    assert all(part in shown["kale"] for part in ("0.83", "A title", "a.txt", "unverified", "2020-01-02"))
    assert "<script" not in shown["kale"] and "<section" not in shown["kale"]
    assert "vernacular search" in shown["none"] and 'class="hits"' not in shown["none"]
    assert 'class="hits"' in shown["else"]


def test_labels_of_several_words() -> None:
    answers = Answers({"topic": [("sports", 0.7)]}, {"pos": [("kale", "proper noun", 0.9)]}, [],
                      labels={"topic": ("human rights", "sports"), "pos": ("proper noun", "verb")})
    assert make_mark("kale", "topic", "base", answers, False, "human  rights", "").should_be == "human rights"
    with pytest.raises(Problem, match="VN-MARK-LABEL"):
        make_mark("kale", "topic", "base", answers, False, "human", "")
    with pytest.raises(Problem, match="VN-MARK-ANSWER"):  # the marks file could not separate them
        make_mark("kale", "pos", "base", answers, True, "", "")


def test_no_probability_is_rounded_to_certainty() -> None:
    assert [*map(chance, (0.0, 0.004, 0.01, 0.994, 0.996, 1.0))] == ["<1%", "<1%", "1%", "99%", ">99%", ">99%"]


def test_begin_and_inside_have_one_colour() -> None:
    assert hue("B-PER") == hue("I-PER") != hue("B-LOC")
