"""What the fetching process is told, in the job file that ``source`` writes, and what its exit code tells."""

from __future__ import annotations

from pydantic import Field

from vernacular.config.limits import Limits
from vernacular.config.strict import Strict

GAVE_UP = 4  # the index is held by something else, or the disk is full; what is due stays due


class Job(Strict):
    """A source's settings, resolved, with where its mirror is and which run this is."""

    name: str
    mirror: str
    run: int
    agent: str = Field(description="the user agent, with a contact")
    start: list[str] = Field(description="pages to start from")
    lists: list[str] = Field(description="feeds and sitemaps to start from")
    hosts: list[str] = Field(description="hosts that may be asked; *.example.org stands for all below it")
    codes: frozenset[str] = Field(description="how sites write the language")
    taken_down: list[str] = Field(description="digests of URLs that are never asked")
    follow: bool = Field(description="follow links, sitemaps and feeds of the site; else only what the lists name")
    include: list[str]
    exclude: list[str]
    depth: int
    most_pages: int
    most_minutes: float
    most_page_bytes: int
    delay_seconds: float
    timeout_seconds: float
    private_addresses: bool
    limits: Limits = Field(description="what parsing one page may take")
