"""The robots.txt of captured sites as it is today.

Common Crawl obeyed robots.txt when it visited, but for its own agent, and a site may have changed
its mind. A host that does not exist any more has none: its captures are read. A host that
does not answer now is skipped until the next refresh, as in a crawl.
"""

from __future__ import annotations

from vernacular.config.limits import Limits
from vernacular.core.errors import Problem, TransientProblem
from vernacular.core.store import now
from vernacular.sources.commoncrawl.client import Client, Gone, Reply, Unreachable
from vernacular.sources.web.page_store import Mirror
from vernacular.sources.web.pages import robots_rules
from vernacular.sources.web.robots import HOPS, LARGEST, Rules
from vernacular.text.urls import canonical, host_of


class Permissions:
    """The rules of the sites of a fetch, asked once each."""

    def __init__(self, client: Client, mirror: Mirror, limits: Limits) -> None:
        self.client, self.mirror, self.limits = client, mirror, limits
        self.rules: dict[str, Rules] = {}

    def of(self, origin: str) -> Rules:
        """Return the rules of ``origin``, from the network the first time."""
        if origin not in self.rules:
            rules, body = self._asked(origin)
            self.rules[origin] = rules
            self.mirror.index.execute("INSERT OR REPLACE INTO origins VALUES (?, ?, ?, ?, ?)", (
                origin, rules.open, rules.reason, body.decode("utf-8", "replace") if rules.open else "", now()))
        return self.rules[origin]

    def _asked(self, origin: str) -> tuple[Rules, bytes]:
        try:
            reply = self._robots(origin)
            if reply is None:
                return Rules(False, "robots.txt redirects to another host or in circles"), b""
        except Gone as error:
            return Rules(True, f"the site is gone ({error}); Common Crawl obeyed its robots.txt"), b""
        except Unreachable as error:
            return Rules(False, f"robots.txt is unavailable ({error})"), b""
        except Problem as problem:  # too large
            return Rules(False, f"robots.txt cannot be read ({problem.what})"), b""
        try:
            kind = reply.headers.get("content-type", "")
            return robots_rules(reply.status, reply.body, kind, self.limits), reply.body
        except TransientProblem:
            raise  # not the site's error
        except Problem as problem:  # it breaks its parser, or takes too long
            return Rules(False, f"robots.txt cannot be read ({problem.what})"), b""

    def _robots(self, origin: str) -> Reply | None:
        """Return the answer to robots.txt, after redirects within the site; None if they lead elsewhere."""
        url, home = f"{origin}/robots.txt", host_of(origin).removeprefix("www.")
        for _ in range(HOPS + 1):
            reply = self.client.once(url, LARGEST + 1000)
            if not 300 <= reply.status < 400:
                return reply
            url = canonical(reply.headers.get("location", ""), url)
            if host_of(url).removeprefix("www.") != home:
                return None
        return None
