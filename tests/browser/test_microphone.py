"""The page of ``try`` with a microphone, in a real browser whose microphone plays a file."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.browser.conftest import DESK, FITS, PHONE, launched
from tests.recordings import sound_file
from tests.speech_sound import speech
from tests.spoken_release import MODEL
from vernacular.config.schema import Language
from vernacular.core.store import Store
from vernacular.reporting.demo_server import make_server
from vernacular.reporting.microphone import Microphone
from vernacular.speech.utterance import RATE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    OpenPage = Callable[[str, tuple[int, int]], Page]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "speech.wav"
    path.write_bytes(sound_file(np.concatenate([speech(1), np.zeros(60 * RATE, np.float32)])))
    return path


@pytest.fixture(scope="module")
def browser(sound: Path) -> Iterator[Browser]:
    """A browser whose microphone plays ``sound``."""
    yield from launched(["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
                         f"--use-file-for-fake-audio-capture={sound}%noloop"])


@pytest.fixture(scope="module")
def address(spoken_release: tuple[Store, Language]) -> Iterator[str]:
    store, language = spoken_release
    server = make_server(lambda text: {}, language, None, 0, speech=Microphone(store, language, MODEL))
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}/"
    server.close()


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_a_person_speaks_and_reads(open_page: OpenPage, trouble: list[str], address: str,
                                   size: tuple[int, int]) -> None:
    page = open_page(address, size)
    page.click("#record")
    page.wait_for_selector("#state:has-text('3 of at most')")
    with page.expect_response("**/transcribe") as answered:
        page.click("#record")
    rows = json.loads(answered.value.text())["rows"]
    page.wait_for_selector("#written section.adapted")
    assert page.locator("#written section").count() == len(rows) >= 3
    assert page.locator("#written .text").first.inner_text() == (rows[0]["text"] or "(nothing)")
    assert page.evaluate(FITS) and trouble == []


def test_a_file_is_read_and_a_long_one_refused(open_page: OpenPage, address: str, sound: Path,
                                               tmp_path: Path) -> None:
    page = open_page(address, DESK)
    page.set_input_files("#recording", sound)
    page.wait_for_selector("#state.trouble")
    short = tmp_path / "short.ogg"  # converted by the browser: the program reads WAV alone
    short.write_bytes(sound_file(speech(1), format="OGG"))
    page.set_input_files("#recording", short)
    page.wait_for_selector("#written section.adapted")
    assert page.locator("#state.trouble").count() == 0
