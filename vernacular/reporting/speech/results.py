"""The results of a language's recordings and of its models that transcribe, read off the store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import pyarrow.parquet as pq
from pydantic import Field

from vernacular.config.schema import Language
from vernacular.config.speech import SpeechModel
from vernacular.core.errors import Problem
from vernacular.core.report import Gate, Remark
from vernacular.core.result import Number, Result, SampleRow
from vernacular.core.store import Artifact, Store
from vernacular.pipeline.stage import Stage
from vernacular.pipeline.staleness import stale
from vernacular.release.result_models import ReleaseFolder
from vernacular.release.rights import name_of_base
from vernacular.release.waivers import Waiver
from vernacular.speech.behavior.stage_results import SpeechBehaviorResult
from vernacular.speech.cleaning.stage_results import SpeechCleanResult
from vernacular.speech.pretraining.stage_results import SpeechPretrainingResult
from vernacular.speech.recordings.stage_results import RecordingsResult
from vernacular.speech.release.code_files import CODE
from vernacular.speech.release.stage_results import SpeechReleaseResult
from vernacular.speech.splits.stage_results import SpeechSplitsResult
from vernacular.speech.transcription.stage_results import TranscriptionResult
from vernacular.speech.transcription.stages import SPEECH
from vernacular.speech.utterance import SPEAKERS

_Found = TypeVar("_Found", bound=Result)
_WORST = "worst cases: "  # names samples of ``speech/behaviour``


class SpeakerFacts(Result):
    """A person who speaks, by pseudonym, as they describe themselves."""

    pseudonym: str
    gender: str
    age: str
    village: str
    uses: list[str]
    utterances: int
    minutes: Number


class SpeechModelResults(Result):
    """What is known of one model; None is what did not run yet."""

    name: str
    asked: str  # arguments that select it on the command line
    base: str
    method: str
    pretraining: SpeechPretrainingResult | None = None
    transcription: TranscriptionResult | None = None
    behaviour: SpeechBehaviorResult | None = None
    worst_cases: dict[str, list[SampleRow]] = Field(default_factory=dict)  # test -> some of them
    release: ReleaseFolder | None = None
    place: str = ""  # of the release, as seen from the project
    own_code: bool = False  # whether the release carries code of its own
    release_gates: list[Gate] = Field(default_factory=list)  # of the current release
    waivers: list[Waiver] = Field(default_factory=list)
    gates: dict[str, list[Gate]] = Field(default_factory=dict)  # of the stages before the release
    remarks: list[Remark] = Field(default_factory=list)
    missing: list[str] = Field(default_factory=list)  # stages that did not run yet
    changed: list[str] = Field(default_factory=list)  # stages that changed since the release

    @property
    def red_gates(self) -> list[Gate]:
        """The gates of the release that are red and that nobody waived, without their sum."""
        waived = {waiver.gate for waiver in self.waivers}
        return [gate for gate in self.release_gates
                if not gate.passed and gate.name not in waived and gate.name != "publishable"]


class SpeechResults(Result):
    """The recordings of a language and its models of speech."""

    code: str
    name: str
    autonym: str
    owner: str
    recordings: RecordingsResult | None = None
    cleaned: SpeechCleanResult | None = None
    splits: SpeechSplitsResult | None = None
    speakers: list[SpeakerFacts] = Field(default_factory=list)
    models: list[SpeechModelResults]


def speech_stages(name: str, model: SpeechModel) -> list[str]:
    """The stages that a release of the model ``name`` is made from, in their order."""
    pretrained = [f"speech/pretrained_{name}"] if model.pretraining is not None else []
    return [*SPEECH, *pretrained, f"speech/transcription_{name}", f"speech/behaviour_{name}"]


def speech_artifacts(store: Store, language: Language, models: Mapping[str, SpeechModel]) -> dict[str, Artifact]:
    """Stage -> current artifact, of the stages that releases of ``models`` are made from and that have run."""
    names = dict.fromkeys((*SPEECH, *(stage for name, model in models.items() for stage in speech_stages(name, model))))
    return {name: artifact for name in names if (artifact := store.current(language.code, name)) is not None}


def speech_results(store: Store, language: Language, only_model: str | None = None,
                   stages: Mapping[str, Stage] | None = None) -> SpeechResults | None:
    """Every number of the models of speech; None for a folder without speech, or if nothing of it has run.

    Args:
        store: of the project.
        language: the folder.
        only_model: a model of speech, enabled or not; None for every enabled one.
        stages: all stages of the language, to report what changed since a release; None to leave that out.

    Raises:
        Problem: an artifact is of another version of its stage.
    """
    if language.speech is None:
        return None
    models = language.speech.models_to_run(only_model)
    artifacts = speech_artifacts(store, language, models)
    if not artifacts:
        return None
    changed = [] if stages is None else _changed(stages, language, store)
    return SpeechResults(
        code=language.code, name=language.name, autonym=language.autonym, owner=language.owner,
        recordings=_result(artifacts, "speech/recordings", RecordingsResult),
        cleaned=_result(artifacts, "speech/clean", SpeechCleanResult),
        splits=_result(artifacts, "speech/splits", SpeechSplitsResult), speakers=_speakers(artifacts),
        models=[_model(store, language, name, model, artifacts, changed) for name, model in models.items()])


def _model(store: Store, language: Language, name: str, model: SpeechModel, artifacts: Mapping[str, Artifact],
           changed: list[str]) -> SpeechModelResults:
    own = speech_stages(name, model)
    reports = {stage: artifacts[stage].manifest.report for stage in own if stage in artifacts}
    tested, stage = reports.get(f"speech/behaviour_{name}"), f"speech/release_{name}"
    release = store.current(language.code, stage)
    about: dict[str, Any] = {}
    if release is not None:
        found = release.manifest.report.read_result(SpeechReleaseResult, stage)
        about = {"release": ReleaseFolder(folder=str(release.folder), created=release.manifest.created,
                                          files=len(release.manifest.files)),
                 "place": release.folder.relative_to(store.root.parent).as_posix(), "waivers": found.waivers,
                 "own_code": (release.folder / CODE[0]).is_file(), "release_gates": found.release_gates,
                 "changed": [line for line in changed if line.split(" ")[0] in {*own, stage, "unknown:"}]}
    return SpeechModelResults.extending(SpeechModelResults(
        name=name, asked=language.cli_args(name), base=model.base.name_on_hub or name_of_base(model.base),
        method=model.method,
        pretraining=_result(artifacts, f"speech/pretrained_{name}", SpeechPretrainingResult),
        transcription=_result(artifacts, f"speech/transcription_{name}", TranscriptionResult),
        behaviour=_result(artifacts, f"speech/behaviour_{name}", SpeechBehaviorResult),
        worst_cases={title.removeprefix(_WORST): rows for title, rows in (tested.samples if tested else {}).items()
                     if title.startswith(_WORST) and rows},
        gates={one: report.gates for one, report in reports.items()},
        remarks=[remark for report in reports.values() for remark in report.remarks],
        missing=[one for one in own if one not in reports]), **about)


def _result(artifacts: Mapping[str, Artifact], stage: str, kind: type[_Found]) -> _Found | None:
    return artifacts[stage].manifest.report.read_result(kind, stage) if stage in artifacts else None


def _speakers(artifacts: Mapping[str, Artifact]) -> list[SpeakerFacts]:
    path = artifacts["speech/recordings"].folder / SPEAKERS if "speech/recordings" in artifacts else Path()
    rows = pq.read_table(path).to_pylist() if path.is_file() else []
    return [SpeakerFacts(pseudonym=row["pseudonym"], gender=row["gender"] or "", age=row["age"] or "",
                         village=row["village"] or "", uses=row["uses"], utterances=row["utterances"],
                         minutes=row["seconds"] / 60) for row in rows]


def _changed(stages: Mapping[str, Stage], language: Language, store: Store) -> list[str]:
    try:
        return [f"{one.stage} ({one.why})" for one in stale(stages, language, store)]
    except Problem as problem:  # the results are shown in any case
        return [f"unknown: {problem}"]
