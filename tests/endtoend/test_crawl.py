"""Sources of kind ``crawl`` and ``feed`` against a real HTTP server: what is fetched, what is not, what is kept."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from tests.endtoend.crawl_site import (
    EACH,
    SECRET,
    SECTIONS,
    TEXTS,
    XML,
    article,
    build,
    crawl_source,
    opened,
    page,
    sitemap,
    text,
)
from tests.site import Answer, LoopbackSite
from vernacular import __version__
from vernacular.config.limits import Limits
from vernacular.core import clock
from vernacular.core.errors import Problem
from vernacular.pipeline.stage import silent
from vernacular.provenance.document import Document
from vernacular.provenance.suppression_list import Suppressions, url_digest
from vernacular.sources.web.page_store import Mirror

SECONDS = 3.0  # that a site has for an answer: enough for a machine with other work
CHECKOUT = Path(__file__).resolve().parents[2]


class World:
    """The crawled site: its server, its source, its mirror, the messages of the crawl, and its documents."""

    def __init__(self, site: LoopbackSite, folder: Path) -> None:
        self.site, self.mirror, self.messages = site, folder / "mirror", list[str]()
        self.source = crawl_source(
            site, self.mirror, Suppressions(urls=frozenset({url_digest(f"{site.url}/taken.html")})),
            most_page_bytes=300_000, timeout_seconds=SECONDS, exclude=["/excluded/"], depth=20)
        self.source.refresh(self.messages.append)
        self.first_log = list(site.log)
        self.documents = {document.path.removeprefix(site.url): document for document in self.source.documents(silent)}

    def rows(self) -> dict[str, tuple[str, str, str]]:
        """Path -> state, note, robots."""
        mirror = Mirror(self.mirror)
        try:
            return {url.removeprefix(self.site.url): (state, note, robots) for url, state, note, robots in
                    mirror.index.execute("SELECT url, state, note, robots FROM pages")}
        finally:
            mirror.close()  # while it is read, nothing can be forgotten

    def asked(self, start: str) -> list[str]:
        return [entry.path for entry in self.first_log if entry.path.startswith(start)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with LoopbackSite() as site:
        build(site)
        yield World(site, tmp_path_factory.mktemp("crawl"))


def test_every_page_of_the_site_comes_with_its_text(world: World) -> None:
    for number in range(SECTIONS * EACH):
        answer = world.site.pages[article(number)]
        assert isinstance(answer, Answer)
        for line in world.documents[article(number)].text.split("\n")[1:]:
            assert line in answer.body.decode()
        assert world.documents[article(number)].text.count("\n") >= 3
    assert {f"/mapped/{number}.html" for number in range(20)} | {f"/fed/{number}.html" for number in range(5)} <= set(
        world.documents)
    assert list(world.documents) == sorted(world.documents)


def test_no_page_is_asked_twice_and_the_crawler_says_who_it_is(world: World) -> None:
    twice = [path for path, times in Counter(entry.path for entry in world.first_log).items() if times > 1]
    assert twice in ([], ["/slow.html"])  # a page that fails is tried again
    assert world.first_log[0].path == "/robots.txt"
    agent = f"Vernacular/{__version__} (+tests@example.org)"
    assert {entry.headers["User-Agent"] for entry in world.first_log} == {agent}
    order = [entry.path for entry in world.first_log]
    assert {"/maps.xml", "/map1.xml.gz", "/sitemap.xml", "/feed.xml", "/"} == set(order[1:6])  # lists come first
    assert order.index("/lg/news.html") < order.index(article(0))  # then what carries the language's code
    assert order.index("/s/9.html") < order.index(article(0))  # then links, breadth first


def test_robots_txt_is_obeyed_and_each_decision_is_kept(world: World) -> None:
    assert world.asked("/private/") == []
    decision = "refused: Disallow: /private/"
    assert world.rows()["/private/x.html"] == ("refused", decision, decision)
    assert world.documents[article(1)].robots == "allowed: no rule matches"


def test_other_hosts_that_pages_link_to_are_recorded(world: World) -> None:
    mirror = Mirror(world.mirror)
    try:
        found = set(mirror.outgoing())
    finally:
        mirror.close()
    assert (f"{world.site.url}/", f"localhost:{world.site.port}") in found
    assert not any(host == f"127.0.0.1:{world.site.port}" for _, host in found)


def test_traps_end(world: World) -> None:
    assert len(world.asked("/calendar")) < 40
    assert len(world.asked("/circle/")) <= 3
    assert len(world.asked("/loop/")) == 2
    assert world.asked("/session") == ["/session"]
    rows = world.rows()
    assert rows["/huge.html"][:2] == ("failed", "too large")
    assert rows["/slow.html"][:2] == ("failed", "no response in time")
    assert "/arrived.html" in world.documents and "/moved.html" not in world.documents


def test_the_crawl_stays_on_its_host(world: World) -> None:
    assert world.asked("/elsewhere") == world.asked("/off-host") == []
    target = f"http://localhost:{world.site.port}/off-host.html"
    assert world.rows()["/off"][:2] == ("redirect", f"to {target} (another host)")


def test_what_must_not_be_asked_or_kept_is_not(world: World) -> None:
    for path in ("/taken.html", "/excluded/", "/paper.pdf", "/after-nofollow.html"):
        assert world.asked(path) == []
    for path in ("/noindex.html", "/reserved.html", "/data"):
        assert world.asked(path) and path not in world.documents
    assert "/after-noindex.html" in world.documents and "/nofollow.html" in world.documents


def test_characters_survive_wrong_declarations(world: World) -> None:
    assert "Ŵanthu ŵa ku Mzuzu ŵali na ŋombe." in world.documents["/utf8.html"].text
    assert "encoding:declared cp1252, is utf-8" in world.documents["/utf8.html"].flags
    assert "“Café” naïveté – " in world.documents["/cp1252.html"].text
    messages: list[str] = []
    list(world.source.documents(messages.append))
    assert "/riddle.html" not in world.documents
    assert any("/riddle.html: the page's encoding is not recognized" in line for line in messages)
    assert "wosweka" in world.documents["/broken.html"].text


def test_hreflang_guides_the_crawl_and_hints_at_translation(world: World) -> None:
    assert "/lg/news.html" in world.documents
    assert world.asked("/en/") == [] and "/en/news.html" not in world.documents
    assert "/it/notes.html" in world.documents  # a code that the site does not mark pages with means nothing
    assert {"hreflang:12", "machine_translation:hreflang"} <= set(world.documents["/many.html"].flags)
    assert world.documents["/lg/news.html"].flags == ["hreflang:2"]
    assert "machine_translation:widget" in world.documents["/proxied.html?_x_tr_sl=en"].flags
    assert world.documents[article(0)].flags == []  # <html lang="en"> alone means nothing


def test_the_ledger_row_says_licence_author_and_date(world: World) -> None:
    row = world.documents["/licence.html"]
    assert (row.licence, row.licence_evidence) == (
        "CC-BY-SA-4.0", 'page: rel="license" https://creativecommons.org/licenses/by-sa/4.0/')
    assert (row.author, row.date, row.whole) == ("Agnes Banda", "2021-05-04", True)
    assert row.fetched and len(row.parents[0]) == len("sha256:") + 64
    assert world.documents[article(3)].licence == "unverified"


def test_raw_pages_are_kept_as_warc(world: World) -> None:
    kinds, digests = Counter[str](), {}
    for file in world.mirror.glob("*.warc.gz"):
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream, check_digests="raise"):
                kinds[record.rec_type] += 1
                if record.rec_type == "response":
                    digests[record.rec_headers.get_header("WARC-Target-URI")] = record.rec_headers.get_header(
                        "WARC-Payload-Digest")
                    record.content_stream().read()
    assert kinds["warcinfo"] >= 1 and kinds["request"] == kinds["response"] >= 180
    for document in world.documents.values():
        assert digests[document.path] == document.parents[0]


def test_reading_again_needs_no_network_and_gives_the_same(world: World) -> None:
    before = len(world.site.log)
    assert [document.row() for document in world.source.documents(silent)] == [
        document.row() for document in world.documents.values()]
    assert len(world.site.log) == before
    version = world.source.data_version()
    world.source.refresh(world.messages.append)  # fresh: no request
    assert len(world.site.log) == before and world.source.data_version() == version


def test_a_later_look_asks_only_for_what_changed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    site, fresh = world.site, world.source.data_version()
    assert not world.source.due()
    monkeypatch.setattr(clock, "read", lambda: time.time() - 365 * 86400)
    assert world.source.due()  # what it knows was noted by a clock that was ahead
    changed = page("Zasintha tsopano lero.")
    site.pages["/changes.html"], days = changed, iter(range(8, 100, 8))
    del site.pages["/gone.html"], site.pages["/slow.html"]
    site.pages["/robots.txt"] = text("User-agent: *\nAllow: /a/\nDisallow: /private/\n")  # worded otherwise
    start = time.time()

    def look() -> dict[str, Document]:
        later = start + next(days) * 86400
        monkeypatch.setattr(clock, "read", lambda: later)
        assert world.source.due()
        del site.log[:]
        world.source.refresh(world.messages.append)
        return {document.path.removeprefix(site.url): document for document in world.source.documents(silent)}

    documents = look()
    statuses = {entry.path: entry.status for entry in site.log}
    assert all(statuses[article(number)] == 304 for number in range(SECTIONS * EACH))
    assert "Zasintha tsopano lero." in documents["/changes.html"].text
    assert "/gone.html" in documents  # once may be a fault of the server
    assert documents[article(0)] == world.documents[article(0)]
    assert world.source.data_version() != fresh
    assert "/gone.html" not in look()

    site.pages["/robots.txt"] = Answer(b"", 500)
    assert len(look()) > 180 and set(site.asked()) == {"/robots.txt"}
    assert any("WARNING" in line and "responds 500 to robots.txt" in line for line in world.messages)


def test_forgetting_leaves_no_byte(world: World) -> None:
    # two pages with the same text: the one that was fetched first is kept
    kept, again = sorted(("/secret.html", "/secret-again.html"), key=lambda path: world.rows()[path][0] == "repeat")
    assert SECRET.encode() in everything(world.mirror)
    world.source.forget([f"{world.site.url}{kept}/#part"])
    assert SECRET.encode() not in everything(world.mirror)
    assert kept not in world.rows() and world.rows()[again] == ("repeat", "", "allowed: no rule matches")
    documents = {document.path.removeprefix(world.site.url) for document in world.source.documents(silent)}
    assert article(0) in documents and not {kept, again} & documents


def everything(folder: Path) -> bytes:
    """Every byte below ``folder``, unpacked where it is packed."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found.append(data)
            if path.suffix == ".gz":
                found.append(gzip.decompress(data))
    return b"\0".join(found)


