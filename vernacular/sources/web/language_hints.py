"""What a site says of the languages of its pages: codes in URLs, hreflang, signs of machine translation."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import parse_qsl, urljoin, urlsplit

import regex
from lxml.html import HtmlElement

MANY = 8  # a page in more languages than this was hardly translated by people (arXiv:2401.05749)
_KEYS = {"lang", "language", "locale", "lng", "hl", "l", "langue", "idioma", "lingua", "setlang", "uselang"}
_CODE = regex.compile(r"^([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?$", regex.I)
_SUFFIX = regex.compile(r"[._\-]([a-z]{2,3})(?:[-_][a-z]{2})?\.(?:html?|php|aspx?|jsp|txt)$", regex.I)
_PROXIES = (".translate.goog", "translate.google.", "translate.yandex.", "microsofttranslator.com",
            "translatoruser.net", "translate.baiducontent.com", "fanyi.baidu.com")
_SERVICES = ("gtranslate", "weglot", "linguise", "conveythis", "transposh", "bablic", "localizejs")


def codes_of(code: str, hints: Iterable[str] = ()) -> frozenset[str]:
    """The codes that mark pages of a language, in lower case: ``hints``, or else two and three letters of ``code``."""
    given = frozenset(hint.lower() for hint in hints)
    return given or _same(code.split("-", maxsplit=1)[0].lower())


@lru_cache(maxsize=1000)
def _same(code: str) -> frozenset[str]:
    """``code`` with the other codes (ISO 639-1, -2 and -3) of the same language; itself alone if it is unknown."""
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
    """Codes of languages in ``url`` (lower case, the primary part), surest first: query, host, path, ending.

    Chance hits are left in (``/it/`` may be a department, ``/tag/`` is a language of Sudan): a code of another language
    means something only where the site says elsewhere that it marks its pages so.
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
    """``in`` if ``url`` carries one of ``codes``, ``other`` if it carries another language's, else empty."""
    found = url_languages(url)
    if any(code in codes for code in found):
        return "in"
    return "other" if found else ""


def label_hint(label: str, codes: frozenset[str]) -> str:
    """The same for the value of an ``hreflang`` or ``lang`` attribute."""
    spoken = primary(label)
    if spoken in codes:
        return "in"
    return "other" if spoken and spoken != "x" else ""


def primary(label: str) -> str:
    """The language of ``lg-UG`` without its country: ``lg``."""
    return label.strip().lower().replace("_", "-").split("-")[0]


def foreign(url: str, label: str, marked: frozenset[str], codes: frozenset[str]) -> bool:
    """Whether the page at ``url`` is in another language, by the word of a site that marks pages in this one.

    Args:
        url: of the page.
        label: what hreflang says of it on other pages or in the sitemap, or empty. Goes before codes in the URL.
        marked: the languages (primary parts) that the site marks pages with. Without one of ``codes`` among them
            nothing is foreign: the site does not know the language, and what it says of its pages means nothing.
        codes: of the language.
    """
    if not marked & codes:
        return False
    if label:
        return label_hint(label, codes) == "other"
    found = url_languages(url)
    return not codes.intersection(found) and bool(marked.intersection(found))


def alternates_of(tree: HtmlElement, url: str) -> dict[str, str]:
    """Value of hreflang -> absolute URL of the page in other languages (and its own), ``x-default`` left out."""
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
    """What links in the page are relative to: ``<base href>``, or the page itself."""
    for element in tree.iter("base"):
        target = (element.get("href") or "").strip()
        if target:
            try:
                return str(urljoin(url, target))
            except ValueError:
                return url
    return url


def translated_by(tree: HtmlElement | None, url: str) -> str:
    """The translation service that the page at ``url`` was made with, or empty.

    A page that merely offers Google's widget holds its own text and is not meant; proxies, and services that write the
    translation into the page, are.
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
        said = " ".join(element.get(name) or "" for name in ("src", "href", "name", "id")).lower()
        for service in _SERVICES:
            if service in said:
                return service
    return ""
