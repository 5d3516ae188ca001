"""``vernacular ui``: which addresses it takes, which it warns about, and that nothing of what it started is left."""

from __future__ import annotations

import http.server
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from pipelines import ui
from vernacular.core.errors import Problem

WRITTEN = """\
2026-12-01 10:10:43 +0000 - dagster - DEBUG - qaa - e5ec6a82 - STEP_START - Started execution.
2026-12-01 10:10:43 +0000 - dagster - ERROR - qaa - e5ec6a82 - STEP_FAILURE - It failed.
qaa model/tiny: started
"""
# Short sleeps: an interrupt that arrives just before a sleep begins is only seen when the sleep ends.
FAMILY = """
import signal, subprocess, sys, time
try:
    child = subprocess.Popen([sys.executable, "-c", '''
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
'''])
    while True:
        time.sleep(0.1)
except KeyboardInterrupt:
    sys.exit(0)
"""


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that something listens on which is not Dagster."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_that_is_taken_is_refused(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui, "answers", lambda host, port: False)
    with pytest.raises(Problem, match=f"--port {taken + 1}.*VN-COMMAND-ADDRESS"):
        ui.check_port("127.0.0.1", taken)


def test_a_dagster_that_runs_already_is_named() -> None:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"dagster_webserver_version": "1.13.27"}')

        def log_message(self, *words: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with pytest.raises(Problem, match=f"http://127.0.0.1:{server.server_port} .*VN-COMMAND-ADDRESS"):
                ui.check_port("127.0.0.1", server.server_port)
        finally:
            server.shutdown()


def test_a_free_port_is_taken() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ui.check_port("127.0.0.1", port)
    with pytest.raises(Problem, match=r"no.such.host.invalid.*VN-COMMAND-ADDRESS"):
        ui.check_port("no.such.host.invalid", port)


@pytest.mark.parametrize(("host", "own", "shown"), [
    ("127.0.0.1", True, "http://127.0.0.1:1"), ("localhost", True, "http://localhost:1"), ("::1", True, "http://[::1]:1"),
    ("0.0.0.0", False, "http://127.0.0.1:1"), ("192.168.1.7", False, "http://192.168.1.7:1"),
    ("example.org", False, "http://example.org:1")])
def test_only_addresses_of_this_machine_go_without_a_warning(host: str, own: bool, shown: str) -> None:
    assert ui.is_of_this_machine(host) == own and ui.address(host, 1) == shown


def test_what_does_not_end_by_itself_is_killed_with_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui, "RUN_SECONDS", 0.5)
    before = {number: signal.getsignal(number) for number in ui._SIGNALS}
    try:
        with subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, start_new_session=True) as parent:
            assert parent.stdout is not None and parent.stdout.readline() == b"ready\n"
            children = psutil.Process(parent.pid).children(recursive=True)
            started = time.monotonic()
            ui.end(parent, ui._Stopped())
            assert parent.returncode == 0 and len(children) == 1
            psutil.wait_procs(children, timeout=30)
            assert not any(map(ui._alive, children)) and time.monotonic() - started < 40
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_what_stages_write_is_passed_on_and_dagsters_events_are_not(capfd: pytest.CaptureFixture[str]) -> None:
    stopped = ui._Stopped.__new__(ui._Stopped)
    for stopped.times, shown in ((0, ["ERROR", "started"]), (1, [])):
        with subprocess.Popen([sys.executable, "-c", f"print({WRITTEN!r}, end='')"], stdout=subprocess.PIPE,
                              text=True) as process:
            ui._pass_on(process, stopped)
        lines = capfd.readouterr().err.splitlines()
        assert len(lines) == len(shown) and all(word in line for word, line in zip(shown, lines, strict=True))
