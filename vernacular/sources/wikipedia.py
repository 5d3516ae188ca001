"""A Wikipedia dump: its articles as plain text in the mirror. The dump itself is deleted once it was read."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import regex

from vernacular.config.sources import WikipediaSource, is_url
from vernacular.core.errors import Problem
from vernacular.core.files import File, Folder
from vernacular.core.store import digest_of
from vernacular.provenance.document import Document, make_document
from vernacular.sandbox.limits import LimitReached, for_page
from vernacular.sandbox.reader import opened, stream_bounded
from vernacular.sources import Place, dump
from vernacular.sources.download import Mark, download, fetch_text, remove
from vernacular.sources.mirror import Mirror, allowed
from vernacular.sources.wikitext import article_text

_DUMPS = "https://dumps.wikimedia.org"
_VERSION = "1"  # raised when the same dump gives other text
_STUB = 20  # words; shorter articles are stubs
_ENGLISH = {"media", "special", "talk", "user", "wikipedia", "project", "file", "image", "mediawiki", "template",
            "help", "category", "portal", "module", "draft"}
_SPACELESS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_NAME = regex.compile(r"\p{Lu}[\p{L}\p{M}'’-]*|\p{N}+")
_BEGINNING = 400  # characters of an article, of which a quarter is compared once names are taken out
_BOT_ARTICLES, _BOT_SHARE = 50, 0.01  # so many articles that begin alike were made by a program
_ARTICLES_TOLD = 5000


class WikipediaDump:
    """The articles of a wiki.

    Args:
        settings: the entry of language.yaml.
        place: of the language folder and the mirror.
    """

    def __init__(self, settings: WikipediaSource, place: Place) -> None:
        self.settings, self.place = settings, place
        self.where = f"wikipedia {settings.wiki}"
        self.mirror = Mirror(place.mirror, self.where)
        self._kept = place.mirror / "dump.xml.bz2"
        database = f"{settings.wiki.replace('-', '_')}wiki"
        self._base = f"{_DUMPS}/{database}/{settings.date}/{database}-{settings.date}"
        self._source = settings.dump or f"{self._base}-pages-articles.xml.bz2"

    @property
    def _remote(self) -> bool:
        return is_url(self._source)

    @property
    def _local(self) -> File:
        """The dump in the language folder, or wherever its absolute path says."""
        path = Path(self._source)
        return File.at(path, self._source) if path.is_absolute() else (
            Folder(self.place.folder, "", self.place.code).file(path.as_posix()))

    def _key(self) -> str:
        return digest_of([_VERSION, self._source, self.settings.most_documents,
                          [] if self._remote else _state(self._local)])

    def due(self) -> bool:
        """Whether the dump is not there, or may have changed and was last looked at long ago.

        Raises:
            Problem: it is a file that is not there.
        """
        changes = self._remote and (self.settings.date == "latest" or self.settings.dump is not None)
        return self.mirror.due(self._key(), self.settings.refresh_days if changes else None)

    def refresh(self, progress: Callable[[str], None]) -> None:
        """Fetch and read the dump if it is not there, or may have changed and is due.

        Raises:
            Problem: it cannot be had and was never read, or is damaged.
        """
        if not self.due():
            return
        key = self._key()
        with self.mirror.held():
            if not self._remote:
                self._read(self._local, key, {}, progress)
                return
            state = self.mirror.state
            known = Mark(**state["mark"]) if state.get("key") == key else Mark()
            try:
                self._fetch(key, known, progress)
            except Problem as problem:
                if state.get("key") != key:
                    raise
                progress(f"{problem} Until then the articles of {state['fetched']} are used.")

    def documents(self, progress: Callable[[str], None]) -> Iterator[Document]:
        """The articles in the order of the dump; those that a program seems to have made carry the flag ``bot``.

        Raises:
            Problem: the dump was never read.
        """
        progress(f"reading {self.mirror.state.get('rows', 0)} articles of {self.settings.name}")
        beginnings = Counter(_beginning(row) for row in self.mirror.rows())
        enough = max(_BOT_ARTICLES, _BOT_SHARE * beginnings.total())
        for row in self.mirror.rows():
            flags = ["bot"] if beginnings[_beginning(row)] >= enough else []
            yield make_document(self.settings, row["path"], row["text"], whole=True, title=row["title"],
                                date=row["date"], fetched=row["fetched"], parents=row["parents"], flags=flags)

    def data_version(self) -> str:
        """A digest of the articles that were read."""
        return self.mirror.version()

    def forget(self, paths: Collection[str]) -> None:
        """Take the articles at ``paths`` out of the mirror, and what is there of a dump that was not read yet."""
        self.mirror.forget(paths, self.settings, self.place.suppressed)
        remove(self._kept)

    def _fetch(self, key: str, known: Mark, progress: Callable[[str], None]) -> None:
        progress(f"fetching {self._source}")
        notes = self._kept.with_name("mark.json")
        if self._kept.is_file() and notes.is_file():  # fetched whole, and killed while it was read
            etag, modified = notes.read_text(encoding="utf-8").split("\n")
            mark: Mark | None = Mark(etag, modified)
        else:
            mark = download(self._source, self._kept, known, progress)
        if mark is None:
            self.mirror.looked()
            return
        self._check_sum()
        notes.write_text(f"{mark.etag}\n{mark.modified}", encoding="utf-8")
        self._read(File.at(self._kept), key, {"mark": {"etag": mark.etag, "modified": mark.modified}}, progress)
        remove(self._kept)
        notes.unlink()

    def _check_sum(self) -> None:
        """Compare the dump with the sum that Wikimedia publishes beside it; other addresses have none."""
        sums = fetch_text(f"{self._base}-sha1sums.txt") if self.settings.dump is None else None
        wanted = re.search(r"^([0-9a-f]{40})\s+\S+-pages-articles\.xml\.bz2$", sums or "", flags=re.MULTILINE)
        if wanted is None:
            return
        with self._kept.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha1").hexdigest()
        if found != wanted.group(1):
            remove(self._kept)
            raise Problem("the dump is not what its checksum says", where=self._source, fix="Run it again")

    def _read(self, file: File, key: str, facts: dict[str, Any], progress: Callable[[str], None]) -> None:
        """Write the articles of the dump ``file`` to the mirror."""
        fetch = self.mirror.begin(digest_of([key, facts]))
        done, most = int(fetch.position or 0), self.settings.most_documents
        taken, number = fetch.rows, done
        for number, row in self._articles(file, done, progress) if taken != most else ():
            fetch.add(row, number)
            taken += 1
            if taken == most:
                break
            if taken % _ARTICLES_TOLD == 0:
                progress(f"{self.settings.name}: {taken} articles")
        if not taken:
            raise Problem("the dump holds no article", where=self._source, fix="Correct `wiki:` or `dump:`")
        fetch.flush(number)
        fetch.key = key
        self.mirror.publish(fetch, **facts)

    def _articles(self, file: File, done: int, progress: Callable[[str], None]) -> Iterator[tuple[int, dict[str, Any]]]:
        """(number of its page, row) for each article of the dump after page number ``done``."""
        names = set(_ENGLISH)
        try:
            with opened(file) as content:
                pages = stream_bounded(f"{dump.__name__}:in_worker_pages", [content], [file.suffix == ".bz2", done],
                                       self._source, for_page(self.place.limits))
                names.update(next(pages))
                for number, page in enumerate(pages, 1):
                    if page is not None:
                        row = self._row(page, names, progress)
                        if row is not None:
                            yield number, row
        except FileNotFoundError:
            raise Problem("there is no such dump", where=file.shown, fix="Correct `dump:`") from None
        except Problem:  # of a disk that fails the dump is not damaged, and what was read of it stays
            remove(self._kept)
            raise

    def _row(self, page: list[Any], names: Collection[str],
             progress: Callable[[str], None]) -> dict[str, Any] | None:
        """An article as a row, or None if it is none, too short, takes too long to parse, or was taken down."""
        title, revision, date, source = page
        url = f"https://{self.settings.wiki}.wikipedia.org/wiki/{quote(title.replace(' ', '_'), safe='/:()!,;@')}"
        try:
            text = article_text(source, title, names, url, self.place.limits)
        except LimitReached as problem:
            progress(f"set aside: {problem}")
            return None
        if len(_WORD.findall(text)) + len(_SPACELESS.findall(text)) // 2 < _STUB:
            return None
        row = {"path": url, "text": text, "title": title, "date": date, "parents": [f"revision {revision}"]}
        return allowed(row, self.settings, self.place.suppressed)


def _beginning(row: dict[str, Any]) -> str:
    """The first line of an article without its title, names and numbers: equal in what a program wrote."""
    first = _NAME.sub("#", row["text"][:_BEGINNING].split("\n", 1)[0].replace(row["title"], "#"))
    return re.sub(r"(#\W*)+", "#", first)[:_BEGINNING // 4]


def _state(file: File) -> list[int]:
    found = file.state()
    if found is None:
        raise Problem("there is no such dump", where=file.shown, fix="Correct `dump:`")
    return [found.st_size, found.st_mtime_ns]
