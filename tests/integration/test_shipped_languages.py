"""The language folders that are shipped: valid, honest about their text, and marked as needing the network."""

from __future__ import annotations

import re
import shutil
import unicodedata
from pathlib import Path

import langcodes
import pytest
import regex

from pipelines.build import build_definitions
from vernacular.catalog import stages_of
from vernacular.cli.checking.folder import check_all
from vernacular.cli.checking.printed import found_in
from vernacular.cli.doctor import examine
from vernacular.cli.planning import network_needs, steps_of, to_fetch
from vernacular.config.codes import is_registered, name_of
from vernacular.config.load import load_language
from vernacular.config.new import new_language
from vernacular.config.schema import Language
from vernacular.config.sources import CrawlSource, HubSource, InboxSource, NetworkSource, WikipediaSource
from vernacular.config.statement import stated
from vernacular.core.project import Project
from vernacular.core.store import Store
from vernacular.speech.recordings.speakers import KEY
from vernacular.text.scripts import knows_script

LANGUAGES = Path(__file__).parents[2] / "languages"
ALL = sorted(path.parent.name for path in LANGUAGES.glob("*/language.yaml") if path.parent.name[0] != "_")
SPOKEN = ["mdw", "x-tusom"]  # of speech alone
SHIPPED = [code for code in ALL if code not in SPOKEN]
FETCHED = [code for code in SHIPPED if code != "nya"]
TEXT = {".yaml", ".md"}


@pytest.fixture(params=SHIPPED)
def language(request: pytest.FixtureRequest) -> Language:
    return load_language(LANGUAGES / request.param)


@pytest.fixture(params=ALL)
def any_language(request: pytest.FixtureRequest) -> Language:
    return load_language(LANGUAGES / request.param)


def test_what_is_shipped() -> None:
    assert set(SPOKEN) <= set(ALL)
    assert set(SHIPPED) >= {"nya", "lug", "fao", "quy", "gla", "tir", "sat", "nqo", "bod"}


def test_a_folder_says_who_answers_and_what_the_text_may_be_used_for(any_language: Language) -> None:
    language = any_language
    statement = (language.folder / "statement.md").read_text(encoding="utf-8")
    assert statement.startswith(f"# Data statement: {language.name} ({language.code})")
    parts = ("Curation rationale", "Language variety", "Speaker demographic", "Annotator demographic",
             "Speech situation", "Text characteristics", "Recording quality", "Other")  # Bender and Friedman's
    for text in (statement, (LANGUAGES / "_template" / "statement.md").read_text(encoding="utf-8")):
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [*parts]
        assert "\n### Who was asked\n\n" in text and "\n### What it may be used for\n\n" in text
    assert stated(language.folder) and not stated(LANGUAGES / "_template")
    assert language.owner
    for source in (*language.sources, *(language.speech.sources if language.speech is not None else ())):
        assert source.licence and source.url
        assert (source.licence == "unverified") == (source.consent == "unknown")


def test_no_text_of_others_is_shipped(any_language: Language) -> None:
    files = [path for path in any_language.folder.rglob("*") if path.is_file() and path.name != KEY]
    assert {path.suffix for path in files} <= TEXT
    assert sum(path.stat().st_size for path in files) < 40_000


def test_the_script_is_one_that_unicode_knows_and_the_autonym_is_in_it(language: Language) -> None:
    assert knows_script(language.script)
    assert langcodes.get(language.code).maximize().script == language.script
    assert regex.fullmatch(rf"[\p{{sc={language.script}}}\p{{sc=Zyyy}}\p{{sc=Zinh}}]+", language.autonym)


def test_neighbours_and_rejected_languages_are_languages(language: Language) -> None:
    assert len(set(language.neighbours)) == len(language.neighbours) >= 2
    assert language.code not in language.neighbours + language.cleaning.reject_languages
    assert not set(language.neighbours) & set(language.cleaning.reject_languages)
    for code in language.neighbours + language.cleaning.reject_languages:
        assert re.fullmatch("[a-z]{3}", code) and is_registered(code) and name_of(code) != code


def test_spellings_are_normal_and_final(language: Language) -> None:
    replace = language.cleaning.orthography.replace
    for before, after in replace.items():
        assert unicodedata.is_normalized("NFC", before + after)
        assert not any(other in after for other in replace)


@pytest.mark.parametrize("code", FETCHED)
def test_public_sources_are_pinned_and_polite(code: str) -> None:
    sources = load_language(LANGUAGES / code).sources
    assert all(isinstance(source, NetworkSource) for source in sources)
    hub = [source for source in sources if isinstance(source, HubSource)]
    assert len(hub) == 1 and hub[0].dataset == "HuggingFaceFW/fineweb-2" and hub[0].preset == "fineweb2"
    assert re.fullmatch("[0-9a-f]{40}", hub[0].revision)
    assert hub[0].config == f"{code}_{load_language(LANGUAGES / code).script}"
    assert hub[0].licence == "unverified"
    wiki = [source for source in sources if isinstance(source, WikipediaSource)]
    assert len(wiki) == 1 and wiki[0].licence == "CC-BY-SA-4.0" and wiki[0].consent == "public-licence"
    for source in sources:
        if isinstance(source, CrawlSource):
            assert source.contact and source.most_pages <= 500 and not source.private_addresses
            assert all(re.match(r"https?://[a-z.]+/", url) for url in source.start)
            assert (source.licence, source.consent) == ("unverified", "unknown")


