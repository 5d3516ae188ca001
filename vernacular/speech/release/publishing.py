"""Whether the release of a transcription model may be published: its gates, and what the speakers allow now."""

from __future__ import annotations

from vernacular.config.schema import Language
from vernacular.core.store import Artifact, Store, describe
from vernacular.pipeline.stage import Stage
from vernacular.release.attestation import Claims, Statement
from vernacular.release.publish import (
    changed_reports,
    changed_since,
    made_again,
    red_gates,
    refuse,
    signed_release,
)
from vernacular.release.verification import agree
from vernacular.speech.release.code_files import foreign_code
from vernacular.speech.release.gates import read_evaluation, speech_gates
from vernacular.speech.release.permissions import (
    as_allowed_now,
    heard_utterances,
    not_withdrawn,
    speakers_changed,
)
from vernacular.speech.release.results import gather_result
from vernacular.speech.release.stage_results import SpeechReleaseResult
from vernacular.speech.release.stages import stages
from vernacular.speech.transcription.stage_results import TranscriptionResult

_READ = ("speech/clean", "speech/splits")  # say whom training heard


def check_speech_publishable(store: Store, language: Language, name: str) -> tuple[Artifact, Statement]:
    """The current release of a speech model and its signed statement, if it may be published.

    Raises:
        Problem: there is no release, its files are not those that this installation signed, or there are reasons
            against it.
    """
    assert language.speech is not None
    stage, = stages(language, name, language.speech.models[name])
    artifact, verified = signed_release(store, language, name, stage.name, read_evaluation, foreign_code)
    assert verified.statement is not None
    refuse(speech_refusals(artifact, verified.statement.predicate, stage, language, store), language, name)
    return artifact, verified.statement


def speech_refusals(artifact: Artifact, claims: Claims, stage: Stage, language: Language, store: Store) -> list[str]:
    """Why a release whose files are the signed ones may not be published, a line each; empty if it may.

    Reasons are red gates without a valid waiver; what the folder no longer allows, such as a speaker who does not allow
    a release any more; another change of the folder; a stage that ran again; speech that was taken down.
    """
    current = {one: found for one in stage.inputs if (found := store.current(language.code, one)) is not None}
    reasons = red_gates(claims, language)
    known = [*changed_reports(claims, current), *made_again(artifact, current)]
    known += [f"VN-RELEASE-STORE {one}: its files were changed after they were made" for one in _READ
              if one in current and describe(current[one].folder)[1] != current[one].manifest.data_version]
    if not known:
        known = _rights(artifact, claims, language, current)
    return [*reasons, *known, *changed_since(artifact, stage, language, store)]


def _rights(artifact: Artifact, claims: Claims, language: Language, current: dict[str, Artifact]) -> list[str]:
    """What the signed gates would be by the folder as it is now, where that differs; and what was taken down since."""
    name = claims.model
    heard = heard_utterances(current)
    shown = artifact.manifest.report.read_result(SpeechReleaseResult, artifact.manifest.stage)
    trained = current[f"speech/transcription_{name}"].manifest.report.read_result(TranscriptionResult, name)
    now = speech_gates(gather_result(language, name, trained, shown.behaviour, as_allowed_now(heard, language),
                                     current["speech/recordings"].folder, shown.asked, shown.same))
    signed = {gate.name: gate for gate in claims.gates}
    found = [f"{gate.name}: {gate.reason}; this changed after the release was made" for gate in now
             if not agree(gate, signed.get(gate.name), claims.vernacular)]
    if speakers_changed(current["speech/recordings"], language):
        found.append("VN-RELEASE-CHANGED speakers: the list of speakers, or of who withdrew, changed since the "
                     "recordings were read; run again, this cannot be waived")
    gone = len(heard) - len(not_withdrawn(heard, language))
    return [*found, *([f"VN-RELEASE-TAKEDOWN speech: {gone} utterances of its training were taken down since; run "
                       "again, this cannot be waived"] if gone else [])]
