"""Where this is imported, scripts that check a release are forked (``command_server``)."""

from types import SimpleNamespace

from tests.command_server import run_script
from vernacular.release import apart

apart.subprocess = SimpleNamespace(run=run_script)  # type: ignore[assignment]
