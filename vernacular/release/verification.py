"""Verifies that a release is the one that its signer made: every file, its gates, its waivers.

Needs no network, no store and no language folder. Gates are computed again from ``evaluation.json``, by the rules of
this version of Vernacular. ``publish`` verifies a release too, before it compares it with the store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

import vernacular
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.report import Gate
from vernacular.core.store import MANIFEST, Manifest, describe
from vernacular.release.attestation import (
    SIGNATURE,
    Claims,
    Statement,
    digest_of_origin,
    digest_of_report,
    open_statement,
)
from vernacular.release.files import Failure, digest_of_file, list_files, read_regular
from vernacular.release.gates import gate_table, publishable, release_gates
from vernacular.release.result_models import ReleaseResults
from vernacular.release.waivers import ALL, Waiver, in_force

EVALUATION, CARD = "evaluation.json", "README.md"
_LARGEST = 256_000_000  # bytes of a file that is read into memory


@dataclass(frozen=True)
class Verified:
    """The result of verifying a release."""

    failures: list[Failure]  # why the release is refused; empty if it is not
    statement: Statement | None = None  # the signed one; None where no trusted key signed one
    signer: str = ""  # fingerprint of the key that did
    # what ``evaluation.json`` holds; None where it is not the signed file
    results: ReleaseResults | None = None


@dataclass(frozen=True)
class Evaluated:
    """What ``evaluation.json`` of any kind of release says."""

    language: str
    model: str
    computed: list[Gate]  # from its numbers, without ``publishable``
    stated: list[Gate]  # that it contains
    waivers: list[Waiver]


# reads the bytes of ``evaluation.json``; None if it is not of its kind of release
Reader = Callable[[bytes], Evaluated | None]


def verify(folder: Path, trusted: Sequence[Ed25519PublicKey], other: Reader | None = None) -> Verified:
    """Compare a release with what a trusted key signed.

    Args:
        folder: of the release, downloaded or in the store; the store's own manifest may be in it if it agrees.
        trusted: keys.
        other: reads the evaluation of another kind of release than that of a text model.

    Raises:
        Problem: the folder cannot be read.
    """
    if not folder.is_dir():
        raise Problem("there is no folder here", where=str(folder), fix="Give the folder of a release",
                      code=Code.DATA_MISSING)
    try:
        opened = open_statement(folder, trusted)
        if isinstance(opened, Failure):
            return Verified([opened])
        statement, signer = opened
        names, failures = list_files(folder)
        failures += _files(folder, names, statement)
    except OSError as error:
        raise Problem(f"the release cannot be read ({error.strerror})", where=str(error.filename or folder),
                      fix="Give the folder of a release", code=Code.FILE_SYSTEM) from None
    results = None
    changed = {failure.file for failure in failures}
    if EVALUATION in statement.digests() and EVALUATION not in changed:
        results, found = _gates(folder, statement, other)
        failures += found
    elif EVALUATION not in changed:
        failures.append(Failure("VN-RELEASE-GATES", EVALUATION, "is not signed, so its gates cannot be computed"))
    if CARD not in changed:
        failures += _card(folder, statement)
    if MANIFEST in names:
        failures += _manifest(folder, statement.predicate, whole=not changed)
    return Verified(failures, statement, signer, results)


def _files(folder: Path, names: Sequence[str], statement: Statement) -> list[Failure]:
    signed, sizes, failures = statement.digests(), statement.sizes(), list[Failure]()
    for name in sorted({*names, *signed} - {SIGNATURE, MANIFEST}):
        if name not in signed:
            failures.append(Failure("VN-RELEASE-EXTRA", name, "is not part of the signed release; delete it"))
        elif name not in names:
            failures.append(Failure("VN-RELEASE-MISSING", name, "is not there"))
        elif (folder / name).lstat().st_size != sizes[name] or digest_of_file(folder / name) != signed[name]:
            failures.append(Failure("VN-RELEASE-DIGEST", name, "was changed after it was signed"))
    return failures


def _gates(folder: Path, statement: Statement, other: Reader | None) -> tuple[ReleaseResults | None, list[Failure]]:
    """The results in ``evaluation.json``, and where its gates differ from those that were signed."""
    claims = statement.predicate
    try:
        data = read_regular(folder / EVALUATION, _LARGEST)
        if hashlib.sha256(data).hexdigest() != statement.digests()[EVALUATION]:
            return None, [Failure("VN-RELEASE-DIGEST", EVALUATION, "was changed while it was read")]
        evaluated, results = None if other is None else other(data), None
        if evaluated is None:
            results = ReleaseResults.model_validate_json(data, extra="ignore")  # a later version may have more keys
            evaluated = Evaluated(results.language.code, results.model.name, release_gates(results),
                                  results.release_gates, results.waivers)
        computed = [*evaluated.computed]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        return None, [Failure("VN-RELEASE-GATES", EVALUATION, "its gates cannot be computed by this version "
                              f"({type(error).__name__})")]
    failures = []
    if (evaluated.language, evaluated.model) != (claims.language, claims.model):
        failures.append(Failure("VN-RELEASE-GATES", EVALUATION, "describes another language or model than was signed"))
    # Reasons are sentences of the version that signed, so waivers are matched with those.
    waived = in_force(claims.waivers, claims.model, claims.gates)
    computed.append(publishable(computed, waived))
    failures += [Failure("VN-RELEASE-GATES", EVALUATION, reason) for reason in (
        *_differences(computed, claims, "its results give"),
        *_differences(evaluated.stated, claims, "it contains"))]
    if waived != claims.waivers or evaluated.waivers != claims.waivers:
        failures.append(Failure("VN-RELEASE-WAIVERS", EVALUATION, "its waivers are not the signed ones, or one is for "
                                "a gate that now has another reason"))
    return results, failures


def _differences(gates: Sequence[Gate], claims: Claims, source: str) -> list[str]:
    """What differs between gates and those that were signed, a sentence for each gate."""
    ours, theirs = {gate.name: gate for gate in gates}, {gate.name: gate for gate in claims.gates}
    return [f"the gate {name} was signed as {_verdict(theirs.get(name))}, {source} {_verdict(ours.get(name))}"
            for name in sorted(ours.keys() | theirs.keys())
            if not agree(ours.get(name), theirs.get(name), claims.vernacular)]


def agree(ours: Gate | None, theirs: Gate | None, version: str) -> bool:
    """Whether two gates give the same result; the advice may be worded as in another version.

    Args:
        ours: computed by this program.
        theirs: that were signed.
        version: of the program that signed; the reasons of another version may be worded differently.
    """
    if ours is None or theirs is None:
        return ours is theirs
    wording = {"fix"} if version == vernacular.__version__ else {"fix", "reason"}
    return ours.model_dump(exclude=wording) == theirs.model_dump(exclude=wording)


def _verdict(gate: Gate | None) -> str:
    return "nothing" if gate is None else f"{'green' if gate.passed else 'red'} ({gate.reason})"


def _card(folder: Path, statement: Statement) -> list[Failure]:
    """Whether the card shows the signed gates."""
    claims = statement.predicate
    try:
        text = read_regular(folder / CARD, _LARGEST).decode("utf-8")
    except (OSError, ValueError):
        return [Failure("VN-RELEASE-CARD", CARD, "cannot be read")]
    if str(gate_table(claims.gates, {waiver.gate: waiver.by for waiver in claims.waivers})) not in text:
        return [Failure("VN-RELEASE-CARD", CARD, "its table of gates is not the one that was signed")]
    return []


def _manifest(folder: Path, claims: Claims, whole: bool) -> list[Failure]:
    """Whether the manifest that the store wrote beside the release agrees with what was signed.

    Its entries of files count only where these are ``whole``.
    """
    try:
        manifest = Manifest.model_validate_json(read_regular(folder / MANIFEST, _LARGEST))
    except (OSError, ValidationError):
        return [Failure("VN-RELEASE-MANIFEST", MANIFEST, "is no manifest of the store, and not part of the release")]
    sizes, data_version = describe(folder) if whole else (manifest.files, manifest.data_version)
    agrees = {
        "the language": manifest.language == claims.language,
        "the stage": manifest.stage in (f"release/{claims.model}", f"speech/release_{claims.model}"),
        "the key": manifest.key == claims.key,
        "the settings and inputs": digest_of_origin(manifest) == claims.determined_by,
        "the gates": manifest.report.gates == claims.gates,
        "the report": digest_of_report(manifest.report) == claims.report,
        "the sizes of files": manifest.files == sizes,
        "the digest of files": manifest.data_version == data_version,
    }
    return [Failure("VN-RELEASE-MANIFEST", MANIFEST, f"{what} in it are not those of the signed release"
                    if what.endswith("s") else f"{what} in it is not that of the signed release")
            for what, good in agrees.items() if not good]


def verdict_lines(verified: Verified) -> list[str]:
    """The result of verifying a release without failures: signer, age of its results, red and waived gates."""
    assert verified.statement is not None
    claims = verified.statement.predicate
    waived = {waiver.gate: waiver for waiver in claims.waivers}
    lines = [f"{claims.language} {claims.model}: {len(verified.statement.subject)} files, as they were signed",
             f"signed with the key {verified.signer}", f"results of {claims.results_from}"]
    for gate in claims.gates:
        if gate.name == ALL or gate.passed:
            continue
        waiver = waived.get(gate.name)
        lines.append(f"red: {gate.name} ({gate.reason}); " + (
            f"waived by {waiver.by}, {waiver.date[:10]}: {waiver.reason}" if waiver else "not waived"))
    return lines if len(lines) > 3 else [*lines, "every gate is green"]
