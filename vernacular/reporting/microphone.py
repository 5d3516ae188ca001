"""The part of the page of ``vernacular try`` that transcribes: a recording from the microphone, or a file.

The browser turns either into WAV. It is decoded in the sandboxed worker, within bounds, and no byte of it is written to
disk or logged.
"""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from jinja2 import Environment, PackageLoader
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, as_problem, panics_as_problems
from vernacular.core.store import Store
from vernacular.sandbox.frames import Allowance
from vernacular.sandbox.limits import MB, LimitReached
from vernacular.sandbox.reader import read_bounded
from vernacular.speech.cleaning.signal import speech_bounds
from vernacular.speech.cleaning.voice_activity import VoiceActivity
from vernacular.speech.release.listening import Listener, open_baselines, open_release
from vernacular.speech.release.tables import BASELINES
from vernacular.speech.transcription.stage_results import ErrorRates, TranscriptionResult
from vernacular.speech.utterance import RATE, Samples

LONGEST = 60  # seconds of a recording
LARGEST = 2 * RATE * LONGEST + 4096  # bytes of a recording: 16-bit samples, and what precedes them
TOKEN = "X-Vernacular-Token"
SCRIPTS = ("microphone.js", "recorder.js")
_ALLOWED = Allowance(seconds=20, memory=300 * MB, item=MB, output=3 * RATE * (LONGEST + 1))  # base64 of its samples
_WHERE = "the recording"


@dataclass(frozen=True)
class Row:
    """What one model wrote, for the page."""

    title: str
    text: str
    confidence: float | None
    note: str  # how often it is wrong


class Microphone:
    """The part of the page: transcribes recordings with the release of the speech model ``name`` and its baselines.

    Raises:
        Problem: there is no such release yet.
    """

    longest = LONGEST

    def __init__(self, store: Store, language: Language, name: str) -> None:
        stages = [f"speech/{kind}_{name}" for kind in ("release", "transcription")]
        found = [store.current(language.code, stage) for stage in stages]
        artifacts = [one for one in found if one is not None]
        if language.speech is None or len(artifacts) < len(stages):
            raise Problem(f"there is no release of the speech model {name} yet", where=language.code,
                          fix=f"Run `vernacular run {language.code}`", code=Code.RESULT_MISSING)
        self.name, self.language, self._speech, self._artifacts = name, language, language.speech, artifacts
        self._lock = threading.Lock()

    def hear(self, data: bytes) -> list[Row]:
        """What each model writes for a WAV file; empty if nobody speaks in it.

        Raises:
            Problem: it is no WAV file within the bounds, or a model cannot be loaded.
        """
        sound = self._spoken(read_wav(data))
        if not len(sound):
            return []
        with self._lock, panics_as_problems("try"):
            heard = self._release.hear(sound)
            beside = {arm: model.hear(sound) for arm, model in self._baselines.items()}
        result = self._result
        rows = [Row(self.name, heard.text, heard.confidence, _note(result.scored.decoded or result.scored.greedy))]
        if heard.likeliest is not None:
            rows[0] = Row(f"{self.name}, with the language model", heard.text, heard.confidence, rows[0].note)
            rows.append(Row("without the language model", heard.likeliest, None, _note(result.scored.greedy)))
        return rows + [Row(f"baseline: {BASELINES.get(arm, arm)}", one.text, one.confidence,
                           _note(result.baselines[arm].greedy)) for arm, one in beside.items()]

    def routes(self, token: str) -> list[Route]:
        """The addresses that the page asks: its scripts, and the transcription of a recording.

        ``token``: a recording must come with it.
        """
        loader, environment = PackageLoader("vernacular.release", "templates"), Environment(autoescape=True)
        scripts = {name: loader.get_source(environment, name)[0] for name in SCRIPTS}

        def script(request: Request) -> Response:
            return Response(scripts[request.url.path[1:]], media_type="text/javascript")

        async def transcribe(request: Request) -> Response:
            if not secrets.compare_digest(request.headers.get(TOKEN, "").encode(), token.encode()):
                return _refused("The page was opened before the program was started again. Reload it.", 403)
            try:
                rows = await run_in_threadpool(self.hear, await request.body())
            except ClientDisconnect:
                return _refused("The recording did not arrive whole.", 408)
            except Exception as error:  # a fault of the program is shown on the page, too
                return _refused(str(as_problem(error, "try")), 400)
            return JSONResponse({"rows": [asdict(row) for row in rows]})

        return [*(Route(f"/{name}", script) for name in SCRIPTS),
                Route("/transcribe", transcribe, methods=["POST"], max_body_size=LARGEST)]

    def _spoken(self, sound: Samples) -> Samples:
        """The part with speech and some silence around it, as training heard it."""
        begin, end = speech_bounds(len(sound), self._voice.probabilities(sound))
        padding = round(self._speech.cleaning.padding * RATE) if self._speech.cleaning.trim else len(sound)
        return sound[max(0, begin - padding):end + padding] if end else sound[:0]

    @cached_property
    def _voice(self) -> VoiceActivity:
        return VoiceActivity()

    @cached_property
    def _release(self) -> Listener:
        return open_release(self._artifacts[0].folder)

    @cached_property
    def _baselines(self) -> Mapping[str, Listener]:
        try:
            return open_baselines(self.language, self._speech.models[self.name], self._artifacts[1].folder)
        except Problem:  # the base is not on this machine, say; the release does not need it
            return {}

    @cached_property
    def _result(self) -> TranscriptionResult:
        return self._artifacts[1].manifest.report.read_result(TranscriptionResult, self.name)


def read_wav(data: bytes) -> Samples:
    """Decode a WAV file, mono at ``RATE``, in the sandboxed worker.

    Raises:
        Problem: it is none, is damaged, or is longer than ``LONGEST`` seconds.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise Problem("it is not a WAV file", where=_WHERE, fix="Send it from the page of `vernacular try`",
                      code=Code.DATA_FORMAT)
    try:
        values = [*read_bounded("vernacular.speech.recordings.decoding:in_worker_sound", [data], [_WHERE], _WHERE,
                                _ALLOWED)]
    except LimitReached as problem:
        if problem.limit != "output":
            raise
        raise _too_long() from None
    sound = np.frombuffer(b"".join(base64.b64decode(one) for one in values if isinstance(one, str)), "<i2")
    if len(sound) > LONGEST * RATE:
        raise _too_long()
    return sound.astype(np.float32) / np.float32(32768)


def _too_long() -> Problem:
    return Problem(f"it is longer than {LONGEST} s", where=_WHERE, fix="Record a shorter part", code=Code.DATA_LIMIT)


def _refused(trouble: str, status: int) -> Response:
    return JSONResponse({"trouble": trouble}, status)


def _note(rates: ErrorRates) -> str:
    return f"In recordings that it did not learn from, about {rates.cer.mean:.0f} of 100 letters are wrong."