def test_robots_txt_fails_closed(tmp_path: Path) -> None:
    answers: dict[str, Answer] = {
        "500": Answer(status=500), "403": Answer(status=403), "html": Answer(b"<html>not found</html>"),
        "slow": Answer(b"", delay=10 * SECONDS), "binary": Answer(b"\x89PNG\0\0", type="text/plain"),
        "elsewhere": Answer(status=301, headers={"Location": "http://example.invalid/robots.txt"}),
        "absent": Answer(status=404)}
    sites = {name: LoopbackSite({"/robots.txt": answer, "/": page(TEXTS[number])})
             for number, (name, answer) in enumerate(answers.items())}
    for site in sites.values():
        site.__enter__()
    source = opened("crawl", tmp_path / "mirror", start=[*(f"{site.url}/" for site in sites.values()),
                                                         "http://127.0.0.1:9/"], timeout_seconds=SECONDS)
    messages: list[str] = []
    source.refresh(messages.append)
    for site in sites.values():
        site.__exit__(None, None, None)
    assert [document.path for document in source.documents(silent)] == [f"{sites['absent'].url}/"]
    assert all(set(site.asked()) == {"/robots.txt"} for name, site in sites.items() if name != "absent")
    assert sum("nothing is fetched" in line for line in messages) == 7


