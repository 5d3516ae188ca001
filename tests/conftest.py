"""Fixtures that several test folders share."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock
from hypothesis import settings

from tests.command_server import ForkedCrawl
from tests.generate import write_language
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.store import Store
from vernacular.pipeline.parent_process import can_fork
from vernacular.sources.web import source as web

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is loaded: the other core has tests of its own
settings.register_profile("vernacular", deadline=None)  # a machine with other work is slow, which is no failure
settings.load_profile("vernacular")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip tests that take minutes, unless ``-m slow`` or a single test asks for them."""
    if "slow" not in config.option.markexpr and not any("::" in argument for argument in config.args):
        for item in items:
            if item.get_closest_marker("slow") is not None:
                item.add_marker(pytest.mark.skip(reason="takes minutes; pytest -m slow runs it"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage among the modules that are imported: it takes a sixth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Undo what a test did to signals: processes that later tests start would ignore them, too, and never end."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return (yield)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all workers, which read each other's releases."""
    root = tmp_path_factory.getbasetemp()
    return root.parent if "PYTEST_XDIST_WORKER" in os.environ else root


@pytest.fixture(scope="session")
def spoken_release(signing_key: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Language]:
    """A folder with speech alone and its release, made once for all workers; tests that change it work on a copy."""
    from tests.spoken_release import make_release  # imports torch
    place = _shared(tmp_path_factory) / "spoken"
    with FileLock(f"{place}.lock"):
        return make_release(place)


@pytest.fixture(scope="session", autouse=True)
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of the key for releases, also for processes that tests start; made when it is needed."""
    path = _shared(tmp_path_factory) / "key" / "signing-key.pem"
    os.environ["VERNACULAR_SIGNING_KEY"] = str(path)
    return path


@pytest.fixture(scope="session", autouse=True)
def forked_crawls() -> Iterator[None]:
    """Sources in the web start their crawls by a fork of a process that has loaded what a crawl imports."""
    with pytest.MonkeyPatch.context() as patch:
        if can_fork():
            patch.setattr(web, "subprocess", SimpleNamespace(Popen=ForkedCrawl, PIPE=subprocess.PIPE))
        yield


@pytest.fixture
def language_folder(tmp_path: Path) -> Path:
    """The folder of an invented language, below a folder of languages with its own defaults.yaml."""
    return write_language(tmp_path / "languages")


@pytest.fixture
def language(language_folder: Path) -> Language:
    """That language, loaded."""
    return load_language(language_folder)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "artifacts")
