"""What an entry of ``sources:`` may say: a class for each kind. Reads nothing; ``vernacular.corpus.sources`` does."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from vernacular.config.expressions import Expression
from vernacular.config.licences import Licence
from vernacular.config.strict import Name, Strict

Consent = Literal["public-licence", "community-agreement", "contributor", "unknown"]
Register = Literal["religious", "news", "encyclopedic", "government", "web", "conversation", "education", "fiction",
                   "technical", "other"]


def _codec(name: str) -> str:
    from vernacular.corpus.formats.encoding import codec_of

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
_ENCODING = ("the encoding of files that are not Unicode, such as windows-1252; without it one that cannot be told for "
             "certain is refused")
_TEXT_FIELD = ("the field or column that holds the text, for jsonl, csv and parquet; in csv and tsv also its number, "
               "from 0 (from -1 for the last), where the header does not name it")


class SourceBase(Strict):
    """What every source must say: where it comes from, under which licence, with whose consent."""

    name: Name = Field(description="short name, unique in the folder; part of the asset key")
    licence: Licence = Field(description="SPDX id of the text's licence, or 'unverified'")
    consent: Consent = Field(description="on what basis the text may be used")
    text_register: Register = Field(alias="register", description="what kind of text it is")
    quality: Literal["edited", "raw", "machine"] = Field("raw", description="edited by people, raw, or machine output")
    url: str = Field("", description="where a person can read about the source")
    trusted: bool = Field(False, description="known to be in the language throughout: identification learns from it "
                                             "where there is no seed.txt")


class FilesSource(SourceBase):
    """Files in the language folder (``texts/*.txt``)."""

    kind: Literal["files"]
    files: str = Field(description="a glob relative to the language folder; docs/sources.md lists the formats")
    text_field: str | int = Field("text", description=_TEXT_FIELD)
    encoding: Encoding | None = Field(None, description=_ENCODING)


class InboxSource(SourceBase):
    """A folder that people drop files into, in any format; one that cannot be read is set aside and reported."""

    kind: Literal["inbox"]
    folder: str = Field("inbox", description="relative to the language folder, or absolute")
    text_field: str | int = Field("text", description=_TEXT_FIELD)
    encoding: Encoding | None = Field(None, description=_ENCODING)


class PackageSource(SourceBase):
    """Files inside an installed Python package; the package is never imported."""

    kind: Literal["package"]
    package: str = Field(description="the distribution's name on PyPI")
    files: str = Field(description="a glob relative to site-packages; docs/sources.md lists the formats")
    text_field: str | int = Field("text", description=_TEXT_FIELD)
    encoding: Encoding | None = Field(None, description=_ENCODING)


class NetworkSource(SourceBase):
    """What sources on the network share: what was fetched is kept in a mirror and fetched again when it is old."""

    refresh_days: float = Field(7, gt=0, description="what was fetched is used for this long before the next look")
    most_documents: int | None = Field(None, ge=1, description="take no more than this many documents")


class HubSource(NetworkSource):
    """A dataset on the Hugging Face hub at a revision, streamed."""

    kind: Literal["hub"]
    dataset: str = Field(description="id on the hub, such as HuggingFaceFW/fineweb-2, or a folder of parquet or jsonl "
                                     "files, written ./NAME (in the language folder) or absolute")
    config: str | None = Field(None, description="name of the configuration, such as lug_Latn")
    split: str = "train"
    revision: str | None = Field(None, description="commit on the hub, so that the same text is read next year; a "
                                                    "folder has none")
    preset: Literal["plain", "fineweb2", "glotcc", "wikipedia"] = Field("plain", description="which columns hold what")
    text_field: str | None = Field(None, description="the column with the text, where the preset's does not fit")

    @model_validator(mode="after")
    def _pinned(self) -> HubSource:
        check_pinned(self.dataset, self.revision)
        return self


class WikipediaSource(NetworkSource):
    """A Wikipedia dump (pages-articles.xml.bz2); redirects, stubs and pages outside the article space are left out."""

    kind: Literal["wikipedia"]
    wiki: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description="language code of the wiki, such as lg for "
                                                               "lg.wikipedia.org")
    date: str = Field("latest", pattern=r"^(latest|\d{8})$", description="date of the dump, YYYYMMDD, or latest")
    dump: str | None = Field(None, description="a file (relative to the language folder, or absolute) or URL to read "
                                               "instead of dumps.wikimedia.org")


class Web(NetworkSource):
    """What fetching web pages needs; the limits keep a crawl small and polite."""

    contact: str = Field(min_length=3, description="e-mail address or URL in the user agent, for those who are crawled")
    language_hints: list[str] = Field(default_factory=list, description="codes that mark pages of the language in URLs "
                                      "and hreflang, such as [lg, lug]; the folder's code if empty")
    most_pages: int = Field(2000, ge=1, description="fetch no more pages than this in one go")
    most_minutes: float = Field(60, gt=0, description="fetch no longer than this in one go")
    most_page_bytes: int = Field(5_000_000, ge=1000, description="larger pages are left out")
    delay_seconds: float = Field(1.0, ge=0, description="least time between two requests to a host; slower if it is")
    timeout_seconds: float = Field(30, gt=0, description="a request that takes longer is given up")
    private_addresses: bool = Field(False, description="allow hosts on this machine or its private network (tests)")


class CrawlSource(Web):
    """A web site: sitemaps and feeds first, then links, inside the allowed hosts, as robots.txt allows."""

    kind: Literal["crawl"]
    start: list[str] = Field(min_length=1, description="URLs to start from")
    hosts: list[str] = Field(default_factory=list, description="hosts to stay on; those of `start` if empty")
    include: list[Expression] = Field(default_factory=list, description="regular expressions of RE2; one has to match "
                                                                        "the URL")
    exclude: list[Expression] = Field(default_factory=list, description="regular expressions of RE2 for URLs that are "
                                                                        "never asked")
    depth: int = Field(8, ge=0, description="most links from a start page")


class FeedSource(Web):
    """RSS, Atom or sitemap files: what each entry links to is fetched."""

    kind: Literal["feed"]
    feeds: list[str] = Field(min_length=1, description="URLs of the feeds or sitemaps")
    hosts: list[str] = Field(default_factory=list, description="hosts that may be asked; those of `feeds` if empty")


LocalSource = FilesSource | InboxSource | PackageSource
Source = Annotated[FilesSource | InboxSource | PackageSource | HubSource | WikipediaSource | CrawlSource | FeedSource,
                   Field(discriminator="kind")]