def test_private_addresses_are_never_connected_to(tmp_path: Path) -> None:
    with LoopbackSite({"/": page(TEXTS[0]), "/robots.txt": text("")}) as site:
        starts = [f"http://{host}:{site.port}/" for host in ("127.0.0.1", "localhost", "2130706433", "[::1]",
                                                             "[::ffff:127.0.0.1]", "0.0.0.0")]
        source = opened("crawl", tmp_path / "mirror", start=starts, private_addresses=False, timeout_seconds=2)
        with pytest.raises(Problem, match=r"private address.*VN-SOURCE-NETWORK"):
            source.refresh(silent)
        assert site.log == []


def test_a_feed_fetches_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    with LoopbackSite() as site:
        site.pages |= {
            "/robots.txt": text("User-agent: *\nCrawl-delay: 0.3\n"),
            "/atom.xml": Answer((
                f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="{site.url}/1.html"/></entry>'
                '<entry><link href="/2.html"/></entry></feed>').encode(), type="application/atom+xml"),
            "/1.html": page(TEXTS[1], ("/3.html",)), "/2.html": page(TEXTS[2]), "/3.html": page(TEXTS[3])}
        source = opened("feed", tmp_path / "mirror", feeds=[f"{site.url}/atom.xml"])
        started = time.monotonic()
        source.refresh(silent)
        assert time.monotonic() - started > 0.6  # three requests, as far apart as robots.txt asks
        assert [document.path for document in source.documents(silent)] == [f"{site.url}/1.html", f"{site.url}/2.html"]
        assert site.asked() == ["/robots.txt", "/atom.xml", "/1.html", "/2.html"]


