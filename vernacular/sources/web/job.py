"""The job file that ``source`` writes for the fetching process, and its exit code."""

from __future__ import annotations

from pydantic import Field

from vernacular.config.limits import Limits
from vernacular.config.sources import Web
from vernacular.config.strict import Strict

GAVE_UP = 4  # the index is locked or the disk is full; due pages stay due


class Scope(Strict):
    """Where a source begins, and what it may fetch."""

    start: list[str] = Field(description="pages to start from")
    lists: list[str] = Field(description="feeds and sitemaps to start from")
    hosts: list[str] = Field(description="allowed hosts; *.example.org matches all below it")
    follow: bool = Field(description="follow links, sitemaps and feeds of the site; otherwise only listed pages")
    include: list[str] = Field(default_factory=list)
    exclude: list[str] = Field(default_factory=list)
    depth: int = 0


class Job(Strict):
    """A source's settings, resolved, with its mirror and run number."""

    settings: Web
    scope: Scope
    mirror: str
    run: int
    agent: str = Field(description="the user agent, with a contact")
    codes: frozenset[str] = Field(description="codes of the language on sites")
    taken_down: list[str] = Field(description="digests of URLs that are never fetched")
    limits: Limits = Field(description="limits for parsing one page")
