"""A web source as the corpus sees it: starts the process that fetches, and reads documents from the mirror alone."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any

from vernacular import __version__
from vernacular.config.expressions import compile_expression
from vernacular.config.sources import Web
from vernacular.core import clock
from vernacular.core.errors import Problem, TransientProblem
from vernacular.core.store import digest_of, write_atomically
from vernacular.provenance.document import Document, make_document
from vernacular.provenance.suppression_list import url_digest
from vernacular.sandbox.limits import LimitReached
from vernacular.sources import Place
from vernacular.sources.web.extract import Extracted
from vernacular.sources.web.extraction_cache import Extractions
from vernacular.sources.web.frontier import TWIN, begin_run, end_run
from vernacular.sources.web.job import GAVE_UP, Job
from vernacular.sources.web.language_hints import MANY, codes_of, foreign
from vernacular.sources.web.page_store import Mirror, Page, held
from vernacular.sources.web.robots import AGENT
from vernacular.text.urls import canonical, within

DAY = 86400.0
# What a page without text is said to be, where its note alone would not do.
_SAID = {"redirect": "leads {}", "refused": "robots.txt: {}", "gone": "is not there"}


class WebSource(ABC):
    """Pages of the web, fetched into a mirror. Subclasses say where to start.

    Args:
        settings: the entry of language.yaml.
        place: where the mirror is, and what was taken down.

    Attributes:
        problems: pages that took more than the limits allow, when the documents were last read.
    """

    def __init__(self, settings: Web, place: Place) -> None:
        self.settings, self.place = settings, place
        self.codes = codes_of(place.code, settings.language_hints)
        self.where = f"source {settings.name}"
        self.problems: list[Problem] = []

    @abstractmethod
    def scope(self) -> dict[str, Any]:
        """``start``, ``lists``, ``hosts``, ``follow``, ``include``, ``exclude`` and ``depth`` of the job."""

    def documents(self, progress: Callable[[str], None]) -> Iterator[Document]:
        """The pages of the mirror with text in them, by URL. Does not go to the network.

        Raises:
            Problem: nothing was ever fetched, or no page holds any text.
        """
        if not Mirror.exists(self.place.mirror):
            raise Problem("nothing was fetched yet", where=self.where,
                          fix=f"Run `vernacular run {self.place.code} --to corpus/documents` with a network")
        mirror, found, refused = Mirror(self.place.mirror), 0, 0
        self.problems = []
        try:
            pages = self._wanted(mirror)
            progress(f"reading {len(pages)} pages of {self.settings.name}")
            with Extractions(self.place.mirror, self.place.limits) as extractions:
                for page in pages:
                    try:
                        extracted = extractions.of(page.url, page.digest, page.type, partial(mirror.body, page.url))
                    except Problem as problem:
                        refused += 1
                        if isinstance(problem, LimitReached):
                            self.problems.append(problem)
                        progress(f"left out: {problem.where}: {problem.what}")
                        continue
                    if extracted is not None:
                        found += 1
                        yield self._document(page, extracted)
            why = "".join(f"; {line}" for line in _without_text(mirror))
        finally:
            mirror.close()
        if not found:
            raise Problem(f"none of the {len(pages)} pages that were fetched holds any text{why}", where=self.where,
                          fix="Look at the site in a browser: it may have moved (then correct the URLs), and text that "
                              "scripts fetch cannot be read")

    def _wanted(self, mirror: Mirror) -> list[Page]:
        """The pages of the mirror that today's settings still want, foreign ones left out."""
        scope, marked = self.scope(), mirror.labels()
        include, exclude = ([compile_expression(rule) for rule in scope[name]] for name in ("include", "exclude"))
        starts = {canonical(url) for url in scope["start"]}
        return [page for page in mirror.pages()
                if within(page.url, scope["hosts"]) and not self.place.suppressed.covers_url(page.url)
                and not any(rule.search(page.url) for rule in exclude)
                and (not include or page.url in starts or any(rule.search(page.url) for rule in include))
                and not foreign(page.url, page.label, marked.get(page.origin, frozenset()), self.codes)
                ][:self.settings.most_documents]

    def _document(self, page: Page, extracted: Extracted) -> Document:
        flags = list(extracted.notes)
        if extracted.alternates:
            flags.append(f"hreflang:{len(extracted.alternates)}")
        if len(extracted.alternates) > MANY:
            flags.append("machine_translation:hreflang")
        if extracted.translated_by:
            flags.append("machine_translation:widget")
        licence, evidence = self.settings.licence, "language.yaml"
        if extracted.licence_evidence:
            evidence = f"page: {extracted.licence_evidence}"
            if licence == "unverified" and extracted.licence:
                licence = extracted.licence
            elif extracted.licence != licence:
                evidence = f"language.yaml; page: {extracted.licence_evidence}"
        return make_document(self.settings, page.url, extracted.text, whole=True, licence=licence,
                             licence_evidence=evidence, fetched=page.fetched, robots=page.robots,
                             parents=[f"sha256:{page.digest}"], author=extracted.author, date=extracted.date,
                             title=extracted.title, flags=flags)

    def data_version(self) -> str:
        """A digest of the pages in the mirror. Does not go to the network."""
        if not Mirror.exists(self.place.mirror):
            return "not fetched"
        mirror = Mirror(self.place.mirror)
        try:
            return mirror.version()
        finally:
            mirror.close()

    def instead(self, url: str) -> tuple[str, bool]:
        """The page that was read in place of ``url`` at the last look, and whether it has the very same text.

        Empty where none was. The other case is a page that ``url`` leads to, at once or by steps.
        """
        if not Mirror.exists(self.place.mirror):
            return "", False
        mirror = Mirror(self.place.mirror)
        try:
            notes = {url_digest(known): note for known, note in mirror.index.execute("SELECT url, note FROM pages")}
        finally:
            mirror.close()
        found, same = url, True
        for _ in range(len(notes)):  # a circle ends, too
            note = notes.get(url_digest(found), "")
            if note.startswith(TWIN):
                found = note.removeprefix(TWIN)
            elif note.startswith("to http"):
                found, same = note.split(" ")[1], False
            else:
                break
        return ("", False) if url_digest(found) == url_digest(url) else (found, same)

    def due(self) -> bool:
        """Whether nothing was fetched, the last fetch is not done, or it was long ago or of something else."""
        if self.settings.name in self.place.suppressed.sources:
            return False
        if not Mirror.exists(self.place.mirror):
            return True
        mirror = Mirror(self.place.mirror)
        try:
            return self._due(mirror)
        finally:
            mirror.close()

    def _due(self, mirror: Mirror) -> bool:
        last = mirror.last_run()
        if last is None or last.finished is None or last.reached == 0 or last.settings != self._signature():
            return True
        return clock.over(last.finished, self.settings.refresh_days * DAY, clock.now())

    def _signature(self) -> str:
        """A digest of what decides which pages are fetched."""
        return digest_of([self.scope(), sorted(self.codes)])

    def refresh(self, progress: Callable[[str], None]) -> None:
        """Fetch what is due; go on where a killed run stopped. What cannot be reached keeps its old pages.

        Raises:
            Problem: nothing could be fetched and the mirror is empty; the fetching process died; or another one is at
                work on this mirror.
        """
        if self.settings.name in self.place.suppressed.sources:
            progress(f"{self.settings.name}: was taken down; nothing is fetched")
            return
        with held(self.place.mirror, self.where):
            mirror = Mirror(self.place.mirror, write=True)
            try:
                if not self._due(mirror):
                    return
                last = mirror.last_run()
                if last is not None and last.finished is None:
                    number = last.id
                    progress(f"{self.settings.name}: goes on where it was stopped")
                else:
                    number = begin_run(mirror, self._signature(), clock.now())
                self._fetch(number, mirror, progress)
                run = mirror.last_run()
                assert run is not None  # it was begun above
                self._conclude(mirror, number, 0 if self._unlisted(mirror) else run.reached, progress)
            finally:
                mirror.close()

    def _conclude(self, mirror: Mirror, number: int, reached: int, progress: Callable[[str], None]) -> None:
        """Write down how the run ended; a run that reached nothing is loud."""
        reasons = "; ".join(f"{origin}: {reason}" for origin, reason in [*mirror.refusals(), *self._unlisted(mirror)]
                            ) or "; ".join(_without_text(mirror)) or "no page answered"
        end_run(mirror, number, clock.now(), "fetched" if reached else f"nothing could be fetched: {reasons}", reached)
        pages = len(mirror.pages())
        if not reached and not pages:
            raise Problem(f"nothing could be fetched ({reasons})", where=self.where,
                          fix="Check the URLs and the network; a host whose robots.txt cannot be read is not asked")
        if not reached:
            progress(f"WARNING {self.settings.name}: nothing could be fetched ({reasons}); "
                     f"the {pages} pages fetched before are used")
        mirror.compact()

    def _unlisted(self, mirror: Mirror) -> list[tuple[str, str]]:
        """(URL, reason) of each feed, where none could be read: known pages may answer, but what is new is missed."""
        scope = self.scope()
        lists = [] if scope["follow"] else [canonical(url) for url in scope["lists"]]
        states = {url: (state, note) for url, state, note in mirror.index.execute(
            "SELECT url, state, note FROM pages WHERE kind = 'list'")}
        found = [(url, *states.get(url, ("new", ""))) for url in lists]
        if any(state == "listed" for _, state, _ in found):
            return []
        return [(url, note or "not asked") for url, _, note in found]

    def _fetch(self, number: int, mirror: Mirror, progress: Callable[[str], None]) -> None:
        """Run the fetching process. Raises Problem where it stopped before its time."""
        job = self.place.mirror / "job.json"
        write_atomically(job, self._job(number).model_dump_json(indent=1))
        with tempfile.TemporaryFile() as errors, subprocess.Popen(
                [sys.executable, "-m", "vernacular.sources.web.crawler_process", str(job)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8") as process:
            assert process.stdout is not None  # PIPE
            for line in process.stdout:
                progress(line.rstrip("\n"))
            code = process.wait()
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").strip().splitlines()
        if code == 0:
            for line in said:
                progress(f"WARNING {self.settings.name}: {line}")
            return
        run, why = mirror.last_run(), said[-1] if said else "no reason given"
        raise (TransientProblem if code == GAVE_UP else Problem)(
            f"the fetching process stopped ({f'exit code {code}: ' * (code != GAVE_UP)}{why}) after "
            f"{run.asked if run else 0} pages", where=self.where, fix="Run again: it goes on where it stopped")

    def _job(self, number: int) -> Job:
        settings = self.settings
        return Job(name=settings.name, mirror=str(self.place.mirror), run=number,
                   agent=f"{AGENT}/{__version__} (+{settings.contact})", codes=self.codes,
                   taken_down=sorted(self.place.suppressed.urls), most_pages=settings.most_pages,
                   most_minutes=settings.most_minutes, most_page_bytes=settings.most_page_bytes,
                   delay_seconds=settings.delay_seconds, timeout_seconds=settings.timeout_seconds,
                   private_addresses=settings.private_addresses, limits=self.place.limits, **self.scope())

    def forget(self, paths: Collection[str]) -> None:
        """Take the pages at ``paths`` (their URLs) out of the mirror; no byte of them stays.

        Raises:
            Problem: a fetch is going on.
        """
        if not Mirror.exists(self.place.mirror):
            return
        with held(self.place.mirror, self.where):
            mirror = Mirror(self.place.mirror, write=True)
            try:
                wanted = {url_digest(path) for path in paths}  # whatever the spelling
                urls = [*paths, *(url for url in mirror.urls() if url_digest(url) in wanted)]
                mirror.forget(urls)
            finally:
                mirror.close()
            with Extractions(self.place.mirror, self.place.limits) as extractions:
                extractions.forget(urls)


def _without_text(mirror: Mirror) -> list[str]:
    """What came of the pages that gave nothing, in words: of each kind one."""
    return [f"{url}: {_SAID.get(state, '{}').format(note).strip() or state}" + f" (and {count - 1} more)" * (count > 1)
            for url, state, note, count in mirror.without_text()]
