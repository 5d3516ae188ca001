"""The job file that ``source`` writes for the fetching process, and its exit code."""

from __future__ import annotations

from pydantic import Field

from vernacular.config.limits import Limits
from vernacular.config.strict import Strict

GAVE_UP = 4  # the index is locked or the disk is full; due pages stay due


class Job(Strict):
    """A source's settings, resolved, with its mirror and run number."""

    name: str
    mirror: str
    run: int
    agent: str = Field(description="the user agent, with a contact")
    start: list[str] = Field(description="pages to start from")
    lists: list[str] = Field(description="feeds and sitemaps to start from")
    hosts: list[str] = Field(description="allowed hosts; *.example.org matches all below it")
    codes: frozenset[str] = Field(description="codes of the language on sites")
    taken_down: list[str] = Field(description="digests of URLs that are never fetched")
    follow: bool = Field(description="follow links, sitemaps and feeds of the site; otherwise only listed pages")
    include: list[str]
    exclude: list[str]
    depth: int
    most_pages: int
    most_minutes: float
    most_page_bytes: int
    delay_seconds: float
    timeout_seconds: float
    private_addresses: bool
    limits: Limits = Field(description="limits for parsing one page")
