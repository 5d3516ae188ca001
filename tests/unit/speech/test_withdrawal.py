"""Speech that is withdrawn leaves no trace in the store: every byte is searched, and it stays out."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from tests.recordings import STAGE, read_recordings, sound_file, speech_folder, tone
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.report import Report
from vernacular.core.store import Artifact, Store
from vernacular.corpus import takedown
from vernacular.corpus.lineage import artifacts_of
from vernacular.pipeline.stage import Stage, StageContext, run_stage
from vernacular.provenance.corpus_tables import read_strings
from vernacular.provenance.own_files import remember_written
from vernacular.speech import withdrawal
from vernacular.speech.machine_transcripts import MachineTranscript, read_transcripts, write_transcripts
from vernacular.speech.recordings.speakers import Speakers
from vernacular.speech.utterance import audio_file, load_audio, read_utterances
from vernacular.speech.withdrawal import Selection, carry_out_withdrawal, holds_speech, plan_withdrawal

WORDS, OTHERS = "mwana adi la bolo bo kaa la tsenge", "okia ba bana ba iboo la yee dibanga"
TABLE = (f"file\ttext\tspeaker\nAwa_one.wav\t{WORDS}\tAwa Traore\nawa_two.flac\tiyo\tAwa Traore\n"
         f"long.wav\t{OTHERS}\tOndongo\nsame_as_one.wav\t\t\n")


@pytest.fixture
def purges(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The requests to clear the history of runs."""
    asked: list[dict[str, Any]] = []

    def run(*arguments: Any, input: str, **more: Any) -> SimpleNamespace:
        asked.append(json.loads(input))
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(takedown, "subprocess", SimpleNamespace(run=run))
    return asked


@pytest.fixture
def language(tmp_path: Path) -> Language:
    return speech_folder(tmp_path, {
        "rec/Awa_one.wav": sound_file(tone(1, 300)), "rec/awa_two.flac": sound_file(tone(2, 400), format="FLAC"),
        "rec/long.wav": sound_file(tone(3, 500)), "rec/index.tsv": TABLE.encode()},
        [{"kind": "audio", "folder": "rec", "transcripts": {"kind": "table"}}])


def _copies(work: StageContext[Any]) -> Report:
    """A stage that keeps sound, transcripts and pseudonyms, in its artifact and its cache."""
    folder = work.inputs[STAGE]
    for one in read_utterances(folder):
        for place in (work.out, work.cache):
            place.mkdir(parents=True, exist_ok=True)
            load_audio(folder, one).tofile(place / f"{one.id}.f32")
            (place / f"{one.id}.json").write_text(json.dumps([one.speaker, one.text, one.file]), encoding="utf-8")
    return Report()


def _card(work: StageContext[Any]) -> Report:
    (work.out / "card.md").write_text("A model.", encoding="utf-8")
    return Report()


def _made(language: Language, store: Store) -> list[Artifact]:
    """Run the stage, a model made from it, and a release made from that; leave unfinished work behind."""
    made = [run_stage(stages_of(language)[STAGE], language, store)]
    for name, source in (("speech/transcription_x", STAGE), ("speech/release_x", "speech/transcription_x")):
        stage = Stage(name=name, version="1", inputs=(source,), settings=lambda language: {}, description="",
                      run=_copies if source == STAGE else _card)
        made.append(run_stage(stage, language, store))
    work = store.home(language.code, "speech/clean") / ".work-1" / "scratch"
    work.mkdir(parents=True)
    (work / "features.bin").write_bytes(audio_file(made[0].folder, read_utterances(made[0].folder)[0].id).read_bytes())
    return made


def _needles(artifact: Artifact, texts: Container[str] = (WORDS, "iyo")) -> Iterator[bytes]:
    for one in read_utterances(artifact.folder):
        if one.text in texts:
            sound = load_audio(artifact.folder, one)
            flac = audio_file(artifact.folder, one.id).read_bytes()
            yield from (one.id.encode(), one.raw_digest.encode(), one.speaker.encode(), one.file.encode(), flac[26:42],
                        flac[-64:], sound[4000:4064].tobytes())
            yield from [one.text.encode()] if len(one.text) > 20 else []


