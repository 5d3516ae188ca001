"""A headless Chromium that is told what to do over its DevTools protocol; no driver beside the browser is needed."""

from __future__ import annotations

import base64
import itertools
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
WITHOUT = "no Chromium is installed (Debian: apt-get install chromium)"
SECONDS = 30


def find() -> str | None:
    """The program, or None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Tab:
    """One page of the browser.

    Attributes:
        trouble: what the page logged as an error, or could not load.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self._connection, self._numbers = connection, itertools.count(1)
        self.trouble: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.tell(f"{domain}.enable")

    def tell(self, method: str, **more: Any) -> dict[str, Any]:
        """Send a command; its result."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": more}))
        while True:
            message = self._hear()
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    def _hear(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._connection.recv(timeout=SECONDS))
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.trouble.append(message["params"]["entry"]["text"])
        if message.get("method") in ("Network.loadingFailed", "Runtime.exceptionThrown"):
            self.trouble.append(json.dumps(message["params"]))
        return message

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression on the page."""
        result = self.tell("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Wait until ``expression`` holds on a page that is loaded."""
        limit = time.monotonic() + SECONDS
        while not self.ask(f"document.readyState === 'complete' && Boolean({expression})"):
            assert time.monotonic() < limit, f"never: {expression}"
            time.sleep(0.05)

    def open(self, address: str, width: int = 1200, height: int = 900) -> None:
        """Load a page in a window of this size; below 600 pixels as a phone."""
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        self.tell("Page.navigate", url=address)
        self.wait_for(f"location.href.startsWith({json.dumps(address.split('#')[0])})")

    def picture(self, path: Path) -> Path:
        """Write what the whole page looks like to a PNG file."""
        data = self.tell("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))
        return path


@contextmanager
def browser(folder: Path) -> Iterator[Tab]:
    """A tab of a fresh browser that keeps its things in ``folder``."""
    program = find()
    assert program is not None
    # No sandbox: the tests run as root in containers, and open pages of their own alone.
    child = subprocess.Popen([program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                              "--no-first-run", "--hide-scrollbars", "--remote-debugging-port=0",
                              f"--user-data-dir={folder}", "about:blank"], stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
    try:
        assert child.stderr is not None
        line = next(line for line in child.stderr if "DevTools listening on" in line)
        with connect(re.findall(r"ws://\S+", line)[0], max_size=None) as whole:
            whole.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
            targets = json.loads(whole.recv(timeout=SECONDS))["result"]["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        root = re.findall(r"ws://[^/]+", line)[0]
        with connect(f"{root}/devtools/page/{page}", max_size=None) as connection:
            yield Tab(connection)
    finally:
        child.terminate()
        child.wait(timeout=SECONDS)
