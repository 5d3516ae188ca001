"""The key of this installation, with which it signs releases, and the public keys that a person trusts.

An Ed25519 key in a PEM file of its own, below the user's configuration folder or at ``VERNACULAR_SIGNING_KEY``. It
is neither in a language folder nor in the store, since people share both.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from platformdirs import user_config_path

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.release.files import open_regular

VARIABLE = "VERNACULAR_SIGNING_KEY"
_LARGEST = 100_000  # bytes of a key file


def key_path() -> Path:
    """The file of this installation's private key, which need not exist."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else user_config_path("vernacular") / "signing-key.pem"


def own_key(path: Path | None = None) -> Ed25519PrivateKey | None:
    """This installation's key; None if it has none yet.

    Raises:
        Problem: the file cannot be read, is no Ed25519 key, or every user can read it.
    """
    path = path or key_path()
    try:
        with open_regular(path, follow=True) as stream:  # secrets are mounted as links
            data, mode = stream.read(_LARGEST), os.fstat(stream.fileno()).st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Problem(f"the signing key cannot be read ({error.strerror})", where=str(path),
                      fix=f"Correct its permissions, or name another file in {VARIABLE}", code=Code.KEY_FILE) from None
    if mode & stat.S_IRWXO:  # a group is what Kubernetes lets into a volume
        raise Problem("every user can read or change the signing key", where=str(path), fix=f"Run `chmod 600 {path}`",
                      code=Code.KEY_FILE)
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise Problem("this is not an Ed25519 private key without a password", where=str(path),
                      fix=f"Restore the file, or name another one in {VARIABLE}", code=Code.KEY_FILE)
    return key


def own_or_new_key(path: Path | None = None) -> Ed25519PrivateKey:
    """This installation's key, made if there is none.

    Of several processes that make one at a time, one wins and all return its key.

    Raises:
        Problem: as ``own_key``, or the file cannot be written.
    """
    path = path or key_path()
    found = own_key(path)
    if found is not None:
        return found
    data = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.link(part, path)  # whole or not at all, and never over another one
        except FileExistsError:
            pass
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise Problem(f"no signing key can be made ({error.strerror})", where=str(path),
                      fix=f"Name a file that can be written in {VARIABLE}", code=Code.KEY_FILE) from None
    made = own_key(path)
    if made is None:  # a link that leads nowhere
        raise Problem("no signing key can be made here", where=str(path),
                      fix=f"Delete what is there, or name another file in {VARIABLE}", code=Code.KEY_FILE)
    return made


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 of the public key as DER, 64 hexadecimal digits: what `openssl pkey -pubin -outform DER` gives."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def public_text(key: Ed25519PublicKey) -> str:
    """The public key as PEM, for others to keep."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def read_public_key(path: Path) -> Ed25519PublicKey:
    """The public key in a PEM file.

    Raises:
        Problem: it cannot be read, or is no Ed25519 public key.
    """
    try:
        with path.open("rb") as stream:
            key = load_pem_public_key(stream.read(_LARGEST))
    except OSError as error:
        raise Problem(f"the public key cannot be read ({error.strerror})", where=str(path),
                      fix="Give the file that `vernacular key` printed where the release was made",
                      code=Code.KEY_FILE) from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise Problem("this is not an Ed25519 public key", where=str(path),
                      fix="Give the file that `vernacular key` printed where the release was made", code=Code.KEY_FILE)
    return key


def trusted_keys(paths: Sequence[Path] = ()) -> list[Ed25519PublicKey]:
    """The public keys in ``paths``; where none is named, the one of this installation, if it has one."""
    if paths:
        return [read_public_key(path) for path in paths]
    own = own_key()
    return [own.public_key()] if own is not None else []
