"""Ways to forge a release, each with the code and the file that a refusal has to name."""

from __future__ import annotations

import json
import os
import shutil
import socket
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.unit.release.made_up import NAME
from vernacular.core.store import MANIFEST, describe
from vernacular.release.attestation import SIGNATURE, Statement, open_statement, sign
from vernacular.release.documents import documents_text
from vernacular.release.files import Failure
from vernacular.release.signing_key import fingerprint, own_or_new_key, trusted_keys
from vernacular.release.waivers import Waiver

BY_HAND = {"gate": "behaviour", "model": NAME, "by": "Nobody Known", "reason": "because of this and that",
           "date": "2025-01-01T00:00:00Z", "said": "red tests, unreviewed: spaces (5% fail)"}
Forgery = Callable[[Path], None]
FORGERIES: dict[str, tuple[Forgery, str, str]] = {}


def forgery(code: str, file: str) -> Callable[[Forgery], Forgery]:
    """Register a function that forges the release in a folder, with the code and the file that are to be named."""
    def register(function: Forgery) -> Forgery:
        FORGERIES[function.__name__] = function, code, file
        return function
    return register


def edit(path: Path, change: Callable[[Any], None]) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data, indent=1, sort_keys=True), encoding="utf-8")


def rehash(folder: Path) -> None:
    """Have the manifest agree with the files, as an attacker who knows the store would."""
    files, data_version = describe(folder)
    edit(folder / MANIFEST, lambda data: data.update(files=files, data_version=data_version))


def all_green(gates: list[dict[str, Any]]) -> None:
    for gate in gates:
        gate.update(passed=True, reason="good")


def payload(folder: Path, change: Callable[[Any], None]) -> None:
    """Change the signed statement under its signature, and everything else to agree with it."""
    envelope = json.loads((folder / SIGNATURE).read_text(encoding="utf-8"))
    statement = json.loads(b64decode(envelope["payload"]))
    change(statement)
    envelope["payload"] = b64encode(json.dumps(statement).encode()).decode()
    (folder / SIGNATURE).write_text(json.dumps(envelope), encoding="utf-8")
    rehash(folder)


@forgery("VN-RELEASE-MANIFEST", MANIFEST)
def gates_of_the_manifest(folder: Path) -> None:
    edit(folder / MANIFEST, lambda data: all_green(data["report"]["gates"]))


@forgery("VN-RELEASE-MANIFEST", MANIFEST)
def one_gate_of_the_manifest(folder: Path) -> None:
    edit(folder / MANIFEST, lambda data: data["report"]["gates"].pop(0))


@forgery("VN-RELEASE-MANIFEST", MANIFEST)
def waiver_in_the_manifest(folder: Path) -> None:
    edit(folder / MANIFEST, lambda data: data["report"]["details"]["waivers"].append(BY_HAND))


@forgery("VN-RELEASE-MANIFEST", MANIFEST)
def settings_of_the_manifest(folder: Path) -> None:
    edit(folder / MANIFEST, lambda data: data["settings"]["language"].update(owner="team:others"))


@forgery("VN-RELEASE-MANIFEST", MANIFEST)
def inputs_of_the_manifest(folder: Path) -> None:
    edit(folder / MANIFEST, lambda data: data["inputs"].update({"corpus/splits": "f" * 16}))


@forgery("VN-RELEASE-MANIFEST", MANIFEST)
def digest_of_the_manifest(folder: Path) -> None:
    edit(folder / MANIFEST, lambda data: data.update(data_version="f" * 16))


@forgery("VN-RELEASE-MANIFEST", MANIFEST)
def language_of_the_manifest(folder: Path) -> None:
    edit(folder / MANIFEST, lambda data: data.update(language="qab"))


@forgery("VN-RELEASE-DIGEST", "README.md")
def swapped_card(folder: Path) -> None:
    (folder / "README.md").write_text("# Another model\n", encoding="utf-8")
    rehash(folder)


@forgery("VN-RELEASE-DIGEST", "evaluation.json")
def swapped_card_and_evaluation(folder: Path) -> None:
    edit(folder / "evaluation.json", lambda data: all_green(data["release_gates"]))
    card = (folder / "README.md").read_text(encoding="utf-8")
    (folder / "README.md").write_text(card.replace("| red |", "| green |"), encoding="utf-8")
    edit(folder / MANIFEST, lambda data: all_green(data["report"]["gates"]))
    rehash(folder)


@forgery("VN-RELEASE-DIGEST", "evaluation.json")
def a_better_score(folder: Path) -> None:
    edit(folder / "evaluation.json", lambda data: data["tasks"]["names"]["means"].update(adapted=0.99))
    rehash(folder)


