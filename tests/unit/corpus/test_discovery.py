"""Hosts with more text: pages mined from a generated Common Crawl are cleaned, their hosts ranked and proposed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from tests.commoncrawl_site import CRAWL, Archive
from tests.generate import make_documents, write_language
from tests.site import LoopbackSite
from vernacular.catalog import stages_of
from vernacular.cli.main import app
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.corpus.discovery import discover, snippet
from vernacular.pipeline.stage import run_stage

LINKS = '<a href="http://radio.example/a">r</a><a href="https://www.facebook.com/x">f</a>'


def page(text: str, links: str) -> str:
    body = "".join(f"<p>{line}</p>" for line in text.split("\n"))
    return f"<!DOCTYPE html><html><head><title>T</title></head><body><article>{body}</article>{links}</body></html>"


def mined(folder: Path, site: LoopbackSite, other: int) -> Language:
    """A language whose second source has pages of two hosts: one in the language, one in another."""
    write_language(folder / "languages", documents=60, trusted=True)
    path = folder / "languages" / "qaa" / "language.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["sources"].append({
        "name": "mined", "kind": "commoncrawl", "crawls": [CRAWL], "contact": "tests@example.org", "delay_seconds": 0,
        "domains": [f"127.0.0.1:{site.port}", f"127.0.0.1:{other}"], "index_url": site.url, "data_url": site.url,
        "private_addresses": True, "licence": "unverified", "consent": "unknown", "register": "web"})
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    archive = Archive(site)
    own = make_documents(69, seed=1)  # the same language; 9 documents more than in the folder
    for number, text in enumerate(text for texts in own.values() for text in texts[20:]):
        archive.save(f"/{number}.html", page(text, LINKS))
    for number, text in enumerate(text for texts in make_documents(6, seed=99).values() for text in texts):
        archive.save("", page(text.upper()[::-1], '<a href="http://noise.example/">n</a>'),
                     url=f"http://127.0.0.1:{other}/{number}.html")
    return load_language(path.parent)


def test_hosts_are_ranked_by_what_cleaning_kept_and_proposed_but_not_fetched(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LoopbackSite() as site, LoopbackSite() as other:
        language = mined(tmp_path, site, other.port)
        store = Store(tmp_path / "artifacts")
        with pytest.raises(Problem) as raised:
            discover(store, language)
        assert raised.value.code == Code.RESULT_MISSING
        stages = stages_of(language)
        for name in ("corpus/documents", "corpus/identifier", "corpus/clean"):
            run_stage(stages[name], language, store)
        asked = len(site.log)
        found = discover(store, language)
        assert len(site.log) == asked
    best, worst = found.hosts
    assert (best.name, best.documents, best.proposed) == (f"127.0.0.1:{site.port}", 9, True)
    assert best.accepted > 60 and best.share > 0.8 and best.sources == {"mined"}
    assert (worst.name, worst.proposed) == (f"127.0.0.1:{other.port}", False) and worst.share < 0.5
    linked = {host.name: host for host in found.linked}
    assert linked["radio.example"].pages == 9 and "facebook.com" not in linked
    entries = yaml.safe_load("\n".join(["sources:", *snippet(found, language, 5)]))["sources"]
    assert [entry["start"] for entry in entries] == [[f"https://127.0.0.1:{site.port}/"], ["https://radio.example/"]]
    path = language.folder / "language.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**settings, "sources": settings["sources"] + entries}), encoding="utf-8")
    again = discover(store, load_language(language.folder))  # the snippet is valid, and what it names is not repeated
    assert again.hosts[0].crawled and not list(snippet(again, load_language(language.folder), 5))
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(app, ["discover", "qaa", "--json"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["hosts"][0]["accepted"] == best.accepted