def test_a_feed_that_is_html_is_a_failed_look_and_no_empty_feed(tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    start, messages = time.time(), list[str]()
    with LoopbackSite({"/robots.txt": text(""), "/1.html": page(TEXTS[1]), "/2.html": page(TEXTS[2])}) as site:
        def feed(*paths: str) -> Answer:
            items = "".join(f"<item><title>t</title><link>{site.url}{path}</link></item>" for path in paths)
            return Answer(f'<rss version="2.0"><channel><title>f</title>{items}</channel></rss>'.encode(), type=XML)

        portal = Answer(b"<!DOCTYPE html><html><body>Log in to this network.</body></html>")
        site.pages["/feed.xml"] = portal
        source = opened("feed", tmp_path / "mirror", feeds=[f"{site.url}/feed.xml"])
        with pytest.raises(Problem, match="VN-SOURCE-"):
            source.refresh(silent)
        site.pages["/feed.xml"] = feed("/1.html")
        source.refresh(silent)  # due, though an answer came
        assert not source.due() and len(list(source.documents(silent))) == 1
        site.pages["/feed.xml"] = portal
        monkeypatch.setattr(clock, "read", lambda: start + 8 * 86400)
        source.refresh(messages.append)
        assert any("WARNING" in line and "neither a sitemap nor a feed" in line for line in messages)
        assert source.due() and len(list(source.documents(silent))) == 1
        site.pages["/feed.xml"] = feed("/1.html", "/2.html")
        source.refresh(silent)
        assert not source.due() and len(list(source.documents(silent))) == 2


def test_a_killed_crawl_goes_on_where_it_stopped(tmp_path: Path) -> None:
    number = 60
    with LoopbackSite({"/robots.txt": text("")}) as site:
        site.pages["/"] = page("Kwathu.", tuple(f"/{index}.html" for index in range(number)))
        for index in range(number):
            site.pages[f"/{index}.html"] = Answer(page(TEXTS[index]).encode(), delay=0.05)
        program = ("import sys; from tests.endtoend.crawl_site import opened; from pathlib import Path\n"
                   f"opened('crawl', Path(sys.argv[1]), start=['{site.url}/']).refresh(lambda line: None)")
        process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "mirror")], cwd=CHECKOUT)
        while len(site.asked()) < 25:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = -1
        while before < len(site.log):  # the fetching process ends with the one that started it
            before = len(site.log)
            time.sleep(0.5)
        files = list((tmp_path / "mirror").glob("*.warc.gz"))
        with files[0].open("ab") as stream:
            stream.write(b"half a record")  # what a kill in the middle of a write leaves
        source = crawl_source(site, tmp_path / "mirror")
        assert len(list(source.documents(silent))) < number
        source.refresh(silent)
        assert len(list(source.documents(silent))) == number + 1
        assert b"half a record" not in files[0].read_bytes()
        again = [path for path, times in Counter(site.asked()).items() if times > 1 and path != "/robots.txt"]
        assert len(again) <= 3  # those in flight when it was killed


