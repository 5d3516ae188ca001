"""Find a page's own license: an SPDX id with its evidence, without guessing."""

from __future__ import annotations

from urllib.parse import urlsplit

import regex
from lxml.html import HtmlElement

_CC = regex.compile(r"^(?:www\.)?creativecommons\.org$")
_CC_PATH = regex.compile(r"^/(licenses|publicdomain)/([a-z+\-]+)(?:/(\d\.\d))?(?:/([a-z]{2}(?:-[a-z]+)?))?", regex.I)
_KINDS = {"by", "by-sa", "by-nd", "by-nc", "by-nc-sa", "by-nc-nd"}
_OTHER = {
    "www.gnu.org/licenses/fdl-1.3": "GFDL-1.3-or-later", "www.gnu.org/copyleft/fdl": "GFDL-1.3-or-later",
    "www.apache.org/licenses/license-2.0": "Apache-2.0", "opensource.org/licenses/mit": "MIT",
    "www.gnu.org/licenses/gpl-3.0": "GPL-3.0-or-later", "www.mozilla.org/mpl/2.0": "MPL-2.0",
}
_ABOUT_OTHERS = regex.compile(r"comment|gallery|figure|caption|thumb|image|photo|author-bio|widget-flickr", regex.I)


def spdx_of(url: str) -> str:
    """Return the SPDX id of a license URL, or empty: versioned Creative Commons and a few others."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    host = (parts.hostname or "").lower()
    if _CC.match(host):
        found = _CC_PATH.match(parts.path)
        if not found:
            return ""
        kind, version = found.group(2).lower(), found.group(3)
        if found.group(1).lower() == "publicdomain":
            return {"zero": "CC0-1.0", "mark": "CC-PDM-1.0"}.get(kind, "")
        return f"CC-{kind.upper()}-{version}" if kind in _KINDS and version else ""
    place = f"{host}{parts.path}".lower()
    return next((spdx for start, spdx in _OTHER.items() if place.startswith(start)), "")


def find_licence(tree: HtmlElement) -> tuple[str, str]:
    """Return (SPDX id, evidence) of the page ``tree``; both empty if it states none.

    ``rel=license`` links take precedence; then links to a Creative Commons deed outside of images
    and comments. Two different licenses of equal rank give evidence but no id.
    """
    marked, plain = [], []
    for element in tree.iter("a", "link"):
        target = (element.get("href") or "").strip()
        relation = (element.get("rel") or "").lower().split()
        if not target:
            continue
        if "license" in relation and not _elsewhere(element):
            marked.append((spdx_of(target), f'rel="license" {target}'))
        elif element.tag == "a" and spdx_of(target) and not _elsewhere(element):
            plain.append((spdx_of(target), f"link to {target}"))
    for found in (marked, plain):
        if found:
            ids = {spdx for spdx, _ in found}
            evidence = "; ".join(dict.fromkeys(text for _, text in found))[:300]
            return (ids.pop() if len(ids) == 1 else "", evidence)
    return "", ""


def _elsewhere(element: HtmlElement) -> bool:
    """Whether the link is in an image caption, gallery or comment."""
    for above in element.iterancestors():
        if above.tag in ("figure", "figcaption"):
            return True
        names = f"{above.get('class') or ''} {above.get('id') or ''}"
        if above.tag not in ("body", "html") and _ABOUT_OTHERS.search(names):
            return True
    return False
