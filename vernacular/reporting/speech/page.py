"""The page of a folder's models of speech, where there is no page of a model of text that it could be a part of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vernacular.core.store import Artifact, Store, now, write_atomically
from vernacular.reporting.page_parts import environment_of_pages, step_of
from vernacular.reporting.speech.view import SpeechView

_TEMPLATE, FILE = "speech_report.html", "report.html"


def place_of_speech(store: Store, code: str, model_name: str) -> Path:
    """The default place of the page of a model of speech: beside its releases. A withdrawal removes it."""
    return store.home(code, f"speech/release_{model_name}") / FILE


def write_speech_page(speech: SpeechView, artifacts: Mapping[str, Artifact], to: Path) -> Path:
    """Write the page to ``to``, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(to, speech_page(speech, artifacts))
    return to


def speech_page(speech: SpeechView, artifacts: Mapping[str, Artifact]) -> str:
    """The whole page as HTML; it includes its pictures and recordings and loads nothing."""
    return environment_of_pages().get_template(_TEMPLATE).render(
        speech=speech, made=now(), steps=[step_of(name, artifact) for name, artifact in artifacts.items()])