@forgery("VN-RELEASE-DIGEST", "evaluation.json")
def waiver_in_all_places(folder: Path) -> None:
    edit(folder / "evaluation.json", lambda data: data["waivers"].append(BY_HAND))
    edit(folder / MANIFEST, lambda data: data["report"]["details"]["waivers"].append(BY_HAND))
    rehash(folder)


@forgery("VN-RELEASE-DIGEST", "documents.txt")
def empty_list_of_documents(folder: Path) -> None:
    (folder / "documents.txt").write_text(documents_text([]), encoding="utf-8")
    rehash(folder)


@forgery("VN-RELEASE-MISSING", "documents.txt")
def no_list_of_documents(folder: Path) -> None:
    (folder / "documents.txt").unlink()
    rehash(folder)


@forgery("VN-RELEASE-DIGEST", "data_statement.md")
def another_data_statement(folder: Path) -> None:
    (folder / "data_statement.md").write_text("Everyone agreed\n", encoding="utf-8")
    rehash(folder)


@forgery("VN-RELEASE-DIGEST", "model.safetensors")
def other_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_text("WEIGHTS", encoding="utf-8")
    rehash(folder)


@forgery("VN-RELEASE-DIGEST", "model.safetensors")
def weights_of_a_terabyte(folder: Path) -> None:
    """Almost all of it is a hole, so that the file is made at once and takes an hour to read."""
    os.truncate(folder / "model.safetensors", 1 << 40)


@forgery("VN-RELEASE-DIGEST", "tasks/names/task.json")
def another_task(folder: Path) -> None:
    (folder / "tasks/names/task.json").write_text('{"score": 1}', encoding="utf-8")
    rehash(folder)


@forgery("VN-RELEASE-EXTRA", "model.png")
def an_extra_picture(folder: Path) -> None:
    (folder / "model.png").write_bytes(b"\x89PNG")
    rehash(folder)


@forgery("VN-RELEASE-LINK", "model.png")
def a_picture_that_is_a_link(folder: Path) -> None:
    (folder / "model.png").symlink_to("/etc/hostname")
    rehash(folder)


@forgery("VN-RELEASE-LINK", "README.md")
def a_card_that_is_a_link(folder: Path) -> None:
    (folder / "README.md").rename(folder.parent / "card.md")
    (folder / "README.md").symlink_to(folder.parent / "card.md")
    rehash(folder)


@forgery("VN-RELEASE-LINK", "tasks/other")
def a_folder_that_is_a_link(folder: Path) -> None:
    (folder / "tasks/other").symlink_to("/etc")


@forgery("VN-RELEASE-LINK", "dangling")
def a_link_that_leads_nowhere(folder: Path) -> None:
    (folder / "dangling").symlink_to("nowhere")


@forgery("VN-RELEASE-EXTRA", "tasks/names/manifest.json")
def an_extra_manifest(folder: Path) -> None:
    shutil.copy(folder / MANIFEST, folder / "tasks/names" / MANIFEST)
    rehash(folder)


