"""Sources of kind ``commoncrawl`` against a real HTTP server with a generated index and archive."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import commoncrawl_site
from tests.commoncrawl_site import CRAWL, OLDER, Archive, source_of
from tests.generate import make_documents
from tests.site import Answer, LoopbackSite
from vernacular import __version__
from vernacular.config.sources import CommonCrawlSource
from vernacular.core import clock
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, TransientProblem
from vernacular.pipeline.stage import silent
from vernacular.provenance.document import Document
from vernacular.provenance.suppression_list import Suppressions, url_digest
from vernacular.sources.commoncrawl.client import Client, Unreachable
from vernacular.sources.commoncrawl.source import CommonCrawl
from vernacular.sources.web.page_store import Mirror

TEXTS = [text for texts in make_documents(40, seed=11, lines=4).values() for text in texts]
BY = '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">'
CHECKOUT = Path(__file__).parents[4]


def page(number: int, head: str = "") -> str:
    body = "".join(f"<p>{line}</p>" for line in TEXTS[number].split("\n"))
    return f"<!DOCTYPE html><html><head><title>T</title>{head}</head><body><article>{body}</article></body></html>"


def texts(source: CommonCrawl) -> dict[str, Document]:
    return {document.path.split("/", 3)[3]: document for document in source.documents(silent)}


def fetched(source: CommonCrawl) -> dict[str, Document]:
    source.refresh(silent)
    return texts(source)


def states(source: CommonCrawl) -> dict[str, tuple[str, str]]:
    """Path -> state and note of each page that is known."""
    with closing(Mirror(source.place.mirror)) as mirror:
        return {url.split("/", 3)[3]: (state, note) for url, state, note in mirror.index.execute(
            "SELECT url, state, note FROM pages")}


@pytest.fixture
def archive() -> Iterator[Archive]:
    with LoopbackSite() as site:
        yield Archive(site)


def test_captures_come_with_their_place_time_and_license(archive: Archive, tmp_path: Path) -> None:
    for number in range(18):  # three pages of the index
        archive.save(f"/{number}.html", page(number))
    archive.save("/free.html", page(30, BY))
    archive.save("/private/x.html", page(31))
    source = source_of(archive.site, tmp_path / "mirror")
    found = fetched(source)
    assert set(found) == {*(f"{number}.html" for number in range(18)), "free.html"}
    first, free = found["0.html"], found["free.html"]
    assert TEXTS[0].split("\n")[2] in first.text and first.fetched == "2025-10-20T10:11:12Z"
    line = archive.lines[CRAWL][0]
    last = int(line["offset"]) + int(line["length"]) - 1
    assert first.parents[1] == f"{CRAWL} {line['filename']} bytes {line['offset']}-{last}"
    assert (free.licence, first.licence) == ("CC-BY-4.0", "unverified")
    assert first.robots == "allowed: no rule matches"
    assert states(source)["private/x.html"] == ("refused", "refused: Disallow: /private/")
    assert {entry.headers["User-Agent"] for entry in archive.site.log} == {
        f"Vernacular/{__version__} (+tests@example.org)"}
    assert Counter(archive.asked()).most_common(1)[0][1] == 1
    assert archive.site.asked("/robots.txt") == ["/robots.txt"]
    assert not source.due()
    version, asked = source.data_version(), len(archive.site.log)
    source.refresh(silent)
    assert (source.data_version(), len(archive.site.log)) == (version, asked)


def test_what_is_not_wanted_is_never_requested(archive: Archive, tmp_path: Path) -> None:
    archive.save("/good.html", page(0))
    for path, more in (("/moved.html", {"status": "301"}), ("/paper.html", {"mime-detected": "application/pdf"}),
                       ("/english.html", {"languages": "eng,fra"}), ("/cut.html", {"truncated": "length"}),
                       ("/taken.html", {}), ("/tag/a.html", {}), ("/climbs.html", {"filename": "a/../b.warc.gz"})):
        archive.save(path, page(1), **more)
    archive.save("/elsewhere.html", page(2), url=f"http://localhost:{archive.site.port}/elsewhere.html")
    archive.lines[CRAWL][-1]["url"] = f"http://x.127.0.0.1.example:{archive.site.port}/elsewhere.html"
    archive.save("/no-language.html", page(3), languages="")
    archive.save("/copy.html", page(0))
    source = source_of(archive.site, tmp_path / "mirror", Suppressions(
        urls=frozenset({url_digest(f"{archive.site.url}/taken.html")})), languages=["nya"], exclude=["/tag/"])
    assert set(fetched(source)) == {"good.html", "no-language.html"}
    assert len(archive.asked()) == 2
    known = states(source)
    assert known["cut.html"] == ("damaged", "Common Crawl has only its beginning (length)")
    assert known["copy.html"] == ("repeat", f"the text of {archive.site.url}/good.html")
    assert set(known) == {"good.html", "no-language.html", "cut.html", "copy.html"}


def test_a_list_of_domains_in_a_file_is_read_and_its_change_noticed(archive: Archive, tmp_path: Path) -> None:
    archive.save("/lg/0.html", page(0))
    archive.save("/en/1.html", page(1))
    listed = tmp_path / "domains.txt"
    listed.write_text(f"127.0.0.1:{archive.site.port}/lg/  # one part\n", encoding="utf-8")
    source = source_of(archive.site, tmp_path / "mirror", domains=[], domain_list="domains.txt")
    assert set(fetched(source)) == {"lg/0.html"}
    version = source.data_version()
    listed.write_text(f"127.0.0.1:{archive.site.port}\n", encoding="utf-8")
    assert source.due() and source.data_version() != version
    assert set(fetched(source)) == {"lg/0.html", "en/1.html"}
    listed.write_text("- https://\n", encoding="utf-8")
    with pytest.raises(Problem) as raised:
        source.refresh(silent)
    assert raised.value.code == Code.CONFIG_VALUE


@pytest.mark.parametrize("domain", ["*", "example.*", "example.org/?lang=lg", "example.org/#lg", "u:p@example.org",
                                    "ftp://example.org", "[::1]", "x" * 10_000])
def test_what_is_no_domain_is_refused_when_the_settings_are_read(domain: str) -> None:
    def domains_of(*names: str) -> list[str]:
        return CommonCrawlSource.model_validate({
            "name": "mined", "kind": "commoncrawl", "licence": "unverified", "consent": "unknown", "register": "web",
            "contact": "you@example.org", "crawls": [CRAWL], "domains": names}).domains

    assert len(domains_of("*.example.org", "mw", "example.org:8080/lg/", "münchen.example")) == 4
    with pytest.raises(ValueError, match="domains"):
        domains_of(domain)


def test_the_latest_capture_of_a_page_counts(archive: Archive, tmp_path: Path) -> None:
    archive.save("/news.html", page(1), crawl=OLDER, stamp="20250901101112")
    archive.save("/news.html", page(2))
    archive.save("/same.html", page(3), crawl=OLDER, stamp="20250901101112")
    archive.save("/same.html", page(3))
    first = fetched(source_of(archive.site, tmp_path / "mirror", crawls=[OLDER]))
    assert first["news.html"].fetched == "2025-09-01T10:11:12Z"
    second = fetched(source_of(archive.site, tmp_path / "mirror", crawls=[OLDER, CRAWL]))
    assert second["news.html"].fetched == "2025-10-20T10:11:12Z" and TEXTS[2][:30] in second["news.html"].text
    assert second["same.html"] == first["same.html"] and len(archive.asked()) == 3


def bomb(size: int) -> bytes:
    return gzip.compress(b"<html><body><p>" + b"a" * size, mtime=0)


@pytest.mark.parametrize(("note", "more"), [
    ("Common Crawl has only its beginning (time)", {"warc": {"WARC-Truncated": "time"}}),
    ("the record is cut off", {"damage": lambda record: record[:-30]}),
    ("the record is damaged", {"damage": lambda record: record[:-8] + b"\0" * 8}),
    ("the record is damaged", {"damage": lambda record: b"x" * len(record)}),
    ("the record ends before the length that the index names", {"damage": lambda record: record + b"more"}),
    ("the record has more than 362,144 bytes", {"body": "a" * 9_000_000}),
    ("the page has more than 100,000 bytes", {"body": bomb(9_000_000), "headers": {"Content-Encoding": "gzip"}}),
    ("its encoding 'zstd' cannot be undone", {"headers": {"Content-Encoding": "zstd"}}),
    ("the site answered 302", {"status": "302 Found", "line": {"status": "200"},
                               "headers": {"Location": "http://elsewhere.example/"}}),
    ("the record is of another page", {"url": "http://elsewhere.example/", "line": {"url": None}})])
def test_a_damaged_record_is_left_out_with_its_reason(archive: Archive, tmp_path: Path, note: str,
                                                      more: dict[str, object]) -> None:
    archive.save("/good.html", page(0))
    given = {name: value for name, value in more.items() if name != "line"}
    body = given.pop("body", page(1))
    archive.save("/bad.html", body, **given)  # type: ignore[arg-type]
    archive.lines[CRAWL][-1] |= {**dict(more.get("line", {})), "url": f"{archive.site.url}/bad.html"}  # type: ignore[call-overload]
    source = source_of(archive.site, tmp_path / "mirror", most_page_bytes=100_000)
    assert set(fetched(source)) == {"good.html"}
    assert states(source)["bad.html"] == ("damaged", note)


def test_a_compressed_page_in_an_old_encoding_is_read(archive: Archive, tmp_path: Path) -> None:
    body = gzip.compress(page(5).replace("<p>", "<p>naïve ", 1).encode("cp1252", "replace"))
    archive.save("/old.html", body, headers={"Content-Type": "text/html; charset=windows-1252",
                                             "Content-Encoding": "gzip"})
    archive.save("/no.html", page(6, '<meta name="robots" content="noindex">'))
    source = source_of(archive.site, tmp_path / "mirror")
    assert "naïve" in fetched(source)["old.html"].text
    assert states(source)["no.html"][0] == "noindex"


@pytest.mark.parametrize("busy", ["/crawl-data/", f"/{CRAWL}-index"])
def test_a_host_that_answers_503_is_left_alone_for_as_long_as_it_asks(archive: Archive, tmp_path: Path,
                                                                      busy: str) -> None:
    for number in range(4):
        archive.save(f"/{number}.html", page(number))
    refusals = [Answer(b"slow down", 503, headers={"Retry-After": "1"})]

    def answer(path: str) -> Answer | None:
        return refusals.pop() if path.startswith(busy) and refusals else archive.answer(path)

    archive.site.otherwise = answer
    begun, messages = time.monotonic(), list[str]()
    source = source_of(archive.site, tmp_path / "mirror")
    source.refresh(messages.append)
    assert len(texts(source)) == 4 and time.monotonic() - begun >= 1 and sum("503" in line for line in messages) == 1


def test_a_host_that_stays_busy_ends_the_fetch_which_resumes(archive: Archive, tmp_path: Path) -> None:
    for number in range(6):
        archive.save(f"/{number}.html", page(number))
    closed = [Answer(b"", 503, headers={"Retry-After": "7200"})]

    def answer(path: str) -> Answer | None:
        return closed[0] if closed and len(archive.asked()) >= 3 else archive.answer(path)

    archive.site.otherwise = answer
    source = source_of(archive.site, tmp_path / "mirror")
    with pytest.raises(TransientProblem, match="7,200 seconds") as raised:
        source.refresh(silent)
    assert raised.value.code == Code.SOURCE_NETWORK and len(texts(source)) == 3 and source.due()
    closed.clear()
    assert len(fetched(source)) == 6
    assert sorted(Counter(archive.asked()).values()) == [1, 1, 1, 1, 1, 2]


def test_a_redirect_to_another_host_is_not_followed(archive: Archive, tmp_path: Path) -> None:
    archive.save("/0.html", page(0))
    other = f"http://localhost:{archive.site.port}"  # the same server by another name
    archive.site.pages[f"/{CRAWL}-index/moved"] = "never"
    archive.site.otherwise = lambda path: Answer(status=302, headers={"Location": f"{other}/{CRAWL}-index/moved"})
    with pytest.raises(Problem) as raised:
        source_of(archive.site, tmp_path / "mirror").refresh(silent)
    assert raised.value.code == Code.SOURCE_ACCESS and not archive.site.asked(f"/{CRAWL}-index/moved")


@pytest.mark.parametrize("place", ["fetch.page_facts", "permission.robots_rules"])
@pytest.mark.parametrize("error", [
    MemoryError(), ZeroDivisionError(), TransientProblem("full", where="disk", fix="Free it", code=Code.DISK_FULL)])
def test_an_error_that_is_not_of_the_page_is_raised_and_the_page_stays_due(
        archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str,
        error: Exception) -> None:
    def broken(*arguments: object) -> None:
        raise error

    archive.save("/0.html", page(0))
    source = source_of(archive.site, tmp_path / "mirror")
    with monkeypatch.context() as patch:
        patch.setattr(f"vernacular.sources.commoncrawl.{place}", broken)
        with pytest.raises(type(error)):
            source.refresh(silent)
    assert source.due() and set(fetched(source)) == {"0.html"}


def test_an_archive_that_ignores_ranges_is_not_downloaded(archive: Archive, tmp_path: Path) -> None:
    archive.save("/0.html", page(0))

    def answer(path: str) -> Answer | None:
        found = archive.answer(path)
        return replace(found, headers={}) if found is not None else None

    archive.site.otherwise = answer
    with pytest.raises(Problem, match="ignores ranges"):
        source_of(archive.site, tmp_path / "mirror").refresh(silent)


def test_the_budget_ends_a_fetch_and_a_larger_one_continues_it(archive: Archive, tmp_path: Path) -> None:
    for number in range(7):
        archive.save(f"/{number}.html", page(number))
    messages = list[str]()
    source = source_of(archive.site, tmp_path / "mirror", most_requests=6)
    source.refresh(messages.append)
    asked = [entry.path for entry in archive.site.log if entry.path != "/robots.txt"]
    assert len(asked) == 6 and len(texts(source)) == 4 and "budget" in messages[-1] and not source.due()
    assert len(fetched(source_of(archive.site, tmp_path / "mirror", most_requests=100))) == 7
    assert len(archive.asked()) == len(set(archive.asked())) == 7


def test_a_larger_budget_is_spent_on_records_not_on_the_same_index(archive: Archive, tmp_path: Path) -> None:
    for number in range(24):  # three pages of the index, and a question how many
        archive.save(f"/{number}.html", page(number))
    found = []
    for budget in (6, 8, 10):
        found.append(len(fetched(source_of(archive.site, tmp_path / "mirror", most_requests=budget))))
    assert found == [2, 4, 6] and len([entry for entry in archive.site.log if "-index" in entry.path]) == 4


def test_captures_without_room_in_the_queue_come_with_a_larger_budget(archive: Archive, tmp_path: Path,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commoncrawl_site, "_PAGE", 50)
    for number in range(50):
        archive.save(f"/{number}.html", page(0))
    small = source_of(archive.site, tmp_path / "mirror", most_requests=2)  # the queue has room for 40
    small.refresh(silent)
    assert len(states(small)) == 40
    larger = source_of(archive.site, tmp_path / "mirror", most_requests=10)
    assert len(fetched(larger)) == 1 and len(states(larger)) == 50 and not larger.due()


def test_pages_that_a_site_forbids_today_do_not_hide_those_that_wait(archive: Archive, tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        archive.save(f"/{number}.html", page(number))
    source, messages = source_of(archive.site, tmp_path / "mirror", most_requests=6), list[str]()
    source.refresh(silent)
    archive.site.pages["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /\n", type="text/plain")
    monkeypatch.setattr(clock, "read", lambda: time.time() + 8 * 86_400)
    source.refresh(messages.append)
    assert any("budget" in line for line in messages)


def test_a_site_where_nothing_listens_may_come_back(archive: Archive, tmp_path: Path) -> None:
    down = LoopbackSite()
    down.server.server_close()
    archive.save("/0.html", page(0))
    archive.save("/1.html", page(1), url=f"http://127.0.0.1:{down.port}/1.html")
    domains = [f"127.0.0.1:{archive.site.port}", f"127.0.0.1:{down.port}"]
    assert set(fetched(source_of(archive.site, tmp_path / "mirror", domains=domains))) == {"0.html"}


def test_what_a_site_wants_today_counts(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(socket.gaierror) as unknown:
        socket.getaddrinfo("gone.invalid", 80)
    if unknown.value.errno != socket.EAI_NONAME:
        pytest.skip("no name server says here that a name does not exist")
    archive.save("/0.html", page(0))
    archive.save("/1.html", page(1), url="http://gone.invalid/1.html")
    source = source_of(archive.site, tmp_path / "mirror", domains=[f"127.0.0.1:{archive.site.port}", "gone.invalid"])
    found = fetched(source)
    assert set(found) == {"0.html", "1.html"} and "the site is gone" in found["1.html"].robots
    archive.site.pages["/robots.txt"] = Answer(b"", 500)
    monkeypatch.setattr(clock, "read", lambda: time.time() + 8 * 86_400)
    assert set(fetched(source)) == {"0.html", "1.html"}  # not an answer: nothing has changed
    archive.site.pages["/robots.txt"] = Answer(b"User-agent: Vernacular\nDisallow: /\n", type="text/plain")
    monkeypatch.setattr(clock, "read", lambda: time.time() + 16 * 86_400)
    assert set(fetched(source)) == {"1.html"}


def test_a_page_that_was_taken_down_leaves_no_trace(archive: Archive, tmp_path: Path) -> None:
    for number in range(3):
        archive.save(f"/{number}.html", page(number))
    source = source_of(archive.site, tmp_path / "mirror")
    fetched(source)
    source.forget([f"{archive.site.url}/1.html"])
    assert set(texts(source)) == {"0.html", "2.html"}
    for file in (tmp_path / "mirror").iterdir():
        assert b"/1.html" not in file.read_bytes()


@pytest.mark.parametrize("line", [
    {"offset": "9" * 30}, {"length": "9" * 30}, {"length": "9" * 5000}, {"offset": "-5"}, {"length": None},
    {"digest": "\ud800"}, {"truncated": "\ud800"}, {"timestamp": ["20251020101112"]}, {"filename": {}}])
def test_a_line_of_the_index_that_is_none_is_left_out(archive: Archive, tmp_path: Path, line: dict[str, Any]) -> None:
    archive.save("/good.html", page(0))
    archive.save("/bad.html", page(1), **line)
    source = source_of(archive.site, tmp_path / "mirror")
    assert set(fetched(source)) == set(states(source)) == {"good.html"}


@pytest.mark.parametrize("line", [{"length": "900000000000"}, {"length": "900000000", "truncated": "length"}])
def test_a_record_that_is_never_read_does_not_use_up_the_budget(archive: Archive, tmp_path: Path,
                                                                line: dict[str, Any]) -> None:
    archive.save("/bad.html", page(1), **line)
    archive.save("/good.html", page(0))
    source = source_of(archive.site, tmp_path / "mirror")
    assert set(fetched(source)) == {"good.html"} and states(source)["bad.html"][0] == "damaged"


@pytest.mark.parametrize("place", ["http://[", "http://127.0.0.1:999999/", "/robots.txt", "", "ftp://127.0.0.1/"])
def test_a_site_whose_robots_txt_leads_nowhere_is_not_read(archive: Archive, tmp_path: Path, place: str) -> None:
    archive.save("/0.html", page(0))
    archive.site.pages["/robots.txt"] = Answer(status=301, headers={"Location": place})
    source = source_of(archive.site, tmp_path / "mirror")
    source.refresh(silent)
    assert states(source)["0.html"][0] == "refused" and not archive.asked()


def test_a_crawl_that_the_index_does_not_have_is_an_error(archive: Archive, tmp_path: Path) -> None:
    archive.save("/0.html", page(0))
    with pytest.raises(Problem, match="CC-MAIN-2099-01") as raised:
        source_of(archive.site, tmp_path / "mirror", crawls=["CC-MAIN-2099-01"]).refresh(silent)
    assert raised.value.code == Code.SOURCE_NETWORK and not isinstance(raised.value, TransientProblem)


def test_a_site_without_a_public_address_is_not_taken_for_gone() -> None:
    with Client("tests", 0, 5, False, silent, "mined") as client, pytest.raises(Unreachable):
        client.once("http://127.0.0.1/robots.txt", 1000)


def test_addresses_that_are_not_public_are_not_connected_to(archive: Archive, tmp_path: Path) -> None:
    archive.save("/0.html", page(0))
    with pytest.raises(TransientProblem, match="no public address"):
        source_of(archive.site, tmp_path / "mirror", private_addresses=False).refresh(silent)
    assert not archive.site.log


def test_a_killed_fetch_goes_on_and_every_text_comes_exactly_once(archive: Archive, tmp_path: Path) -> None:
    for number in range(16):
        archive.save(f"/{number}.html", page(number))
    undisturbed = fetched(source_of(archive.site, tmp_path / "undisturbed"))
    archive.site.log.clear()
    script = ("import sys; from pathlib import Path; from types import SimpleNamespace; "
              "from tests.commoncrawl_site import source_of; "
              "source_of(SimpleNamespace(url=sys.argv[1], port=int(sys.argv[2])), Path(sys.argv[3])).refresh(print)")
    for kill_at in (3, 10):
        process = subprocess.Popen([sys.executable, "-c", script, archive.site.url, str(archive.site.port),
                                    str(tmp_path / "mirror")], cwd=CHECKOUT, stdout=subprocess.DEVNULL)
        while len(archive.asked()) < kill_at:
            assert process.poll() is None
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert fetched(source_of(archive.site, tmp_path / "mirror")) == undisturbed and len(undisturbed) == 16
    asked = Counter(archive.asked())
    assert len(asked) == 16 and sum(asked.values()) <= 16 + 2  # those in flight


def test_domains_without_captures_are_no_failure(archive: Archive, tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    archive.save("/0.html", page(0))
    source = source_of(archive.site, tmp_path / "mirror", domains=["nothing.example"])
    source.refresh(silent)
    monkeypatch.setattr(clock, "read", lambda: time.time() + 8 * 86_400)
    source.refresh(silent)
    assert not source.due() and len(archive.site.log) == 1
