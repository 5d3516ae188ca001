"""A release proves itself: each forgery is refused by ``publish`` and by ``verify``, with the file and a code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

import vernacular
from tests.generate import write_language
from tests.unit.release.forgeries import BY_HAND, FORGERIES, again, all_green, edit, rehash
from tests.unit.release.made_up import NAME, TRAIN, made_up_reports, put_release
from vernacular.cli.main import app
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.report import Gate
from vernacular.core.store import MANIFEST, Store
from vernacular.provenance.corpus_tables import write_rows
from vernacular.release.attestation import SIGNATURE
from vernacular.release.publish import publish, refusals
from vernacular.release.signing_key import VARIABLE, fingerprint, own_or_new_key, public_text, trusted_keys
from vernacular.release.verification import agree, verify
from vernacular.release.waivers import FILE


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of a language and a store with a release of it, one gate of which is red; not to be changed."""
    folder = tmp_path_factory.mktemp("real")
    language = load_language(write_language(folder / "languages"))
    put_release(Store(folder / "artifacts"), language, made_up_reports())
    return language.folder, folder / "artifacts"


@pytest.fixture
def place(real: tuple[Path, Path], tmp_path: Path) -> tuple[Language, Store, Path]:
    """A copy of it: language, store and the folder of the release."""
    shutil.copytree(real[0].parent, tmp_path / "languages")
    shutil.copytree(real[1], tmp_path / "artifacts")
    language, store = load_language(tmp_path / "languages" / real[0].name), Store(tmp_path / "artifacts")
    release = store.current(language.code, f"release/{NAME}")
    assert release is not None
    return language, store, release.folder


def run_verify(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["verify", str(folder), *arguments])
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_release_is_refused(place: tuple[Language, Store, Path], name: str) -> None:
    language, store, folder = place
    forge, code, file = FORGERIES[name]
    forge(folder)
    failures = verify(folder, trusted_keys([])).failures
    assert (code, file) in {(failure.code, failure.file) for failure in failures}
    status, good, lines = run_verify(folder)
    assert status == 1 and not good and len(lines.splitlines()) == len(failures)
    with pytest.raises(Problem) as refused:
        publish(store, language, NAME, "someone/model")
    assert f"{code} {' '.join(file.split())}" in str(refused.value)


def test_there_are_thirty_forgeries_and_more() -> None:
    assert len(FORGERIES) >= 30


def test_a_named_key_takes_the_place_of_the_own_one(place: tuple[Language, Store, Path], tmp_path: Path) -> None:
    _, _, folder = place
    other, own = tmp_path / "other.pem", tmp_path / "own.pem"
    other.write_text(public_text(own_or_new_key(tmp_path / "another-key.pem").public_key()), encoding="ascii")
    own.write_text(public_text(own_or_new_key().public_key()), encoding="ascii")
    status, _, lines = run_verify(folder, "--key", str(other))
    assert status == 1 and "VN-RELEASE-SIGNER" in lines
    assert run_verify(folder, "--key", str(other), "--key", str(own))[0] == 0


def test_a_list_of_documents_that_is_not_the_signed_one_is_not_read(place: tuple[Language, Store, Path]) -> None:
    language, store, folder = place
    verified = verify(folder, trusted_keys())
    (folder / "documents.txt").write_text("id\traw_digest\tfor\tsource\tpath\n", encoding="utf-8")
    artifact = store.current(language.code, f"release/{NAME}")
    assert artifact is not None
    with pytest.raises(Problem, match=r"documents\.txt.*VN-PUBLISH-CHANGED"):
        refusals(artifact, verified, language, store)


def test_a_good_release_is_listed_with_its_red_gates(place: tuple[Language, Store, Path]) -> None:
    _, _, folder = place
    assert verify(folder, trusted_keys([])).failures == []
    status, output, bad = run_verify(folder)
    assert status == 0 and not bad
    assert fingerprint(own_or_new_key().public_key()) in output
    assert "red: behaviour" in output and "not waived" in output


