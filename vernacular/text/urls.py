"""URLs: canonical forms, allowed hosts, and signs of endless sites. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from urllib.parse import parse_qsl, urljoin, urlsplit

import regex
from w3lib.url import canonicalize_url

LONGEST = 1000
_DEEPEST = 12
_MOST_PARAMETERS = 5
_SESSION = {"phpsessid", "jsessionid", "aspsessionid", "sessionid", "session_id", "session", "sid", "zenid", "cfid",
            "cftoken", "oscsid", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "fbclid",
            "gclid", "mc_cid", "mc_eid", "replytocom", "_ga", "yclid", "msclkid"}
_IN_PATH = regex.compile(r";(?:jsessionid|phpsessid|sid)=[^/?#]*|/\(s\([a-z0-9]{24}\)\)(?=/)", regex.I)
_MEDIA = regex.compile(
    r"\.(?:7z|aac|apk|avi|bin|bmp|bz2|css|dmg|doc|docx|eot|epub|exe|flac|gif|gz|ico|iso|jar|jpe?g|js|json|m4[av]|mid|mkv|"
    r"mov|mp[34]|mpe?g|msi|od[pst]|og[agv]|otf|pdf|png|pp[st]x?|ps|psd|rar|rtf|svg|swf|tar|tgz|tiff?|ttf|wav|webm|webp|"
    r"wm[av]|woff2?|xlsx?|zip|xz)$", regex.I)
_NUMBER = regex.compile(r"\d+")


def canonical(url: str, base: str = "") -> str:
    """Return the canonical form of ``url`` (relative to ``base``), or empty if it is not an http(s) URL.

    Removes fragments, session ids and tracking parameters; sorts parameters; normalizes host and
    escapes.
    """
    try:
        joined = urljoin(base, url.strip()) if base else url.strip()
        if not joined.lower().startswith(("http://", "https://")):
            return ""
        address, _, rest = _IN_PATH.sub("", joined).partition("#")[0].partition("?")
        kept = [part for part in rest.split("&") if part and part.split("=")[0].lower() not in _SESSION]
        clean = canonicalize_url(f"{address}?{'&'.join(kept)}" if kept else address)
        parts = urlsplit(clean)
        if not parts.hostname or parts.username is not None or parts.password is not None:
            return ""
        port = parts.port
    except ValueError:
        return ""
    if port == {"http": 80, "https": 443}[parts.scheme]:
        clean = clean.replace(f":{port}", "", 1)
    return clean


def origin_of(url: str) -> str:
    """Return scheme, host and port of ``url``: the scope of a robots.txt."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def host_of(url: str) -> str:
    """Return the host of ``url`` in lower case, with a nonstandard port; empty if there is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = parts.hostname or ""
    return host if port in (None, 80, 443) else f"{host}:{port}"


def hosts_of(urls: Iterable[str]) -> frozenset[str]:
    """Return the hosts of ``urls``, each with and without ``www.``, since sites use both for the same pages."""
    found = {host_of(canonical(url)) for url in urls} - {""}
    return frozenset(found | {f"www.{host}" for host in found} | {host.removeprefix("www.") for host in found})


def within(url: str, hosts: Iterable[str]) -> bool:
    """Whether the host of ``url`` is in ``hosts``; ``*.example.org`` matches every host below it."""
    host = host_of(url)
    return any(host == allowed or (allowed.startswith("*.") and host.endswith(allowed[1:]))
               for allowed in (name.lower() for name in hosts))


def is_media(url: str) -> bool:
    """Whether the ending of ``url`` indicates something else than a web page."""
    return bool(_MEDIA.search(urlsplit(url).path))


def shape_of(url: str) -> str:
    """Return the common form of URLs like ``url``: digits and parameter values are removed."""
    parts = urlsplit(url)
    keys = "&".join(sorted({key for key, _ in parse_qsl(parts.query, keep_blank_values=True)}))
    return f"{parts.netloc}{_NUMBER.sub('0', parts.path)}?{keys}"


def endless(url: str) -> str:
    """Return why ``url`` looks endlessly generated (too long, too deep, circular), or empty."""
    if len(url) > LONGEST:
        return "URL too long"
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    if len(segments) > _DEEPEST:
        return "path too deep"
    if segments and max(Counter(segments).values()) > 2:
        return "repeating path"
    if len(parse_qsl(parts.query, keep_blank_values=True)) > _MOST_PARAMETERS:
        return "too many parameters"
    return ""