@forgery("VN-RELEASE-EXTRA", "pytorch_model.bin")
def pickled_weights(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04")
    rehash(folder)


@forgery("VN-RELEASE-EXTRA", ".hidden/modeling.py")
def a_hidden_file(folder: Path) -> None:
    (folder / ".hidden").mkdir()
    (folder / ".hidden/modeling.py").write_text("print()\n")
    rehash(folder)


@forgery("VN-RELEASE-EXTRA", "new\nline.json")
def a_name_that_forges_a_line(folder: Path) -> None:
    (folder / "new\nline.json").write_text("{}")
    rehash(folder)


@forgery("VN-RELEASE-EXTRA", "adapters")
def an_empty_folder(folder: Path) -> None:
    (folder / "adapters").mkdir()


@forgery("VN-RELEASE-LINK", "pipe.json")
def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.json")


@forgery("VN-RELEASE-LINK", "s")
def a_socket(folder: Path) -> None:
    here = os.open(folder, os.O_RDONLY)
    try:  # the path of a socket may have 107 letters
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(f"/proc/self/fd/{here}/s")
    finally:
        os.close(here)


@forgery("VN-RELEASE-UNSIGNED", SIGNATURE)
def no_signature(folder: Path) -> None:
    (folder / SIGNATURE).unlink()
    rehash(folder)


@forgery("VN-RELEASE-SIGNATURE", SIGNATURE)
def a_signature_that_is_a_link(folder: Path) -> None:
    (folder / SIGNATURE).rename(folder.parent / SIGNATURE)
    (folder / SIGNATURE).symlink_to(folder.parent / SIGNATURE)


@forgery("VN-RELEASE-SIGNATURE", SIGNATURE)
def green_gates_under_the_signature(folder: Path) -> None:
    payload(folder, lambda statement: all_green(statement["predicate"]["gates"]))


@forgery("VN-RELEASE-SIGNATURE", SIGNATURE)
def a_waiver_under_the_signature(folder: Path) -> None:
    payload(folder, lambda statement: statement["predicate"]["waivers"].append(BY_HAND))


@forgery("VN-RELEASE-SIGNATURE", SIGNATURE)
def no_files_under_the_signature(folder: Path) -> None:
    payload(folder, lambda statement: statement.update(subject=[]))


@forgery("VN-RELEASE-SIGNATURE", SIGNATURE)
def no_signatures_in_the_envelope(folder: Path) -> None:
    edit(folder / SIGNATURE, lambda envelope: envelope.update(signatures=[]))


@forgery("VN-RELEASE-SIGNATURE", SIGNATURE)
def another_payload_type(folder: Path) -> None:
    edit(folder / SIGNATURE, lambda envelope: envelope.update(payloadType="text/plain"))


@forgery("VN-RELEASE-SIGNATURE", SIGNATURE)
def a_signature_without_end(folder: Path) -> None:
    (folder / SIGNATURE).write_text("[" * 200_000)


@forgery("VN-RELEASE-SIGNATURE", SIGNATURE)
def a_second_payload_before_the_signed_one(folder: Path) -> None:
    text = (folder / SIGNATURE).read_text(encoding="utf-8")
    (folder / SIGNATURE).write_text(f'{{"payload":"e30=",{text[1:]}', encoding="utf-8")
    rehash(folder)


@forgery("VN-RELEASE-SIGNATURE", SIGNATURE)
def a_signature_in_another_form(folder: Path) -> None:
    """The same 64 bytes: base64 leaves four bits of the last letter unused."""
    text = (folder / SIGNATURE).read_text(encoding="utf-8")
    before, last, after = text[:text.rindex("==") - 1], text[text.rindex("==") - 1], text[text.rindex("=="):]
    (folder / SIGNATURE).write_text(before + chr(ord(last) + 1) + after, encoding="utf-8")
    rehash(folder)


@forgery("VN-RELEASE-SIGNATURE", SIGNATURE)
def a_megabyte_of_spaces_in_the_signature(folder: Path) -> None:
    (folder / SIGNATURE).write_text((folder / SIGNATURE).read_text(encoding="utf-8") + " " * 1_000_000)
    rehash(folder)


@forgery("VN-RELEASE-SIGNER", SIGNATURE)
def signed_by_another_key(folder: Path) -> None:
    edit(folder / "evaluation.json", lambda data: all_green(data["release_gates"]))
    again(folder, Ed25519PrivateKey.generate())
    rehash(folder)


@forgery("VN-RELEASE-SIGNATURE", SIGNATURE)
def signed_by_another_key_under_the_name_of_this(folder: Path) -> None:
    again(folder, Ed25519PrivateKey.generate())
    edit(folder / SIGNATURE, lambda envelope: envelope["signatures"][0].update(
        keyid=fingerprint(own_or_new_key().public_key())))


@forgery("VN-RELEASE-GATES", "evaluation.json")
def results_that_do_not_give_the_signed_gates(folder: Path) -> None:
    """By an owner of the key: what is signed contradicts itself."""
    edit(folder / "evaluation.json", lambda data: data["behaviour"]["gates"][0].update(passed=True))
    again(folder, own_or_new_key())
    rehash(folder)


@forgery("VN-RELEASE-GATES", "evaluation.json")
def a_number_beyond_all_floats(folder: Path) -> None:
    edit(folder / "evaluation.json", lambda data: data["behaviour"]["tests"]["spaces"]["adapted"].update(rate=10**400))
    again(folder, own_or_new_key())
    rehash(folder)


@forgery("VN-RELEASE-CARD", "README.md")
def a_card_that_hides_a_gate(folder: Path) -> None:
    """The same of the card."""
    card = (folder / "README.md").read_text(encoding="utf-8")
    (folder / "README.md").write_text(card.replace("| behaviour | red |", "| behaviour | green |"), encoding="utf-8")
    again(folder, own_or_new_key())
    rehash(folder)


@forgery("VN-RELEASE-WAIVERS", "evaluation.json")
def a_signed_waiver_for_what_is_not_red(folder: Path) -> None:
    again(folder, own_or_new_key(), waivers=[Waiver.model_validate(BY_HAND | {"gate": "retention"})])
    rehash(folder)


def again(folder: Path, key: Ed25519PrivateKey, **changed: Any) -> None:
    """Sign a release once more, with what it claims."""
    statement = opened(folder)
    sign(folder, statement.predicate.model_copy(update=changed), key)


def opened(folder: Path) -> Statement:
    found = open_statement(folder, trusted_keys([]))
    assert not isinstance(found, Failure)
    return found[0]