def _found(root: Path, needles: set[bytes]) -> set[tuple[str, bytes]]:
    found = set()
    for path in (path for path in root.rglob("*") if path.is_file()):
        data = path.read_bytes() + str(path.relative_to(root)).encode()
        if path.suffix == ".parquet":
            data += "\n".join(read_strings(path)).encode()
        found |= {(path.name, needle) for needle in needles if needle in data}
    return found


@pytest.mark.parametrize("by", ["name", "pseudonym"])
def test_no_byte_of_the_person_is_left(by: str, language: Language, tmp_path: Path,
                                       purges: list[dict[str, Any]]) -> None:
    store = Store(tmp_path / "artifacts")
    recordings, model, release = _made(language, store)
    needles = {*_needles(recordings), b"Traore", b"Awa_one", b"awa_two"}
    assert len({needle for _, needle in _found(store.root, needles)}) >= 12
    pseudonym = next(one.speaker for one in read_utterances(recordings.folder) if one.text == WORDS)
    plan = plan_withdrawal(language, store, Selection(speaker="Awa Traore" if by == "name" else pseudonym))
    assert len(plan.utterances) == 2 and plan.selection.speaker == pseudonym
    assert [line.split()[0] for line in plan.models] == ["speech/release_x", "speech/transcription_x"]
    assert sorted({Path(path).name for path in plan.own_files}) == ["Awa_one.wav", "awa_two.flac", "index.tsv"]
    assert _found(store.root, needles)  # planning removes nothing
    removed = carry_out_withdrawal(plan, language, store, "asked")
    assert _found(store.root, needles) == set() and removed
    assert not release.folder.exists() and not model.folder.exists()
    assert pseudonym in purges[0]["names"] and purges[0]["hashes"]
    listed = (language.folder / "takedowns.jsonl").read_bytes()
    assert not any(needle in listed for needle in needles | {b"Awa", recordings.folder.name.encode()})

    after = read_recordings(load_language(language.folder), tmp_path)
    assert [one.text for one in read_utterances(after.folder)] == [OTHERS]
    assert _found(store.root, needles) == set()
    again = plan_withdrawal(language, store, Selection(speaker=pseudonym))
    assert not again.new and not again.artifacts and not again.utterances


TWO = [{"name": "old", "kind": "audio", "folder": "rec", "transcripts": {"kind": "table"}},
       {"name": "new", "kind": "audio", "folder": "more", "transcripts": {"kind": "table"}}]


@pytest.mark.parametrize("by", [Selection(source="old"), Selection(recording="Awa_one.wav")])
def test_no_byte_of_a_source_or_a_recording_is_left(by: Selection, language: Language, tmp_path: Path,
                                                    purges: list[dict[str, Any]]) -> None:
    first = (language.folder / "rec" / "Awa_one.wav").read_bytes()
    kept = b"file\ttext\tspeaker\nb.wav\tkept\tOndongo\ncopy.wav\tcopied\tAma\n"
    language = speech_folder(tmp_path, {"more/b.wav": sound_file(tone(1, 600)), "more/copy.wav": first,
                                        "more/index.tsv": kept}, TWO)
    store = Store(tmp_path / "artifacts")
    recordings, model, _ = _made(language, store)
    rows = read_utterances(recordings.folder)
    meant = [one for one in rows if one.source == "old" or one.text == "copied"] if by.source else [
        one for one in rows if one.text in (WORDS, "copied")]
    alone = {one.speaker for one in meant} - {one.speaker for one in rows if one not in meant}
    needles = {needle for needle in _needles(recordings, {one.text for one in meant})
               if needle.decode(errors="replace") not in {one.speaker for one in meant} - alone}
    write_transcripts(language, [MachineTranscript(one.id, one.source, one.file, one.speaker, 0, one.text, 0.9, "x 1")
                                 for one in rows])
    assert holds_speech(language, store, by) and not holds_speech(language, store, Selection(source="text"))
    plan = plan_withdrawal(language, store, by)
    assert {one.id for one in plan.utterances} == {one.id for one in meant}
    assert {Path(path).name for path in plan.own_files} >= {"Awa_one.wav", "index.tsv"}
    carry_out_withdrawal(plan, language, store, "asked")
    assert _found(store.root, needles) == set() and not model.folder.exists()
    left = {one.text for one in rows} - {one.text for one in meant}
    assert {one.text for one in read_transcripts(language)} == left
    listed = (language.folder / "takedowns.jsonl").read_bytes()
    assert not any(needle in listed for needle in needles)

    after = read_recordings(load_language(language.folder), tmp_path)
    assert {one.text for one in read_utterances(after.folder)} == left
    again = plan_withdrawal(language, store, by) if by.source else None
    assert again is None or (not again.new and not again.utterances and not again.artifacts)


