"""What a host's robots.txt allows (RFC 9309). Fails closed: a file that cannot be had or read allows nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import regex

AGENT = "Vernacular"  # the name that robots.txt files speak to
LARGEST = 500 * 1024  # RFC 9309: parsers take at least this much
_ABSENT = (404, 410)
_DIRECTIVE = regex.compile(r"^\s*(user-?\s?agent|dis?allow|allow|sitemaps?|crawl-?\s?delay|host|request-rate|"
                           r"visit-time|clean-param|content-signal|noindex)\s*:", regex.I | regex.M)
_COMMENT = regex.compile(r"#.*$", regex.M)


@dataclass(frozen=True)
class Rules:
    """The rules of one origin.

    Attributes:
        open: whether anything may be asked at all.
        reason: why, for the ledger.
        delay: the Crawl-delay in seconds that the file asks for; 0 if none.
        sitemaps: URLs of sitemaps that it names.
    """

    open: bool
    reason: str
    delay: float = 0.0
    sitemaps: tuple[str, ...] = ()
    parsed: Any = None

    def verdict(self, url: str) -> tuple[bool, str]:
        """(whether ``url`` may be asked for, the decision and the rule it rests on)."""
        if not self.open:
            return False, f"refused: {self.reason}"
        if self.parsed is None:
            return True, f"allowed: {self.reason}"
        if self.parsed.can_fetch(url, AGENT):
            return True, f"allowed: {self._rule(url) or 'no rule matches'}"
        return False, f"refused: {self._rule(url)}"

    def _rule(self, url: str) -> str:
        """The line that decides on ``url``. Protego keeps it to itself, hence the look at its private parts."""
        from protego._utils import _quote_path

        group, path = self.parsed._get_matching_rule_set(AGENT), _quote_path(url)
        for rule in group._rules if group is not None else ():  # sorted, the longest first; the first match decides
            if rule.value.match(path):
                return f"{rule.field.capitalize()}: {rule.value._pattern}"
        return ""


def read_robots(status: int, body: bytes, content_type: str = "") -> Rules:
    """The rules in an answer to ``/robots.txt``.

    404 and 410 mean that the host has no rules. Everything else that is not a readable file of rules refuses: server
    errors, 401 and 403, a page of HTML instead of text, bytes that are not UTF-8, a file too large to be read whole.
    """
    if status in _ABSENT:
        return Rules(True, f"robots.txt is not there ({status})")
    if status != 200:
        return Rules(False, f"robots.txt answers {status}")
    if len(body) > LARGEST:
        return Rules(False, f"robots.txt is larger than {LARGEST // 1024} kB")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Rules(False, "robots.txt is not UTF-8 text")
    if "\0" in text or text.lstrip().startswith("<"):
        return Rules(False, "robots.txt is not text but a page or binary data")
    if not _DIRECTIVE.search(text):
        if _COMMENT.sub("", text).strip() or "html" in content_type.lower():
            return Rules(False, "robots.txt holds no rule that can be read")
        return Rules(True, "robots.txt is empty")
    from protego import Protego

    parsed = Protego.parse(text)
    return Rules(True, "robots.txt", delay=_delay(parsed), sitemaps=tuple(parsed.sitemaps), parsed=parsed)


def _delay(parsed: Any) -> float:
    delay, rate = parsed.crawl_delay(AGENT) or 0.0, parsed.request_rate(AGENT)
    return max(float(delay), rate.seconds / rate.requests if rate is not None else 0.0)


def meta_robots(*values: str) -> frozenset[str]:
    """The words of ``<meta name=robots>`` and ``X-Robots-Tag`` values that speak to everyone or to this crawler.

    ``none`` counts as ``noindex`` and ``nofollow``; ``noai``, ``noml`` and the like come through as they are.
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