@pytest.mark.parametrize("code", FETCHED)
def test_identification_has_one_source_to_learn_from(code: str) -> None:
    trusted = [source.name for source in load_language(LANGUAGES / code).sources if source.trusted]
    assert trusted == (["fineweb2"] if code != "quy" else [])
    if not trusted:
        assert "No source is trusted" in (LANGUAGES / code / "language.yaml").read_text(encoding="utf-8")


def test_one_revision_for_all() -> None:
    revisions = {source.revision for code in SHIPPED for source in load_language(LANGUAGES / code).sources
                 if isinstance(source, HubSource)}
    template = (LANGUAGES / "_template" / "language.yaml").read_text(encoding="utf-8")
    assert len(revisions) == 1
    assert all(revision in template for revision in revisions)


# The mark: needs the network.

@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(home=tmp_path, languages=LANGUAGES, artifacts=tmp_path / "artifacts")


def test_check_marks_what_needs_the_network(project: Project) -> None:
    found = check_all(project, None)
    assert not any(checked.faults for checked in found)
    lines = [line for checked in found for line in found_in(checked, project.artifacts, alone=False)]
    printed = {line.split(":")[0]: line for line in lines}
    assert sorted(printed) == ALL
    for code in FETCHED:
        assert "needs the network: fineweb2, wikipedia" in printed[code]
    assert "network" not in printed["nya"]


def test_doctor_notes_it_and_misses_nothing(project: Project) -> None:
    findings = {finding.what: finding for finding in examine(project)}
    for code in FETCHED:
        finding = findings[f"{code} network"]
        assert not finding.needed and not finding.good
        assert finding.line().startswith("note") and "not fetched yet" in finding.line()
        assert f"vernacular run {code}" in finding.line()
    assert "nya network" not in findings


@pytest.mark.parametrize("code", FETCHED)
def test_a_plan_needs_no_network(code: str, project: Project) -> None:
    language = load_language(LANGUAGES / code)
    steps = steps_of(stages_of(language), language, Store(project.artifacts))
    assert steps[0].stage == "corpus/documents"
    assert steps[0].why.startswith("fetches fineweb2, wikipedia")
    assert [step for step in steps if step.action != "run"] == []


def test_what_was_fetched_is_no_longer_missing(project: Project) -> None:
    language = load_language(LANGUAGES / "quy")
    assert to_fetch(language, project.artifacts) == {"corpus/documents": ["fineweb2", "wikipedia"]}
    (project.artifacts / "quy" / ".mirror" / "fineweb2").mkdir(parents=True)
    assert to_fetch(language, project.artifacts) == {"corpus/documents": ["wikipedia"]}
    assert network_needs(language, project.artifacts)["corpus/documents"] == {"fineweb2": True, "wikipedia": False}


def test_every_folder_has_its_graph(project: Project) -> None:
    keys = build_definitions(project).resolve_asset_graph().get_all_asset_keys()
    names = {key.to_user_string() for key in keys}
    assert not [name for name in names if name.endswith("/config_error")]
    for code in SHIPPED:
        assert {f"{code}/corpus/documents", f"{code}/corpus/clean", f"{code}/corpus/splits"} <= names
    assert {f"{load_language(LANGUAGES / code).slug}/speech/recordings" for code in SPOKEN} <= names
    for code in FETCHED:
        assert {f"{code}/source/fineweb2", f"{code}/source/wikipedia"} <= names


# The template.

def test_the_sources_that_the_template_shows_are_valid(tmp_path: Path) -> None:
    shutil.copytree(LANGUAGES / "_template", tmp_path / "languages" / "_template")
    shutil.copy(LANGUAGES / "defaults.yaml", tmp_path / "languages")
    folder = new_language(tmp_path / "languages", "bem")
    assert [type(source) for source in load_language(folder).sources] == [InboxSource]
    assert [path for path in (folder / "inbox").iterdir() if path.name[0] != "."] == []  # else it were a document
    path = folder / "language.yaml"
    text = path.read_text(encoding="utf-8")
    sources, mark, rest = text.partition("# Labelled data")
    path.write_text(re.sub(r"^#(  - |    \S)", r"\1", sources, flags=re.MULTILINE) + mark + rest, encoding="utf-8")
    shown = load_language(folder).sources
    assert [source.name for source in shown] == ["inbox", "wikipedia", "fineweb2", "news", "mined"]
    path.write_text(re.sub(r"^    #( *(retention|  ))", r"   \1", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert [source.name for source in load_language(folder).models["minilm"].retention] == ["manuals"]
    hub = shown[2]
    assert isinstance(hub, HubSource) and hub.config == "bem_Latn"