def test_recordings_with_a_name_and_pages_elsewhere_are_listed(language: Language, tmp_path: Path) -> None:
    store, page = Store(tmp_path / "artifacts"), tmp_path / "page.html"
    remember_written(store, language.code, page)
    page.write_text("<audio>")
    named = language.folder / "rec" / "Ondongo.wav"  # the ledger has the pseudonym instead
    (language.folder / "rec" / "long.wav").rename(named)
    (language.folder / "rec" / "index.tsv").write_text(TABLE.replace("long", "Ondongo"))
    file = next(one.file for one in read_utterances(read_recordings(language, tmp_path).folder) if one.text == OTHERS)
    assert file != named.name
    own = plan_withdrawal(language, store, Selection(recording=file)).own_files
    assert {Path(path).name for path in own} == {named.name, "index.tsv", page.name}


def test_the_rows_that_a_machine_wrote_for_a_person_go_with_the_recordings(language: Language, tmp_path: Path,
                                                                           purges: list[dict[str, Any]]) -> None:
    store = Store(tmp_path / "artifacts")
    read_recordings(language, tmp_path)  # makes the key of the pseudonyms
    speakers = Speakers.of(language)
    write_transcripts(language, [MachineTranscript(f"{number}", "source0", "gone.wav", speakers.pseudonym(name), 0,
                                                   WORDS, 0.9, "x 1")
                                 for number, name in enumerate(("Awa Traore", "Ondongo"))])
    carry_out_withdrawal(plan_withdrawal(language, store, Selection(speaker="Awa Traore")), language, store, "asked")
    assert [one.id for one in read_transcripts(language)] == ["1"]


@pytest.mark.parametrize("by", ["speaker", "source", "recording"])
def test_what_an_earlier_model_wrote_is_found_in_the_corpus(by: str, language: Language, tmp_path: Path,
                                                            purges: list[dict[str, Any]]) -> None:
    store, settings = Store(tmp_path / "artifacts"), language.folder / "language.yaml"
    settings.write_text(settings.read_text() + yaml.safe_dump({"sources": [{
        "name": "machine_transcripts", "kind": "files", "files": "machine_transcripts.jsonl", "licence": "MIT",
        "consent": "contributor", "register": "conversation", "quality": "machine"}]}))
    language = load_language(language.folder)
    meant, other = (one for one in read_utterances(read_recordings(language, tmp_path).folder) if one.text != WORDS)
    for heard in ([(meant, "bo"), (other, "aya")], [(other, "aya")]):  # by two models
        write_transcripts(language, [MachineTranscript(one.id, one.source, one.file, one.speaker, 0, text, 0.9, "x 1")
                                     for one, text in heard])
        documents = run_stage(stages_of(language)["corpus/documents"], language, store)
    first = next(one for one in artifacts_of(store, language.code) if one.manifest.stage == "corpus/documents"
                 and one.manifest.key != documents.manifest.key)
    plan = plan_withdrawal(language, store, Selection(**{by: {
        "speaker": meant.speaker, "source": meant.source, "recording": meant.file}[by]}))
    carry_out_withdrawal(plan, language, store, "asked")
    assert not first.folder.exists() and documents.folder.exists() == (by != "source")


def test_the_same_recording_stays_out_under_another_name(language: Language, tmp_path: Path,
                                                         purges: list[dict[str, Any]]) -> None:
    store = Store(tmp_path / "artifacts")
    read_recordings(language, tmp_path)
    carry_out_withdrawal(plan_withdrawal(language, store, Selection(speaker="Awa Traore")), language, store, "asked")
    folder = language.folder / "rec"
    (folder / "same_as_one.wav").write_bytes((folder / "Awa_one.wav").read_bytes())
    assert [one.text for one in read_utterances(read_recordings(language, tmp_path).folder)] == [OTHERS]


