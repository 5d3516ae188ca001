"""The fetching process, with Scrapy: ``python -m vernacular.sources.web.crawler_process JOB``.

JOB is a file (``Job``).

This module has Scrapy's settings and the entry point; ``spider`` handles responses. The process
ends when its standard input closes, that is with its parent, and when it cannot write, since pages
would be lost.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

from scrapy import signals
from scrapy.core.downloader import Slot
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response
from scrapy.resolver import CachingHostnameResolver
from twisted.python.failure import Failure

from vernacular.core.errors import TransientProblem, as_problem
from vernacular.core.terminal import guard_streams, say
from vernacular.provenance.suppression_list import url_digest
from vernacular.sources.web.extraction_cache import Extractions
from vernacular.sources.web.frontier import Frontier
from vernacular.sources.web.ip_filter import PublicResolver
from vernacular.sources.web.job import GAVE_UP, Job
from vernacular.sources.web.page_store import Mirror
from vernacular.sources.web.politeness import AT_ONCE
from vernacular.sources.web.spider import Site


class Throttle(AutoThrottle):
    """Scrapy's throttle, except that an unchanged page (304) also counts as a success.

    Scrapy keeps a slow host throttled until a page returns 200, which a second visit may never see.
    """

    def _adjust_delay(self, slot: Slot, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response.replace(status=200) if response.status == 304 else response)


def settings_of(job: Job) -> dict[str, Any]:
    """Return Scrapy's settings: own user agent, slow, and our stricter robots.txt handling."""
    return {
        "USER_AGENT": job.agent, "COOKIES_ENABLED": False, "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False, "HTTPPROXY_ENABLED": False, "REDIRECT_ENABLED": False, "RETRY_ENABLED": False,
        "METAREFRESH_ENABLED": False, "ROBOTSTXT_OBEY": False, "REFERER_ENABLED": False, "MEMUSAGE_ENABLED": False,
        "DOWNLOAD_DELAY": job.settings.delay_seconds, "RANDOMIZE_DOWNLOAD_DELAY": False, "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": AT_ONCE, "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": job.settings.delay_seconds, "AUTOTHROTTLE_MAX_DELAY": 60.0,
        "DOWNLOAD_TIMEOUT": job.settings.timeout_seconds, "DOWNLOAD_MAXSIZE": job.settings.most_page_bytes,
        "DOWNLOAD_WARNSIZE": 0, "DOWNLOAD_VERIFY_CERTIFICATES": True, "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5",
            "Accept-Language": ", ".join([*sorted(job.codes), "*;q=0.5"])},
        "LOG_LEVEL": "ERROR", "STATS_DUMP": False, "LOGSTATS_INTERVAL": 0, "URLLENGTH_LIMIT": 0,
        "EXTENSIONS": {"scrapy.extensions.throttle.AutoThrottle": None, Throttle: 0},
        "TWISTED_DNS_RESOLVER": CachingHostnameResolver if job.settings.private_addresses else PublicResolver,
    }


class Careful(Site):
    """A spider that ends the process if pages cannot be stored."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Create the spider and register its error handler."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.failure, signal=signals.spider_error)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Yield the requests."""
        try:
            async for request in super().start():
                yield request
        except Exception as error:
            _give_up(error, self.job)
            raise

    def failure(self, failure: Failure) -> None:
        """Handle errors that no callback handled."""
        if isinstance(failure.value, Exception):
            _give_up(failure.value, self.job)


def _give_up(error: Exception, job: Job) -> None:
    """End the process with one line if ``error`` is transient and not caused by a page."""
    problem = as_problem(error, job.mirror)
    if isinstance(problem, TransientProblem):
        say(f"{problem.where}: {problem.what} [{problem.code}]", err=True)
        os._exit(GAVE_UP)  # immediately, as in a kill, which the mirror survives


def _end_with_parent() -> None:
    """End with the parent process, when standard input closes."""
    while os.read(0, 1):  # not sys.stdin: its lock would block interpreter shutdown
        pass
    os._exit(3)


def main() -> None:
    """Fetch what the job file requests."""
    guard_streams()
    job = Job.model_validate(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _fetch(job)
    except Exception as error:
        _give_up(error, job)
        raise


def _fetch(job: Job) -> None:
    mirror, taken = Mirror(Path(job.mirror), write=True), frozenset(job.taken_down)
    frontier = Frontier(mirror, job.scope.hosts, job.codes, lambda url: url_digest(url) in taken, job.scope.include,
                        job.scope.exclude, job.scope.depth, job.settings.most_pages)
    with mirror.transaction():
        for url in job.scope.start:
            frontier.add(url, start=True)
        for url in job.scope.lists:
            frontier.add(url, kind="list")
    process = AsyncCrawlerProcess(settings_of(job))
    with Extractions(Path(job.mirror), job.limits) as extractions:
        crawler = process.create_crawler(Careful)
        process.crawl(crawler, job=job, mirror=mirror, frontier=frontier, extractions=extractions)
        process.start()
    mirror.close()
    sys.exit(0 if isinstance(crawler.spider, Site) and crawler.spider.finished else 1)


if __name__ == "__main__":
    main()
