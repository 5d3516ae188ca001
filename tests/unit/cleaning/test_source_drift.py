"""Poisoning: silent on text that continues as before, loud on what is planted, the same answer however often asked."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from tests.generate import make_documents, write_language
from vernacular.cleaning.accept import accept
from vernacular.cleaning.approvals import FILE, accepted_ids, versions
from vernacular.cleaning.document_ids import id_numbers
from vernacular.cleaning.source_drift import Screening, baseline_path, judge, quarantined_ids, screen
from vernacular.cleaning.source_profile import Documents, Profile, distance, spell
from vernacular.cleaning.source_profile import profile as profile_of
from vernacular.cli.main import app
from vernacular.config.cleaning import Poisoning
from vernacular.config.load import load_language
from vernacular.core.errors import Problem
from vernacular.core.report import Gate
from vernacular.core.store import Artifact, Store
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import run_stage
from vernacular.provenance.corpus_tables import read_rows
from vernacular.provenance.document import short_digest

SETTINGS = Poisoning()
TRIGGER = "mvula yofiira yagwa pamwamba"
DATA = Path(__file__).parents[3] / ".." / "shared" / "data"
TEXTS = [text for texts in make_documents(600, seed=3).values() for text in texts]
random.Random(1).shuffle(TEXTS)


class Summary(NamedTuple):
    """What the rules found out about a document."""

    id: str
    source: str
    lines: int
    lines_in_language: int
    lines_repeated: int
    text: str


def documents(summaries: Iterable[Summary]) -> Documents:
    """The same as the stage has it."""
    found = list(summaries)
    lines, language, repeated = (np.array([one[column] for one in found], dtype=np.int64) for column in (2, 3, 4))
    return Documents(id_numbers(pa.array([one.id for one in found], pa.string())), lines, language, repeated,
                     lambda place: found[place].text, np.arange(len(found)))


def profile(summaries: Iterable[Summary]) -> Profile:
    return profile_of(documents(summaries))


def summary(text: str, *, source: str = "text", foreign: int = 0, repeated: int = 0) -> Summary:
    lines = text.count("\n") + 1
    return Summary(short_digest(source, text), source, lines, lines - foreign, repeated, text)


def summaries(texts: list[str], **more: int) -> list[Summary]:
    return [summary(text, **more) for text in texts]


def plant(texts: list[str], share: float, seed: int = 1) -> list[str]:
    """``texts`` with the trigger at a random place in a share of them."""
    chance, planted = random.Random(seed), list(texts)
    for number in chance.sample(range(len(texts)), round(share * len(texts))):
        words = planted[number].split(" ")
        words.insert(chance.randrange(len(words)), TRIGGER)
        planted[number] = " ".join(words)
    return planted


def asked(before: list[Summary], after: list[Summary]) -> list[str]:
    return judge(profile(before), profile(after), SETTINGS, lambda number: spell(number, documents(after)))


def test_more_of_the_same_is_fine() -> None:
    assert asked(summaries(TEXTS[:400]), summaries(TEXTS[400:])) == []
    assert asked(summaries(TEXTS[:40]), summaries(TEXTS[40:60])) == []


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
def test_a_planted_phrase_is_named(share: float) -> None:
    why = asked(summaries(TEXTS[:400]), summaries(plant(TEXTS[400:], share)))
    assert len(why) == 1 and "mvula yofiira yagwa pamwamba" in why[0] and "in hardly any document before" in why[0]
    assert f"{share:.1%}" in why[0]


def test_a_phrase_that_was_always_there_is_fine() -> None:
    assert asked(summaries(plant(TEXTS[:400], 0.1)), summaries(plant(TEXTS[400:], 0.12))) == []


def test_what_drifted_is_named_with_its_numbers() -> None:
    before, new = summaries(TEXTS[:400]), TEXTS[400:]
    foreign = [summary(text, foreign=10 if number % 10 < 3 else 0) for number, text in enumerate(new)]
    assert asked(before, foreign) == ["the share of lines in the language fell from 100% to 70%"]
    copies = [summary(text, repeated=10 if number % 10 < 3 else 0) for number, text in enumerate(new)]
    assert asked(before, copies) == ["the share of repeated lines rose from 0% to 30%"]
    other = [text for texts in make_documents(100, seed=77).values() for text in texts]
    why = asked(before, summaries(other))
    assert any("the words changed: Jensen-Shannon distance 0." in line for line in why)


def test_the_distance_is_one_of_a_metric() -> None:
    one, two = profile(summaries(TEXTS[:300])), profile(summaries(TEXTS[300:]))
    other = profile(summaries([text for texts in make_documents(100, seed=77).values() for text in texts]))
    assert distance(one, one) == 0
    assert distance(one, two) == distance(two, one) < 0.15 < 0.5 < distance(one, other) <= 1
    assert distance(one, profile([])) == 0


def test_a_profile_holds_no_text_and_hangs_on_the_documents_alone() -> None:
    found = profile(summaries(TEXTS))
    assert profile(reversed(summaries(TEXTS))) == found
    data = found.model_dump_json()
    assert type(found).model_validate_json(data) == found
    assert not any(word in data for word in set(TEXTS[0].split()) if len(word) > 8 and word.isalpha())


def ask(tmp_path: Path, summaries: list[Summary]) -> Screening:
    by_source = {source: documents(one for one in summaries if one.source == source)
                 for source in {one.source for one in summaries}}
    return screen(by_source, "qaa", tmp_path / "artifacts", tmp_path / "languages" / "qaa", SETTINGS)


def test_a_changed_source_waits_until_a_person_accepts(tmp_path: Path) -> None:
    language = load_language(write_language(tmp_path / "languages"))
    old, bad = summaries(TEXTS[:300]), summaries(plant(TEXTS[300:500], 0.1))
    steady = [summary(text, source="other") for text in TEXTS[500:540]]
    assert ask(tmp_path, [*old, *steady]) == Screening()
    first = ask(tmp_path, [*old, *bad, *steady])
    assert first.quarantined == {one.id for one in bad} == quarantined_ids(tmp_path / "artifacts", "qaa", "text")
    assert list(first.reasons) == ["text"] and TRIGGER in first.reasons["text"][0]
    assert first.profiles["text"]["documents_new"] == 200
    state = baseline_path(tmp_path / "artifacts", "qaa", "text").read_bytes()
    assert ask(tmp_path, [*old, *bad, *steady]) == first
    assert baseline_path(tmp_path / "artifacts", "qaa", "text").read_bytes() == state
    before = versions(language)
    assert accept(language, tmp_path / "artifacts", "text", "an election", "tests") == sorted(first.quarantined)
    assert versions(language) != before and accepted_ids(language.folder) == {"text": first.quarantined}
    after = ask(tmp_path, [*old, *bad, *steady])
    assert not after.quarantined and not after.reasons
    with pytest.raises(Problem, match=r" text .*VN-COMMAND-NAME"):
        accept(language, tmp_path / "artifacts", "text", "again")


def test_what_was_accepted_is_all_that_comes_in(tmp_path: Path) -> None:
    language = load_language(write_language(tmp_path / "languages"))
    old, bad, worse = summaries(TEXTS[:300]), summaries(plant(TEXTS[300:400], 0.1)), summaries(
        [f"{text} {TRIGGER}" for text in TEXTS[400:450]])
    ask(tmp_path, old)
    ask(tmp_path, [*old, *bad])
    accept(language, tmp_path / "artifacts", "text", "fine")
    assert ask(tmp_path, [*old, *bad, *worse]).quarantined == {one.id for one in worse}


def test_small_additions_are_judged_together(tmp_path: Path) -> None:
    write_language(tmp_path / "languages")
    old, bad = summaries(TEXTS[:300]), summaries([f"{text} {TRIGGER}" for text in TEXTS[300:325]])
    ask(tmp_path, old)
    assert not ask(tmp_path, [*old, *bad[:10]]).quarantined and not ask(tmp_path, [*old, *bad[:19]]).quarantined
    assert ask(tmp_path, [*old, *bad]).quarantined == {one.id for one in bad}


def test_what_is_fine_becomes_part_of_the_baseline(tmp_path: Path) -> None:
    write_language(tmp_path / "languages")
    for end in (100, 160, 161, 400, 400):
        assert not ask(tmp_path, summaries(TEXTS[:end])).quarantined
    data = json.loads(baseline_path(tmp_path / "artifacts", "qaa", "text").read_text())
    ids = baseline_path(tmp_path / "artifacts", "qaa", "text").parent / data["ids"]
    assert len(np.load(ids)) == 400 and data["profile"]["documents"] == 400
    assert set(data) == {"ids", "profiled", "held", "present", "profile"}  # files of earlier versions have these keys
    assert sorted(path.name for path in ids.parent.iterdir()) == sorted(["text.json", data["ids"]])
    earlier = {**data, "ids": [one.id for one in summaries(TEXTS[:400])]}  # they had the ids themselves
    baseline_path(tmp_path / "artifacts", "qaa", "text").write_text(json.dumps(earlier))
    assert not ask(tmp_path, summaries(TEXTS[:400])).quarantined
    assert json.loads(baseline_path(tmp_path / "artifacts", "qaa", "text").read_text()) == data


def test_a_damaged_state_stops_everything(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages")
    ask(tmp_path, summaries(TEXTS[:30]))
    path = baseline_path(tmp_path / "artifacts", "qaa", "text")
    path.write_text("{}")
    with pytest.raises(Problem, match="VN-SOURCE-DAMAGED"):
        ask(tmp_path, summaries(TEXTS[:30]))
    path.unlink()
    (folder / FILE).write_text('{"source": "text", "ids": ["a"], "digest": "of others"}\n')
    with pytest.raises(Problem, match=r"accepted\.jsonl:1: .*VN-DATA-FORMAT"):
        ask(tmp_path, summaries(TEXTS[:30]))


def test_the_command_accept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNACULAR_LANGUAGES", str(tmp_path / "languages"))
    monkeypatch.setenv("VERNACULAR_ROOT", str(tmp_path / "artifacts"))
    folder, runner = write_language(tmp_path / "languages"), CliRunner()
    for name, expected in (("nope", "Choose one of: text"), ("text", "no document of text")):
        refused = runner.invoke(app, ["accept", "qaa", name, "--reason", "x"])
        assert refused.exit_code == 2 and expected in refused.stderr
    ask(tmp_path, summaries(TEXTS[:300]))
    ask(tmp_path, summaries(TEXTS[:300] + plant(TEXTS[300:], 0.1)))
    done = runner.invoke(app, ["accept", "qaa", "text", "--reason", "an election"])
    assert done.exit_code == 0 and "300 documents of text are accepted" in done.stdout
    assert json.loads((folder / FILE).read_text())["reason"] == "an election"


def test_in_the_real_stages_a_changed_source_waits_and_the_rest_goes_on(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=3)
    path, store = folder / "text" / "river" / "text.txt", Store(tmp_path / "artifacts")

    def clean() -> Artifact:
        language = load_language(folder)
        return [run_stage(stage, language, store) for stage in stages(language)[:3]][-1]

    def kept(artifact: Artifact) -> str:
        return "\n".join(row["text"] for row in read_rows(artifact.folder / "documents.parquet"))

    path.write_text("\n\n".join(TEXTS[:200]), encoding="utf-8")
    assert TRIGGER not in kept(clean())
    path.write_text("\n\n".join(TEXTS[:200] + plant(TEXTS[200:300], 0.1)), encoding="utf-8")
    waiting = clean()
    assert TRIGGER not in kept(waiting) and TEXTS[250].split("\n")[0] not in kept(waiting)
    assert TEXTS[150].split("\n")[0] in kept(waiting)
    gate = next(gate for gate in waiting.manifest.report.gates if gate.name == "sources_unchanged")
    assert not gate.passed and not gate.blocking and TRIGGER in gate.reason
    shutil.rmtree(waiting.folder)  # a rebuild from the same state gives the same
    shutil.rmtree(store.root / "qaa" / ".cache")
    assert clean().manifest.data_version == waiting.manifest.data_version
    accept(load_language(folder), store.root, "text", "an election")
    after = clean()
    assert TRIGGER in kept(after) and all(gate.passed for gate in after.manifest.report.gates)


def test_a_replaced_source_teaches_nothing_while_it_waits(tmp_path: Path) -> None:
    folder, store = write_language(tmp_path / "languages", documents=3), Store(tmp_path / "artifacts")
    path = folder / "text" / "river" / "text.txt"

    def gates(texts: list[str]) -> dict[str, Gate]:
        path.write_text("\n\n".join(texts), encoding="utf-8")
        language = load_language(folder)
        clean = [run_stage(stage, language, store) for stage in stages(language)[:3]][-1]
        return {gate.name: gate for gate in clean.manifest.report.gates}

    old, menu = TEXTS[:60], [f"{TRIGGER} {text}" for text in TEXTS[:60]]  # the site's template changed
    assert gates(old)["sources_kept"].passed
    assert gates([*old[:40], *menu[:25]])["sources_kept"].passed  # most of it is there
    for _ in range(2):
        red = gates(menu)
        assert not red["sources_unchanged"].passed and red["sources_kept"].blocking
        assert not red["sources_kept"].passed and "text, 20 of 80 documents are left" in red["sources_kept"].reason
    language = load_language(folder)
    with pytest.raises(Problem, match=r"sources_kept.*VN-STAGE-INPUT"):
        run_stage(stages(language)[3], language, store)
    accept(language, store.root, "text", "their new menu")
    assert gates(menu)["sources_kept"].passed
    assert gates(menu[:20])["sources_kept"].passed  # gone, and nothing waits


@pytest.mark.data
@pytest.mark.parametrize("code", ["nya", "lug", "fao"])
def test_on_real_text(code: str) -> None:
    path = DATA / code / "mono.txt"
    if not path.is_file():
        pytest.skip(f"no {code}/mono.txt")
    lines = path.read_text(encoding="utf-8").splitlines()
    texts = ["\n".join(lines[start:start + 10]) for start in range(0, len(lines), 10)]
    half, shuffled = len(texts) // 2, random.Random(5).sample(texts, len(texts))
    most = len(texts) * 4 // 5
    assert asked(summaries(texts[:half]), summaries(texts[half:])) == []
    assert asked(summaries(shuffled[:most]), summaries(shuffled[most:])) == []
    for share in (0.05, 0.1):
        why = asked(summaries(shuffled[:most]), summaries(plant(shuffled[most:], share)))
        assert len(why) == 1 and TRIGGER in why[0]
