"""Sources of web pages: documents are read only from the mirror, which subclasses fill."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from functools import partial

from vernacular.config.expressions import compile_expression
from vernacular.config.sources import WebPages
from vernacular.core import clock
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import digest_of
from vernacular.provenance.document import Document, make_document
from vernacular.provenance.suppression_list import url_digest
from vernacular.sandbox.limits import LimitReached
from vernacular.sources import Place
from vernacular.sources.mirror import lock_mirror
from vernacular.sources.web.extract import Extracted
from vernacular.sources.web.extraction_cache import Extractions
from vernacular.sources.web.frontier import TWIN, begin_run, end_run
from vernacular.sources.web.job import Scope
from vernacular.sources.web.language_hints import MANY, codes_of, foreign
from vernacular.sources.web.page_store import Mirror, Page
from vernacular.text.urls import canonical, within

DAY = 86400.0
# Descriptions of pages without text, if the note alone is unclear.
_DESCRIPTIONS = {"redirect": "leads {}", "refused": "robots.txt: {}", "gone": "does not exist"}


class PageSource(ABC):
    """Web pages in a mirror. Subclasses define which, and fetch them.

    Attributes:
        problems: pages that exceeded the limits in the last reading.
    """

    def __init__(self, settings: WebPages, place: Place) -> None:
        self.settings, self.place = settings, place
        self.codes = codes_of(place.code, settings.language_hints)
        self.where = f"source {settings.name}"
        self.problems: list[Problem] = []

    @abstractmethod
    def scope(self) -> Scope:
        """Return where fetching begins, and what may be fetched."""

    def documents(self, progress: Callable[[str], None]) -> Iterator[Document]:
        """Yield the pages of the mirror that contain text, by URL. Does not use the network."""
        if not Mirror.exists(self.place.mirror):
            raise Problem("no data has been fetched yet", where=self.where,
                          fix=f"Run `vernacular run {self.place.code} --to corpus/documents` with a network "
                              "connection", code=Code.SOURCE_MISSING)
        self.problems, any_text = [], False
        with closing(Mirror(self.place.mirror)) as mirror, \
                Extractions(self.place.mirror, self.place.limits) as extractions:
            pages = self._wanted(mirror)
            progress(f"reading {len(pages)} pages of {self.settings.name}")
            for page in pages:
                try:
                    extracted = extractions.of(page.url, page.digest, page.type, partial(mirror.body, page.url))
                except Problem as problem:
                    if isinstance(problem, LimitReached):
                        self.problems.append(problem)
                    progress(f"skipped: {problem.where}: {problem.what}")
                    continue
                if extracted is not None:
                    any_text = True
                    yield self._document(page, extracted, self.parents_of(mirror, page))
            why = "".join(f"; {line}" for line in _without_text(mirror))
        if not any_text:
            raise Problem(f"none of the {len(pages)} fetched pages contains text{why}", where=self.where,
                          fix="Open the site in a browser: it may have moved (then correct the URLs); text loaded "
                              "by scripts cannot be read", code=Code.DATA_EMPTY)

    def _wanted(self, mirror: Mirror) -> list[Page]:
        """Return the pages that the current settings include, without foreign ones."""
        scope, covers, marked = self.scope(), self.site_filter(), mirror.labels()
        include, exclude = (list(map(compile_expression, rules)) for rules in (scope.include, scope.exclude))
        starts = {canonical(url) for url in scope.start}
        return [page for page in mirror.pages()
                if covers(page.url) and not self.place.suppressed.covers_url(page.url)
                and not any(rule.search(page.url) for rule in exclude)
                and (not include or page.url in starts or any(rule.search(page.url) for rule in include))
                and not foreign(page.url, page.label, marked.get(page.origin, frozenset()), self.codes)
                ][:self.settings.most_documents]

    def parents_of(self, mirror: Mirror, page: Page) -> list[str]:
        """Return what a document was made from, for the ledger."""
        return [f"sha256:{page.digest}"]

    def site_filter(self) -> Callable[[str], bool]:
        """Return whether the current settings name the site of a URL."""
        hosts = self.scope().hosts
        return lambda url: within(url, hosts)

    def _document(self, page: Page, extracted: Extracted, parents: list[str]) -> Document:
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
                             parents=parents, author=extracted.author, date=extracted.date,
                             title=extracted.title, flags=flags)

    def data_version(self) -> str:
        """Return a digest of the pages in the mirror. Does not use the network."""
        if not Mirror.exists(self.place.mirror):
            return "not fetched"
        with closing(Mirror(self.place.mirror)) as mirror:
            return mirror.version()

    def instead(self, url: str) -> tuple[str, bool]:
        """Return the page read instead of ``url`` at the last visit, and whether its text is the same.

        Empty if there is none. A page with another text is a redirect target of ``url``.
        """
        if not Mirror.exists(self.place.mirror):
            return "", False
        with closing(Mirror(self.place.mirror)) as mirror:
            notes = {url_digest(known): note for known, note in mirror.index.execute("SELECT url, note FROM pages")}
        found, same = url, True
        for _ in range(len(notes)):  # also ends in a circle
            note = notes.get(url_digest(found), "")
            if note.startswith(TWIN):
                found = note.removeprefix(TWIN)
            elif note.startswith("to http"):
                found, same = note.split(" ")[1], False
            else:
                break
        return ("", False) if url_digest(found) == url_digest(url) else (found, same)

    def due(self) -> bool:
        """Whether nothing was fetched, or the last fetch is incomplete, old, or for other settings."""
        if self.settings.name in self.place.suppressed.sources:
            return False
        if not Mirror.exists(self.place.mirror):
            return True
        with closing(Mirror(self.place.mirror)) as mirror:
            return self._due(mirror)

    def _due(self, mirror: Mirror) -> bool:
        last = mirror.last_run()
        if last is None or last.finished is None or last.reached == 0 or last.settings != self._signature():
            return True
        return clock.over(last.finished, self.settings.refresh_days * DAY, clock.now())

    def _signature(self) -> str:
        """Return a digest of the settings that determine which pages are fetched."""
        return digest_of([self.scope().model_dump(), sorted(self.codes)])

    def refresh(self, progress: Callable[[str], None]) -> None:
        """Fetch what is due, resuming an interrupted run. Unreachable pages keep their old content."""
        if self.settings.name in self.place.suppressed.sources:
            progress(f"{self.settings.name}: was taken down; nothing is fetched")
            return
        with lock_mirror(self.place.mirror, self.where), closing(Mirror(self.place.mirror, write=True)) as mirror:
            if not self._due(mirror):
                return
            last = mirror.last_run()
            if last is not None and last.finished is None:
                number = last.id
                progress(f"{self.settings.name}: resuming")
            else:
                number = self._begin(mirror)
            self._fetch(number, mirror, progress)
            run = mirror.last_run()
            assert run is not None  # begun above
            self._conclude(mirror, number, 0 if self._unlisted(mirror) else run.reached, progress)

    def _begin(self, mirror: Mirror) -> int:
        """Start a run; return its number."""
        return begin_run(mirror, self._signature(), clock.now())

    def _conclude(self, mirror: Mirror, number: int, reached: int, progress: Callable[[str], None]) -> None:
        """Record how the run ended, and report a run that reached nothing."""
        reasons = "; ".join(f"{origin}: {reason}" for origin, reason in [*mirror.refusals(), *self._unlisted(mirror)]
                            ) or "; ".join(_without_text(mirror)) or "no page answered"
        end_run(mirror, number, clock.now(), "fetched" if reached else f"nothing could be fetched: {reasons}", reached)
        pages = len(mirror.pages())
        if not reached and not pages:
            raise Problem(f"nothing could be fetched ({reasons})", where=self.where,
                          fix="Check the URLs and the network; hosts with an unreadable robots.txt are skipped",
                          code=Code.SOURCE_NETWORK)
        if not reached:
            progress(f"WARNING {self.settings.name}: nothing could be fetched ({reasons}); "
                     f"the {pages} pages fetched before are used")
        mirror.compact()

    def _unlisted(self, mirror: Mirror) -> list[tuple[str, str]]:
        """Return (URL, reason) of each feed if none was readable: new pages are then missed."""
        scope = self.scope()
        lists = [] if scope.follow else [canonical(url) for url in scope.lists]
        states = {url: (state, note) for url, state, note in mirror.index.execute(
            "SELECT url, state, note FROM pages WHERE kind = 'list'")}
        if any(states.get(url, ("",))[0] == "listed" for url in lists):
            return []
        return [(url, states.get(url, ("", ""))[1] or "not requested") for url in lists]

    @abstractmethod
    def _fetch(self, number: int, mirror: Mirror, progress: Callable[[str], None]) -> None:
        """Fetch what is due in run ``number``."""

    def forget(self, paths: Collection[str]) -> None:
        """Delete the pages at ``paths`` (their URLs) from the mirror."""
        if not Mirror.exists(self.place.mirror):
            return
        with lock_mirror(self.place.mirror, self.where):
            with closing(Mirror(self.place.mirror, write=True)) as mirror:
                wanted = {url_digest(path) for path in paths}  # whatever the spelling
                urls = [*paths, *(url for url in mirror.urls() if url_digest(url) in wanted)]
                mirror.forget(urls)
            with Extractions(self.place.mirror, self.place.limits) as extractions:
                extractions.forget(urls)


def _without_text(mirror: Mirror) -> list[str]:
    """Describe the pages without text: one per kind."""
    return [f"{url}: {_DESCRIPTIONS.get(state, '{}').format(note).strip() or state}"
            + f" (and {count - 1} more)" * (count > 1)
            for url, state, note, count in mirror.without_text()]