def test_a_download_is_verified_elsewhere_with_the_public_key(place: tuple[Language, Store, Path], tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without a key of its own, and with a wrong one."""
    _, _, folder = place
    (folder / MANIFEST).unlink()  # it does not travel
    good, wrong = tmp_path / "good.pem", tmp_path / "wrong.pem"
    good.write_text(public_text(own_or_new_key().public_key()))
    wrong.write_text(public_text(Ed25519PrivateKey.generate().public_key()))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none.pem"))
    assert run_verify(folder, "--key", str(wrong), "--key", str(good))[0] == 0
    for arguments in ([], ["--key", str(wrong)]):
        status, _, lines = run_verify(folder, *arguments)
        assert status == 1 and lines.startswith(f"VN-RELEASE-SIGNER {SIGNATURE}")
    assert not (tmp_path / "none.pem").exists()  # looking makes no key


def test_another_version_may_word_its_reasons_otherwise() -> None:
    signed = Gate(name="spaces", passed=False, reason="3 of 40 answers change", value=3)
    now = signed.model_copy(update={"reason": "40 answers, of which 3 change"})
    assert agree(now, signed, "0.0.0") and not agree(now, signed, vernacular.__version__)
    assert not agree(now.model_copy(update={"passed": True}), signed, "0.0.0")
    assert not agree(now.model_copy(update={"value": 4}), signed, "0.0.0") and not agree(None, signed, "0.0.0")


def test_signing_the_same_again_gives_the_same_bytes(place: tuple[Language, Store, Path]) -> None:
    _, _, folder = place
    before = (folder / SIGNATURE).read_bytes()
    again(folder, own_or_new_key())
    assert (folder / SIGNATURE).read_bytes() == before


def test_a_waiver_by_hand_in_the_folder_is_none(place: tuple[Language, Store, Path]) -> None:
    language, store, _ = place
    (language.folder / FILE).write_text(json.dumps(BY_HAND) + "\n")
    with pytest.raises(Problem, match=r"behaviour: .*VN-PUBLISH-RED"):
        publish(store, language, NAME, "someone/model")


@pytest.mark.parametrize(("stage", "change", "code"), [
    (f"evaluation/{NAME}_behaviour", lambda data: all_green(data["report"]["gates"]), "VN-RELEASE-STORE"),
    (f"task/names_{NAME}", lambda data: data["report"]["details"].update(test_items=9), "VN-RELEASE-STORE")])
def test_reports_of_the_store_must_be_those_that_were_signed(place: tuple[Language, Store, Path], stage: str,
                                                             change: Callable[[Any], None], code: str) -> None:
    language, store, _ = place
    artifact = store.current(language.code, stage)
    assert artifact is not None
    edit(artifact.folder / MANIFEST, change)
    with pytest.raises(Problem, match=f"{code} {stage}/{MANIFEST}"):
        publish(store, language, NAME, "someone/model")


def test_so_must_the_ledger(place: tuple[Language, Store, Path]) -> None:
    language, store, _ = place
    artifact = store.current(language.code, "corpus/splits")
    assert artifact is not None
    write_rows(artifact.folder / "train.parquet", [TRAIN, TRAIN | {"id": "cc"}])
    with pytest.raises(Problem, match="VN-RELEASE-STORE corpus/splits"):
        publish(store, language, NAME, "someone/model")
    release = store.current(language.code, f"release/{NAME}")
    assert release is not None
    rehash(artifact.folder)
    version = json.loads((artifact.folder / MANIFEST).read_text())["data_version"]
    edit(release.folder / MANIFEST, lambda data: data["inputs"].update({"corpus/splits": version}))
    with pytest.raises(Problem, match=f"VN-RELEASE-MANIFEST {MANIFEST}"):
        publish(store, language, NAME, "someone/model")


def test_the_release_of_another_language_is_none_of_this(place: tuple[Language, Store, Path]) -> None:
    language, store, _ = place
    other = load_language(language.folder.rename(language.folder.parent / "qab"))
    (store.root / language.code).rename(store.root / other.code)
    with pytest.raises(Problem, match=f"VN-RELEASE-STORE {SIGNATURE}"):
        publish(store, other, NAME, "someone/model")


def test_what_changes_while_it_is_published_is_not_uploaded(place: tuple[Language, Store, Path],
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    language, store, folder = place

    def change(*_: object) -> list[str]:
        (folder / "model.safetensors").write_text("other weights")
        return []

    monkeypatch.setenv("HF_TOKEN", "hf_made_up")
    monkeypatch.setattr("vernacular.release.publish.refusals", change)
    monkeypatch.setattr("vernacular.release.publish._upload", lambda *_: pytest.fail("uploaded"))
    with pytest.raises(Problem, match=r"model\.safetensors"):
        publish(store, language, NAME, "someone/model")
    assert not (folder.parent / ".work-publish").exists()
