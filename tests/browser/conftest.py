"""The system's own Chromium without a window, driven by Playwright; no page may reach further than this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.project import whole

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

__all__ = ["whole"]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PHONE, DESK = (390, 844), (1200, 900)  # pixels
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
MILLISECONDS = 60_000  # that a page has for what is expected of it


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A fresh browser, for one module: Playwright keeps an event loop running, and others call ``asyncio.run``."""
    yield from launched()


def launched(arguments: Sequence[str] = ()) -> Iterator[Browser]:
    """A browser with further ``arguments``."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (make test installs it)")
    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    driver.expect.set_options(timeout=MILLISECONDS)
    with driver.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=list(arguments),
                                            chromium_sandbox=os.geteuid() != 0)
        yield opened
        opened.close()


@pytest.fixture
def trouble() -> list[str]:
    """What the pages of a test logged as an error, could not load, or asked for outside of this machine."""
    return []


@pytest.fixture
def open_page(browser: Browser, trouble: list[str]) -> Iterator[Callable[[str, tuple[int, int]], Page]]:
    """Opens an address in a window of a size (width, height, in pixels); below 600 pixels as a phone."""
    contexts: list[BrowserContext] = []

    def keep_in(route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("file", "data", "blob") or address.hostname == "127.0.0.1":
            route.continue_()
        else:
            trouble.append(f"asked for {route.request.url}")
            route.abort()

    def open_one(address: str, size: tuple[int, int]) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, is_mobile=size[0] < 600)
        contexts.append(context)
        context.set_default_timeout(MILLISECONDS)
        context.route("**/*", keep_in)
        page = context.new_page()
        page.on("console", lambda line: trouble.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        # A page that is left, or a picture that is no longer shown, cancels what it asked for: that is no trouble.
        page.on("requestfailed", lambda request: trouble.append(f"{request.url}: {request.failure}")
                if request.failure != "net::ERR_ABORTED" else None)
        page.goto(address)
        return page

    yield open_one
    for context in contexts:
        context.close()
