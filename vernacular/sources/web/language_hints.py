"""Language hints of web sites: codes in URLs, hreflang, signs of machine translation."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import parse_qsl, urljoin, urlsplit

import regex
from lxml.html import HtmlElement

MANY = 8  # a page in more languages is probably machine translated (arXiv:2401.05749)
_KEYS = {"lang", "language", "locale", "lng", "hl", "l", "langue", "idioma", "lingua", "setlang", "uselang"}
_CODE = regex.compile(r"^([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?$", regex.I)
_SUFFIX = regex.compile(r"[._\-]([a-z]{2,3})(?:[-_][a-z]{2})?\.(?:html?|php|aspx?|jsp|txt)$", regex.I)
_PROXIES = (".translate.goog", "translate.google.", "translate.yandex.", "microsofttranslator.com",
            "translatoruser.net", "translate.baiducontent.com", "fanyi.baidu.com")
_SERVICES = ("gtranslate", "weglot", "linguise", "conveythis", "transposh", "bablic", "localizejs")


def codes_of(code: str, hints: Iterable[str] = ()) -> frozenset[str]:
    """Return lower-case codes of a language: ``hints``, or else the two- and three-letter codes of ``code``."""
    given = frozenset(hint.lower() for hint in hints)
    return given or _same(code.split("-", maxsplit=1)[0].lower())


@lru_cache(maxsize=1000)
def _same(code: str) -> frozenset[str]:
    """Return ``code`` with its other ISO 639-1, -2 and -3 codes, if known."""
    import langcodes

    found = {code}
    for variant in ("T", "B"):
        try:
            found.add(langcodes.Language.get(code).to_alpha3(variant=variant))
        except (LookupError, ValueError):
            continue
    short = langcodes.standardize_tag(code, macro=False) if langcodes.tag_is_valid(code) else code
    return frozenset(found | {short.split("-")[0].lower()})


@lru_cache(maxsize=5000)
def _is_language(code: str) -> bool:
    import langcodes

    return langcodes.tag_is_valid(code)


def url_languages(url: str) -> list[str]:
    """Return language codes in ``url`` (lower case, primary part), surest first: query, host, path, ending.

    False hits are included (``/it/`` may be a department, ``/tag/`` is a language of Sudan): a code
    counts only if the site uses it elsewhere to label pages.
    """
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query)
    except ValueError:
        return []
    found = [value for key, value in query if key.lower() in _KEYS]
    labels = (parts.hostname or "").split(".")
    if len(labels) > 2:
        found.append(labels[0])
    found += [segment for segment in parts.path.split("/")[1:-1][:4] if segment]
    last = parts.path.rsplit("/", 1)[-1]
    found.append(last)
    ending = _SUFFIX.search(last)
    if ending:
        found.append(ending.group(1))
    codes = [match.group(1).lower() for value in found if (match := _CODE.match(value))]
    return [code for code in dict.fromkeys(codes) if _is_language(code)]


def hint_of(url: str, codes: frozenset[str]) -> str:
    """Return ``in`` if ``url`` has one of ``codes``, ``other`` for another language's code, else empty."""
    found = url_languages(url)
    if any(code in codes for code in found):
        return "in"
    return "other" if found else ""


def label_hint(label: str, codes: frozenset[str]) -> str:
    """Like ``hint_of``, for the value of an ``hreflang`` or ``lang`` attribute."""
    spoken = primary(label)
    if spoken in codes:
        return "in"
    return "other" if spoken and spoken != "x" else ""


def primary(label: str) -> str:
    """Return the primary part of a tag: ``lg`` for ``lg-UG``."""
    return label.strip().lower().replace("_", "-").split("-")[0]


def foreign(url: str, label: str, marked: frozenset[str], codes: frozenset[str]) -> bool:
    """Whether the page at ``url`` is in another language, according to a site that labels pages in this one.

    Args:
        url: of the page.
        label: its hreflang elsewhere on the site, or empty. Takes precedence over codes in the URL.
        marked: the languages (primary parts) that the site labels pages with. Without one of
            ``codes`` nothing is foreign, since the site does not distinguish the language.
        codes: of the language.
    """
    if not marked & codes:
        return False
    if label:
        return label_hint(label, codes) == "other"
    found = url_languages(url)
    return not codes.intersection(found) and bool(marked.intersection(found))


def alternates_of(tree: HtmlElement, url: str) -> dict[str, str]:
    """Return hreflang -> absolute URL of the page's versions, without ``x-default``."""
    found: dict[str, str] = {}
    url = base_of(tree, url)
    for element in tree.iter("link", "a"):
        label, target = (element.get("hreflang") or "").strip().lower(), (element.get("href") or "").strip()
        if element.tag == "link" and "alternate" not in (element.get("rel") or "").lower().split():
            continue
        if label and target and label != "x-default":
            try:
                found.setdefault(label, urljoin(url, target))
            except ValueError:
                continue
    return found


def base_of(tree: HtmlElement, url: str) -> str:
    """Return the base of relative links: ``<base href>``, or the page itself."""
    for element in tree.iter("base"):
        target = (element.get("href") or "").strip()
        if target:
            try:
                return str(urljoin(url, target))
            except ValueError:
                return url
    return url


def translated_by(tree: HtmlElement | None, url: str) -> str:
    """Return the translation service that made the page at ``url``, or empty.

    A page that only offers Google's widget has original text; proxies and services that write the
    translation into the page count.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.hostname or ""
    for proxy in _PROXIES:
        if proxy in f".{host}":
            return proxy.strip(".")
    if "_x_tr_sl=" in parts.query or "_x_tr_tl=" in parts.query:
        return "translate.goog"
    if tree is None:
        return ""
    if "translated-ltr" in (tree.get("class") or "") or "translated-rtl" in (tree.get("class") or ""):
        return "translate.google"
    for element in tree.iter("script", "link", "meta"):
        declared = " ".join(element.get(name) or "" for name in ("src", "href", "name", "id")).lower()
        for service in _SERVICES:
            if service in declared:
                return service
    return ""
