"""A small Wikipedia dump."""

from __future__ import annotations

import bz2
from xml.sax.saxutils import escape

LONG = " ".join(f"ekigambo{number}" for number in range(25))


def page(title: str, text: str, namespace: int = 0, redirect: str = "") -> str:
    marked = f'<redirect title="{redirect}" />' if redirect else ""
    return (f"<page><title>{escape(title)}</title><ns>{namespace}</ns><id>{abs(hash(title)) % 10**6}</id>{marked}"
            "<revision><id>77</id><timestamp>2024-02-03T04:05:06Z</timestamp><contributor><username>U</username>"
            "<id>1</id></contributor><model>wikitext</model><format>text/x-wiki</format>"
            f'<text bytes="1" xml:space="preserve">{escape(text)}</text><sha1>x</sha1></revision></page>')


def dump(*pages: str) -> bytes:
    spaces = "".join(f'<namespace key="{key}" case="first-letter">{name}</namespace>'
                     for key, name in ((0, ""), (1, "Okukubaganya"), (6, "Fayiro"), (14, "Ekibinja")))
    return bz2.compress((
        '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="lg"><siteinfo>'
        "<sitename>Wikipedia</sitename><dbname>lgwiki</dbname><base>https://lg.wikipedia.org/wiki/X</base>"
        "<generator>MediaWiki</generator><case>first-letter</case>"
        f"<namespaces>{spaces}</namespaces></siteinfo>{''.join(pages)}</mediawiki>").encode())
