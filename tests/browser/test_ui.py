"""Dagster's own UI as a person uses it: a language is run to its end and looked at, another added, a folder broken.

The UI is started with the command of ``make ui``; its pages ask for nothing outside of this machine.
"""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.generate import TOPICS, write_language
from tests.project import CHECKOUT, surroundings
from tests.tiny import write_bert
from vernacular.catalog import stages_of
from vernacular.config.load import load_language

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    OpenPage = Callable[[str, tuple[int, int]], Page]

WINDOW = (1400, 900)
STOP_SECONDS = 3.0
MADE_SECONDS = 180.0  # until the overview is made again
PATIENCE = 900.0  # seconds, for the UI to start and for the run to end, on a machine that has other work
GENRE = {"genre": {"kind": "sequence_classification", "labels": {
    "kind": "document_group", "groups": {topic: [f"text/text/{topic}/*"] for topic in TOPICS}}}}


def add_language(languages: Path, code: str) -> Path:
    """A folder with a tiny model and one task."""
    folder = write_language(languages, code, trusted=True, tasks=GENRE)
    write_bert(folder / "base")
    return folder


@pytest.fixture(scope="module")
def home(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one language, ``qaa``, of which Dagster knows nothing yet.

    Its artifacts are there but for the splits, which are made again; the others are reused. (``test_deploy`` runs a
    heavy stage, which has a process of its own.)
    """
    folder = tmp_path_factory.mktemp("ui")
    for name in ("languages", "artifacts"):
        shutil.copytree(whole / name, folder / name)
    shutil.rmtree(folder / "artifacts" / "qaa" / "corpus" / "splits")
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(CHECKOUT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def stages(home: Path) -> int:
    """How many stages each language has; and it has one source."""
    return len(stages_of(load_language(home / "languages" / "qaa")))


@pytest.fixture(scope="module")
def address(browser: Browser, home: Path) -> Iterator[str]:
    """Where the UI of that project answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    printed = subprocess.run(["make", "-n", "ui", f"PORT={port}", f"BIN={Path(sys.executable).parent}"], cwd=CHECKOUT,
                          env=surroundings(home), capture_output=True, text=True, check=True).stdout
    command = next(shlex.split(line.partition("||")[0]) for line in printed.splitlines() if "vernacular ui" in line)
    with (home / "ui.log").open("wb") as log, subprocess.Popen(
            [sys.executable, "-m", "vernacular", *command[1:]], cwd=home, stdout=log, stderr=log,
            env={**surroundings(home), "VERNACULAR_POLL_SECONDS": "4"}) as process:
        try:
            wait_for_answer(f"http://127.0.0.1:{port}", process, home / "ui.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            process.send_signal(signal.SIGINT)  # at once, by force: nothing that they would still write is looked at
            process.wait(30)


def wait_for_answer(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(f"{address}/server_info", timeout=5).close()
            return
        except (urllib.error.URLError, TimeoutError):
            assert process.poll() is None and time.monotonic() < end, log.read_text(encoding="utf-8")[-4000:]
            time.sleep(0.2)


def box(page: Page, code: str) -> Locator:
    """The box of a language in the lineage, before it is opened."""
    return page.locator("foreignObject.group").filter(has_text=re.compile(f"^{code}"))


def counts(page: Page, code: str, colour: str = "") -> Locator:
    """The content of the box: how many assets are in which state, a colour each."""
    return box(page, code).locator(f"[style*='--tag-fill-color: var(--color-background-{colour}']")


def show(page: Page, entry: str) -> Locator:
    """Open what the page of an asset keeps behind a link."""
    page.locator("tr").filter(has_text=entry).get_by_text("[Show Markdown]").click()
    return page.get_by_role("dialog")


def close(page: Page, dialog: Locator) -> None:
    dialog.get_by_role("button", name="Close").click()
    dialog.wait_for(state="hidden")


def open_once_shown(page: Page, address: str, text: str) -> None:
    """Open a page again and again until it shows ``text``: it stays at the event that was the newest when it opened."""
    end = time.monotonic() + MADE_SECONDS
    while not page.get_by_text(text).count():
        assert time.monotonic() < end, f"{text} is not told at {address}"
        page.goto(address)
        page.wait_for_timeout(3000)


def reload(page: Page) -> None:
    page.get_by_role("button", name="Reload definitions").click()


def test_a_language_is_run_to_its_end_and_looked_at(open_page: OpenPage, trouble: list[str], address: str,
                                                    stages: int) -> None:
    page = open_page(f"{address}/asset-groups", WINDOW)

    # Its box, with a right click: "Filter to this group". Then "Materialize all".
    box(page, "qaa").click(button="right")
    page.get_by_text("Filter to this group").click()
    page.get_by_role("button", name=f"Materialize all ({stages})").click()

    # All of it turns green: what its source holds, every stage, the release.
    counts(page, "qaa", "green").get_by_text(str(stages + 1), exact=True).wait_for(timeout=PATIENCE * 1000)
    assert counts(page, "qaa").all_inner_texts() == [str(stages + 1)]

    # A stage, and what came of it: a plot, a table of samples, a check with its reason.
    page.goto(f"{address}/assets/qaa/corpus/clean")
    page.get_by_text("Documents repaired, normalised").wait_for()
    page.get_by_role("tab", name="Events").click()
    plot = page.locator("tr").filter(has_text="plot: Words kept, by source").locator("img")
    plot.wait_for()
    assert plot.evaluate("image => image.complete && image.naturalWidth") > 100
    assert plot.evaluate("image => image.getBoundingClientRect().right") < WINDOW[0], "cut on the right"
    sample = show(page, "all numbers, pictures, samples")
    sample.locator("img").first.wait_for()
    end = time.monotonic() + MADE_SECONDS
    while not page.evaluate("[...document.querySelectorAll('[role=dialog] img')].every("
                            "image => image.naturalWidth > 300)"):
        assert time.monotonic() < end, "the pictures do not come"  # Dagster's page forbids what wait_for_function does
        page.wait_for_timeout(200)
    sample.get_by_text("text/market/text.txt").first.wait_for()
    table = sample.locator("table").filter(has_text="text/market/text.txt").first
    assert table.locator("tr").count() > 3
    assert table.evaluate("table => table.getBoundingClientRect().right") < WINDOW[0], "cut on the right"
    close(page, sample)
    page.get_by_role("tab", name="Checks").click()
    page.get_by_text("licence_verified").first.click()
    page.get_by_text("every source names its licence", exact=True).wait_for()
    page.get_by_text("Passed", exact=True).first.wait_for()

    # The source reports what it contained.
    page.goto(f"{address}/assets/qaa/source/text?view=events")
    page.locator("tr").filter(has_text="documents").get_by_text("60", exact=True).wait_for()
    assert trouble == []


def test_a_folder_is_added_and_broken(open_page: OpenPage, trouble: list[str], address: str, home: Path,
                                      stages: int) -> None:
    page = open_page(f"{address}/asset-groups", WINDOW)
    box(page, "qaa").wait_for()

    # A folder is put in. "Reload definitions": there it is.
    folder = add_language(home / "languages", "qab")
    added = len(stages_of(load_language(folder)))
    reload(page)
    counts(page, "qab", "yellow").get_by_text(str(added + 1), exact=True).wait_for()

    # A key is misspelt. "Reload definitions": its asset reports what is wrong and how to fix it, and cannot be run.
    settings = folder / "language.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("name:", "nmae:", 1), encoding="utf-8")
    reload(page)
    counts(page, "qab", "red").get_by_text("1", exact=True).wait_for(timeout=MADE_SECONDS * 1000)  # a sensor marks it
    page.goto(f"{address}/assets/qab/config_error")
    page.get_by_text("unknown key 'nmae', did you mean 'name'?").first.wait_for()
    page.get_by_text("languages/qab/language.yaml:1").first.wait_for()
    assert page.get_by_role("button").filter(has_text=re.compile("^Materialize$")).is_disabled()

    # The other language is as it was; the overview is made beside its stages.
    page.goto(f"{address}/asset-groups")
    page.get_by_role("button", name=f"Materialize all ({stages + 1})").wait_for()

    # The overview, made without a request: a row for each language; that of the broken one reports it.
    open_once_shown(page, f"{address}/assets/overview?view=events", "broken folder")
    rows = show(page, "languages")
    rows.get_by_text("broken folder: unknown key 'nmae'").wait_for()
    assert rows.locator("table tr").count() == 3
    assert trouble == []
