"""Transcripts that a released model writes for speech without one, with the confidence in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.provenance.suppression_list import Suppressions
from vernacular.speech.machine_transcripts import MachineTranscript, write_transcripts
from vernacular.speech.recordings.speakers import Speakers
from vernacular.speech.release.listening import open_release
from vernacular.speech.release.permissions import not_withdrawn
from vernacular.speech.utterance import Utterance, load_audio, read_utterances

_EVERY = 50  # utterances between two lines of progress


def transcribe_rest(store: Store, language: Language, name: str,
                    say: Callable[[str], None]) -> list[MachineTranscript]:
    """Transcribe all utterances that have no transcript.

    Raises:
        Problem: there is no release of the model, or there are no such utterances.
    """
    release = store.current(language.code, f"speech/release_{name}")
    clean = store.current(language.code, "speech/clean")
    recordings = store.current(language.code, "speech/recordings")
    if release is None or clean is None or recordings is None:
        raise Problem(f"there is no release of the speech model {name} yet", where=language.code,
                      fix=f"Run `vernacular run {language.code}`", code=Code.RESULT_MISSING)
    utterances = not_withdrawn((one for one in read_utterances(clean.folder)
                                if not one.text.strip() and "training" in one.uses), language)
    if not utterances:
        raise Problem("no utterance without a transcript has been read", where=f"{language.code} speech.sources", fix=(
            "Add recordings without transcripts to a source, and have them read: "
            f"`vernacular run {language.code} --to speech/clean`"), code=Code.DATA_EMPTY)
    say(f"{len(utterances):,} utterances, {sum(one.seconds for one in utterances) / 60:.1f} minutes")
    return [*_transcribe(release.folder, recordings.folder, utterances, f"{name} {release.manifest.key}", say)]


def _transcribe(release: Path, recordings: Path, utterances: Sequence[Utterance], name: str,
                say: Callable[[str], None]) -> Iterator[MachineTranscript]:
    model = open_release(release)
    for number, one in enumerate(utterances, 1):
        heard = model.hear(load_audio(recordings, one))
        yield MachineTranscript(one.id, one.source, one.file, one.speaker, one.start, heard.text, heard.confidence,
                                name)
        if number % _EVERY == 0:
            say(f"{number:,} of {len(utterances):,}")


def accept(language: Language, transcripts: Sequence[MachineTranscript], least: float) -> list[MachineTranscript]:
    """Write those with text and at least the confidence ``least`` into the language folder; return them.

    The file replaces that of an earlier call. A model without confidence is accepted at 0 alone. What was taken down
    since they were made is left out.
    """
    speakers, gone = Speakers.of(language), Suppressions.of(language.folder).sources
    kept = [one for one in transcripts if one.text and (one.confidence or 0.0) >= least
            and one.source not in gone and not speakers.has_withdrawn(one.speaker)]
    write_transcripts(language, kept)
    return kept