def test_limits_of_pages_and_of_unreachable_hosts(tmp_path: Path) -> None:
    with LoopbackSite({"/robots.txt": text("")}) as site:
        site.pages["/"] = page("Kwathu.", tuple(f"/{index}.html" for index in range(30)))
        for index in range(30):
            site.pages[f"/{index}.html"] = page(TEXTS[index])
        messages: list[str] = []
        source = crawl_source(site, tmp_path / "mirror", most_pages=10)
        assert source.data_version() == "not fetched"
        with pytest.raises(Problem, match="VN-SOURCE-MISSING"):
            list(source.documents(silent))
        source.refresh(messages.append)
        assert len(list(source.documents(silent))) == 10 and any("stopped at 10 pages" in line for line in messages)
    with pytest.raises(Problem, match=r"robots.txt .*VN-SOURCE-NETWORK"):
        crawl_source(site, tmp_path / "other").refresh(silent)
    assert mirror_is_whole(tmp_path / "mirror")


def mirror_is_whole(folder: Path) -> bool:
    mirror = Mirror(folder)
    return all(mirror.body(entry.url) for entry in mirror.pages())


@pytest.mark.data
def test_the_oromo_help_pages_of_debian(tmp_path: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        pytest.skip("no Debian packages here")
    found = subprocess.run(["apt-get", "download", "libreoffice-help-om"], cwd=tmp_path, capture_output=True, text=True,
                           check=False, timeout=60, env={**os.environ, "LC_ALL": "C"})
    packages = list(tmp_path.glob("*.deb"))
    if found.returncode or not packages:
        pytest.skip("libreoffice-help-om cannot be fetched here")
    subprocess.run(["dpkg-deb", "-x", packages[0], tmp_path / "package"], check=True)
    root = tmp_path / "package" / "usr" / "share" / "libreoffice" / "help"
    with LoopbackSite(folder=root) as site:
        paths = [file.relative_to(root).as_posix() for file in sorted(root.rglob("om/text/swriter/**/*.html"))][:40]
        site.pages["/sitemap.xml"] = Answer(sitemap([f"{site.url}/{path}" for path in paths]).encode(), type=XML)
        source = opened("crawl", tmp_path / "mirror", start=[f"{site.url}/{paths[0]}"], most_pages=40)
        source.refresh(silent)
        documents = list(source.documents(silent))
    paragraphs = [line for document in documents for line in document.text.split("\n")]
    english = sum(bool({"the", "of", "and", "to", "is"} & set(line.lower().split())) for line in paragraphs)
    sys.stdout.write(f"{len(documents)} pages, {len(paragraphs)} paragraphs, {english} with English words\n")
    assert len(documents) > 30 and len(paragraphs) > 300
    assert 0.1 < english / len(paragraphs) < 0.9


def test_where_nothing_comes_it_is_reported_why(tmp_path: Path) -> None:
    with LoopbackSite({"/robots.txt": text("User-agent: *\nDisallow: /"), "/": page(TEXTS[0])}) as site:
        with pytest.raises(Problem, match=r"\(\S+/: robots.txt: .*Disallow: /\).*VN-SOURCE-NETWORK"):
            crawl_source(site, tmp_path / "forbidden").refresh(silent)
        assert site.asked() == ["/robots.txt"]
    with LoopbackSite({"/robots.txt": text("")}) as site:
        site.pages["/"] = Answer(b"", 301, headers={"Location": f"http://moved.example:{site.port}/"})
        source = crawl_source(site, tmp_path / "moved")
        source.refresh(silent)
        with pytest.raises(Problem, match=r"\b0 .* http://moved.example\S+ .*VN-"):
            list(source.documents(silent))


def test_a_page_that_takes_too_long_to_parse_is_left_out_and_the_others_come(tmp_path: Path) -> None:
    with LoopbackSite() as site:
        attributes = " ".join(f"a{number}=b" for number in range(100_000))
        site.pages["/"] = page(TEXTS[0], ("/slow.html", "/other.html"))
        site.pages["/slow.html"] = page(TEXTS[1]).replace("<p>", f"<p {attributes}>", 1)
        site.pages["/other.html"] = page(TEXTS[2])
        source, messages = opened("crawl", tmp_path / "mirror", limits=Limits(page_seconds=0.5), start=[f"{site.url}/"],
                              most_minutes=3), list[str]()
        source.refresh(messages.append)
        paths = [document.path for document in source.documents(silent)]
    assert sorted(path.rpartition("/")[2] for path in paths) == ["", "other.html"]
    named = [*messages, *map(str, getattr(source, "problems", []))]
    assert any("/slow.html" in line for line in named)
