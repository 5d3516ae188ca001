"""``vernacular report``: what is known of a language's model of text, of its models of speech, or of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue
from rich.console import Console

from vernacular.config.schema import Language
from vernacular.config.stage_names import release_inputs
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.datasets.labeled import thumbnail_of
from vernacular.pipeline.stage import Stage
from vernacular.release.result_models import CurrentResults
from vernacular.reporting.full_report import current_artifacts, print_table, results
from vernacular.reporting.html import default_place, write_page
from vernacular.reporting.speech.page import place_of_speech, write_speech_page
from vernacular.reporting.speech.results import SpeechResults, speech_artifacts, speech_results
from vernacular.reporting.speech.screen import print_speech
from vernacular.reporting.speech.view import view_speech
from vernacular.reporting.terminal import print_screen


@dataclass(frozen=True)
class LanguageReport:
    """The results of a folder; one of ``text`` and ``speech`` may be None."""

    store: Store
    language: Language
    name: str  # of the model of text, or without text of the first one of speech
    text: CurrentResults | None
    speech: SpeechResults | None

    def as_json(self) -> dict[str, JsonValue]:
        """Everything as JSON; that of text alone is as it was before there was speech."""
        text = {} if self.text is None else self.text.as_json()
        return text if self.speech is None else {**text, "speech": self.speech.as_json()}

    def print_all(self, console: Console) -> None:
        """Print every number."""
        if self.text is not None:
            print_table(self.text, console)
        if self.speech is not None:
            print_speech(self.speech, console, full=True)

    def print_short(self, page: Path, console: Console) -> None:
        """Print one screen for the model of text, and what matters most of speech."""
        if self.text is not None:
            print_screen(self.text, page, console)
        if self.speech is not None:
            print_speech(self.speech, console, full=False, page=page if self.text is None else None)

    def write_page(self, to: Path | None = None) -> Path:
        """Write the page to ``to``, or beside the release; return where it is.

        Raises:
            OSError: it cannot be written.
        """
        heard, view = {}, None
        if self.speech is not None:
            assert self.language.speech is not None
            models = {one.name: self.language.speech.models[one.name] for one in self.speech.models}
            heard = speech_artifacts(self.store, self.language, models)
            view = view_speech(self.speech, heard)
        if self.text is not None:
            artifacts = current_artifacts(self.store, self.language, self.name)
            return write_page(self.text, {**artifacts, **heard},
                              to or default_place(self.store, self.language.code, self.name),
                              lambda task, picture: thumbnail_of(self.language, task, self.store.root, picture), view)
        assert view is not None
        return write_speech_page(view, heard, to or place_of_speech(self.store, self.language.code, self.name))


def read_report(store: Store, language: Language, name: str, stages: Mapping[str, Stage], chosen: bool
                ) -> LanguageReport:
    """Read what is known.

    Args:
        store: of the project.
        language: the folder.
        name: of a model of text or of speech.
        stages: all stages of the language, to report what changed since the release.
        chosen: whether a person named the model: then nothing else is read.

    Raises:
        Problem: nothing has been run yet.
    """
    of_text = name in language.models
    speech = None if of_text and chosen else speech_results(store, language, name if chosen else None, stages)
    run = of_text and any(store.current(language.code, stage) is not None for stage in release_inputs(language, name))
    text = results(store, language, name, stages) if run or (of_text and speech is None) else None
    if text is None and speech is None:
        raise Problem("nothing has been run yet", where=language.code,
                      fix=f"Run `vernacular run {language.cli_args(name)}`", code=Code.RESULT_MISSING)
    first = name if text is not None or speech is None or not speech.models else speech.models[0].name
    return LanguageReport(store, language, first, text, speech)
