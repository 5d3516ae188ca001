"""Parse robots.txt (RFC 9309). A missing response or unreadable file allows nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import regex

AGENT = "Vernacular"  # the user agent in robots.txt files
LARGEST = 500 * 1024  # RFC 9309 requires at least this limit
HOPS = 5  # redirects of a robots.txt that are followed
_ABSENT = (404, 410)
_DIRECTIVE = regex.compile(r"^\s*(user-?\s?agent|dis?allow|allow|sitemaps?|crawl-?\s?delay|host|request-rate|"
                           r"visit-time|clean-param|content-signal|noindex)\s*:", regex.I | regex.M)
_COMMENT = regex.compile(r"#.*$", regex.M)


@dataclass(frozen=True)
class Rules:
    """The rules of one origin."""

    open: bool  # whether anything may be fetched
    reason: str  # why, for the ledger
    delay: float = 0.0  # the Crawl-delay in seconds; 0 if none
    sitemaps: tuple[str, ...] = ()  # URLs of sitemaps it lists
    parsed: Any = None

    def verdict(self, url: str) -> tuple[bool, str]:
        """Return whether ``url`` may be fetched, and the decision with its rule."""
        if not self.open:
            return False, f"refused: {self.reason}"
        if self.parsed is None:
            return True, f"allowed: {self.reason}"
        if self.parsed.can_fetch(url, AGENT):
            return True, f"allowed: {self._rule(url) or 'no rule matches'}"
        return False, f"refused: {self._rule(url)}"

    def _rule(self, url: str) -> str:
        """Return the rule that decides on ``url``; Protego exposes it only in private attributes."""
        from protego._utils import _quote_path

        group, path = self.parsed._get_matching_rule_set(AGENT), _quote_path(url)
        for rule in group._rules if group is not None else ():  # sorted, the longest first; the first match decides
            if rule.value.match(path):
                return f"{rule.field.capitalize()}: {rule.value._pattern}"
        return ""


def read_robots(status: int, body: bytes, content_type: str = "") -> Rules:
    """Return the rules in a response to ``/robots.txt``.

    404 and 410 mean that there are no rules. Everything else that is not a readable file of rules
    refuses access: server errors, 401 and 403, an HTML page, bytes that are not UTF-8, a file
    beyond the limit.
    """
    if status in _ABSENT:
        return Rules(True, f"robots.txt does not exist ({status})")
    if status != 200:
        return Rules(False, f"the server responds {status} to robots.txt")
    if len(body) > LARGEST:
        return Rules(False, f"robots.txt is larger than {LARGEST // 1024} kB")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Rules(False, "robots.txt is not UTF-8 text")
    if "\0" in text or text.lstrip().startswith("<"):
        return Rules(False, "robots.txt is a page or binary data, not text")
    if not _DIRECTIVE.search(text):
        if _COMMENT.sub("", text).strip() or "html" in content_type.lower():
            return Rules(False, "robots.txt contains no valid rule")
        return Rules(True, "robots.txt is empty")
    from protego import Protego

    parsed = Protego.parse(text)
    return Rules(True, "robots.txt", delay=_delay(parsed), sitemaps=tuple(parsed.sitemaps), parsed=parsed)


def _delay(parsed: Any) -> float:
    delay, rate = parsed.crawl_delay(AGENT) or 0.0, parsed.request_rate(AGENT)
    return max(float(delay), rate.seconds / rate.requests if rate is not None else 0.0)


def meta_robots(*values: str) -> frozenset[str]:
    """Return the directives of ``<meta name=robots>`` and ``X-Robots-Tag`` that apply to this crawler.

    ``none`` means ``noindex`` and ``nofollow``; ``noai``, ``noml`` and the like are returned as
    they are.
    """
    found: set[str] = set()
    for value in values:
        agent, separator, rest = value.partition(":")
        if separator and "," not in agent and agent.strip().lower() not in ("max-snippet", "max-image-preview",
                                                                           "max-video-preview", "unavailable_after"):
            if agent.strip().lower() not in (AGENT.lower(), "*"):
                continue
            value = rest
        found |= {word.strip().lower() for word in value.split(",")}
    return frozenset(found | {"noindex", "nofollow"} if "none" in found else found)
