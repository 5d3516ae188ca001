"""The signed statement of a release about every file, its gates and its waivers.

It is an in-toto Statement v1 (https://github.com/in-toto/attestation) in a DSSE envelope
(https://github.com/secure-systems-lab/dsse), written and verified by securesystemslib. This module writes and opens
it; ``verification`` compares it with the files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, StringConstraints, model_validator
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]

import vernacular
from vernacular.config.strict import Strict
from vernacular.core.report import Gate, Report
from vernacular.core.store import MANIFEST, Manifest, canonical, write_atomically
from vernacular.release.files import Failure, digest_of_file, list_files, read_regular
from vernacular.release.signing_key import fingerprint
from vernacular.release.waivers import Waiver

SIGNATURE = "signature.json"
_PAYLOAD_TYPE = "application/vnd.in-toto+json"
_STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
_PREDICATE_TYPE: Final = "urn:vernacular:release:v1"
_SCHEME = "ed25519"
_LARGEST = 32_000_000  # bytes of the signature's file
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Digest(Strict):
    """Digests of one file."""

    sha256: Sha256


class Annotations(Strict):
    """Signed of a file besides its digest: its size in bytes, so that a longer one is refused before it is read."""

    size: int


class Subject(Strict):
    """A file of the release."""

    name: str
    digest: Digest
    annotations: Annotations


class Claims(Strict):
    """What is signed besides the files."""

    language: str  # code of the language folder
    model: str  # its name there
    key: str  # of the artifact in the store
    results_from: str  # time of the newest result in it, ISO 8601
    vernacular: str = vernacular.__version__  # version that made it
    determined_by: Sha256  # digest of all that determines the artifact, from its manifest
    report: Sha256  # digest of the artifact's report
    reports: dict[str, Sha256]  # stage -> digest of the report that the release shows
    gates: list[Gate]  # of the release, ``publishable`` last
    waivers: list[Waiver]  # that were in force


class Statement(Strict):
    """The signed statement, with the field names of in-toto."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(_STATEMENT_TYPE, alias="_type")
    subject: list[Subject]
    predicate_type: Literal["urn:vernacular:release:v1"] = Field(_PREDICATE_TYPE, alias="predicateType")
    predicate: Claims

    @model_validator(mode="after")
    def _names_lie_below(self) -> Statement:
        names = [subject.name for subject in self.subject]
        for name in names:
            path = PurePosixPath(name)
            if name != path.as_posix() or path.is_absolute() or name == "." or {"..", "\0"} & {*path.parts, *name}:
                raise ValueError("a name of a file does not point below the release")
        if len({*names, SIGNATURE, MANIFEST}) != len(names) + 2:
            raise ValueError("a file is named twice, or signature or manifest are")
        return self

    def digests(self) -> dict[str, str]:
        """The files by name with their SHA-256."""
        return {subject.name: subject.digest.sha256 for subject in self.subject}

    def sizes(self) -> dict[str, int]:
        """The files by name with their sizes in bytes."""
        return {subject.name: subject.annotations.size for subject in self.subject}


class _Signed(Strict):
    keyid: str
    sig: str


class _Envelope(Strict):
    payload: str
    payloadType: Literal["application/vnd.in-toto+json"]  # the standard's name
    signatures: list[_Signed] = Field(min_length=1, max_length=1)


def digest_of_report(report: Report) -> str:
    """SHA-256 of a report, the same for what a stage returned and for what its manifest holds."""
    return _digest(json.loads(report.model_dump_json()))


def digest_of_origin(manifest: Manifest) -> str:
    """SHA-256 of everything that determines an artifact, from its manifest."""
    return origin_digest(manifest.model_dump(mode="json", include={
        "stage", "version", "settings", "inputs", "reports", "outside", "seed"}))


def origin_digest(determined: Mapping[str, object]) -> str:
    """The same, of what ``stages.determined_by`` gives."""
    return _digest(determined)


def _digest(data: object) -> str:
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def sign(folder: Path, claims: Claims, key: Ed25519PrivateKey) -> Statement:
    """Write the signature of all files in ``folder`` beside them.

    The same files, claims and key give the same bytes.

    Raises:
        OSError: a file cannot be read, or is none.
    """
    names, failures = list_files(folder)
    if failures:
        raise OSError(None, failures[0].reason, str(folder / failures[0].file))
    statement = Statement.model_validate({"subject": [
        {"name": name, "digest": {"sha256": digest_of_file(folder / name)},
         "annotations": {"size": (folder / name).lstat().st_size}}
        for name in names if name not in (SIGNATURE, MANIFEST)], "predicate": claims, "_type": _STATEMENT_TYPE,
        "predicateType": _PREDICATE_TYPE})
    payload = canonical(statement.model_dump(mode="json", by_alias=True)).encode()
    envelope = Envelope(payload, _PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(key, _as_sslib(key.public_key())))
    write_atomically(folder / SIGNATURE, _envelope_bytes(envelope).decode())
    return statement


def open_statement(folder: Path, trusted: Sequence[Ed25519PublicKey]) -> tuple[Statement, str] | Failure:
    """The statement of the release in ``folder`` and the fingerprint of its signer, if a trusted key made it.

    Nothing that an unknown key signed is read.
    """
    try:
        data = read_regular(folder / SIGNATURE, _LARGEST)
        envelope = _Envelope.model_validate_json(data)
        signed = Envelope.from_dict(envelope.model_dump())
    except FileNotFoundError:
        return Failure("VN-RELEASE-UNSIGNED", SIGNATURE, "is not there: the release is not signed")
    except OSError as error:
        return Failure("VN-RELEASE-SIGNATURE", SIGNATURE, f"cannot be read ({error.strerror})")
    except ValueError:
        return Failure("VN-RELEASE-SIGNATURE", SIGNATURE, "is not a DSSE envelope with one signature")
    signer = envelope.signatures[0].keyid
    keys = {fingerprint(key): key for key in trusted}
    if signer not in keys:
        return Failure("VN-RELEASE-SIGNER", SIGNATURE, f"was made with the key {signer[:64]}, which is not trusted "
                       "here; get the public key from the publisher of the release and give it with --key")
    try:
        signed.verify([_as_sslib(keys[signer])], 1)
    except VerificationError:
        return Failure("VN-RELEASE-SIGNATURE", SIGNATURE, f"does not verify with the key {signer}")
    if data != _envelope_bytes(signed):  # a key that is there twice, or padding, would carry what nobody signed
        return Failure("VN-RELEASE-SIGNATURE", SIGNATURE, "has bytes that are not part of the signature")
    try:
        return Statement.model_validate_json(signed.payload), signer
    except ValueError:
        return Failure("VN-RELEASE-SIGNATURE", SIGNATURE, "holds a statement of another kind or version")


def _envelope_bytes(envelope: Envelope) -> bytes:
    """The only form in which an envelope is written and accepted."""
    return (canonical(envelope.to_dict()) + "\n").encode()


def _as_sslib(key: Ed25519PublicKey) -> SSlibKey:
    return SSlibKey.from_crypto(key, fingerprint(key), _SCHEME)
