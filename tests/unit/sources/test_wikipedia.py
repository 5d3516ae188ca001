"""Wikipedia dumps, small ones made here with what real ones hold."""

from __future__ import annotations

import errno
import gzip
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.sources.failing_disk import FAILS
from tests.unit.sources.serve import serve
from tests.wikipedia_dump import LONG, dump, page
from tests.within import within
from vernacular.config.limits import Limits
from vernacular.config.sources import WikipediaSource
from vernacular.core.errors import Problem
from vernacular.pipeline.stage import silent
from vernacular.provenance.document import Document
from vernacular.provenance.suppression_list import Suppressions, url_digest
from vernacular.sources import Place
from vernacular.sources.wikipedia import WikipediaDump
from vernacular.sources.wikitext import is_disambiguation, plain_text

ARTICLE = """{{Infobox|name=X|image=[[File:a.jpg|thumb|nested {{tl|x}}]]
|born={{birth date|1950|1|1}}}}
'''Kampala''' kye [[kibuga|ekibuga]] ekikulu ekya [[Uganda]].<ref name="a">{{cite web|title=T}}</ref><ref name="b" />
<!-- hidden -->It has [http://example.org a link] and [http://example.org] &amp; &eacute;.

[[Fayiro:Kampala.jpg|thumb|A caption with [[link]] inside]]
{| class="wikitable"
! head
|-
| cell || [[cell]]
|}
== Ebyafaayo ==
* first item of {{lang|lg|a list}} list
* second item
{{reflist}}
<gallery>
File:b.jpg|gallery caption
</gallery>
<math>x^2</math>
{{main|Other}}
__NOTOC__
""" + LONG + """

[[Ekibinja:Ebibuga]]
[[en:Kampala]]
{| never closed
| row
"""
PROSE = ["Kampala kye ekibuga ekikulu ekya Uganda.", "It has a link and & é.", "first item of list", "second item",
         LONG]
NAMES = {"fayiro", "ekibinja", "file", "category", "image"}


PAGES = (page("Kampala", ARTICLE), page("Old name", "#REDIRECT [[Kampala]]", redirect="Kampala"),
         page("Enkonge", "#KOZESA [[Kampala]] " + LONG), page("Okukubaganya:Kampala", LONG, 1),
         page("Stub", "Short text."), page("Mercury", "{{disambig}}\n" + LONG),
         page("A b?", f"Article two. {LONG}"), page("شهر", "مدينة " * 30))


def wiki(folder: Path, down: Suppressions | None = None, **more: Any) -> WikipediaDump:
    settings = WikipediaSource.model_validate({
        "name": "wiki", "kind": "wikipedia", "wiki": "lg", "dump": "dump.xml.bz2", "licence": "CC-BY-SA-4.0",
        "consent": "public-licence", "register": "encyclopedic", **more})
    return WikipediaDump(settings, Place("lug", folder, folder / "mirror", down or Suppressions()))


def read(source: WikipediaDump) -> list[Document]:
    source.refresh(silent)
    return list(source.documents(silent))


def test_prose_alone_is_left_of_wikitext() -> None:
    assert plain_text(ARTICLE, NAMES).split("\n") == PROSE


@pytest.mark.parametrize(("source", "title", "is_one"), [
    ("{{Disambiguation}}", "X", True), ("{{Place name disambig|x}}", "X", True), ("__DISAMBIG__", "X", True),
    ("text", "X (disambiguation)", True), ("{{cite|title=The disambiguation}}", "X", False), ("text", "X", False)])
def test_disambiguation(source: str, title: str, is_one: bool) -> None:
    assert is_disambiguation(source, title) is is_one


def test_articles_alone_come_in(tmp_path: Path) -> None:
    (tmp_path / "dump.xml.bz2").write_bytes(dump(*PAGES))
    first, second, third = read(wiki(tmp_path))
    assert first.text.split("\n") == PROSE
    assert (first.path, first.title, first.date, first.whole) == (
        "https://lg.wikipedia.org/wiki/Kampala", "Kampala", "2024-02-03", True)
    assert (first.licence, first.parents, first.flags) == ("CC-BY-SA-4.0", ["revision 77"], [])
    assert second.path == "https://lg.wikipedia.org/wiki/A_b%3F"
    assert third.text == ("مدينة " * 30).strip()