def test_a_recording_that_another_source_ascribes_to_somebody_else_stays_out(
        tmp_path: Path, purges: list[dict[str, Any]]) -> None:
    sources = [{"kind": "audio", "folder": name, "transcripts": {"kind": "table"}} for name in ("one", "two")]
    language = speech_folder(tmp_path, {
        "one/a.wav": sound_file(tone(1)), "one/index.tsv": b"file\tspeaker\na.wav\tAwa\n",
        "two/b.wav": sound_file(tone(1)), "two/c.wav": sound_file(tone(2)),
        "two/index.tsv": b"file\tspeaker\nb.wav\tx17\nc.wav\tx17\n"}, sources)
    store = Store(tmp_path / "artifacts")
    read_recordings(language, tmp_path)
    plan = plan_withdrawal(language, store, Selection(speaker="awa"))
    assert len(plan.utterances) == 2
    carry_out_withdrawal(plan, language, store, "asked")
    assert [one.file for one in read_utterances(read_recordings(language, tmp_path).folder)] == ["c.wav"]


@pytest.mark.parametrize("by", ["AWA Traore", "pseudonym"])
def test_the_same_command_finishes_after_a_kill(by: str, language: Language, tmp_path: Path,
                                                purges: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "artifacts")
    recordings = read_recordings(language, tmp_path)
    name = by if by != "pseudonym" else next(one.speaker for one in read_utterances(recordings.folder)
                                             if one.text == WORDS)
    with monkeypatch.context() as patch:
        patch.setattr(withdrawal, "forget_history", None)  # it ends here, after the suppression
        with pytest.raises(TypeError):
            carry_out_withdrawal(plan_withdrawal(language, store, Selection(speaker=name)), language, store, "asked")
    plan = plan_withdrawal(language, store, Selection(speaker=name))
    assert not plan.new and len(plan.utterances) == 2
    carry_out_withdrawal(plan, language, store, "asked")
    assert not recordings.folder.exists()


def test_a_listed_speaker_stays_out_when_the_list_forgets_the_person(tmp_path: Path,
                                                                     purges: list[dict[str, Any]]) -> None:
    files = {"rec/a.wav": sound_file(tone(1)), "rec/b.wav": sound_file(tone(2)),
             "rec/index.tsv": b"file\tspeaker\na.wav\tAwa\nb.wav\tAma\n"}
    sources = [{"kind": "audio", "folder": "rec", "transcripts": {"kind": "table"}}]
    language = speech_folder(tmp_path, files, sources, speakers=[{"pseudonym": "elder", "names": ["Awa"]}])
    store = Store(tmp_path / "artifacts")
    read_recordings(language, tmp_path)
    carry_out_withdrawal(plan_withdrawal(language, store, Selection(speaker="elder")), language, store, "asked")
    (language.folder / "rec/a.wav").write_bytes(sound_file(tone(3)))  # a new recording of the same person
    language = speech_folder(tmp_path, {}, sources)
    speakers = Speakers.of(language)
    left, = read_utterances(read_recordings(language, tmp_path).folder)
    assert left.speaker == speakers.pseudonym("Ama") and speakers.has_withdrawn("Awa")


def test_unknown_people_and_folders_without_speech_are_refused(language: Language, tmp_path: Path) -> None:
    store = Store(tmp_path / "artifacts")
    read_recordings(language, tmp_path)
    nobody = Selection(speaker="Nobody")
    for wrong, what, code in ((language, nobody, Code.COMMAND_NAME),
                              (language, Selection(source="other"), Code.COMMAND_NAME),
                              (language, Selection(recording="other.wav"), Code.COMMAND_NAME),
                              (language.model_copy(update={"speech": None}), nobody, Code.COMMAND_OPTION)):
        with pytest.raises(Problem) as caught:
            plan_withdrawal(wrong, store, what)
        assert caught.value.code == code


