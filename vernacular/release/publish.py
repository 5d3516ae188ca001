"""Publishes a release on the Hugging Face hub, or gives the reasons why it may not be published."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vernacular.config.schema import Language
from vernacular.config.stage_names import release_inputs
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.jsonl import read_jsonl
from vernacular.core.store import MANIFEST, Artifact, Store, describe, remade
from vernacular.modeling.variants import released_arm
from vernacular.pipeline.stage import Stage
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.provenance.document import BESIDE
from vernacular.provenance.suppression_list import Suppressions
from vernacular.release.attestation import SIGNATURE, Claims, Statement, digest_of_report, open_statement
from vernacular.release.documents import DOCUMENTS, documents_text, taken_down
from vernacular.release.files import Failure, copy_file, read_regular
from vernacular.release.gates import no_consent, unverified
from vernacular.release.results import gather
from vernacular.release.rights import claimed_rights
from vernacular.release.signing_key import trusted_keys
from vernacular.release.stages import stages
from vernacular.release.verification import Reader, Verified, agree, verify
from vernacular.release.waivers import ALL, read_waivers

TOKEN = "HF_TOKEN"
ENDPOINT: str | None = None  # of the hub; None for huggingface_hub's own
_LARGEST = 1 << 32  # bytes of documents.txt


class Refused(Problem):
    """A release that may not be published, with the reasons.

    Attributes:
        reasons: one line each.
    """

    def __init__(self, reasons: Sequence[str], where: str, fix: str) -> None:
        super().__init__(f"not published, for {len(reasons)} {'reason' if len(reasons) == 1 else 'reasons'}: "
                         f"{'; '.join(reasons)}", where=where, fix=fix, code=Code.PUBLISH_RED)
        self.reasons = list(reasons)


def refusals(artifact: Artifact, verified: Verified, language: Language, store: Store) -> list[str]:
    """Why a release whose files are the signed ones may not be published; empty if it may.

    Reasons are red gates without a valid waiver; gates that differ from those that the reports in the store give; a
    list of documents that differs from the ledger's; and what changed since the release was made: a withdrawn licence
    or consent, another change of the folder, a stage that ran again, a takedown of a document.

    Raises:
        Problem: the list of what was taken down, or of waivers, cannot be read.
    """
    assert verified.statement is not None and verified.results is not None  # else it would have failures
    claims, name = verified.statement.predicate, verified.statement.predicate.model
    red = red_gates(claims, language)
    green = {gate.name for gate in claims.gates if gate.passed}
    stated = claimed_rights(language, name)
    since = []
    for gate_name, word, names in (("licences_verified", "licence", unverified(stated)),
                                   ("consent_known", "consent", no_consent(stated))):
        if gate_name in green and names:
            since.append(f"{gate_name}: the {word} of {', '.join(names)} was withdrawn since")
    documents = _signed_documents(artifact.folder, verified.statement)
    since += [] if since else changed_since(artifact, stages(language, name, language.models[name])[0], language, store)
    current = {stage: now for stage in release_inputs(language, name)
               if (now := store.current(language.code, stage)) is not None}
    stale = made_again(artifact, current)
    since += stale
    if not stale:
        since += _of_the_store(documents, claims, current)
    if not since:
        since += _other_gates(verified, claims, language, current)
    gone = taken_down(documents.decode(), Suppressions.of(language.folder))
    if gone:
        since.append(f"VN-RELEASE-TAKEDOWN {DOCUMENTS}: {gone} documents of its training text were taken down "
                     "since; run again, this cannot be waived")
    return red + since


def red_gates(claims: Claims, language: Language) -> list[str]:
    """The red gates without a valid waiver."""
    kept = read_waivers(language.folder)
    waived = {waiver.gate for waiver in claims.waivers if waiver in kept}
    return [f"{gate.name}: {gate.reason}" for gate in claims.gates
            if not gate.passed and gate.name != ALL and gate.name not in waived]


def made_again(artifact: Artifact, current: Mapping[str, Artifact]) -> list[str]:
    """Whether a stage that the release was made from has run again; one reason or none."""
    changed = remade(artifact.manifest, current)
    return [f"VN-RELEASE-STALE {', '.join(changed)}: ran again after it was made; this cannot be waived"
            ] if changed else []


def changed_reports(claims: Claims, current: Mapping[str, Artifact]) -> list[str]:
    """The reports in the store that are not those that the release was made from."""
    gone = sorted(claims.reports.keys() - current.keys())
    if gone:
        return [f"VN-RELEASE-STORE {', '.join(gone)}: no longer in the store, so no gate can be computed again"]
    return [f"VN-RELEASE-STORE {stage}/{MANIFEST}: its report was changed after the release was made"
            for stage, signed in claims.reports.items() if digest_of_report(current[stage].manifest.report) != signed]


def _signed_documents(folder: Path, statement: Statement) -> bytes:
    """The bytes of ``documents.txt`` if they are the signed ones.

    Raises:
        Problem: the file is missing or was changed.
    """
    try:
        data = read_regular(folder / DOCUMENTS, _LARGEST)
    except OSError as error:
        raise Problem(f"the list of documents cannot be read ({error.strerror})", where=str(folder / DOCUMENTS),
                      fix="Delete this folder and run again", code=Code.FILE_SYSTEM) from None
    if hashlib.sha256(data).hexdigest() != statement.digests().get(DOCUMENTS):
        raise Problem("the list of documents is not the signed one", where=str(folder / DOCUMENTS),
                      fix="Delete this folder and run again", code=Code.PUBLISH_CHANGED)
    return data


def _of_the_store(documents: bytes, claims: Claims, current: Mapping[str, Artifact]) -> list[str]:
    """The differences between the release and the reports and ledger that it was made from."""
    found = changed_reports(claims, current)
    if claims.reports.keys() - current.keys():
        return found
    model = "model/{}" if released_arm(claims.model, {
        stage: one.manifest.report for stage, one in current.items()}) == "adapted" else "model/{}_control"
    splits, trained = current.get("corpus/splits"), current.get(model.format(claims.model))
    if splits is None or trained is None:
        return [*found, f"VN-RELEASE-LEDGER {DOCUMENTS}: the documents of the training text are not in the store"]
    found += [f"VN-RELEASE-STORE {one.manifest.stage}: its files were changed after they were made"
              for one in (splits, trained) if describe(one.folder)[1] != one.manifest.data_version]
    rows = [] if found else [*read_rows(splits.folder / file_of("train")), *read_jsonl(trained.folder / BESIDE)]
    if not found and documents_text(rows).encode() != documents:
        found.append(f"VN-RELEASE-LEDGER {DOCUMENTS}: differs from the documents in the ledger")
    return found


def _other_gates(verified: Verified, claims: Claims, language: Language, current: Mapping[str, Artifact]) -> list[str]:
    """The signed gates that differ from those that the reports in the store and the folder give now."""
    assert verified.results is not None
    now = gather(language, claims.model, language.models[claims.model],
                 {stage: artifact.manifest.report for stage, artifact in current.items()},
                 reloaded=verified.results.reloaded, loads=verified.results.loads)
    signed = {gate.name: gate for gate in claims.gates}
    computed = {gate.name: gate for gate in now.release_gates if gate.name != ALL}
    return [f"VN-RELEASE-GATES {name}: the store gives another result than the signed one"
            for name in sorted((signed.keys() - {ALL}) | computed.keys())
            if not agree(computed.get(name), signed.get(name), claims.vernacular)]


def changed_since(artifact: Artifact, stage: Stage, language: Language, store: Store) -> list[str]:
    """The settings and files that changed since the release was made; one reason or none.

    Waivers are not among them: these are checked one by one.
    """
    def inputs_of(settings: Mapping[str, Any], outside: Mapping[str, str]) -> Mapping[str, object]:
        return {f"{part}.{key}": value for part, found in settings.items() for key, value in found.items()} | {
            key: value for key, value in outside.items() if key != "waivers"}

    before = inputs_of(artifact.manifest.settings, artifact.manifest.outside)
    now = inputs_of(stage.settings_data(language), stage.outside(language, store.root))
    changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    return [f"VN-RELEASE-CHANGED {', '.join(changed)}: changed since it was made, and its card shows the earlier "
            "state; run again, this cannot be waived"] if changed else []


def check_publishable(store: Store, language: Language, model_name: str) -> tuple[Artifact, Statement]:
    """The current release of a model and its signed statement, if it may be published.

    Raises:
        Problem: there is no release, its files are not those that this installation signed, or one of its gates is red.
    """
    artifact, verified = signed_release(store, language, model_name, f"release/{model_name}")
    refuse(refusals(artifact, verified, language, store), language, model_name)
    assert verified.statement is not None
    return artifact, verified.statement


def signed_release(store: Store, language: Language, model_name: str, stage: str, read: Reader | None = None,
                   check: Callable[[Path], list[Failure]] = lambda folder: []) -> tuple[Artifact, Verified]:
    """The current release of a model, compared with its signature.

    Args:
        store: holds it.
        language: its language.
        model_name: of the model.
        stage: that makes the release.
        read: reads the ``evaluation.json`` of another kind of release than that of a text model.
        check: finds further faults in its folder.

    Raises:
        Problem: there is no release, or its files are not those that this installation signed.
    """
    artifact = store.current(language.code, stage)
    if artifact is None:
        raise Problem("there is no release to publish", where=f"{language.code} {stage}",
                      fix=f"Run `vernacular run {language.cli_args(model_name)}` first", code=Code.PUBLISH_RED)
    verified = verify(artifact.folder, trusted_keys([]), read)
    failures = [*verified.failures, *check(artifact.folder)]
    claims = verified.statement.predicate if verified.statement is not None else None
    if claims is not None and (claims.language, claims.model) != (language.code, model_name):
        failures.append(Failure("VN-RELEASE-STORE", SIGNATURE, "was made for another language or model"))
    if failures:
        raise Problem(f"not published, it is not the release that this installation signed: "
                      f"{'; '.join(map(str, failures))}", where=str(artifact.folder),
                      fix="Delete this folder and run again; to change the card, edit language.yaml, "
                      "statement.md or the tests", code=Code.PUBLISH_RED)
    return artifact, verified


def refuse(reasons: Sequence[str], language: Language, model_name: str) -> None:
    """Raise ``Refused`` if there are reasons against publishing."""
    if reasons:
        raise Refused(reasons, f"{language.code} {model_name}", "Fix each of these in the language folder and run "
                      "again, or have a responsible person waive it: vernacular waive "
                      f"{language.cli_args(model_name)} GATE --by NAME --reason WHY")


def publish(store: Store, language: Language, model_name: str, repo: str) -> str:
    """Check the current release of a text model, and upload it as ``upload_release`` does."""
    return upload_release(*check_publishable(store, language, model_name), repo)


def upload_release(artifact: Artifact, statement: Statement, repo: str) -> str:
    """Upload a checked release to ``repo`` on the hub, replacing its content.

    It uploads a verified copy of exactly the signed files. The token comes from the environment.

    ``repo``: ``owner/name`` on the hub.

    Returns:
        The address of the upload.

    Raises:
        Problem: there is no token, or the hub refuses.
    """
    if repo.count("/") != 1 or not all(repo.split("/")):
        raise Problem(f"'{repo}' is not the name of a repository", where="publish", fix="Write owner/name",
                      code=Code.PUBLISH_REPO)
    token = os.environ.get(TOKEN)
    if not token:
        raise Problem("there is no token for the hub", where=f"environment variable {TOKEN}",
                      fix="Set it to a token with write access", code=Code.PUBLISH_TOKEN)
    with tempfile.TemporaryDirectory(prefix="vernacular-publish-") as private:  # of this user alone
        copy = Path(private) / "release"
        _copy(artifact.folder, statement, trusted_keys([]), copy)
        return _upload(copy, artifact.manifest.key, repo, token)


def _copy(folder: Path, statement: Statement, trusted: Sequence[Ed25519PublicKey], to: Path) -> None:
    """Copy exactly the signed files, so that the uploaded files are the verified ones."""
    to.mkdir()
    for name, digest in [*statement.digests().items(), (SIGNATURE, None)]:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        if copy_file(folder / name, to / name) != digest and digest is not None:
            raise Problem("a file was changed while it was published", where=str(folder / name),
                          fix="Delete this folder and run again", code=Code.PUBLISH_CHANGED)
    opened = open_statement(to, trusted)
    if isinstance(opened, Failure) or opened[0] != statement:
        raise Problem("the signature was changed while it was published", where=str(folder / SIGNATURE),
                      fix="Delete this folder and run again", code=Code.PUBLISH_CHANGED)


def _upload(folder: Path, key: str, repo: str, token: str) -> str:
    """Replace the content of the repository with the files in ``folder``."""
    from httpx2 import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError
    api: Any = HfApi(endpoint=ENDPOINT, token=token)
    try:
        api.create_repo(repo, exist_ok=True, private=True)
        # An adapter of an earlier release would otherwise stay, and be loaded onto the weights of this one.
        done = api.upload_folder(repo_id=repo, folder_path=folder, delete_patterns="*", commit_message=f"Release {key}")
    except HfHubHTTPError as error:
        lines = str(error).strip().split("\n")  # the first one names the address, the last one the hub's own reason
        stated = "; ".join(dict.fromkeys((lines[0].strip(), lines[-1].strip())))
        again = error.response is not None and error.response.status_code >= 500
        raise Problem(f"the hub refused ({stated})", where=repo, fix="Try again later; finished files are not resent"
                      if again else "Check the repository's name and the token's rights",
                      code=Code.PUBLISH_HUB) from error
    except (HTTPError, OSError, ValueError, RuntimeError) as error:  # RuntimeError: of the storage for large files
        raise Problem(f"the upload failed ({' '.join(str(error).split()) or type(error).__name__})", where=repo,
                      fix="Check the repository's name and the network, then try again",
                      code=Code.PUBLISH_HUB) from error
    return str(done)
