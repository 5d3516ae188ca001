"""Web sources that visit sites: start the fetching process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable

from vernacular import __version__
from vernacular.config.sources import Web
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, TransientProblem
from vernacular.core.store import write_atomically
from vernacular.sources.web.job import GAVE_UP, Job
from vernacular.sources.web.page_source import PageSource
from vernacular.sources.web.page_store import Mirror
from vernacular.sources.web.robots import AGENT


class WebSource(PageSource):
    """Web pages that are fetched from their sites. Subclasses define the start."""

    settings: Web

    def _fetch(self, number: int, mirror: Mirror, progress: Callable[[str], None]) -> None:
        """Run the fetching process."""
        job = self.place.mirror / "job.json"
        write_atomically(job, self._job(number).model_dump_json(indent=1, by_alias=True))
        with tempfile.TemporaryFile() as errors, subprocess.Popen(
                [sys.executable, "-m", "vernacular.sources.web.crawler_process", str(job)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8") as process:
            assert process.stdout is not None  # PIPE
            for line in process.stdout:
                progress(line.rstrip("\n"))
            code = process.wait()
            errors.seek(0)
            messages = errors.read().decode("utf-8", "replace").strip().splitlines()
        if code == 0:
            for line in messages:
                progress(f"WARNING {self.settings.name}: {line}")
            return
        run, why = mirror.last_run(), messages[-1] if messages else "no reason given"
        raise (TransientProblem if code == GAVE_UP else Problem)(
            f"the fetching process stopped ({f'exit code {code}: ' * (code != GAVE_UP)}{why}) after "
            f"{run.asked if run else 0} pages", where=self.where, fix="Run again: it resumes",
            code=Code.SOURCE_NETWORK)

    def _job(self, number: int) -> Job:
        return Job(settings=self.settings, scope=self.scope(), mirror=str(self.place.mirror), run=number,
                   agent=f"{AGENT}/{__version__} (+{self.settings.contact})", codes=self.codes,
                   taken_down=sorted(self.place.suppressed.urls), limits=self.place.limits)