def test_a_local_dump_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "dump.xml.bz2"
    file.write_bytes(dump(*PAGES))
    source = wiki(tmp_path)
    assert len(read(source)) == 3
    version = source.data_version()
    source.refresh(silent)
    assert source.data_version() == version
    file.write_bytes(dump(*PAGES, page("New", LONG)))
    assert len(read(source)) == 4 and source.data_version() != version
    assert file.exists()


def test_a_dump_comes_over_the_network_in_two_goes_and_is_not_kept(tmp_path: Path) -> None:
    with serve() as site:
        site.files["/dump.xml.bz2"] = dump(*PAGES)
        source = wiki(tmp_path, dump=f"{site.url}/dump.xml.bz2", refresh_days=1e-9)
        site.break_after = 200
        with pytest.raises(Problem, match="VN-SOURCE-NETWORK"):
            source.refresh(silent)
        assert len(read(source)) == 3
        assert [asked for _, asked in site.asked] == ["", "bytes=200-"]
        source.refresh(silent)
        assert len(site.asked) == 3 and len(list(source.documents(silent))) == 3  # looked; it was the same
        site.files["/dump.xml.bz2"] = dump(*PAGES, page("New", LONG))
        assert len(read(source)) == 4
        site.files.clear()
        messages: list[str] = []
        source.refresh(messages.append)
        assert "404" in messages[-1] and len(list(source.documents(silent))) == 4
    assert sorted(path.name for path in (tmp_path / "mirror").iterdir() if not path.name.startswith("rows")) == [
        ".lock", "state.json"]


def test_what_was_taken_down_leaves_no_byte_and_stays_out(tmp_path: Path) -> None:
    file = tmp_path / "dump.xml.bz2"
    file.write_bytes(dump(*PAGES))
    source = wiki(tmp_path)
    first = read(source)[0]
    (tmp_path / "mirror" / "dump.xml.bz2.part").write_bytes(b"raw")
    source.forget([first.path])
    assert [document.title for document in source.documents(silent)] == ["A b?", "شهر"]
    assert not (tmp_path / "mirror" / "dump.xml.bz2.part").exists()
    for shard in (tmp_path / "mirror").rglob("*.gz"):
        assert b"Kampala" not in gzip.decompress(shard.read_bytes())
    down = Suppressions(urls=frozenset([url_digest(first.path)]))
    assert len(read(wiki(tmp_path, down, most_documents=10))) == 2


def test_articles_that_begin_alike_by_the_dozen_are_flagged(tmp_path: Path) -> None:
    made = [page(f"Village {number}", f"Village {number} is a village in District {number} with {number * 7} people. "
                                      f"{LONG}") for number in range(60)]
    (tmp_path / "dump.xml.bz2").write_bytes(dump(*PAGES, *made))
    flagged = [document.title for document in read(wiki(tmp_path)) if "bot" in document.flags]
    assert len(flagged) == 60 and all(title.startswith("Village") for title in flagged)


def test_a_damaged_dump_and_a_missing_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="VN-SOURCE-MISSING"):
        wiki(tmp_path).refresh(silent)
    os.mkfifo(tmp_path / "dump.xml.bz2")
    with within(60), pytest.raises(Problem, match="VN-FILE-KIND"):
        wiki(tmp_path).refresh(silent)
    (tmp_path / "dump.xml.bz2").unlink()
    (tmp_path / "dump.xml.bz2").write_bytes(dump(*PAGES)[:-300])
    with pytest.raises(Problem, match="VN-SOURCE-DAMAGED"):
        wiki(tmp_path).refresh(silent)
    (tmp_path / "dump.xml.bz2").write_bytes(dump(page("Stub", "Short.")))
    with pytest.raises(Problem, match="VN-DATA-EMPTY"):
        wiki(tmp_path).refresh(silent)


@pytest.mark.skipif(not FAILS.exists(), reason="no file here that fails when it is read")
def test_of_a_disk_that_fails_no_dump_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(OSError) as raised:
        wiki(tmp_path, dump=str(FAILS)).refresh(silent)
    assert raised.value.errno == errno.EIO


def test_an_article_that_takes_too_long_is_left_out(tmp_path: Path) -> None:
    slow = page("Slow", "[[a|" * 20_000)
    (tmp_path / "dump.xml.bz2").write_bytes(dump(page("One", LONG), slow, page("Two", LONG)))
    source, messages = wiki(tmp_path), list[str]()
    source.place = replace(source.place, limits=Limits(page_seconds=0.3))
    source.refresh(messages.append)
    assert [document.title for document in source.documents(silent)] == ["One", "Two"]
    assert any("/Slow" in line for line in messages)
